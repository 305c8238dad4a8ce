/* SPDX-License-Identifier: MIT */
/*
 * planted.h - events planted one by one, and what requests.h makes of them.
 *
 * Fails the test when the phases of a request do not add up to it.
 */
#ifndef TESTS_UNIT_ANALYZERS_PLANTED_H
#define TESTS_UNIT_ANALYZERS_PLANTED_H

#include "analyzers/requests.h"

enum {
	ENTRY = 1,
	FREE = 2,
	INNER = 3,
	TID = 50,
	OTHER_TID = 60,
	NAME = 20,
	PLANTED_STRINGS = 1400,
	INNER_PS = 10000,
	OUTER_PS = 24000
};

struct planted {
	struct fsc_requests *requests;
	struct fsc_site sites[4];
	const char *strings[PLANTED_STRINGS];
	bool named[PLANTED_STRINGS];
	struct fsc_state state;
	struct fsc_request request[8];
	struct fsc_claim claims[8][32];
	size_t request_count;
	int64_t call_correction_ps[16]; /* by number */
	int64_t self_correction_ps[16];
	int64_t held_ns;
	size_t held_count;
	uint32_t weight[16]; /* of calls, by number */
	uint32_t tid;
};

/* probe: calls and phases cost INNER_PS and OUTER_PS. */
void planted_begin(struct planted *got, bool probe);

/* Other costs than planted_begin() chose; before any event. */
void planted_costs(struct planted *got, const struct fsc_probe_cost costs[FSC_PROBE_KINDS]);

/* Hand out what is open; ends it. */
void planted_finish(struct planted *got);

void planted_add(struct planted *got, struct fsc_event event, int64_t start_ns, int64_t end_ns);

void planted_call(struct planted *got, uint16_t site, uint64_t number, int64_t start_ns,
		  int64_t end_ns, uint8_t flags);

void planted_nested(struct planted *got, uint64_t number, uint64_t parent, int64_t start_ns,
		    int64_t end_ns);

void planted_phase(struct planted *got, uint32_t id, uint64_t inside, uint64_t buffer,
		   int64_t start_ns, int64_t end_ns);

void planted_allocating_phase(struct planted *got, uint32_t id, uint64_t inside,
			      uint64_t allocations, int64_t start_ns, int64_t end_ns);

/* Just before the call. */
void planted_call_alloc(struct planted *got, uint64_t number, uint64_t allocations, uint64_t frees);

void planted_request_buffer(struct planted *got, uint64_t number, int64_t allocated_ns);

void planted_freed(struct planted *got, uint64_t by_call, uint32_t made_tid, uint64_t made_call,
		   int64_t made_ended_ns, int64_t now_ns);

/* The claim of a request, NULL when that is not known. */
const struct fsc_claim *planted_claim(const struct planted *got, size_t request, uint32_t id,
				      enum fsc_side side);

/* That claim is known and has so many ns. */
void planted_check(const struct planted *got, size_t request, uint32_t id, enum fsc_side side,
		   int64_t raw_ns);

/*
 * encode 1000-1300, buffer 1350, call 1500-3000 (decode 1550-1750, encode 2600-2900), host decode
 * 3100-3400, free 3500-3600, next call 5000.
 */
void planted_whole_request(struct planted *got);

#endif
