/* SPDX-License-Identifier: MIT */
/*
 * A thread takes up what its image says of sampling. What is hard: the record that tells it must
 * be in the ring before the first call that goes by it. Begin at fsc_detail_take_up().
 */
#include "detail_internal.h"
#include "record_internal.h"
#include "session_internal.h"
#include "trace_points/image_detail.h"

/* In the room that is kept for findings, if need be: without it all that follows would be wrong. */
static bool tell(struct fsc_thread *thread, uint32_t one_in)
{
	struct fsc_detail_record *record =
		(struct fsc_detail_record *)fsc_record_room(thread, sizeof(*record), true);

	if (!record)
		return false;
	fsc_record_head(record, FSC_EVENT_detail,
			fsc_record_order(thread->cursor, fsc_record_now()));
	record->one_in = one_in == FSC_SAMPLE_NONE ? 0 : one_in;
	fsc_record_end(thread->cursor, sizeof(*record));
	return true;
}

void fsc_detail_take_up(struct fsc_thread *thread)
{
	struct fsc_cursor *cursor = thread->cursor;
	struct fsc_image_detail detail;
	uint32_t one_in;

	if (!fsc_image_detail_read(fsc_live->image, &detail))
		return;
	one_in = detail.one_in;
	if (one_in != cursor->one_in && !tell(thread, one_in))
		return;
	for (uint32_t i = 0; i < cursor->counter_limit; i++) {
		struct fsc_counter *counter = &cursor->counters[i];

		counter->unframed_left = counter->framed_left = 0;
		counter->beyond_left = counter->due = counter->block_left = 0;
	}
	if (!thread->memory->random)
		thread->memory->random =
			((fsc_record_now() ^ (uint64_t)cursor->tid << 32) * 0x9E3779B97F4A7C15ull) |
			1;
	cursor->one_in = one_in;
	cursor->detail_change = detail.change;
	cursor->plain_limit = one_in == 1 ? cursor->counter_limit : 0;
	cursor->unframed_bytes = one_in == 1 ? 0 : cursor->counter_limit * SITE_BYTES;
	thread->attention = 0;
	thread->memory->left_out = false;
	thread->memory->unframed = NULL;
	/* Threads that have not taken it up have unframed_bytes 0: none of theirs goes early. */
	fsc_arch_leave_out_early(one_in != 1);
	fsc_settings.sample_one_in = one_in; /* for the images of forked children */
}
