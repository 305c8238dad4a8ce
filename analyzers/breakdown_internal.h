/* SPDX-License-Identifier: MIT */
/*
 * breakdown_internal.h - what breakdown.c (gathers) and breakdown_rows.c (makes rows) share.
 */
#ifndef ANALYZERS_BREAKDOWN_INTERNAL_H
#define ANALYZERS_BREAKDOWN_INTERNAL_H

#include "analyzers/breakdown.h"
#include "analyzers/slowest_internal.h"

/* The phases that every entry point has, in the order of their rows. */
enum fsc_cell_place {
	FSC_CELL_HOST_ENCODE,
	FSC_CELL_PREPARE,
	FSC_CELL_CROSSING,
	FSC_CELL_LIBRARY_DECODE,
	FSC_CELL_WORK,
	FSC_CELL_LIBRARY_ENCODE,
	FSC_CELL_LIBRARY_OTHER,
	FSC_CELL_HOST_DECODE,
	FSC_CELL_CONSUME,
	FSC_CELL_FREE,
	FSC_CELL_HOST_OTHER,
	FSC_CELLS_FIXED
};

/* One phase of one entry point, over all its requests. */
struct fsc_cell {
	uint32_t phase; /* enum fsc_claim_phase or a string id */
	uint8_t side;
	struct fsc_histogram raw;
	int64_t correction_ps;
	uint64_t allocations;
	uint64_t allocated_bytes;
};

/* An entry point as it is gathered. */
struct fsc_gathered {
	const char *name;
	const char *library;
	const char **aliases;
	size_t alias_count;
	bool is_free;
	bool totals_known;
	uint64_t calls; /* this and the next five from the counters */
	uint64_t completed;
	uint64_t unwound;
	uint64_t skipped;
	uint64_t total_ticks;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t total_threads;
	struct fsc_histogram raw; /* of completed calls whose events were read */
	int64_t correction_ps;
	int64_t correction_max_ps; /* of one call */
	int64_t self_raw_ns;
	int64_t self_correction_ps;
	uint64_t seen_request_bytes; /* from events */
	uint64_t seen_response_bytes;
	bool request_seen; /* some call knew its request */
	bool response_seen;
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	uint64_t seen_threads;
	struct fsc_cell *cells; /* FSC_CELLS_FIXED, then a user's */
	size_t cell_count;
	size_t cell_capacity;
	struct fsc_histogram requests;
	struct fsc_slowest slowest; /* its columns: the first cells */
	uint64_t warm_up_count;
	int64_t warm_up_raw_ns;
	int64_t warm_up_correction_ps;
	int64_t held_ns;
	uint64_t held_count;
	uint32_t index; /* its place among the gathered rows */
	size_t row;	/* its place among the finished rows */
};

/* What is known of a thread and a row: FSC_THREAD_CALLED, and how many of its first requests. */
enum fsc_thread_row { FSC_THREAD_CALLED = 0x80, FSC_THREAD_REQUESTS = 0x7f };
_Static_assert((int)FSC_WARM_UP_REQUESTS <= (int)FSC_THREAD_REQUESTS, "they are counted in a byte");

struct fsc_thread_rows {
	uint32_t tid;
	uint32_t size;
	uint8_t *rows; /* by row */
};

struct fsc_breakdown {
	const struct fsc_recording *recording;
	const struct fsc_process *process;
	struct fsc_event_stream stream;
	const struct fsc_state *state;
	uint32_t *row_of_site; /* by site id: row + 1; 0 = none yet */
	struct fsc_gathered *rows;
	size_t row_count;
	size_t row_capacity;
	uint32_t *places; /* hash table of rows by name and library: row + 1; 0 = free */
	size_t place_count;
	char **made_names; /* of sites that the state does not know */
	size_t made_name_count;
	struct fsc_gathered host;	 /* its cells alone: phases of no known call */
	struct fsc_thread_rows *threads; /* by slot */
	size_t thread_capacity;
	bool no_memory; /* something was left out */
	bool any_event;
	int64_t first_ns;
	int64_t last_ns;
	struct fsc_breakdown_result result;
};

/* Is it a recording of the profile sink? */
bool fsc_breakdown_is_profile(const struct fsc_breakdown *breakdown);

/* The row of a site's events, NULL when it has none (pool and codec functions; no memory). */
struct fsc_gathered *fsc_breakdown_row_of(struct fsc_breakdown *breakdown, uint16_t site);

/* The cell of that phase and side, a new one if need be; NULL: no memory. */
struct fsc_cell *fsc_breakdown_cell_of(struct fsc_gathered *row, const struct fsc_claim *claim);

/* Add the distributions of the state, where the recorder kept those. */
void fsc_breakdown_profile_add(struct fsc_breakdown *breakdown);

/* Fill breakdown->result from what was gathered. */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_rows_make(struct fsc_breakdown *breakdown);
void fsc_breakdown_rows_free(struct fsc_breakdown *breakdown);

#endif
