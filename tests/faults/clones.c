/* SPDX-License-Identifier: MIT */
/*
 * Children that fork() does not make: of the bare system call, and some that share memory with
 * their parent. Says how often both functions were called in all.
 */
#include "faults.h"

#include <sys/syscall.h>

enum { ROUNDS = 10, CALLS = 20000, FEW = 500, PAUSE_US = 200000, STACK = 1 << 18 };

static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static long wrong, calls;
static char stack[STACK] __attribute__((aligned(64)));

static void inner(void *argument)
{
	if (lib_add(*(int *)argument, 1) != *(int *)argument + 1)
		wrong++;
}

static void work(int times)
{
	for (int i = 0; i < times; i++)
		lib_call(inner, &i);
}

static int child(void *times)
{
	work((int)(intptr_t)times);
	syscall(SYS_exit, 3);
	return 0;
}

static void wait_for(pid_t pid)
{
	int status = -1;

	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

/* On our thread-local storage: at the same time, or while we wait. */
static void shares_memory(int flags)
{
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = clone(child, stack + STACK, CLONE_VM | SIGCHLD | flags,
				  (void *)(intptr_t)CALLS);

		work(CALLS);
		wait_for(pid);
		calls += 2 * CALLS;
	}
}

static void by_hand(bool glibc)
{
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = glibc ? _Fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (!pid)
			child((void *)(intptr_t)FEW);
		work(FEW);
		wait_for(pid);
		calls += 2 * FEW;
	}
}

/*
 * Two first processes of pid namespaces of their own: both have pid 1. They call, wait for each
 * other and a while, so that whoever records them has seen both, and call again.
 */
static void in_namespaces(void)
{
	long flags = CLONE_NEWPID | SIGCHLD | (geteuid() ? CLONE_NEWUSER : 0);
	int *arrived = mmap(NULL, sizeof(*arrived), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		pids[i] = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
		if (pids[i])
			continue;
		work(FEW);
		__atomic_fetch_add(arrived, 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(arrived, __ATOMIC_ACQUIRE) < 2)
			usleep(1000);
		usleep(PAUSE_US);
		EXPECT(getpid() == 1);
		child((void *)(intptr_t)FEW);
	}
	for (int i = 0; i < 2; i++)
		wait_for(pids[i]);
	calls += 4 * FEW;
}

int main(int argc, char **argv)
{
	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add);
	work(FEW);
	calls += FEW;
	if (!strcmp(argv[2], "at once"))
		shares_memory(0);
	else if (!strcmp(argv[2], "one by one"))
		shares_memory(CLONE_VFORK);
	else if (!strcmp(argv[2], "namespaces"))
		in_namespaces();
	else
		by_hand(!strcmp(argv[2], "_Fork"));
	SAY(wrong), SAY(calls);
	return 0;
}
