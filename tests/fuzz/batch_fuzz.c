/* SPDX-License-Identifier: MIT */
/* Any bytes as two moments of a clock and a batch: only whole records come out, and what is no
 * record is noticed before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/batch_reader_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fsc_batch_reader reader = { 0 };
	uint64_t clock[4] = { 0 };
	size_t total = 0;
	const uint8_t *record;
	bool whole;
	uint32_t id;

	if (size >= sizeof(clock)) {
		memcpy(clock, bytes, sizeof(clock));
		bytes += sizeof(clock);
		size -= sizeof(clock);
	}
	if (fsc_batch_reader_begin(&reader, clock, bytes, size))
		return 0;
	whole = fsc_batch_reader_is_whole(&reader);
	while ((record = fsc_batch_reader_next(&reader))) {
		memcpy(&id, record, sizeof(id));
		if (!fsc_event_record_bytes(id))
			abort();
		total += fsc_event_record_bytes(id);
	}
	if (total > size || whole == reader.damaged)
		abort();
	fsc_batch_reader_fini(&reader);
	return 0;
}
