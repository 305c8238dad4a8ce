/* SPDX-License-Identifier: MIT */
/*
 * A program that is ended by any reading of a clock from some moment on, and calls, marks, looks up
 * and frees all the same, on two threads; each has called before, and one is inside a call then.
 *
 *   timeless LIBRARY
 */
#include "faults.h"
#include "ffiscope.h"
#include "forbid.h"

enum { BEFORE = 10, AFTER = 1000 };

static int (*lib_add)(int, int), (*lib_after)(int);
static void (*lib_call)(void (*)(void *), void *);
static pthread_barrier_t barrier;
static uint32_t name;

static int wrong_of(int calls)
{
	int wrong = 0;

	for (int i = 0; i < calls; i++) {
		ffiscope_phase_begin(name);
		wrong += lib_add(i, 1) != i + 1;
		ffiscope_moment(name);
		free(malloc(48));
		ffiscope_phase_end(name);
	}
	return wrong;
}

static void *beside(void *wrong)
{
	*(int *)wrong += wrong_of(BEFORE);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	*(int *)wrong += wrong_of(AFTER);
	return NULL;
}

static void forbid_clocks(void *failed)
{
	*(bool *)failed = !forbid(SYS_clock_gettime, 0);
}

int main(int argc, char **argv)
{
	int wrong = 0, wrong_beside = 0;
	bool failed = true;
	pthread_t other;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add), GET(lib_call);
	name = ffiscope_name("name");
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, beside, &wrong_beside);
	wrong += wrong_of(BEFORE);
	pthread_barrier_wait(&barrier);
	lib_call(forbid_clocks, &failed);
	if (failed)
		return 3;
	pthread_barrier_wait(&barrier);
	wrong += wrong_of(AFTER);
	GET(lib_after);
	wrong += lib_after(1) != 2;
	pthread_join(other, NULL);
	wrong += wrong_beside;
	SAY(wrong);
	return 0;
}
