/* SPDX-License-Identifier: MIT */
/*
 * requests_internal.h - what requests.c (calls in, requests out), requests_inside.c (what happened
 * inside a call) and requests_host.c (the host's side of a request) share: the state of one thread.
 */
#ifndef ANALYZERS_REQUESTS_INTERNAL_H
#define ANALYZERS_REQUESTS_INTERNAL_H

#include "analyzers/requests.h"

enum fsc_requests_limit {
	FSC_CLAIMS_MAX = 24,  /* phases of one request; further ones stay in `other` or `work` */
	FSC_CLAIMS_KEPT = 10, /* of these, places that only the request's own phases take */
	FSC_HOST_PHASES_MAX =
		256, /* phases of one thread that wait for a call; the oldest go first */
	FSC_OPEN_CALLS_MAX = 1024, /* of one thread: nested, or unwound and not yet known to be */
	FSC_DEPTHS_MAX = 8,	   /* nesting of phases whose allocations are told apart */
	FSC_FREED_MAX = 16,	   /* buffers that one call frees */
	FSC_SLOTS_KEPT_MAX = 65536 /* thread slots told apart */
};

struct fsc_claims {
	size_t count;
	struct fsc_claim items[FSC_CLAIMS_MAX];
};

/* What was seen inside a call that has not ended yet. */
struct fsc_open_call {
	uint64_t number;
	int64_t probes_ps;	   /* inner + outer of every probe inside it */
	int64_t own_phases_ps;	   /* of these, its own phases' */
	int64_t children_outer_ps; /* and what stands around its child calls */
	uint64_t allocations;	   /* of its inner calls */
	uint64_t allocated_bytes;
	/* By depth: of phases that ended, not yet taken from the phase around them. */
	uint64_t inner_allocations[FSC_DEPTHS_MAX];
	uint64_t inner_bytes[FSC_DEPTHS_MAX];
	bool codec_seen;
	struct fsc_claims claims;
};

/* A phase on the host's side that waits for the call it belongs to. */
struct fsc_host_phase {
	int64_t start_ns;
	int64_t end_ns;
	int64_t outer_ps; /* of its probe; 0 when it lies inside another phase */
	uint64_t message;
	uint64_t buffer;
	bool fresh; /* no call of kind entry came since */
	bool taken;
	struct fsc_claim claim;
};

/* A buffer that the call `call` gives back. */
struct fsc_freed {
	uint64_t call;
	uint64_t made_call;
	uint32_t made_tid;
	uint16_t made_site;
	int64_t made_ended_ns;
	int64_t time_ns;
};

/* A request that its thread may still add to. */
struct fsc_open_request {
	bool valid;
	uint16_t site;
	uint64_t number;
	uint32_t weight;
	int64_t start_ns;
	int64_t call_start_ns;
	int64_t call_end_ns;
	int64_t end_ns;
	bool freed;
	int64_t free_start_ns;
	int64_t free_end_ns;
	int64_t call_outer_ps;
	int64_t free_correction_ps;
	int64_t free_outer_ps;
	int64_t claimed_in_consume_ns; /* encode and decode between call end and free */
	int64_t outer_in_consume_ps;
	int64_t waiting_outer_ps; /* of encodes that lie in the request if it still goes on */
	int64_t other_outer_ps;	  /* outer of probes in the host's `other` */
	int64_t last_outer_ps;	  /* of the phase that ends the request so far */
	struct fsc_claims claims;
};

struct fsc_thread {
	uint32_t slot;
	uint32_t tid;
	bool used;
	uint32_t one_in;	     /* of its calls one in so many is recorded; 0 = all */
	struct fsc_open_call *calls; /* outer before inner */
	size_t call_count;
	size_t call_capacity;
	uint64_t forgotten;	       /* open calls */
	struct fsc_host_phase *phases; /* FSC_HOST_PHASES_MAX, made when first needed */
	size_t phase_count;
	struct fsc_event_request_buffer request_buffer; /* call 0 = none */
	struct fsc_event_call_alloc call_alloc;		/* call 0 = none */
	struct fsc_freed freed[FSC_FREED_MAX];
	size_t freed_count;
	struct fsc_open_request request;
};

/* The claim of that phase and side, a new one if need be; NULL when there is no more room. */
struct fsc_claim *fsc_claims_get(struct fsc_claims *claims, uint32_t phase, enum fsc_side side);

/* Add what `from` claims to the claim of the same phase and side. false: no room. */
bool fsc_claims_add(struct fsc_claims *claims, const struct fsc_claim *from);

/*
 * The record of an open call, made if need be. Open calls that began later (larger numbers) and did
 * not end were unwound: what they gathered belongs to what encloses them. NULL: no memory.
 */
struct fsc_open_call *fsc_inside_open(struct fsc_thread *thread, uint64_t number);

/* Add what `from` gathered. */
void fsc_inside_move(struct fsc_open_call *into, const struct fsc_open_call *from);

/*
 * What was gathered inside the call that ends: its own record with all that began after it moved
 * in; NULL when there is nothing. It stays valid until the next fsc_inside_open().
 */
struct fsc_open_call *fsc_inside_take(struct fsc_thread *thread, uint64_t number, bool outermost);

/*
 * The library's side of a request: what its phases claim, and what is left of the call. inside: may
 * be NULL.
 */
void fsc_inside_claim(struct fsc_open_request *request, const struct fsc_open_call *inside,
		      const struct fsc_call_seen *seen);

/* A phase's allocations contain those of the phases inside it: each is to count once. */
void fsc_inside_own(struct fsc_open_call *call, uint8_t depth, struct fsc_claim *claim);

/* A host phase ended: decode joins the open request, others wait for a call. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_requests_host_phase(struct fsc_thread *thread,
						       const struct fsc_host_phase *phase);

/*
 * The host's side before the call of the open request: which phases are its, when did it begin,
 * what was `prepare`. timing_ps: what timing the request buffer's allocation cost, half of it
 * before the reading.
 */
void fsc_requests_host_before(struct fsc_thread *thread, const struct fsc_event *call,
			      int64_t timing_ps);

/* The host's side after it, once nothing more can join: `consume`, `free`, `other`. */
void fsc_requests_host_after(struct fsc_thread *thread);

#endif
