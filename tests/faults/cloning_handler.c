/* SPDX-License-Identifier: MIT */
/*
 * A signal handler that makes a child which shares memory and thread-local storage, at some moment
 * of a thread that calls without pause; in many processes.
 *
 *   cloning_handler LIBRARY
 */
#include "faults.h"

enum { PROCESSES = 200, CALLS_MAX = 30000000, AFTER = 1000, STACK = 65536 };

static int (*lib_add)(int, int);
static _Alignas(64) char stack[STACK];
static volatile sig_atomic_t done;

static int child(void *unused)
{
	(void)unused;
	return 0;
}

static void handler(int number)
{
	pid_t pid;

	(void)number;
	if (done)
		return;
	done = 1;
	pid = clone(child, stack + STACK, CLONE_VM | SIGCHLD, NULL);
	waitpid(pid, NULL, __WALL);
}

static int wrong_of_process(int period_us)
{
	struct itimerval once = { { 0, 0 }, { 0, period_us } };
	int wrong = lib_add(1, 2) != 3;

	setitimer(ITIMER_REAL, &once, NULL);
	for (int i = 0; i < CALLS_MAX && !done; i++)
		wrong |= lib_add(i, 1) != i + 1;
	for (int i = 0; i < AFTER; i++)
		wrong |= lib_add(i, 1) != i + 1;
	return wrong;
}

int main(int argc, char **argv)
{
	int wrong = 0;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	signal(SIGALRM, handler);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0)
			_exit(wrong_of_process(200 + 7 * i));
		waitpid(pid, &status, 0);
		wrong += status != 0;
	}
	SAY(wrong);
	return 0;
}
