/* SPDX-License-Identifier: MIT */
/*
 * reading.h - a recording made by builder.h, read the whole way: files to rows.
 *
 * reading_begin() describes the functions below; tests add events; reading_built() reads them.
 */
#ifndef TESTS_UNIT_ANALYZERS_READING_H
#define TESTS_UNIT_ANALYZERS_READING_H

#include "analyzers/breakdown.h"
#include "builder.h"

enum { HELLO = 1, GIVE_BACK = 2, POOL = 3, HELLO_ALIAS = 4, HELLO_AGAIN = 5, CALLS = 1000 };

struct reading {
	struct builder builder;
	struct fsc_recording *recording;
	struct fsc_breakdown *breakdown;
	const struct fsc_breakdown_result *result;
	struct fsc_warnings warnings;
};

void reading_begin(struct reading *read);
void reading_built(struct reading *read);
void reading_end(struct reading *read);

/* The counters of a function on a slot: 100 ticks, 8 and 9 bytes a call. */
void reading_total(struct reading *read, uint32_t slot, uint16_t site, uint64_t calls,
		   uint64_t completed);

/* CALLS calls of `ns` each, every 1000 ticks, on a slot. */
void reading_calls(struct reading *read, int slot, uint16_t site, uint32_t ns);

/* The row of a phase; the test fails when there is none. */
const struct fsc_phase_row *reading_phase(const struct reading *read, const char *phase,
					  enum fsc_side side);

/* Phases of the first entry point against its request row. */
void reading_check_sum(const struct reading *read);

#endif
