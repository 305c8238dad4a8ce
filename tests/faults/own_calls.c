/* SPDX-License-Identifier: MIT */
/*
 * A program with functions of its own under names that POSIX gives to others: C lets it, and the C
 * library never calls them. Each says that it was called.
 *
 *   own_calls LIBRARY
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>

static int say(const char *name)
{
	printf("called: %s\n", name);
	fflush(stdout);
	return 0;
}

#define OWN(name)                  \
	int name(void)             \
	{                          \
		return say(#name); \
	}

#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
OWN(clock_gettime)
OWN(close)
OWN(fcntl)
OWN(fcntl64)
OWN(fstat)
OWN(fstat64)
OWN(ftruncate64)
OWN(getauxval)
OWN(madvise)
OWN(mkdir)
OWN(mmap)
OWN(mmap64)
OWN(munmap)
OWN(open)
OWN(open64)
OWN(pread64)
OWN(read)
OWN(sysconf)
OWN(unlink)
OWN(writev)

int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int (*lib_add)(int, int) = (int (*)(int, int))dlsym(library, "lib_add");

	(void)argc;
	for (int i = 0; i < 1000; i++)
		if (lib_add(i, 1) != i + 1)
			return 1;
	puts("right");
	return 0;
}
