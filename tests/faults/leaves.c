/* SPDX-License-Identifier: MIT */
/*
 * What lies on the stack above a call of syscall() that was given few arguments is the program's
 * own, and may change at any moment: here another thread counts there.
 *
 *   leaves LIBRARY
 */
#include "faults.h"

#include <sys/syscall.h>

enum { COUNT = 20000000 };

static uintptr_t *volatile place;

static void *count(void *unused)
{
	uintptr_t *word;

	while (!(word = place))
		;
	for (int i = 0; i < COUNT; i++)
		__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
	place = NULL;
	return unused;
}

/*
 * Put that place right where syscall() would have its last argument, and ask for the thread's id
 * until the other one has counted; how far it came.
 */
static uintptr_t count_beside_calls(void)
{
	register uintptr_t before __asm__("rbx"), counted __asm__("r12");

	__asm__ volatile("movq %%rsp, %0\n\t"
			 "subq $256, %%rsp\n\t"
			 "andq $-16, %%rsp\n\t"
			 "movq $0, (%%rsp)\n\t"
			 "movq %%rsp, %2\n"
			 "1:\tmovl %3, %%edi\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "call syscall@PLT\n\t"
			 "cmpq $0, %2\n\t"
			 "jne 1b\n\t"
			 "movq (%%rsp), %1\n\t"
			 "movq %0, %%rsp"
			 : "=&r"(before), "=&r"(counted), "+m"(place)
			 : "i"(SYS_gettid)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
			   "cc");
	return counted;
}

int main(int argc, char **argv)
{
	int (*lib_add)(int, int);
	uintptr_t lost;
	pthread_t other;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	EXPECT(lib_add(1, 2) == 3);
	pthread_create(&other, NULL, count, NULL);
	lost = COUNT - count_beside_calls();
	pthread_join(other, NULL);
	SAY(lost);
	return 0;
}
