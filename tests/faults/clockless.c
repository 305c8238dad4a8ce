/* SPDX-License-Identifier: MIT */
/*
 * A thread that gives its cycle counter away: by prctl(PR_SET_TSC), or with all system calls but
 * four (seccomp's strict mode, which takes the counter, too). A reading of the clock ends it.
 *
 *   clockless LIBRARY tsc|strict|strict-by-hand|refused outside|inside
 *
 * inside: a call is open meanwhile. refused: the kernel grants none of it.
 */
#include "faults.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BEFORE = 10, AFTER = 5000 };

static int (*lib_add)(int, int);
static void (*lib_call)(void (*)(void *), void *);
static bool failed;

static int wrong_of(int calls)
{
	int wrong = 0;

	for (int i = 0; i < calls; i++)
		wrong += lib_add(i, 1) != i + 1;
	return wrong;
}

/* Filters that cannot be read, and strict mode beside a filter that lets everything pass. */
static bool is_refused(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog no_words = { 1, (struct sock_filter *)8 }, filter = { 1, &pass };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 8, 0, 0) == -1 && errno == EFAULT &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &no_words) == -1 &&
	       errno == EFAULT && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == -1 && errno == EINVAL;
}

static long give_away(const char *how)
{
	if (!strcmp(how, "refused"))
		return !is_refused();
	if (!strcmp(how, "tsc"))
		return prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
	if (!strcmp(how, "strict"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

static void give_away_inside(void *how)
{
	failed = give_away(how) != 0;
}

int main(int argc, char **argv)
{
	int wrong;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add), GET(lib_call);
	wrong = wrong_of(BEFORE);
	if (!strcmp(argv[3], "inside"))
		lib_call(give_away_inside, argv[2]);
	else
		give_away_inside(argv[2]);
	if (failed)
		return 3;
	wrong += wrong_of(AFTER);
	(void)!write(STDOUT_FILENO, wrong ? "wrong\n" : "right\n", 6);
	return (int)syscall(SYS_exit, 7);
}
