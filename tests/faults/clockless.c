/* SPDX-License-Identifier: MIT */
/*
 * A thread that gives its cycle counter away: by prctl(PR_SET_TSC), or with all system calls but
 * four (seccomp's strict mode, which takes the counter, too). A reading of the clock ends it.
 *
 *   clockless LIBRARY tsc|strict|strict-by-hand
 */
#include "faults.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BEFORE = 10, AFTER = 5000 };

static int (*lib_add)(int, int);

static int wrong_of(int calls)
{
	int wrong = 0;

	for (int i = 0; i < calls; i++)
		wrong += lib_add(i, 1) != i + 1;
	return wrong;
}

static long give_away(const char *how)
{
	if (!strcmp(how, "tsc"))
		return prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
	if (!strcmp(how, "strict"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

int main(int argc, char **argv)
{
	int wrong;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	wrong = wrong_of(BEFORE);
	if (give_away(argv[2]))
		return 3;
	wrong += wrong_of(AFTER);
	(void)!write(STDOUT_FILENO, wrong ? "wrong\n" : "right\n", 6);
	return (int)syscall(SYS_exit, 7);
}
