/* SPDX-License-Identifier: MIT */
/*
 * A fork inside a call of a function that was found after a thousand others: the child calls one of
 * the first. Built twice: as the library (LIBRARY), as the program.
 */
#include "faults.h"

#define BEFORE 1000

#ifdef LIBRARY
/* clang-format off */
#define F(n)	 int late_##n(int a) { return (1##n - 1000) * 7 + a; }
#define F10(n)	 F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
#define F100(n)	 F10(n##0) F10(n##1) F10(n##2) F10(n##3) F10(n##4) F10(n##5) F10(n##6) F10(n##7)   \
		 F10(n##8) F10(n##9)
F100(0) F100(1) F100(2) F100(3) F100(4) F100(5) F100(6) F100(7) F100(8) F100(9)
	/* clang-format on */

	void late_call(void (*function)(void *), void *argument)
{
	function(argument);
	__asm__ volatile("" ::: "memory");
}
#else
enum { CHILDREN = 20, CALLS = 500 };

static int (*first)(int);

static void in_the_child(void)
{
	int right = 0;

	for (int i = 0; i < CALLS; i++)
		right += first(i) == i;
	SAY(right);
	fflush(stdout);
	_exit(right == CALLS ? 0 : 1);
}

static void fork_here(void *argument)
{
	int *status = argument;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		in_the_child();
	EXPECT(waitpid(child, status, 0) == child);
}

int main(int argc, char **argv)
{
	void (*late_call)(void (*function)(void *), void *argument);
	char name[32];

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	*(void **)&first = look_in(library, "late_000");
	for (int i = 1; i < BEFORE; i++) {
		snprintf(name, sizeof(name), "late_%03d", i);
		(void)look_in(library, name);
	}
	GET(late_call);
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;

		late_call(fork_here, &status);
		SAY(status);
	}
	return 0;
}
#endif
