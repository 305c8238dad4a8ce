/* SPDX-License-Identifier: MIT */
/* A callback calls the wrapped function again, very deep; the innermost sleeps. */
#include "faults.h"

static void (*lib_call)(void (*)(void *), void *);
static void (*proto2ffi_call)(void (*)(void *), void *);
static long calls, sleep_ns, depth;

static void deeper(void *argument)
{
	intptr_t left = (intptr_t)argument;

	if (!left) {
		struct timespec time = { 0, sleep_ns };

		nanosleep(&time, NULL);
		return;
	}
	calls++;
	lib_call(deeper, (void *)(left - 1));
}

/* The stack is touched for the first time: nothing is to be measured there. */
static void warm_up(void *argument)
{
	intptr_t left = (intptr_t)argument;

	if (left)
		proto2ffi_call(warm_up, (void *)(left - 1));
}

static void *twice(void *unused)
{
	warm_up((void *)depth);
	deeper((void *)depth);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(proto2ffi_call);
	depth = atol(argv[2]);
	sleep_ns = atol(argv[3]);
	if (!argv[4]) {
		twice(NULL);
	} else { /* on a thread with a large stack */
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, (size_t)512 << 20);
		pthread_create(&thread, &attributes, twice, NULL);
		pthread_join(thread, NULL);
	}
	SAY(calls);
	return 0;
}
