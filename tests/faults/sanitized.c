/* SPDX-License-Identifier: MIT */
/* A program built with a sanitizer: clean, or with a fault that the sanitizer must still find. */
#include "faults.h"

static int (*lib_add)(int, int);
static void (*lib_call)(void (*)(void *), void *);
static void *(*lib_allocate)(size_t);
static void (*lib_release)(void *);
static long adds;
static long shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void inner(void *argument)
{
	pthread_mutex_lock(&mutex);
	adds++;
	pthread_mutex_unlock(&mutex);
	EXPECT(lib_add(*(int *)argument, 1) == *(int *)argument + 1);
}

static void *work(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		char *block = lib_allocate((size_t)i + 10);

		lib_call(inner, &i);
		block[i] = 1;
		lib_release(block);
		free(lib_allocate(10));
	}
	return unused;
}

static void *races(void *unused)
{
	for (int i = 0; i < 1000; i++)
		shared++;
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add), GET(lib_call), GET(lib_allocate), GET(lib_release);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	SAY(adds);
	fflush(stdout);
	if (!strcmp(argv[2], "overflow")) {
		volatile char *block = lib_allocate(24);

		block[24] = 1;
	} else if (!strcmp(argv[2], "freed")) {
		volatile char *block = lib_allocate(24);

		lib_release((void *)block);
		block[3] = 1;
	} else if (!strcmp(argv[2], "race")) {
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, races, NULL);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
	} else if (!strcmp(argv[2], "leak")) {
		for (int i = 0; i < 10; i++)
			EXPECT(lib_allocate(1000));
	}
	return 0;
}
