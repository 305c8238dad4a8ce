/* SPDX-License-Identifier: MIT */
/* Threads that come and go; a wrapped function wherever a pointer to function is taken. */
#include "faults.h"

static int (*lib_add)(int, int);
static long adds;

static void *work(void *argument)
{
	int times = (int)(intptr_t)argument;

	for (int i = 0; i < times; i++)
		if (lib_add(i, times) != i + times)
			puts("wrong");
	return argument;
}

static void come_and_go(int rounds, int together)
{
	pthread_t threads[together];
	void *result;

	for (int i = 0; i < rounds; i++) {
		for (intptr_t t = 0; t < together; t++) {
			pthread_create(&threads[t], NULL, work, (void *)(1 + (i + t) % 17));
			adds += 1 + (i + t) % 17;
		}
		for (int t = 0; t < together; t++) {
			pthread_join(threads[t], &result);
			EXPECT((intptr_t)result == 1 + (i + t) % 17);
		}
	}
}

/* With time in between for whoever reads what the last one left. */
static void one_at_a_time(int rounds, int pause_us)
{
	for (int i = 0; i < rounds; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, (void *)(intptr_t)(i + 1));
		pthread_join(thread, NULL);
		adds += i + 1;
		usleep((useconds_t)pause_us);
	}
}

static pthread_key_t key;

static void *with_key(void *argument)
{
	pthread_setspecific(key, &key);
	return argument;
}

static void as_callbacks(void)
{
	void *(*lib_thread)(void *);
	int (*lib_compare)(const void *, const void *);
	void (*lib_handler)(int);
	void (*lib_nothing)(void);
	int numbers[1000];
	volatile int *lib_signals = look_in(library, "lib_signals");
	pthread_t thread;
	void *result;

	GET(lib_thread), GET(lib_compare), GET(lib_handler), GET(lib_nothing);
	for (intptr_t i = 0; i < 100; i++) {
		pthread_create(&thread, NULL, lib_thread, (void *)i);
		pthread_join(thread, &result);
		EXPECT((intptr_t)result == i + 1);
	}
	for (int i = 0; i < 1000; i++)
		numbers[i] = i * 7919 % 1000;
	qsort(numbers, 1000, sizeof(int), lib_compare);
	for (int i = 0; i < 1000; i++)
		EXPECT(numbers[i] == i);
	signal(SIGUSR1, lib_handler);
	for (int i = 0; i < 10; i++)
		raise(SIGUSR1);
	EXPECT(*lib_signals == 10 * SIGUSR1);
	/* Destructors of thread-local data run late: perhaps after ours. */
	pthread_key_create(&key, (void (*)(void *))(void *)lib_thread);
	for (int i = 0; i < 10; i++) {
		pthread_create(&thread, NULL, with_key, NULL);
		pthread_join(thread, NULL);
	}
	atexit(lib_nothing);
}

int main(int argc, char **argv)
{
	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	if (argv[3] && argv[4])
		one_at_a_time(atoi(argv[2]), atoi(argv[3]));
	else if (argv[3])
		come_and_go(atoi(argv[2]), atoi(argv[3]));
	else
		as_callbacks();
	SAY(adds);
	return 0;
}
