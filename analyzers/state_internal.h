/* SPDX-License-Identifier: MIT */
/*
 * state_internal.h - fill a struct fsc_state from the records of a state stream.
 *
 * In:     records in any order, some perhaps twice (the later one holds).
 * Out:    the tables of state.h.
 * Cost:   bounded by enum fsc_state_limit; what is beyond is left out and counted in `refused`.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_STATE_INTERNAL_H
#define ANALYZERS_STATE_INTERNAL_H

#include "analyzers/state.h"

/* A text that is still being put together. */
struct fsc_state_text {
	char *text; /* owned */
	uint16_t next_part;
};

/* What the recorder says of an image elsewhere, and how its state stream could be read. */
struct fsc_state_witness {
	struct fsc_maybe finished;    /* of struct fsc_process */
	struct fsc_maybe calls;	      /* likewise: the sum of all site totals */
	struct fsc_maybe lost_events; /* likewise: the sum of all loss records */
	bool whole;		      /* no packet of the state stream was lost or damaged */
};

struct fsc_state_builder {
	struct fsc_state state;
	struct fsc_state_text *texts; /* by string id */
	uint32_t text_capacity;
	uint32_t site_capacity;
	uint32_t module_capacity;
	size_t live_capacity;
	size_t caller_capacity;
	size_t text_bytes;
	uint32_t *name_ids;  /* by site */
	uint32_t *path_ids;  /* by module */
	char **made_names;   /* by site: "site 7", owned */
	uint64_t refused;    /* records with numbers out of bounds */
	uint64_t calls;	     /* of all site totals */
	uint64_t pace_ticks; /* of the clock record that knows most of it */
	uint64_t pace_count;
	uint64_t growth_ticks; /* the largest */
	bool any_total;	       /* one of the records of the end was read */
};

void fsc_state_builder_init(struct fsc_state_builder *builder);
void fsc_state_builder_fini(struct fsc_state_builder *builder);

/* record: as fsc_packet_reader_next() gives it. Kinds that are not state are ignored. */
FSC_MUST_CHECK enum fsc_status fsc_state_builder_add(struct fsc_state_builder *builder,
						     const uint8_t *record);

/*
 * Resolve ids and convert instants; judge whether the totals are all there. ticks_per_s: nominal,
 * 0 = unknown.
 */
FSC_MUST_CHECK enum fsc_status fsc_state_builder_finish(struct fsc_state_builder *builder,
							const struct fsc_state_witness *witness,
							uint64_t ticks_per_s);

#endif
