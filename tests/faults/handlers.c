/* SPDX-License-Identifier: MIT */
/*
 * A handler of pthread_atfork() that calls in the child. It was there before any library's: the
 * loader runs the program's .preinit_array before all else (System V gABI, "Initialization and
 * Termination Functions").
 */
#include "faults.h"

enum { IN_PARENT = 10, IN_HANDLER = 5, IN_CHILD = 7 };

static int (*lib_add)(int, int);

static bool calls_are_right(int calls)
{
	bool right = true;

	for (int i = 0; i < calls; i++)
		right &= lib_add(i, 1) == i + 1;
	return right;
}

static void in_child(void)
{
	EXPECT(calls_are_right(IN_HANDLER));
}

static void before_all(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	EXPECT(calls_are_right(IN_PARENT));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		EXPECT(calls_are_right(IN_CHILD));
		fflush(stdout);
		_exit(3);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	return 0;
}
