/* SPDX-License-Identifier: MIT */
/*
 * ffiscope-calibrate - what does a wrapped call cost? Run by `ffiscope record`, with the library
 * preloaded and a session made for it (FFISCOPE_SESSION).
 *
 * Prints one line: inner_ps outer_ps spread_ps ticks_per_s. inner is what the probe adds to the
 * time that it measures, outer what it adds around it. Compared are, in turns, a bare loop over a
 * callee of known latency, the same loop through a thunk, and what the thunk's counters say of it.
 *
 * What is hard: nothing may be dropped, or the slow path of a full ring would be measured: after
 * each round what was recorded is thrown away. The medians of the rounds are taken. Begin at
 * measure().
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "callee.h"
#include "trace_points/clock.h"
#include "trace_points/image.h"

enum { ROUNDS = 41, CALLS = 1000, WARM_UP_ROUNDS = 5, WAIT_NS = 20000000 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *values, int count, double rank)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return values[(int)((count - 1) * rank)];
}

static double at_least_zero(double value)
{
	return value > 0 ? value : 0;
}

static volatile uint64_t sink;

static double loop_ns(uint64_t (*function)(uint64_t))
{
	uint64_t value = 1, begin = fsc_clock_monotonic_ns();

	for (int i = 0; i < CALLS; i++)
		value = function(value);
	sink = value;
	return (double)(fsc_clock_monotonic_ns() - begin) / CALLS;
}

/* A piece of this process's own image file, shared with the library that records into it. */
static void *map_piece(const char *session, uint64_t offset, size_t bytes)
{
	char path[4096];
	uint64_t page = offset & ~(uint64_t)(FSC_PAGE - 1);
	char *piece;
	int fd;

	snprintf(path, sizeof(path), "%s/%d-0%s", session, (int)getpid(), FSC_IMAGE_SUFFIX);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	piece = mmap(NULL, bytes + (offset - page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     (off_t)page);
	close(fd);
	return piece == MAP_FAILED ? NULL : piece + (offset - page);
}

/* Drain the only thread's rings, so that they never fill: what was recorded is of no interest. */
static void discard(const char *session, struct fsc_image *image)
{
	struct fsc_slot *slot = (struct fsc_slot *)((char *)image + FSC_SLOTS_OFFSET);

	while (slot->ring) {
		struct fsc_ring *ring = map_piece(session, slot->ring, sizeof(*ring));
		uint64_t next;

		if (!ring)
			return;
		next = ring->next;
		ring->tail = ring->head;
		munmap((void *)((uintptr_t)ring & ~(uintptr_t)(FSC_PAGE - 1)), FSC_PAGE);
		if (!next)
			return;
		slot->ring = next;
	}
}

static uint64_t counted_ticks(const struct fsc_counter *counters)
{
	uint64_t ticks = 0;

	for (int i = 1; i < FSC_SITES_STEP; i++)
		ticks += counters[i].ticks;
	return ticks;
}

struct functions {
	uint64_t (*bare)(uint64_t);
	uint64_t (*wrapped)(uint64_t);
};

static int measure(const char *session, const struct functions *functions)
{
	double inner[ROUNDS], outer[ROUNDS];
	struct fsc_image *image = map_piece(session, 0, FSC_ARENA_OFFSET);
	const struct fsc_counter *counters;
	const struct fsc_slot *slot;
	uint64_t ticks_per_s;

	if (!image)
		return 1;
	ticks_per_s = fsc_clock_ticks_per_s(image->clock_mode == FSC_CLOCK_SYSTEM, WAIT_NS);
	slot = (const struct fsc_slot *)((const char *)image + FSC_SLOTS_OFFSET);
	counters = map_piece(session, slot->counters, FSC_SITES_STEP * sizeof(*counters));
	if (!counters)
		return 1;
	for (int i = -WARM_UP_ROUNDS; i < ROUNDS; i++) {
		uint64_t before = counted_ticks(counters);
		double bare = loop_ns(functions->bare), wrapped = loop_ns(functions->wrapped);
		double measured = (double)(counted_ticks(counters) - before) * 1e9 /
				  (double)ticks_per_s / CALLS;

		inner[i < 0 ? 0 : i] = measured - bare;
		outer[i < 0 ? 0 : i] = wrapped - measured;
		discard(session, image);
	}
	/*
	 * Below zero in fast mode: the callee overlaps both readings and reads short. By how much
	 * depends on the callee, so no constant can give it back.
	 */
	printf("%.0f %.0f %.0f %llu\n", at_least_zero(quantile(inner, ROUNDS, 0.5)) * 1000,
	       at_least_zero(quantile(outer, ROUNDS, 0.5)) * 1000,
	       (quantile(inner, ROUNDS, 0.75) - quantile(inner, ROUNDS, 0.25)) * 1000,
	       (unsigned long long)ticks_per_s);
	return 0;
}

/* The callee's library lies beside this program. */
static bool find_functions(struct functions *functions)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	uint64_t (*const *bare)(uint64_t);
	void *library;

	if (length <= 0)
		return false;
	path[length] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "libffiscope_callee.so");
	library = dlopen(path, RTLD_NOW);
	if (!library)
		return false;
	bare = dlsym(library, "ffi_calibrate_bare");
	functions->wrapped = (uint64_t(*)(uint64_t))dlsym(library, "proto2ffi_calibrate_callee");
	if (!bare || !functions->wrapped)
		return false;
	functions->bare = *bare;
	return functions->bare != functions->wrapped;
}

int main(void)
{
	const char *session = getenv("FFISCOPE_SESSION");
	struct functions functions;

	if (!session || !find_functions(&functions)) {
		fprintf(stderr, "ffiscope-calibrate: the library is not preloaded; this program is "
				"run by `ffiscope record`\n");
		return 1;
	}
	functions.wrapped(1); /* the thread attaches */
	return measure(session, &functions);
}
