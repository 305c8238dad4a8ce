/* SPDX-License-Identifier: MIT */
/* Fibers whose stack ends right above the frame that calls, and that switch inside wrapped calls.
 */
#include "faults.h"
#include "forbid.h"

#include <ucontext.h>

enum { FIBERS = 8, STACK = 65536, PAGE = 4096 };

static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static ucontext_t main_context, contexts[FIBERS];
static long adds, calls, live;
static int current, wrong;

/* Nothing is mapped above. */
static char *new_stack(void)
{
	char *stack = mmap(NULL, STACK + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(stack + PAGE, STACK, PROT_READ | PROT_WRITE);
	return stack + PAGE;
}

static void make(ucontext_t *context, void (*entry)(void), int argc, int a, int b)
{
	getcontext(context);
	context->uc_stack.ss_sp = new_stack();
	context->uc_stack.ss_size = STACK;
	context->uc_link = &main_context;
	makecontext(context, entry, argc, a, b);
}

static void add(int times)
{
	for (int i = 0; i < times; i++, adds++)
		wrong += lib_add(i, current) != i + current;
}

/* To the next fiber, round and round, and back here some time. */
static void yield(void *argument)
{
	int me = current;

	(void)argument;
	add(1);
	current = (me + 1) % FIBERS;
	swapcontext(&contexts[me], &contexts[current]);
	current = me;
	add(1);
}

static void twice(void *argument)
{
	calls++;
	lib_call(yield, argument);
	calls++;
	lib_call(yield, argument);
}

static void fiber(int rounds, int nested)
{
	for (int i = 0; i < rounds; i++) {
		add(2);
		calls++;
		lib_call(nested ? twice : yield, NULL);
	}
	live--;
	if (current == FIBERS - 1)
		return; /* to main: all others wait for their turn to end */
	current++;
	setcontext(&contexts[current]);
}

/* The smallest possible frame right below the end, and the function as the fiber's entry itself. */
static void top_frame(void)
{
	lib_add(1, 2);
}

static void top_frames(int rounds)
{
	ucontext_t context;

	for (int i = 0; i < rounds; i++) {
		make(&context, top_frame, 0, 0, 0);
		swapcontext(&main_context, &context);
		munmap((char *)context.uc_stack.ss_sp - PAGE, STACK + 2 * PAGE);
		make(&context, (void (*)(void))(void *)lib_add, 2, 3, 4);
		swapcontext(&main_context, &context);
		munmap((char *)context.uc_stack.ss_sp - PAGE, STACK + 2 * PAGE);
		adds += 2;
	}
}

/* By hand: the stack pointer as close to the end as a call allows. */
__attribute__((noinline)) static int call_at(char *end, int left)
{
	int result;

#ifdef __aarch64__
	register int first __asm__("x0") = left;
	register int second __asm__("x1") = 5;

	__asm__ volatile("mov x19, sp\n\t"
			 "mov sp, %2\n\t"
			 "blr %1\n\t"
			 "mov sp, x19"
			 : "+r"(first)
			 : "r"(lib_add), "r"(end - left), "r"(second)
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
			   "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x30", "memory", "cc");
	result = first;
#else
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
			 "movq %2, %%rsp\n\t"
			 "movl %3, %%edi\n\t"
			 "movl $5, %%esi\n\t"
			 "call *%1\n\t"
			 "movq %%rbx, %%rsp"
			 : "=a"(result)
			 : "r"(lib_add), "r"(end - left), "r"(left)
			 : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
			   "cc");
#endif
	return result;
}

static void edges(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		char *stack = new_stack();

		for (int left = 0; left <= 256; left += 16, adds++)
			wrong += call_at(stack + STACK, left) != left + 5;
		munmap(stack - PAGE, STACK + 2 * PAGE);
	}
}

/* What lay above the fiber's stack, up to the thread's own, is gone at its second call. */
static void *neighbour(void *stacks)
{
	char *end = (char *)stacks + STACK;

	add(1);
	wrong += call_at(end, 16) != 21;
	munmap(end, STACK);
	wrong += call_at(end, 16) != 21;
	adds += 2;
	return NULL;
}

/* Stacks of two fibers and of their thread, from one piece. */
static void neighbours(void)
{
	char *stacks =
		mmap(NULL, 4L * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	EXPECT(!pthread_attr_setstack(&attributes, stacks + 2L * STACK, 2L * STACK));
	EXPECT(!pthread_create(&thread, &attributes, neighbour, stacks));
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add);
	/* Who cannot ask whether memory is there must not read it. */
	if (argc > 4)
		EXPECT(forbid(SYS_rt_sigprocmask, atoi(argv[4])));
	if (!strcmp(argv[2], "top")) {
		top_frames(atoi(argv[3]));
	} else if (!strcmp(argv[2], "edges")) {
		edges(atoi(argv[3]));
	} else if (!strcmp(argv[2], "neighbours")) {
		neighbours();
	} else {
		live = FIBERS;
		for (int i = 0; i < FIBERS; i++)
			make(&contexts[i], (void (*)(void))(void *)fiber, 2, atoi(argv[3]),
			     !strcmp(argv[2], "nested"));
		swapcontext(&main_context, &contexts[0]);
		add(1);
	}
	SAY(wrong), SAY(adds), SAY(calls), SAY(live);
	return 0;
}
