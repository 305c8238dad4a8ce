/* SPDX-License-Identifier: MIT */
/* enter_buffer.h - enter a buffer in a ledger as the hooks do. */
#ifndef UNIT_ENTER_BUFFER_H
#define UNIT_ENTER_BUFFER_H

#include "trace_points/ledger.h"

static inline enum fsc_ledger_made enter_buffer(struct fsc_ledger *ledger, uint64_t pointer,
						const struct fsc_ledger_entry *entry)
{
	struct fsc_ledger_place place;
	enum fsc_ledger_made made = fsc_ledger_open(ledger, pointer, &place);

	if (made != FSC_LEDGER_NO_ROOM) {
		*place.entry = *entry;
		fsc_ledger_close(&place);
	}
	return made;
}

/*
 * Fill `pointers` with addresses that all belong into the first two buckets: so many that each way
 * is handed from one to the next all the time.
 */
static inline void crowd(uint64_t *pointers, uint32_t count)
{
	uint64_t pointer = 1 << 20;

	for (uint32_t found = 0; found < count; pointer += 16)
		if (fsc_ledger_bucket_index(fsc_ledger_hash(pointer), 0) < 2)
			pointers[found++] = pointer;
}

#endif
