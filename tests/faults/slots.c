/* SPDX-License-Identifier: MIT */
/*
 * A thread calls the last of many functions; inside, a thread that came before it ends, then a
 * clone that would share its memory is refused. Says how many calls there were.
 */
#include "faults.h"

#ifdef LIBRARY

#define ONE(number)                       \
	int lib_##number(int value);      \
	int lib_##number(int value)       \
	{                                 \
		return value + 1##number; \
	}
#define FIVE(a, b, c, d, e) ONE(a) ONE(b) ONE(c) ONE(d) ONE(e)
#define TEN(d)                             \
	FIVE(d##0, d##1, d##2, d##3, d##4) \
	FIVE(d##5, d##6, d##7, d##8, d##9)

void lib_inside(void (*callback)(void));

void lib_inside(void (*callback)(void))
{
	callback();
	__asm__ volatile("");
}

/* clang-format off */
TEN(0) TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)
/* clang-format on */

#else

#include <sched.h>

enum { FUNCTIONS = 100, CALLS = 50, STACK = 1 << 14 };

static int (*functions[FUNCTIONS])(int);
static void (*lib_inside)(void (*)(void));
static pthread_barrier_t barrier;
static pthread_t first;
static long wrong, calls;

static void call(void)
{
	for (int i = 0; i < FUNCTIONS; i++, calls++)
		wrong += functions[i](1) != 101 + i;
}

static void *come_first(void *unused)
{
	(void)unused;
	wrong += functions[0](1) != 101;
	calls++;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static int never(void *unused)
{
	(void)unused;
	return 1;
}

/* CLONE_THREAD without CLONE_SIGHAND is refused: clone(2). */
static void lose_and_ask(void)
{
	static char stack[STACK] __attribute__((aligned(64)));

	pthread_barrier_wait(&barrier);
	pthread_join(first, NULL);
	wrong += clone(never, stack + STACK, CLONE_VM | CLONE_THREAD, NULL) != -1;
}

static void *come_second(void *unused)
{
	(void)unused;
	call();
	lib_inside(lose_and_ask);
	call();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t second;
	char name[16];

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	for (int i = 0; i < FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "lib_%02d", i);
		*(void **)&functions[i] = look_in(library, name);
	}
	GET(lib_inside);
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&first, NULL, come_first, NULL);
	pthread_barrier_wait(&barrier);
	pthread_create(&second, NULL, come_second, NULL);
	pthread_join(second, NULL);
	SAY(wrong);
	SAY(calls);
	return 0;
}

#endif
