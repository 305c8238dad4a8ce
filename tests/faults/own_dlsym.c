/* SPDX-License-Identifier: MIT */
/* A program with a dlsym of its own, which asks the next one. */
#include "faults.h"

static long asked;

void *dlsym(void *handle, const char *name)
{
	static void *(*next)(void *, const char *);

	if (!next)
		*(void **)&next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
	asked++;
	return next(handle, name);
}

int main(int argc, char **argv)
{
	int (*lib_add)(int, int);

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	for (int i = 0; i < 100; i++)
		EXPECT(lib_add(i, 1) == i + 1);
	EXPECT(!dlsym(library, "missing"));
	puts(dlerror());
	SAY(asked);
	return 0;
}
