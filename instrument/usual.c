/* SPDX-License-Identifier: MIT */
/*
 * What is hard: every instruction counts, and nothing may be changed before it is sure that the
 * whole call can be told in one record. Begin at fsc_usual_leave_maker().
 */
#include "usual_internal.h"

#include "buffer_hooks_internal.h"
#include "record_internal.h"
#include "shadow_internal.h"

#define INLINE inline __attribute__((always_inline))

/* Room for either record, on the thread that the call began on. */
static INLINE bool has_room(const struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_cursor *cursor = thread->cursor;

	_Static_assert(sizeof(struct fsc_call_made_record) == 72 &&
			       sizeof(struct fsc_call_freed_record) == 72,
		       "one size for both");
	return (uintptr_t)cursor->end - (uintptr_t)cursor->at >= 72 && frame->tid == cursor->tid;
}

/* Does the buffer lie in the block that was allocated last, inside this call? */
static INLINE bool is_last_block(const struct fsc_thread *thread, const struct fsc_frame *frame,
				 uint64_t pointer, uint64_t length)
{
	const struct fsc_recent_block *block =
		&thread->memory->recent[(thread->recent_count - 1) % FSC_RECENT_BLOCKS];
	uint64_t offset = pointer - block->pointer;

	return thread->recent_count != frame->recent_start && offset < block->bytes &&
	       length <= block->bytes - offset;
}

/* Is that the request buffer whose allocation was timed? */
static INLINE bool is_timed(const struct fsc_memory *memory, const struct fsc_frame *frame,
			    uint64_t request)
{
	return request - memory->timed.pointer < memory->timed.bytes &&
	       memory->timed_ticks <= frame->start_ticks;
}

static INLINE uint64_t duration_of(const struct fsc_frame *frame)
{
	return frame->end_ticks - frame->start_ticks;
}

/* Count the call, then take its lone frame off the shadow stack: see count_call(). */
static INLINE struct fsc_counter *close_call(struct fsc_thread *thread,
					     const struct fsc_frame *frame)
{
	struct fsc_counter *counter = &thread->cursor->counters[frame->site->id];

	counter->ticks += duration_of(frame);
	counter->completed++;
	fsc_shadow_close_lone(thread);
	thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	return counter;
}

/* site, flags and reserved lie in 4 neighbouring bytes. */
static INLINE void put_tag(void *site, const struct fsc_frame *frame, uint32_t flags)
{
	uint32_t tag = frame->site->call_tag | flags << 16;

	__builtin_memcpy(site, &tag, sizeof(tag));
}

static INLINE bool enter_ledger(struct fsc_cursor *cursor, const struct fsc_frame *frame,
				const uintptr_t *response)
{
	struct fsc_ledger_place place;
	enum fsc_ledger_made made = fsc_ledger_open(fsc_live->ledger, response[0], &place);

	if (FSC_UNLIKELY(made != FSC_LEDGER_ENTERED)) {
		if (made == FSC_LEDGER_NO_ROOM)
			return false;
		cursor->counters[FSC_COUNTER_ELSEWHERE].buffers++;
	}
	place.entry->length = response[1];
	place.entry->capacity = response[2];
	place.entry->call = frame->number;
	place.entry->start_ticks = frame->start_ticks;
	place.entry->end_ticks = frame->end_ticks;
	place.entry->tid = cursor->tid;
	place.entry->stack = 0;
	place.entry->site = (uint16_t)frame->site->id;
	place.entry->flags = FSC_MADE_WITH_CAPACITY;
	fsc_ledger_close(&place);
	return true;
}

bool fsc_usual_leave_maker(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_memory *memory = thread->memory;
	struct fsc_cursor *cursor = thread->cursor;
	const struct fsc_allocation_totals totals = thread->totals;
	const uintptr_t *response = (const uintptr_t *)fsc_arch_hidden(frame);
	const uintptr_t *request =
		&frame->argument[frame->site->request.pointer.index + FSC_ARCH_HIDDEN_ARGUMENTS];
	struct fsc_call_made_record *record = (struct fsc_call_made_record *)cursor->at;
	struct fsc_counter *counter;
	uint64_t ticks, length, capacity;

	if (!has_room(thread, frame) || !response || !fsc_live->ledger)
		return false;
	length = response[1];
	capacity = response[2];
	if (!is_last_block(thread, frame, response[0], length) ||
	    !is_timed(memory, frame, request[0]) ||
	    (duration_of(frame) | frame->number | request[1] | length | capacity |
	     totals.allocated_bytes | totals.freed_bytes |
	     (totals.allocations | totals.frees) << 16 |
	     (frame->end_ticks - memory->timed_ticks)) >>
		    32 ||
	    !(length | capacity))
		return false;
	ticks = fsc_record_order(cursor, frame->end_ticks);
	counter = close_call(thread, frame);
	counter->request_bytes += request[1];
	counter->response_bytes += length;
	counter->buffers++;
	fsc_record_head(record, FSC_EVENT_call_made, ticks);
	record->duration_ticks = (uint32_t)duration_of(frame);
	put_tag(&record->site, frame, FSC_CALL_REQUEST | FSC_CALL_RESPONSE | FSC_CALL_BUFFER);
	record->number = (uint32_t)frame->number;
	record->allocated_ticks = (uint32_t)(ticks - memory->timed_ticks);
	record->request = request[0];
	record->pointer = FSC_LIKELY(enter_ledger(cursor, frame, response)) ? response[0] : 0;
	record->request_bytes = (uint32_t)request[1];
	record->response_bytes = (uint32_t)length;
	record->capacity = (uint32_t)capacity;
	record->stack = 0;
	record->allocations = (uint16_t)totals.allocations;
	record->frees = (uint16_t)totals.frees;
	record->allocated_bytes = (uint32_t)totals.allocated_bytes;
	record->freed_bytes = (uint32_t)totals.freed_bytes;
	memory->timed.bytes = 0;
	memory->unmatched = 0;
	fsc_record_commit(cursor, sizeof(*record));
	fsc_thread_end_work(thread);
	return true;
}

bool fsc_usual_leave_free(struct fsc_thread *thread, struct fsc_frame *frame)
{
	const struct fsc_ledger_entry *entry = &frame->freed_entry;
	struct fsc_cursor *cursor = thread->cursor;
	const struct fsc_allocation_totals totals = thread->totals;
	struct fsc_call_freed_record *record = (struct fsc_call_freed_record *)cursor->at;
	uint64_t ticks =
		frame->end_ticks < cursor->last_ticks ? cursor->last_ticks : frame->end_ticks;

	if (!has_room(thread, frame) || !frame->freed_pointer ||
	    frame->verdict != FSC_VERDICT_FREED || totals.allocations ||
	    frame->freed_length != entry->length || frame->freed_capacity != entry->capacity ||
	    (duration_of(frame) | frame->number | totals.frees | totals.freed_bytes |
	     entry->length | entry->capacity | entry->call | (ticks - entry->start_ticks) |
	     (ticks - entry->end_ticks)) >>
		    32)
		return false;
	close_call(thread, frame);
	cursor->last_ticks = ticks;
	fsc_record_head(record, FSC_EVENT_call_freed, ticks);
	record->duration_ticks = (uint32_t)duration_of(frame);
	put_tag(&record->site, frame, 0);
	record->number = (uint32_t)frame->number;
	record->frees = (uint32_t)totals.frees;
	record->freed_bytes = (uint32_t)totals.freed_bytes;
	record->length = (uint32_t)entry->length;
	record->capacity = (uint32_t)entry->capacity;
	record->pointer = frame->freed_pointer;
	record->made_call = (uint32_t)entry->call;
	record->made_tid = entry->tid;
	record->made_ticks = (uint32_t)(ticks - entry->start_ticks);
	record->made_ended_ticks = (uint32_t)(ticks - entry->end_ticks);
	record->made_site = entry->site;
	record->made_flags = entry->flags;
	record->stack = entry->stack;
	fsc_record_commit(cursor, sizeof(*record));
	fsc_thread_end_work(thread);
	return true;
}
