/* SPDX-License-Identifier: MIT */
/*
 * requests.h - put together what belongs together: encode, prepare, call, decode, consume, free.
 *
 * In:     decoded events; those of one thread in the order in which they were recorded.
 * Out:    through a sink: every finished call, every request once nothing more can join it, and how
 *         long responses were held that were freed later or elsewhere.
 * Cost:   memory for the threads that are alive and their open calls, both bounded; no allocation
 *         per event.
 * Thread: one object per thread.
 *
 * Probe cost. A probe is a wrapped call or a phase. It adds `inner` to its own measured time and
 * `outer` around it, half before and half after. So what lies around a probe contains inner + outer
 * of every probe inside it, at whatever depth, besides its own inner:
 *   call, corrected   = raw - inner - sum over all probes inside (inner + outer)
 *   self, corrected   = raw - children - inner - child calls * outer - own phases * (inner + outer)
 *   phase's own time  = raw - what is inside it - inner - probes directly inside * outer
 *   library work      = call, corrected - its phases' own times, corrected
 * and gaps on the host's side lose the halves of `outer` that lie in them. A call's corrected time
 * is then its own work plus its children's corrected times.
 */
#ifndef ANALYZERS_REQUESTS_H
#define ANALYZERS_REQUESTS_H

#include "analyzers/event_stream.h"
#include "analyzers/status.h"

enum fsc_side { FSC_SIDE_HOST, FSC_SIDE_LIBRARY };

/* Phases of a request. Ids from FSC_PHASE_NAMED on are strings: a user's phase. */
enum fsc_claim_phase {
	FSC_CLAIM_ENCODE = FSC_PHASE_ENCODE,
	FSC_CLAIM_DECODE = FSC_PHASE_DECODE,
	FSC_CLAIM_PREPARE,
	FSC_CLAIM_CROSSING,
	FSC_CLAIM_WORK,
	FSC_CLAIM_CONSUME,
	FSC_CLAIM_FREE,
	FSC_CLAIM_OTHER,
	/* No string has this id: a user's phases beyond the first FSC_CLAIM_NAMES_MAX names of an
	 * image, by their ids, and those whose name is not known. */
	FSC_CLAIM_MORE = INT32_MAX
};

enum fsc_claim_limit { FSC_CLAIM_NAMES_MAX = 256 };

/*
 * Time that a phase claims of its request. Corrected: raw_ns - correction_ps / 1000. One that did
 * not run, though it would have been seen, claims 0.
 */
struct fsc_claim {
	uint32_t phase; /* enum fsc_claim_phase or a string id */
	uint8_t side;	/* enum fsc_side */
	int64_t raw_ns;
	int64_t correction_ps;
	uint64_t allocations;
	uint64_t allocated_bytes;
};

/*
 * One request. What is not known has no claim; the claims' raw_ns add up to end_ns - start_ns, by
 * way of the two `other` rows. tid and number are those of its call. Borrowed for the call.
 */
struct fsc_request {
	uint16_t site;
	uint32_t slot;
	uint32_t tid;
	uint64_t number;
	uint32_t weight; /* how many it stands for, itself included: see struct fsc_call_seen */
	int64_t start_ns;
	int64_t end_ns;
	const struct fsc_claim *claims;
	size_t claim_count;
	uint64_t count; /* so many alike */
};

/* One finished call of any kind. */
struct fsc_call_seen {
	const struct fsc_event *event; /* kind FSC_EVENT_call */
	/* How many calls it stands for: where sampling gave each the chance 1 / weight to be
	 * recorded, a sum of what each was, times its weight, estimates the sum over all. */
	uint32_t weight;
	int64_t correction_ps;	    /* of its whole time */
	int64_t self_correction_ps; /* of its time without inner calls */
	int64_t own_ps;		    /* of these, what its own probe and allocations added */
	int64_t outer_ps;	    /* what its probe added around it */
	uint64_t allocations;	    /* 0 when none or not counted */
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	uint64_t count; /* so many alike */
};

struct fsc_requests_sink {
	void (*request)(void *arg, const struct fsc_request *request);
	void (*call)(void *arg, const struct fsc_call_seen *call);
	/* A response of that site was freed held_ns after its call ended, outside of its request.
	 */
	void (*held)(void *arg, uint16_t made_site, int64_t held_ns, uint32_t weight);
	void *arg;
};

struct fsc_requests; /* opaque */

/*
 * sink: copied. state: must outlive the object.
 * FSC_OK: the caller owns *out. FSC_E_NOMEM: *out is NULL.
 */
FSC_MUST_CHECK enum fsc_status fsc_requests_create(struct fsc_requests **out,
						   const struct fsc_state *state,
						   const struct fsc_requests_sink *sink);
void fsc_requests_destroy(struct fsc_requests *requests);

/* FSC_E_NOMEM: the event is lost, the object can still be used. */
FSC_MUST_CHECK enum fsc_status fsc_requests_add(struct fsc_requests *requests,
						const struct fsc_event *event);

/*
 * May a call of kind entry, with nothing inside it and nothing gone before that belongs to it, be
 * added to that thread by fsc_requests_add_alike()? The request that is open is closed then: only
 * ask when such a call comes next.
 */
bool fsc_requests_close_idle(struct fsc_requests *requests, uint32_t slot, uint32_t tid);

/* Add `count` outermost calls of kind entry that nothing joins, all like this one. */
void fsc_requests_add_alike(struct fsc_requests *requests, const struct fsc_event *event,
			    uint64_t count);

/*
 * Open calls whose phases and inner calls were given up, the oldest first, because a thread had too
 * many of them: calls nested very deeply, or unwound without an outermost call that ends after
 * them.
 */
uint64_t fsc_requests_forgotten(const struct fsc_requests *requests);

/* What all probes so far added to the time of all threads, in thousandths of ns. */
int64_t fsc_requests_added_ps(const struct fsc_requests *requests);

/* No more events: hand out the requests that are still open. */
void fsc_requests_finish(struct fsc_requests *requests);

#endif
