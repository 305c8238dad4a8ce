/* SPDX-License-Identifier: MIT */
/*
 * ffiscope-calibrate - what does measuring cost? Run by `ffiscope record`, with the library
 * preloaded and a session made for it (FFISCOPE_SESSION).
 *
 * Prints "ticks_per_s N pace N" (the ticks of fsc_clock_pace_ticks() for which the costs hold; 0 =
 * not known), then one line for each kind of probe_kinds.def: name inner_ps outer_ps spread_ps, and
 * "end". Compared are, in turns, functions of known latency called bare and wrapped, and what the
 * recording says of the wrapped ones.
 *
 * What is hard: each kind is to be told from the others that occur beside it, so they are measured
 * in an order in which each needs only what came before; nothing may be dropped, or the slow
 * path of a full ring would be measured; and the processor's pace changes meanwhile, so each round
 * is made to be one at the usual pace. Begin at main().
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "callee.h"
#include "instrument/include/ffiscope.h"
#include "seen.h"
#include "trace_points/clock.h"
#include "trace_points/probe_kinds.h"

enum {
	ROUNDS = 41,
	WARM_UP_ROUNDS = 5,
	LOOP = 600,		   /* probes in a round */
	BLOCK = FSC_CALLEE_INSIDE, /* probes in a block: what lies between two clock readings */
	BLOCKS = LOOP / BLOCK,
	REQUEST_BYTES = 15,
	WAIT_NS = 20000000
};

/* Of one round, or what is left of all; ns per probe. */
struct trial {
	double bare; /* elapsed */
	double wrapped;
	double added;	   /* wrapped - bare */
	double bare_freed; /* of the free functions in the same round */
	double wrapped_freed;
	double outermost; /* as recorded: see struct fsc_seen */
	double nested;
	double made;
	double freed;
	double phases;
};

/* What a round runs: its probes, bare or wrapped. Returns ns in all; *freed_ns: of its frees. */
typedef double (*fsc_calibrate_run)(bool wrapped, double *freed_ns);

static struct fsc_callee_functions wrapped_functions;
static const struct fsc_callee_functions *bare_functions;
static struct fsc_callee_allocator hooked, plain, *callee_allocator;
static double ns_per_tick, reading_ns;
static double usual_pace; /* ticks; 0 = there is no counter to tell by */
static bool system_clock;
static double inner_ns[FSC_PROBE_KINDS], outer_ns[FSC_PROBE_KINDS], spread_ns[FSC_PROBE_KINDS];
static uint32_t mark;
static volatile uint64_t sink;

static const struct fsc_callee_functions *functions(bool wrapped)
{
	return wrapped ? &wrapped_functions : bare_functions;
}

static double since(uint64_t begin_ns)
{
	return (double)(fsc_clock_monotonic_ns() - begin_ns);
}

/* ---- what is run ---- */

static double run_calls(bool wrapped, double *freed_ns)
{
	fsc_callee_function call = functions(wrapped)->call;
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	(void)freed_ns;
	for (int i = 0; i < LOOP; i++)
		value = call(value);
	sink = value;
	return since(begin);
}

static double run_host_codec(bool wrapped, double *freed_ns)
{
	const struct fsc_callee_functions *callee = functions(wrapped);
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	(void)freed_ns;
	for (int i = 0; i < LOOP; i++)
		value = (uintptr_t)callee->codec((void *)(uintptr_t)value, NULL, 0, NULL);
	sink = value;
	return since(begin);
}

static double run_marks(bool wrapped, double *freed_ns)
{
	fsc_callee_function call = bare_functions->call;
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	(void)freed_ns;
	for (int i = 0; i < LOOP; i++) {
		if (wrapped)
			ffiscope_begin(mark);
		value = call(value);
		if (wrapped)
			ffiscope_end(mark);
	}
	sink = value;
	return since(begin);
}

static double run_nested(bool wrapped, double *freed_ns)
{
	const struct fsc_callee_functions *callee = functions(wrapped);
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	(void)freed_ns;
	for (int i = 0; i < BLOCKS; i++)
		value = callee->around(value, callee->call);
	sink = value;
	return since(begin);
}

static double run_codecs(bool wrapped, double *freed_ns)
{
	const struct fsc_callee_functions *callee = functions(wrapped);
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	(void)freed_ns;
	for (int i = 0; i < BLOCKS; i++)
		value = callee->around_codec(value, callee->codec);
	sink = value;
	return since(begin);
}

/* Only what the recording says of these calls is of interest, and what they take bare. */
static double run_allocations(bool wrapped, double *freed_ns)
{
	double allocate_ns = 0;
	void *blocks[BLOCK];

	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin;

		*callee_allocator = wrapped ? hooked : plain;
		begin = fsc_clock_monotonic_ns();
		functions(wrapped)->allocate(blocks);
		allocate_ns += since(begin);
		*callee_allocator = plain;
		begin = fsc_clock_monotonic_ns();
		bare_functions->release(blocks);
		*freed_ns += since(begin);
	}
	return allocate_ns;
}

static double run_releases(bool wrapped, double *freed_ns)
{
	double release_ns = 0;
	void *blocks[BLOCK];

	(void)freed_ns;
	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin;

		*callee_allocator = plain;
		bare_functions->allocate(blocks);
		*callee_allocator = wrapped ? hooked : plain;
		begin = fsc_clock_monotonic_ns();
		functions(wrapped)->release(blocks);
		release_ns += since(begin);
	}
	return release_ns;
}

/* All requests come from this one place, which the library learns to time. */
static __attribute__((noinline)) uint8_t *new_request(void *(*allocate)(size_t bytes))
{
	uint8_t *request = allocate(REQUEST_BYTES);

	__asm__ __volatile__("" : : "r"(request) : "memory");
	return request;
}

static double run_requests(bool wrapped, double *freed_ns)
{
	double request_ns = 0;
	uint8_t *requests[BLOCK];

	(void)freed_ns;
	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin = fsc_clock_monotonic_ns();

		for (int j = 0; j < BLOCK; j++)
			requests[j] = new_request(wrapped ? hooked.allocate : plain.allocate);
		request_ns += since(begin);
		for (int j = 0; j < BLOCK; j++)
			plain.release(requests[j]);
	}
	return request_ns;
}

static double give_back(const struct fsc_callee_functions *callee,
			const struct fsc_callee_buffer buffers[BLOCK])
{
	uint64_t begin = fsc_clock_monotonic_ns();

	for (int j = 0; j < BLOCK; j++)
		callee->give_back(buffers[j]);
	return since(begin);
}

static double run_made(bool wrapped, double *freed_ns)
{
	const struct fsc_callee_functions *callee = functions(wrapped);
	struct fsc_callee_buffer buffers[BLOCK];
	double made_ns = 0;

	*callee_allocator = wrapped ? hooked : plain;
	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin = fsc_clock_monotonic_ns();

		for (int j = 0; j < BLOCK; j++) {
			uint8_t *request = new_request(callee_allocator->allocate);

			request[0] = (uint8_t)j;
			buffers[j] = callee->make(request, REQUEST_BYTES);
			plain.release(request);
		}
		made_ns += since(begin);
		*freed_ns += give_back(callee, buffers);
	}
	return made_ns;
}

static double run_made_apart(bool wrapped, double *freed_ns)
{
	const struct fsc_callee_functions *callee = functions(wrapped);
	static uint8_t request[REQUEST_BYTES];
	struct fsc_callee_buffer buffers[BLOCK];
	double made_ns = 0;

	*callee_allocator = wrapped ? hooked : plain;
	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin = fsc_clock_monotonic_ns();

		for (int j = 0; j < BLOCK; j++) {
			buffers[j] = callee->make(request, REQUEST_BYTES);
			request[0] = buffers[j].ptr[0];
		}
		made_ns += since(begin);
		*freed_ns += give_back(callee, buffers);
	}
	return made_ns;
}

/* ---- rounds ---- */

enum trial_name {
	CALLS,
	HOST_CODECS,
	MARKS,
	NESTED,
	CODECS,
	ALLOCATIONS,
	RELEASES,
	MADE,
	REQUESTS,
	MADE_APART, /* last, by itself: it makes the library give up timing requests */
	TRIALS
};

static const fsc_calibrate_run runs[TRIALS] = {
	[CALLS] = run_calls,	   [HOST_CODECS] = run_host_codec,
	[MARKS] = run_marks,	   [NESTED] = run_nested,
	[CODECS] = run_codecs,	   [ALLOCATIONS] = run_allocations,
	[RELEASES] = run_releases, [MADE] = run_made,
	[REQUESTS] = run_requests, [MADE_APART] = run_made_apart
};

static struct trial trials[TRIALS];
static struct trial all_rounds[TRIALS][ROUNDS];
static double paces[TRIALS][ROUNDS]; /* while the wrapped ones ran */
static double spreads[TRIALS];

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The mean of the values between the quartiles; *spread: the distance of those. */
static double middle(double values[ROUNDS], double *spread)
{
	enum { KEPT = ROUNDS - 2 * (ROUNDS / 4) };
	double sum = 0;

	qsort(values, ROUNDS, sizeof(*values), by_value);
	for (int i = ROUNDS / 4; i < ROUNDS - ROUNDS / 4; i++)
		sum += values[i];
	*spread = values[ROUNDS - 1 - ROUNDS / 4] - values[ROUNDS / 4];
	return sum / KEPT;
}

static double mean_ns(const struct fsc_seen_sum *sum)
{
	return sum->count ? (double)sum->ticks * ns_per_tick / (double)sum->count : 0;
}

static double pace_now(void)
{
	return system_clock ? 0 : (double)fsc_clock_pace_ticks();
}

static double one_round(fsc_calibrate_run run, struct trial *trial)
{
	struct fsc_seen seen;
	double pace;

	trial->bare_freed = trial->wrapped_freed = 0;
	trial->bare = run(false, &trial->bare_freed) / LOOP;
	fsc_seen_take(&seen);
	pace = pace_now();
	trial->wrapped = run(true, &trial->wrapped_freed) / LOOP;
	pace = (pace + pace_now()) / 2;
	fsc_seen_take(&seen);
	trial->bare_freed /= LOOP;
	trial->wrapped_freed /= LOOP;
	trial->added = trial->wrapped - trial->bare;
	trial->outermost = mean_ns(&seen.outermost);
	trial->nested = mean_ns(&seen.nested);
	trial->made = mean_ns(&seen.made);
	trial->freed = mean_ns(&seen.freed);
	trial->phases = mean_ns(&seen.phases);
	return pace;
}

/*
 * How much of a figure is the latency of multiplications, which is the same at any pace but for the
 * clock rate's. In multiples of one callee's.
 */
static int latencies(enum trial_name name, size_t field)
{
	if (name == ALLOCATIONS || name == RELEASES || name == REQUESTS ||
	    field == offsetof(struct trial, added))
		return 0;
	if (field == offsetof(struct trial, outermost) && (name == NESTED || name == CODECS))
		return BLOCK;
	return 1;
}

/* What the round would have been at the usual pace. */
static void steady(enum trial_name name, struct trial *round, double pace, double latency_ns)
{
	double *values = (double *)round;

	if (!usual_pace)
		return;
	for (size_t i = 0; i < sizeof(*round) / sizeof(*values); i++) {
		double fixed = latency_ns * latencies(name, i * sizeof(*values));

		values[i] = fixed + (values[i] - fixed) * usual_pace / pace;
	}
}

static void sum_up(enum trial_name name)
{
	double values[ROUNDS], spread;

	for (size_t i = 0; i < sizeof(struct trial) / sizeof(double); i++) {
		for (int round = 0; round < ROUNDS; round++)
			values[round] = ((const double *)&all_rounds[name][round])[i];
		((double *)&trials[name])[i] = middle(values, &spread);
		if (i == offsetof(struct trial, added) / sizeof(double))
			spreads[name] = spread;
	}
}

/* One after the other in each round: what slows the processor for a while meets all of them. */
static void try_all(enum trial_name first, enum trial_name end)
{
	double latency_ns, spread;

	for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
		for (int name = first; name < (int)end; name++) {
			int place = round < 0 ? 0 : round;

			paces[name][place] = one_round(runs[name], &all_rounds[name][place]);
		}
	if (first == CALLS) {
		double values[ROUNDS];

		memcpy(values, paces[CALLS], sizeof(values));
		usual_pace = middle(values, &spread);
		sum_up(CALLS);
	}
	latency_ns = trials[CALLS].bare;
	for (int name = first; name < (int)end; name++) {
		for (int round = 0; round < ROUNDS; round++)
			steady(name, &all_rounds[name][round], paces[name][round], latency_ns);
		sum_up(name);
	}
}

/* ---- what follows from them ---- */

/* The clock's own part of a block that was timed by it. */
static void measure_reading(void)
{
	double values[ROUNDS], spread;

	for (int round = 0; round < ROUNDS; round++) {
		double pace = pace_now();

		values[round] = 0;
		for (int i = 0; i < BLOCKS; i++)
			values[round] += since(fsc_clock_monotonic_ns()) / BLOCKS;
		if (usual_pace)
			values[round] *= usual_pace / ((pace + pace_now()) / 2);
	}
	reading_ns = middle(values, &spread);
}

static double block_ns(double elapsed)
{
	return elapsed - reading_ns / BLOCK;
}

/*
 * Inner below zero (in fast mode): the callee overlaps both readings and reads short. By how much
 * depends on the callee, so no constant can give it back; but what the caller paid is known.
 */
static void set(enum fsc_probe_kind kind, double inner, double all, double spread)
{
	inner = inner > 0 ? inner : 0;
	inner_ns[kind] = inner;
	outer_ns[kind] = all > inner ? all - inner : 0;
	spread_ns[kind] = spread;
}

static void conclude_calls(void)
{
	const struct trial *calls = &trials[CALLS], *codecs = &trials[HOST_CODECS],
			   *marks = &trials[MARKS];

	set(FSC_PROBE_call, calls->outermost - calls->bare, calls->added, spreads[CALLS]);
	set(FSC_PROBE_host_codec, codecs->phases - codecs->bare, codecs->added,
	    spreads[HOST_CODECS]);
	set(FSC_PROBE_mark, marks->phases - marks->bare, marks->added, spreads[MARKS]);
}

/* What is inside a call stands in its time, and so does what measuring that cost. */
static void conclude_inside(void)
{
	const struct trial *calls = &trials[NESTED], *codecs = &trials[CODECS];
	double call_inner = inner_ns[FSC_PROBE_call] / BLOCK;

	set(FSC_PROBE_nested, calls->nested - calls->bare,
	    calls->outermost / BLOCK - call_inner - calls->bare, spreads[NESTED]);
	set(FSC_PROBE_codec, codecs->phases - codecs->bare,
	    codecs->outermost / BLOCK - call_inner - codecs->bare, spreads[CODECS]);
	set(FSC_PROBE_enclosing, 0,
	    codecs->wrapped * BLOCK - codecs->outermost - outer_ns[FSC_PROBE_call],
	    spreads[CODECS]);
}

static void conclude_allocations(void)
{
	double call_inner = inner_ns[FSC_PROBE_call] / BLOCK;

	set(FSC_PROBE_allocation, 0,
	    trials[ALLOCATIONS].outermost / BLOCK - call_inner - block_ns(trials[ALLOCATIONS].bare),
	    spreads[ALLOCATIONS]);
	set(FSC_PROBE_release, 0,
	    trials[RELEASES].outermost / BLOCK - call_inner - block_ns(trials[RELEASES].bare),
	    spreads[RELEASES]);
}

static void conclude_buffers(void)
{
	double allocation = outer_ns[FSC_PROBE_allocation], release = outer_ns[FSC_PROBE_release];
	const struct trial *made = &trials[MADE], *apart = &trials[MADE_APART];
	double latency = block_ns(apart->bare), request;

	set(FSC_PROBE_request, 0, trials[REQUESTS].added, spreads[REQUESTS]);
	request = outer_ns[FSC_PROBE_request];
	set(FSC_PROBE_made, made->made - latency - allocation, made->added - request - allocation,
	    spreads[MADE]);
	set(FSC_PROBE_made_apart, apart->made - latency - allocation, apart->added - allocation,
	    spreads[MADE_APART]);
	set(FSC_PROBE_freed, made->freed - block_ns(made->bare_freed) - release,
	    made->wrapped_freed - made->bare_freed - release, spreads[MADE]);
}

static uint32_t ps(double ns)
{
	return ns > 0 ? (uint32_t)(ns * 1000) : 0;
}

/* ---- start ---- */

/* The callee's library lies beside this program. */
static void *open_callee(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);

	if (length <= 0)
		return NULL;
	path[length] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "libffiscope_callee.so");
	return dlopen(path, RTLD_NOW);
}

static bool find_functions(void)
{
	static const char *const names[] = FSC_CALLEE_NAMES;
	enum { NAMES = sizeof(names) / sizeof(*names) };
	void *library = open_callee(), *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	void **wrapped = (void **)&wrapped_functions;
	void *const *bare;

	_Static_assert(sizeof(wrapped_functions) == NAMES * sizeof(void *), "one name for each");
	if (!library || !libc)
		return false;
	bare_functions = dlsym(library, "ffi_calibrate_bare");
	callee_allocator = dlsym(library, "ffi_calibrate_allocator");
	bare = (void *const *)bare_functions;
	for (int i = 0; i < NAMES; i++) {
		wrapped[i] = dlsym(library, names[i]);
		if (!wrapped[i] || !bare || wrapped[i] == bare[i])
			return false;
	}
	*(void **)&plain.allocate = dlsym(libc, "malloc");
	*(void **)&plain.release = dlsym(libc, "free");
	*(void **)&hooked.allocate = dlsym(RTLD_DEFAULT, "malloc");
	*(void **)&hooked.release = dlsym(RTLD_DEFAULT, "free");
	return callee_allocator && plain.allocate && plain.release && ffiscope_intern != NULL &&
	       (mark = ffiscope_intern("calibrate")) != 0;
}

int main(void)
{
	const char *session = getenv("FFISCOPE_SESSION");
	uint64_t ticks_per_s;

	if (!session || !find_functions()) {
		fprintf(stderr, "ffiscope-calibrate: the library is not preloaded; this program is "
				"run by `ffiscope record`\n");
		return 1;
	}
	wrapped_functions.call(1); /* the thread attaches */
	if (!fsc_seen_open(session, &system_clock))
		return 1;
	ticks_per_s = fsc_clock_ticks_per_s(system_clock, WAIT_NS);
	ns_per_tick = 1e9 / (double)ticks_per_s;
	try_all(CALLS, MADE_APART);
	try_all(MADE_APART, TRIALS);
	measure_reading();
	conclude_calls();
	conclude_inside();
	conclude_allocations();
	conclude_buffers();
	printf("ticks_per_s %llu pace %.0f\n", (unsigned long long)ticks_per_s, usual_pace);
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++)
		printf("%s %u %u %u\n", fsc_probe_kind_name(kind), ps(inner_ns[kind]),
		       ps(outer_ns[kind]), ps(spread_ns[kind]));
	printf("end\n");
	return 0;
}
