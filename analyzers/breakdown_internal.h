/* SPDX-License-Identifier: MIT */
/*
 * breakdown_internal.h - what the files of the breakdown share: gatherer.c adds events to rows,
 * breakdown_profile.c distributions, breakdown_image.c what the state knows and the end of it,
 * breakdown_rows.c makes the finished rows.
 */
#ifndef ANALYZERS_BREAKDOWN_INTERNAL_H
#define ANALYZERS_BREAKDOWN_INTERNAL_H

#include "analyzers/breakdown.h"
#include "analyzers/gathered_internal.h"
#include "analyzers/plain_runs_internal.h"
#include "analyzers/record_merge_internal.h"

/* What is known of all rows together; those of several images can be added. */
struct fsc_breakdown_facts {
	struct fsc_stream_loss loss;
	uint64_t forgotten_calls;
	bool partial;
	bool profile;
	bool fast; /* some of it with the fast clock */
	struct fsc_maybe step_ns;
	int64_t residual_ns;
	struct fsc_maybe first_ns;
	struct fsc_maybe last_ns;
	struct fsc_maybe added_ps; /* by all probes */
	struct fsc_probe_cost probe[FSC_PROBE_KINDS];
	bool probes_differ; /* between images: then those that do are not known here */
	struct fsc_maybe pace_permille;
	struct fsc_maybe growth_ns;
};

struct fsc_breakdown {
	struct fsc_gathering gathering;
	struct fsc_breakdown_facts facts;
	struct fsc_breakdown_result result;
};

/* What is known of a thread and a row: FSC_THREAD_CALLED, and how many of its first requests. */
enum fsc_thread_row { FSC_THREAD_CALLED = 0x80, FSC_THREAD_REQUESTS = 0x7f };
_Static_assert((int)FSC_WARM_UP_REQUESTS <= (int)FSC_THREAD_REQUESTS, "they are counted in a byte");

struct fsc_thread_rows {
	uint32_t tid;
	uint32_t size;
	uint8_t *rows; /* by row */
};

/* Gathers some of an image's streams. */
struct fsc_gatherer {
	const struct fsc_state *state; /* borrowed */
	struct fsc_gathering gathering;
	uint32_t *row_of_site;		 /* by site id: row + 1; 0 = none yet */
	struct fsc_thread_rows *threads; /* by slot */
	size_t thread_capacity;
	struct fsc_requests *requests;
	struct fsc_plain_runs plain;
	bool alike;		  /* what comes stands for calls whose threads are known already */
	uint64_t forgotten_calls; /* this and the next: once it is finished */
	int64_t added_ps;
	bool no_memory; /* something was left out */
	bool any_event;
	int64_t first_ns;
	int64_t last_ns;
};

/* FSC_E_NOMEM: end it all the same. */
FSC_MUST_CHECK enum fsc_status fsc_gatherer_init(struct fsc_gatherer *gatherer,
						 const struct fsc_state *state);
void fsc_gatherer_fini(struct fsc_gatherer *gatherer);

/*
 * Add the events of a stream, in whatever order streams are read. What there is no memory for is
 * left out and noted.
 */
void fsc_gatherer_read(struct fsc_gatherer *gatherer, const struct fsc_record_merge *merge,
		       struct fsc_record_stream *stream);

/* Is there nothing more to know of that thread and row but how often it calls? */
bool fsc_gatherer_knows_thread(struct fsc_gatherer *gatherer, uint32_t slot, uint32_t tid,
			       uint16_t site);

void fsc_gatherer_note_time(struct fsc_gatherer *gatherer, int64_t start_ns, int64_t end_ns);

/* No more events. */
void fsc_gatherer_finish(struct fsc_gatherer *gatherer);

/* Add what another one gathered of other streams of the same image. Both are finished. */
FSC_MUST_CHECK enum fsc_status fsc_gatherer_join(struct fsc_gatherer *into,
						 const struct fsc_gatherer *from);

/*
 * Add the events of all streams, those of large ones by several threads, and finish. FSC_E_NOMEM.
 */
FSC_MUST_CHECK enum fsc_status fsc_gather_streams(struct fsc_gatherer *gatherer,
						  const struct fsc_record_merge *merge);

/* The row of a site's events, NULL when it has none (pool and codec functions; no memory). */
struct fsc_gathered *fsc_gatherer_row(struct fsc_gatherer *gatherer, uint16_t site);

/* One address has one thunk: what happens under an alias belongs to the first name. */
uint32_t fsc_gatherer_primary(const struct fsc_state *state, uint32_t site);

/* The cell of that phase and side, a new one if need be; NULL: no memory. */
struct fsc_cell *fsc_gatherer_cell(struct fsc_gatherer *gatherer, struct fsc_gathered *row,
				   const struct fsc_claim *claim);

/* An image of a recording, as it is read. */
struct fsc_breakdown_image {
	const struct fsc_recording *recording;
	const struct fsc_process *process;
	const struct fsc_state *state;
	struct fsc_gatherer gatherer;
	struct fsc_breakdown_facts facts;
};

/* Is it a recording of the profile sink? */
bool fsc_breakdown_is_profile(const struct fsc_breakdown_image *image);

/* Add the distributions of the state, where the recorder kept those. */
void fsc_breakdown_profile_add(struct fsc_breakdown_image *image);

/* Rows for all that was called, with the writer's counters. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_count(struct fsc_breakdown_image *image);

/*
 * All events were added: fill the facts, and settle each row, so that it holds for this image's
 * completed calls and can be added to rows of others. loss: of the streams. FSC_E_NOMEM.
 */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_settle(struct fsc_breakdown_image *image,
						    const struct fsc_stream_loss *loss);

/* Rounded to nearest. */
static inline int64_t fsc_breakdown_divide(int64_t value, int64_t by)
{
	return (value + (value < 0 ? -(by / 2) : by / 2)) / by;
}

/* The sums and facts of one image, without finished rows. Else *error says why. */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_gather(struct fsc_breakdown *breakdown,
						    const struct fsc_recording *recording,
						    const struct fsc_process *process,
						    struct fsc_warnings *warnings,
						    struct fsc_error *error);

/* "encode"; NULL: there is no such phase, or it is a user's. */
const char *fsc_claim_name(uint32_t phase);

/* Fill breakdown->result from what was gathered. */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_rows_make(struct fsc_breakdown *breakdown);
void fsc_breakdown_rows_free(struct fsc_breakdown *breakdown);

#endif
