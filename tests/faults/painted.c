/* SPDX-License-Identifier: MIT */
/*
 * How much stack a call takes: it is made on a stack that was painted before, and what is another
 * colour afterwards was used. Says so of a thread's first call, of its later ones, of many, while
 * which the ring grows, and of a forked child's first.
 */
#include "faults.h"

enum { STACK = 1 << 20, PAINT = 0x5a, MANY = 20000 };

static int (*lib_add)(int, int);
static char *stack;

static __attribute__((noinline)) long bytes_of(void (*function)(void))
{
	long used = 0;

	memset(stack, PAINT, STACK);
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
			 "movq %0, %%rsp\n\t"
			 "call *%1\n\t"
			 "movq %%rbx, %%rsp"
			 : "+a"((char *){ stack + STACK - 64 }), "+d"(function)
			 :
			 : "rbx", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	while (used < STACK && stack[used] == PAINT)
		used++;
	return STACK - 64 - used;
}

static void call(void)
{
	EXPECT(lib_add(1, 2) == 3);
}

static void call_often(void)
{
	for (int i = 0; i < MANY; i++)
		EXPECT(lib_add(i, 2) == i + 2);
}

static void *on_thread(void *argument)
{
	long first = bytes_of(call), later = bytes_of(call), growing = bytes_of(call_often);

	TELL(first), TELL(later), TELL(growing);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t pid;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	call();
	pthread_create(&thread, NULL, on_thread, NULL);
	pthread_join(thread, NULL);
	pid = fork();
	if (!pid) {
		long child = bytes_of(call);

		TELL(child);
		exit(0);
	}
	waitpid(pid, NULL, 0);
	puts("done");
	return 0;
}
