/* SPDX-License-Identifier: MIT */
/* 5,000 functions, more than there are thunks. Built twice: as the library (LIBRARY), as the
 * program. */
#include "faults.h"

#define MANY 5000

#ifdef LIBRARY
/* clang-format off */
#define F(n)                                                                                     \
	int many_##n(int a)                                                                      \
	{                                                                                        \
		return (1##n - 10000) * 7 + a;                                                   \
	}
#define F10(n)	 F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
#define F100(n)	 F10(n##0) F10(n##1) F10(n##2) F10(n##3) F10(n##4) F10(n##5) F10(n##6) F10(n##7)   \
		 F10(n##8) F10(n##9)
#define F1000(n) F100(n##0) F100(n##1) F100(n##2) F100(n##3) F100(n##4) F100(n##5) F100(n##6)      \
		 F100(n##7) F100(n##8) F100(n##9)
F1000(0)
F1000(1)
F1000(2)
F1000(3)
F1000(4)
/* clang-format on */
#else
int main(int argc, char **argv)
{
	static int (*found[MANY])(int);
	char name[32];
	long right = 0;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			int (*same)(int);

			snprintf(name, sizeof(name), "many_%04d", i);
			*(void **)&same = look_in(library, name);
			EXPECT(!found[i] || found[i] == same);
			found[i] = same;
			right += found[i](round) == i * 7 + round;
		}
	SAY(right);
	return 0;
}
#endif
