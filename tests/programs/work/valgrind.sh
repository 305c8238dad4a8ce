# A machine in software, which runs preloads too.
echo '#include <stdlib.h>
int main(void) { char *volatile p = malloc(10); p[10] = 1; free(malloc(5)); return 3; }' >a.c
gcc -g -O0 -o a a.c
valgrind -q --leak-check=full --error-exitcode=9 ./a
