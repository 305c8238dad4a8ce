# A debugger of a recorded program: breakpoints, a call, threads, a crash.
cat >a.c <<'END'
#include <stdio.h>
int twice(int x) { return 2 * x; }
int main(int argc, char **argv) { for (int i = 0; i < 3; i++) printf("%d\n", twice(i)); fflush(stdout); return *(volatile int *)(argc - 1L) + argv[0][0]; }
END
gcc -g -O0 -o a a.c
gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'break twice' -ex run -ex bt -ex 'print twice(21)' -ex continue -ex 'delete' \
    -ex continue -ex bt -ex 'print argc' -ex kill ./a
echo "status $?"
