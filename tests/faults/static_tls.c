/* SPDX-License-Identifier: MIT */
/*
 * How many libraries with static thread-local storage can be opened; a copy of this one each
 * (LIBRARY).
 */
#include "faults.h"

#ifdef LIBRARY

static __thread char block[100] __attribute__((tls_model("initial-exec")));

char *tls_block(void)
{
	block[0]++;
	return block;
}

#else

int main(int argc, char **argv)
{
	int opened = 0;

	for (int i = 1; i < argc; i++) {
		char *(*tls_block)(void);

		library = dlopen(argv[i], RTLD_NOW);
		if (!library)
			break;
		GET(tls_block);
		opened += *tls_block() == 1;
	}
	SAY(opened);
	return 0;
}

#endif
