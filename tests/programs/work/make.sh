# A shell script that asks the compiler as configure does, then make -j2 of 40 files and a library.
for header in stdio.h stdlib.h no_such.h pthread.h math.h; do
    echo "#include <$header>" >conftest.c
    if gcc -c -o conftest.o conftest.c 2>/dev/null; then echo "$header yes"; else echo "$header no"; fi
done
for function in printf nanosleep no_such_function; do
    echo "char $function(); int main(void) { return $function(); }" >conftest.c
    if gcc -w -o conftest conftest.c 2>/dev/null; then echo "$function yes"; else echo "$function no"; fi
done
for n in $(seq 1 40); do
    echo "int part$n(int x) { int y = 0; for (int i = 0; i < x; i++) y += i * $n; return y; }" >"part$n.c"
done
{
    for n in $(seq 1 40); do echo "int part$n(int);"; done
    echo '#include <stdio.h>'
    echo 'int main(void) { int sum = 0;'
    for n in $(seq 1 40); do echo "sum += part$n($n);"; done
    printf '%s\n' 'printf("%d\n", sum); return sum % 100; }'
} >main.c
cat >Makefile <<'END'
parts := $(patsubst %.c,%.o,$(wildcard part*.c))
program: main.o libparts.a
	gcc -o $@ $^
libparts.a: $(parts)
	ar rcs $@ $(sort $^)
%.o: %.c
	@gcc -O2 -Wall -c -o $@ $<
END
make -s -j2
./program
echo "status $?"
sha256sum program
make -s -j2 && echo 'int main(void) { return x; }' >main.c && make -s -j2
