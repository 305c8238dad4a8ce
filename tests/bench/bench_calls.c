/* SPDX-License-Identifier: MIT */
/*
 * bench_calls KERNEL ROUNDS CALLS THREADS PAUSE_US [SERVICE] - time one kernel in bursts.
 *
 * KERNEL: noop, work, hello, service, malloc (malloc+free, nothing else ran before), host-malloc
 * (malloc+free on a thread that calls through the FFI too), floor-fast and floor-fenced (noop
 * through bench_floor.S), floor-hello-fast and floor-hello-fenced (hello and its free likewise),
 * tracepoint (one LTTng event, libbench_tracepoint.so), none. Each round times CALLS iterations of
 * the kernel and, in turn, of two clock readings in either mode; between rounds it sleeps PAUSE_US,
 * so that a recorder can drain. Prints one JSON line: the median and the least ns per iteration of
 * each, over rounds and threads, and the CPU time of the process.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench_callee.h"

enum { ROUNDS_MAX = 1000, THREADS_MAX = 8, REQUEST_BYTES = 15 };

static struct {
	void (*noop)(void);
	uint64_t (*work)(uint64_t value);
	struct fsc_byte_buffer (*hello)(const uint8_t *data, size_t length);
	void (*free_byte_buffer)(struct fsc_byte_buffer buffer);
	struct fsc_byte_buffer (*service_hello)(const uint8_t *data, size_t length);
	void (*service_free)(struct fsc_byte_buffer buffer);
	void (*tracepoint)(void);
} library;

static const char *kernel;
static int rounds, calls, threads, pause_us;
static double kernel_ns[THREADS_MAX][ROUNDS_MAX];
static double fast_ns[THREADS_MAX][ROUNDS_MAX];
static double fenced_ns[THREADS_MAX][ROUNDS_MAX];

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t counter(void)
{
	uint32_t low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static __thread volatile uint64_t sink;

/* Two readings, kept as the thunk keeps them. */
static double two_readings(int fenced)
{
	uint64_t begin = now_ns();

	if (fenced)
		for (int i = 0; i < calls; i++) {
			sink = counter();
			__asm__ __volatile__("lfence; lfence");
			sink = counter();
		}
	else
		for (int i = 0; i < calls; i++) {
			sink = counter();
			sink = counter();
		}
	return (double)(now_ns() - begin) / calls;
}

static void noop(void)
{
	for (int i = 0; i < calls; i++)
		library.noop();
}

static void work(void)
{
	uint64_t value = 1;

	for (int i = 0; i < calls; i++)
		value = library.work(value);
	sink = value;
}

typedef struct fsc_byte_buffer hello_function(const uint8_t *data, size_t length);
typedef void free_function(struct fsc_byte_buffer buffer);

static inline void say_hello(hello_function *function, free_function *free_buffer)
{
	for (int i = 0; i < calls; i++) {
		uint8_t *request = malloc(REQUEST_BYTES);
		struct fsc_byte_buffer response;

		memset(request, 'x', REQUEST_BYTES);
		response = function(request, REQUEST_BYTES);
		free(request);
		free_buffer(response);
	}
}

static void hello(void)
{
	say_hello(library.hello, library.free_byte_buffer);
}

static void service(void)
{
	/* HelloRequest { name: 13 bytes } */
	static const uint8_t encoded[REQUEST_BYTES] = { 0x0a, 13,  'f', 'f', 'i', 's', 'c', 'o',
							'p',  'e', ' ', 'b', 'e', 'n', 'c' };

	for (int i = 0; i < calls; i++) {
		uint8_t *request = malloc(REQUEST_BYTES);
		struct fsc_byte_buffer response;

		memcpy(request, encoded, REQUEST_BYTES);
		response = library.service_hello(request, REQUEST_BYTES);
		free(request);
		library.service_free(response);
	}
}

static void malloc_free(void)
{
	for (int i = 0; i < calls; i++) {
		void *block = malloc(64);

		__asm__ __volatile__("" : : "r"(block) : "memory");
		free(block);
	}
}

/* bench_floor.S; its thunks call what these point to. */
void (*bench_floor_target)(void);
hello_function *bench_floor_hello;
free_function *bench_floor_free;
/* Where the thread's next record goes. */
__thread uint8_t *bench_floor_at;
void bench_floor_fast(void);
void bench_floor_fenced(void);
hello_function bench_floor_hello_fast, bench_floor_hello_fenced;
free_function bench_floor_free_fast, bench_floor_free_fenced;

static void floor_records(void)
{
	static __thread uint8_t *records;

	if (!records)
		records = malloc((size_t)calls * 2 * 48);
	if (!records)
		exit(2);
	bench_floor_at = records;
}

static void through_floor(void (*thunk)(void))
{
	floor_records();
	for (int i = 0; i < calls; i++)
		thunk();
}

static void floor_fast(void)
{
	through_floor(bench_floor_fast);
}

static void floor_fenced(void)
{
	through_floor(bench_floor_fenced);
}

static void floor_hello_fast(void)
{
	floor_records();
	say_hello(bench_floor_hello_fast, bench_floor_free_fast);
}

static void floor_hello_fenced(void)
{
	floor_records();
	say_hello(bench_floor_hello_fenced, bench_floor_free_fenced);
}

static void tracepoint(void)
{
	for (int i = 0; i < calls; i++)
		library.tracepoint();
}

static void none(void)
{
}

static void (*find_kernel(void))(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} kernels[] = { { "noop", noop },
			{ "work", work },
			{ "hello", hello },
			{ "service", service },
			{ "malloc", malloc_free },
			{ "host-malloc", malloc_free },
			{ "floor-fast", floor_fast },
			{ "floor-fenced", floor_fenced },
			{ "floor-hello-fast", floor_hello_fast },
			{ "floor-hello-fenced", floor_hello_fenced },
			{ "tracepoint", tracepoint },
			{ "none", none } };

	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
		if (strcmp(kernel, kernels[i].name) == 0)
			return kernels[i].run;
	fprintf(stderr, "bench_calls: no kernel '%s'\n", kernel);
	exit(2);
}

static void *run_thread(void *argument)
{
	int thread = (int)(intptr_t)argument;
	void (*run)(void) = find_kernel();

	for (int round = 0; round < rounds; round++) {
		uint64_t begin;

		if (strcmp(kernel, "host-malloc") == 0)
			for (int i = 0; i < 20; i++) {
				uint8_t *request = calloc(1, REQUEST_BYTES);

				library.free_byte_buffer(library.hello(request, REQUEST_BYTES));
				free(request);
			}
		begin = now_ns();
		run();
		kernel_ns[thread][round] = (double)(now_ns() - begin) / calls;
		fast_ns[thread][round] = two_readings(0);
		fenced_ns[thread][round] = two_readings(1);
		if (pause_us)
			usleep((useconds_t)pause_us);
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The first tenth of the rounds warms up: rings grow, pages come. */
static void print_row(const char *name, double values[][ROUNDS_MAX])
{
	static double all[THREADS_MAX * ROUNDS_MAX];
	int count = 0;

	for (int thread = 0; thread < threads; thread++)
		for (int round = rounds / 10; round < rounds; round++)
			all[count++] = values[thread][round];
	qsort(all, (size_t)count, sizeof(*all), by_value);
	printf("\"%s\":{\"median\":%.3f,\"least\":%.3f},", name, all[count / 2], all[0]);
}

static void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	if (address)
		return address;
	fprintf(stderr, "bench_calls: %s\n", dlerror());
	exit(2);
}

static void *opened(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW);

	if (handle)
		return handle;
	fprintf(stderr, "bench_calls: %s\n", dlerror());
	exit(2);
}

static void *opened_beside(const char *program, const char *name)
{
	char path[4096];
	const char *slash = strrchr(program, '/');

	snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - program), program, name);
	return opened(path);
}

static void load(const char *program, const char *service_path)
{
	void *handle = opened_beside(program, "libbench_callee.so");

	*(void **)&library.noop = symbol(handle, "proto2ffi_bench_noop");
	*(void **)&library.work = symbol(handle, "proto2ffi_bench_work");
	*(void **)&library.hello = symbol(handle, "proto2ffi_bench_hello");
	*(void **)&library.free_byte_buffer = symbol(handle, "proto2ffi_bench_free_byte_buffer");
	bench_floor_target = library.noop;
	bench_floor_hello = library.hello;
	bench_floor_free = library.free_byte_buffer;
	/* It starts the tracer's threads. */
	if (strcmp(kernel, "tracepoint") == 0)
		*(void **)&library.tracepoint = symbol(
			opened_beside(program, "libbench_tracepoint.so"), "bench_tracepoint");
	if (!service_path)
		return;
	handle = opened(service_path);
	*(void **)&library.service_hello = symbol(handle, "proto2ffi_say_hello");
	*(void **)&library.service_free = symbol(handle, "proto2ffi_free_byte_buffer");
}

int main(int argc, char **argv)
{
	pthread_t ids[THREADS_MAX];
	struct rusage usage;

	if (argc < 6) {
		fprintf(stderr,
			"usage: bench_calls KERNEL ROUNDS CALLS THREADS PAUSE_US [SERVICE]\n");
		return 2;
	}
	kernel = argv[1];
	rounds = atoi(argv[2]);
	calls = atoi(argv[3]);
	threads = atoi(argv[4]);
	pause_us = atoi(argv[5]);
	if (rounds < 1 || rounds > ROUNDS_MAX || threads < 1 || threads > THREADS_MAX || calls < 1)
		return 2;
	load(argv[0], argc > 6 ? argv[6] : NULL);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, run_thread, (void *)(intptr_t)i) != 0)
			return 2;
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("{");
	print_row("kernel", kernel_ns);
	print_row("fast", fast_ns);
	print_row("fenced", fenced_ns);
	printf("\"cpu_s\":%.4f}\n",
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	return 0;
}
