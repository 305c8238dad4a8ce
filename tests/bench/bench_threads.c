/* SPDX-License-Identifier: MIT */
/*
 * bench_threads THREADS - start that many threads at once, each of which makes one call and waits
 * for all others; join them. Prints one JSON line: the wall time, and the process's peak memory.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 10000, STACK_BYTES = 65536 };

static void (*noop)(void);
static pthread_barrier_t all;

static void *run_thread(void *argument)
{
	noop();
	pthread_barrier_wait(&all);
	return argument;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* VmHWM of proc(5). ru_maxrss would not do: exec leaves in it what the starting process had. */
static long peak_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (status && kib < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "VmHWM: %ld", &kib);
	if (status)
		fclose(status);
	return kib;
}

static void run(int count)
{
	static pthread_t ids[THREADS_MAX];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	pthread_barrier_init(&all, NULL, (unsigned int)count);
	for (int i = 0; i < count; i++)
		if (pthread_create(&ids[i], &small, run_thread, NULL) != 0) {
			fprintf(stderr, "bench_threads: only %d threads can be made here\n", i);
			exit(2);
		}
	for (int i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	const char *slash = strrchr(argv[0], '/');
	uint64_t begin;
	char path[4096];
	void *handle;

	if (count < 1 || count > THREADS_MAX || !slash) {
		fprintf(stderr, "usage: PATH/bench_threads THREADS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%.*s/libbench_callee.so", (int)(slash - argv[0]), argv[0]);
	handle = dlopen(path, RTLD_NOW);
	*(void **)&noop = handle ? dlsym(handle, "proto2ffi_bench_noop") : NULL;
	if (!noop) {
		fprintf(stderr, "bench_threads: %s\n", dlerror());
		return 2;
	}
	begin = now_ns();
	run(count);
	begin = now_ns() - begin;
	printf("{\"wall_ns\":%llu,\"peak_kib\":%ld}\n", (unsigned long long)begin, peak_kib());
	return 0;
}
