/* SPDX-License-Identifier: MIT */
/*
 * A thread that leaves wrapped calls behind on stacks that lie above its own: a fiber's that is
 * jumped out of and then unmapped or used for something else, a signal stack that is jumped out of;
 * a fiber that begins a call on one thread and ends it on another, perhaps where that one ended a
 * call of its own before; and a function that returns its argument to a fiber with nothing mapped
 * above.
 */
#include "faults.h"

#include <ucontext.h>

enum { STACK = 65536, CALLS = 1000, OTHER_BYTE = 0x41 };

static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static void *(*proto2ffi_same)(void *);
static char *stack; /* mapped before the thread's, so it lies above */
static ucontext_t back, fiber, away;
static sigjmp_buf before;
static pthread_barrier_t turn;
static bool stays;
static long wrong, above;

static void jump(void *argument)
{
	(void)argument;
	siglongjmp(before, 1);
}

static void leave_by_jump(void)
{
	if (!sigsetjmp(before, 0))
		lib_call(jump, NULL);
}

static void on_signal(int number)
{
	(void)number;
	lib_call(jump, NULL);
}

static void make_fiber(void (*entry)(void))
{
	getcontext(&fiber);
	fiber.uc_stack.ss_sp = stack;
	fiber.uc_stack.ss_size = STACK;
	fiber.uc_link = &back;
	makecontext(&fiber, entry, 0);
}

static void start_fiber(void (*entry)(void))
{
	make_fiber(entry);
	swapcontext(&back, &fiber);
}

static void add_all(void)
{
	for (int i = 0; i < CALLS; i++)
		wrong += lib_add(i, 1) != i + 1;
}

static void *unmapped(void *argument)
{
	above = stack > (char *)&argument;
	start_fiber(leave_by_jump);
	munmap(stack, STACK);
	add_all();
	return NULL;
}

static void *kept(void *argument)
{
	above = stack > (char *)&argument;
	start_fiber(leave_by_jump);
	memset(stack, OTHER_BYTE, STACK);
	add_all();
	for (int i = 0; i < STACK; i++)
		wrong += stack[i] != OTHER_BYTE;
	return NULL;
}

static void *on_signal_stack(void *argument)
{
	stack_t own = { .ss_sp = stack, .ss_size = STACK };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	above = stack > (char *)&argument;
	sigaltstack(&own, NULL);
	sigaction(SIGUSR1, &action, NULL);
	if (!sigsetjmp(before, 1))
		raise(SIGUSR1);
	add_all();
	return NULL;
}

static void yield(void *argument)
{
	(void)argument;
	if (!stays)
		swapcontext(&fiber, &back);
}

static void call_and_yield(void)
{
	lib_call(yield, NULL);
	setcontext(&away);
}

/* The call began on the main thread. */
static void *goes_on(void *argument)
{
	(void)argument;
	add_all();
	swapcontext(&away, &fiber);
	add_all();
	return NULL;
}

/* The same frame first holds a call of this thread's own, then the main thread's. */
static void *goes_on_where_it_was(void *argument)
{
	stays = true;
	make_fiber(call_and_yield);
	swapcontext(&away, &fiber);
	stays = false;
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	swapcontext(&away, &fiber);
	add_all();
	return argument;
}

static void begin_elsewhere(void)
{
	pthread_barrier_wait(&turn);
	start_fiber(call_and_yield);
	pthread_barrier_wait(&turn);
}

static void return_argument(void)
{
	/* Where nothing is mapped, in either width. */
	char *nothing = (char *)(uintptr_t)(sizeof(void *) == 8 ? 0x600000000000 : 0x20000000);

	for (int i = 0; i < 16; i++, nothing += 0x10000)
		wrong += proto2ffi_same(nothing) != nothing;
	wrong += proto2ffi_same(stack + STACK - 8) != stack + STACK - 8;
}

static void *argument_on_fiber(void *argument)
{
	above = stack > (char *)&argument;
	start_fiber(return_argument);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*run)(void *);
	} cases[] = { { "unmapped", unmapped },
		      { "kept", kept },
		      { "signal stack", on_signal_stack },
		      { "moved", goes_on },
		      { "moved to its like", goes_on_where_it_was },
		      { "argument", argument_on_fiber } };
	pthread_t thread;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add), GET(proto2ffi_same);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(argv[2], "moved"))
		start_fiber(call_and_yield);
	pthread_barrier_init(&turn, NULL, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(argv[2], cases[i].name) ||
		    pthread_create(&thread, NULL, cases[i].run, NULL))
			continue;
		if (cases[i].run == goes_on_where_it_was)
			begin_elsewhere();
		pthread_join(thread, NULL);
	}
	SAY(wrong);
	TELL(above);
	return 0;
}
