/* SPDX-License-Identifier: MIT */
/*
 * gathered_internal.h - the rows of a breakdown while they are gathered: sums that can be added.
 *
 * In:     calls and requests, one by one or as whole tables of rows.
 * Out:    rows by (name, library, kind); what they hold does not depend on the order in which it
 *         came, so tables of several threads, images, recordings and machines add up exactly.
 * Cost:   memory for the rows and their histograms; a hash lookup per row, none per call.
 * Thread: one object per thread.
 *
 * Texts are copies: a table outlives what it was gathered from.
 */
#ifndef ANALYZERS_GATHERED_INTERNAL_H
#define ANALYZERS_GATHERED_INTERNAL_H

#include "analyzers/estimate_internal.h"
#include "analyzers/histogram.h"
#include "analyzers/requests.h"
#include "analyzers/slowest_internal.h"

#define FSC_GATHERED_TYPE_u64 uint64_t
#define FSC_GATHERED_TYPE_i64 int64_t

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
	uint32_t phase; /* enum fsc_claim_phase, or the image's string id */
	uint8_t side;
	char *name; /* of a user's phase: what tells it apart; else NULL */
	struct fsc_histogram raw;
	int64_t correction_ps;
	uint64_t allocations;
	uint64_t allocated_bytes;
};

/* What makes numbers of a row unknown or less than all; those of several rows add up by `or`. */
enum fsc_gathered_flag {
	FSC_GATHERED_UNCOUNTED = 1 << 0,      /* counters of some image were not read */
	FSC_GATHERED_PARTIAL = 1 << 1,	      /* times rest on less than all completed calls */
	FSC_GATHERED_NO_ALLOCATIONS = 1 << 2, /* some image did not count them */
	FSC_GATHERED_FREES_UNSEEN = 1 << 3,   /* some response may have been freed unseen */
	FSC_GATHERED_COST_UNKNOWN = 1 << 4,   /* some image's probe cost */
	FSC_GATHERED_PROFILE = 1 << 5,	      /* some of it is the profile sink's */
	FSC_GATHERED_REQUEST_SEEN = 1 << 6,   /* some call knew its request */
	FSC_GATHERED_RESPONSE_SEEN = 1 << 7,
	FSC_GATHERED_SELF_UNKNOWN = 1 << 8, /* some image has no event of it */
	FSC_GATHERED_SAMPLED = 1 << 9, /* times are estimates, of some calls chosen at random */
	FSC_GATHERED_FLAGS = (1 << 10) - 1
};

/* The writer's counters of an image, exact whatever was lost; used up by settling. */
struct fsc_counted {
	bool known;
	uint64_t calls;
	uint64_t completed;
	uint64_t unwound;
	uint64_t skipped;
	uint64_t sampled_out;
	uint64_t total_ticks;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t threads;
};

/* An entry point as it is gathered. */
struct fsc_gathered {
	char *name;
	char *library; /* path, "" = unknown */
	char **aliases;
	size_t alias_count;
	bool is_free;
	uint32_t flags; /* enum fsc_gathered_flag */
	/* Of completed calls whose events were read, each as often as it stands for others. */
	struct fsc_histogram raw;
	struct fsc_estimate estimate; /* of their mean */
	int64_t correction_max_ps;    /* of one call */
	struct fsc_histogram requests;
	struct fsc_slowest slowest; /* its columns: the first cells */
	struct fsc_cell *cells;	    /* FSC_CELLS_FIXED of kind entry, then a user's */
	size_t cell_count;
	size_t cell_capacity;
	struct fsc_counted counted;
	uint32_t index; /* its place in the table */
	size_t row;	/* its place among the finished rows */
#define FSC_GATHERED(type, name) FSC_GATHERED_TYPE_##type name;
#include "analyzers/gathered.def"
#undef FSC_GATHERED
};

/* Zeroed memory is an empty table. */
struct fsc_gathering {
	struct fsc_gathered *rows;
	size_t row_count;
	size_t row_capacity;
	uint32_t *places; /* hash table of rows by name, library and kind: row + 1; 0 = free */
	size_t place_count;
	struct fsc_gathered host; /* its cells alone: phases of no known call */
};

void fsc_gathered_fini(struct fsc_gathered *row);
void fsc_gathering_fini(struct fsc_gathering *gathering);

/* The row of that name, library and kind, a new one if need be; its index. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_gathering_row(struct fsc_gathering *gathering, const char *name,
						 const char *library, bool is_free,
						 uint32_t *index);

/* The cells that every entry point has. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_gathered_fixed_cells(struct fsc_gathered *row);

/*
 * The cell of that phase and side, a new one if need be; NULL: no memory. name: of a user's phase;
 * its claim's phase tells it apart as long as all come from one image.
 */
struct fsc_cell *fsc_gathered_cell(struct fsc_gathered *row, const struct fsc_claim *claim,
				   const char *name);

/* Further names of the row; each is kept once. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_gathered_alias(struct fsc_gathered *row, const char *name);

/* Users' cells in the order of their ids, aliases by name. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_gathering_order(struct fsc_gathering *gathering);

/* Add to the row of the same name, library and kind. FSC_E_NOMEM: as fsc_gathering_add(). */
FSC_MUST_CHECK enum fsc_status fsc_gathering_add_row(struct fsc_gathering *into,
						     const struct fsc_gathered *row);

/*
 * Add all rows of `from`. Users' cells are the same where their names are. FSC_E_NOMEM: `into` is
 * of no use any more.
 */
FSC_MUST_CHECK enum fsc_status fsc_gathering_add(struct fsc_gathering *into,
						 const struct fsc_gathering *from);

#endif
