/* SPDX-License-Identifier: MIT */
/*
 * record_internal.h - write one record into the thread's ring.
 *
 * struct fsc_x_record *r = FSC_RECORD_BEGIN(thread, x, ticks);  NULL: dropped and counted
 * ... fill every field after the header ...
 * fsc_record_commit(thread->cursor, sizeof(*r));                 the consumer may see it from here
 * on
 *
 * Thread: the owner of the thread block, with busy set. Memory order: the ring's head is stored
 * with release after the record's bytes; the consumer loads it with acquire.
 */
#ifndef INSTRUMENT_RECORD_INTERNAL_H
#define INSTRUMENT_RECORD_INTERNAL_H

#include "arch.h"
#include "system_internal.h"
#include "thread_internal.h"
#include "trace_points/clock.h"

struct fsc_record_room {
	struct fsc_thread *thread;
	uint32_t bytes;
	bool finding;
};

/* Slow path of a full packet; argument is struct fsc_record_room *. Returns the address. */
uint64_t fsc_record_make_room(void *argument) FSC_HIDDEN;

static inline void *fsc_record_begin(struct fsc_thread *thread, uint32_t id, uint32_t bytes,
				     uint64_t ticks, bool finding)
{
	struct fsc_cursor *cursor = thread->cursor;
	uint8_t *at = cursor->at;
	struct __attribute__((packed)) {
		uint32_t id;
		uint64_t ticks;
	} * header;

	if (FSC_UNLIKELY((uintptr_t)cursor->end - (uintptr_t)at < bytes)) {
		struct fsc_record_room room = { thread, bytes, finding };

		at = (uint8_t *)fsc_arch_call_outside(fsc_record_make_room, &room);
		if (!at)
			return NULL;
	}
	/* Clocks of two processors may differ by a step; a stream must not run backwards. */
	if (ticks < cursor->last_ticks)
		ticks = cursor->last_ticks;
	cursor->last_ticks = ticks;
	header = (void *)at;
	header->id = id;
	header->ticks = ticks;
	return at;
}

#define FSC_RECORD_BEGIN(thread, event, ticks)            \
	((struct fsc_##event##_record *)fsc_record_begin( \
		(thread), FSC_EVENT_##event, sizeof(struct fsc_##event##_record), (ticks), false))

static inline void fsc_record_commit(struct fsc_cursor *cursor, uint32_t bytes)
{
	cursor->at += bytes;
	__atomic_store_n(&cursor->ring->head, cursor->ring->head + bytes, __ATOMIC_RELEASE);
}

/* The clock of the recording, now. */
static inline uint64_t fsc_record_now(void)
{
	if (fsc_clock_mode_now == FSC_CLOCK_SYSTEM)
		return fsc_arch_system_ticks();
	return fsc_clock_counter();
}

/* Can the 8 bytes at that address be read? The last page that could is remembered. */
static inline bool fsc_record_readable(struct fsc_thread *thread, uintptr_t address)
{
	uintptr_t page = address & ~(uintptr_t)(FSC_PAGE - 1);

	if (page == thread->readable_page)
		return true;
	if (!system_readable(address))
		return false;
	thread->readable_page = page;
	return true;
}

/* The same for any range within two pages; the thread's own stack above `frame` needs no question.
 */
static inline bool fsc_record_readable_range(struct fsc_thread *thread,
					     const struct fsc_frame *frame, uintptr_t address,
					     uintptr_t bytes)
{
	if (address < FSC_PAGE || address + bytes < address)
		return false;
	if (address > (uintptr_t)frame && address + bytes <= thread->stack_top)
		return true;
	return fsc_record_readable(thread, address) &&
	       (((address ^ (address + bytes - 1)) < FSC_PAGE) ||
		fsc_record_readable(thread, address + bytes - 1));
}

#endif
