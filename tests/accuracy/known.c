/* SPDX-License-Identifier: MIT */
/*
 * accuracy_known CASE ROUNDS CALLS THREADS - call functions and say how long they took.
 *
 * Each round times CALLS calls by an address that nobody looked up, with CLOCK_MONOTONIC, and makes
 * as many by a looked-up one, which a recorder sees. Calls depend on each other, so that the mean
 * of a loop is a call's latency. CASE: a chain of known_callee.h, nested, allocating, buffers, mix
 * (all chains up to 1us in turn), migrating (1us; another processor each round), stopped (1us; the
 * process is stopped for 20 ms between rounds). Prints JSON: {"function": {"calls": N, "true_ns":
 * X}, ...}.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "known_callee.h"

enum {
#define KNOWN_INDEX(name, steps) CHAIN_##name,
	KNOWN_CHAINS(KNOWN_INDEX)
#undef KNOWN_INDEX
		CHAINS,
	NESTED = CHAINS,
	ALLOCATING,
	WARM_UP,
	MAKE,
	GIVE_BACK,
	FUNCTIONS,
	THREADS_MAX = 8,
	BLOCK = 6, /* buffers alive at once: fewer than malloc's cache of one thread keeps */
	LAST_OF_MIX = CHAIN_1us,
	STOPPED_US = 20000,
	WARM_UP_CALLS = 20000,
	WARM_UP_US = 20000 /* and the recorder drains it */
};

static const char *const names[FUNCTIONS] = {
#define KNOWN_NAME(name, steps) "accuracy_" #name,
	KNOWN_CHAINS(KNOWN_NAME)
#undef KNOWN_NAME
		"accuracy_nested",
	"accuracy_allocating", "accuracy_warm_up", "proto2ffi_accuracy_make",
	"proto2ffi_accuracy_free_byte_buffer"
};

struct times {
	double ns;
	uint64_t calls;
};

static struct times times[THREADS_MAX][FUNCTIONS];
static struct known_table recorded;
static const struct known_table *bare;
static struct known_allocator hooked, plain, *allocator;
static const char *test_case;
static int rounds, calls;
static double reading_ns;
static volatile uint64_t sink;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void told(int thread, int function, double begin_ns, int count)
{
	times[thread][function].ns += now_ns() - begin_ns - reading_ns;
	times[thread][function].calls += (uint64_t)count;
}

static uint64_t loop(known_function function, int count)
{
	uint64_t value = 1;

	for (int i = 0; i < count; i++)
		value = function(value);
	return value;
}

static known_function chain_of(const struct known_table *table, int chain)
{
	return ((const known_function *)table)[chain];
}

static void chain_round(int thread, int chain)
{
	double begin = now_ns();

	sink = loop(chain_of(bare, chain), calls);
	told(thread, chain, begin, calls);
	sink = loop(chain_of(&recorded, chain), calls);
}

static void mix_round(int thread)
{
	for (int i = 0; i < calls; i++)
		for (int chain = 0; chain <= LAST_OF_MIX; chain++)
			sink = loop(chain_of(&recorded, chain), 1);
	for (int chain = 0; chain <= LAST_OF_MIX; chain++) {
		double begin = now_ns();

		sink = loop(chain_of(bare, chain), calls);
		told(thread, chain, begin, calls);
	}
}

/* The inner calls are a row of their own. */
static void nested_round(int thread)
{
	uint64_t value = 1;
	double begin = now_ns();

	for (int i = 0; i < calls; i++)
		value = bare->nested(value, bare->chain_20ns);
	told(thread, NESTED, begin, calls);
	begin = now_ns();
	sink = loop(bare->chain_20ns, calls * KNOWN_INSIDE);
	told(thread, CHAIN_20ns, begin, calls * KNOWN_INSIDE);
	for (int i = 0; i < calls; i++)
		value = recorded.nested(value, recorded.chain_20ns);
	sink = value;
}

static void allocating_round(int thread)
{
	double begin;

	*allocator = plain;
	begin = now_ns();
	sink = loop(bare->allocating, calls);
	told(thread, ALLOCATING, begin, calls);
	*allocator = hooked;
	sink = loop(recorded.allocating, calls);
}

static void buffers_once(int thread, const struct known_table *table, bool telling)
{
	static uint8_t request[15];
	struct known_buffer buffers[BLOCK];
	double begin = now_ns();

	for (int i = 0; i < BLOCK; i++) {
		buffers[i] = table->make(request, sizeof(request));
		request[0] = buffers[i].ptr[0];
	}
	if (telling)
		told(thread, MAKE, begin, BLOCK);
	begin = now_ns();
	for (int i = 0; i < BLOCK; i++)
		table->give_back(buffers[i]);
	if (telling)
		told(thread, GIVE_BACK, begin, BLOCK);
}

static void buffers_round(int thread)
{
	*allocator = plain;
	for (int i = 0; i < calls / BLOCK; i++)
		buffers_once(thread, bare, true);
	*allocator = hooked;
	for (int i = 0; i < calls / BLOCK; i++)
		buffers_once(thread, &recorded, false);
}

static void migrate(int round)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)(round % (int)sysconf(_SC_NPROCESSORS_ONLN)), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void stop_for_a_while(void)
{
	pid_t self = getpid(), child = fork();

	if (child == 0) {
		usleep(STOPPED_US);
		kill(self, SIGCONT);
		_exit(0);
	}
	if (child < 0)
		exit(2);
	raise(SIGSTOP);
	waitpid(child, NULL, 0);
}

static int chain_named(const char *name)
{
	for (int chain = 0; chain < CHAINS; chain++)
		if (strcmp(names[chain] + strlen("accuracy_"), name) == 0)
			return chain;
	return -1;
}

static void one_round(int thread, int round)
{
	int chain = chain_named(test_case);

	if (chain >= 0) {
		chain_round(thread, chain);
	} else if (strcmp(test_case, "mix") == 0) {
		mix_round(thread);
	} else if (strcmp(test_case, "nested") == 0) {
		nested_round(thread);
	} else if (strcmp(test_case, "allocating") == 0) {
		allocating_round(thread);
	} else if (strcmp(test_case, "buffers") == 0) {
		buffers_round(thread);
	} else if (strcmp(test_case, "migrating") == 0) {
		migrate(round);
		chain_round(thread, CHAIN_1us);
	} else if (strcmp(test_case, "stopped") == 0) {
		stop_for_a_while();
		chain_round(thread, CHAIN_1us);
	} else {
		fprintf(stderr, "accuracy_known: no case '%s'\n", test_case);
		exit(2);
	}
}

/* What a ring's growth takes stands in the call that it happens in: it grows before. */
static void *run_thread(void *argument)
{
	sink = loop(recorded.warm_up, WARM_UP_CALLS);
	usleep(WARM_UP_US);
	for (int round = 0; round < rounds; round++)
		one_round((int)(intptr_t)argument, round);
	return NULL;
}

static void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	if (address)
		return address;
	fprintf(stderr, "accuracy_known: %s\n", dlerror());
	exit(2);
}

static void load(const char *program)
{
	void **address = (void **)&recorded;
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), *library;
	char path[4096];

	snprintf(path, sizeof(path), "%.*s/libaccuracy_known_callee.so",
		 (int)(strrchr(program, '/') - program), program);
	library = dlopen(path, RTLD_NOW);
	if (!library || !libc) {
		fprintf(stderr, "accuracy_known: %s\n", dlerror());
		exit(2);
	}
	for (int i = 0; i < FUNCTIONS; i++)
		address[i] = symbol(library, names[i]);
	bare = symbol(library, "accuracy_bare");
	allocator = symbol(library, "accuracy_allocator");
	*(void **)&plain.allocate = symbol(libc, "malloc");
	*(void **)&plain.release = symbol(libc, "free");
	*(void **)&hooked.allocate = symbol(RTLD_DEFAULT, "malloc");
	*(void **)&hooked.release = symbol(RTLD_DEFAULT, "free");
}

/* What two readings of the clock see of themselves: the least of many. */
static void measure_reading(void)
{
	reading_ns = 1e9;
	for (int i = 0; i < 1000; i++) {
		double begin = now_ns(), taken = now_ns() - begin;

		reading_ns = taken < reading_ns ? taken : reading_ns;
	}
}

static void print_times(int threads)
{
	const char *comma = "";

	printf("{");
	for (int function = 0; function < FUNCTIONS; function++) {
		struct times all = { 0, 0 };

		for (int thread = 0; thread < threads; thread++) {
			all.ns += times[thread][function].ns;
			all.calls += times[thread][function].calls;
		}
		if (!all.calls)
			continue;
		printf("%s\"%s\":{\"calls\":%llu,\"true_ns\":%.3f}", comma, names[function],
		       (unsigned long long)all.calls, all.ns / (double)all.calls);
		comma = ",";
	}
	printf("}\n");
}

int main(int argc, char **argv)
{
	pthread_t ids[THREADS_MAX];
	int threads;

	if (argc != 5) {
		fprintf(stderr, "usage: accuracy_known CASE ROUNDS CALLS THREADS\n");
		return 2;
	}
	test_case = argv[1];
	rounds = atoi(argv[2]);
	calls = atoi(argv[3]);
	threads = atoi(argv[4]);
	if (rounds < 1 || calls < 1 || threads < 1 || threads > THREADS_MAX ||
	    !strchr(argv[0], '/'))
		return 2;
	load(argv[0]);
	measure_reading();
	for (int i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, run_thread, (void *)(intptr_t)i) != 0)
			return 2;
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	print_times(threads);
	return 0;
}
