/* SPDX-License-Identifier: MIT */
/*
 * record_internal.h - write records into the thread's ring, one by one or as a group.
 *
 * struct fsc_x_record *r = FSC_RECORD_BEGIN(thread, x, ticks);  NULL: dropped and counted
 * ... fill every field after the header ...
 * fsc_record_end(thread->cursor, sizeof(*r));                    the consumer may see it from here
 *
 * What belongs to one call is a group: its room is asked for once, it becomes visible at once, and
 * when there is no room it is dropped as a whole and each record of it counted:
 *
 * fsc_group_begin(&group, thread, ticks);
 * struct fsc_x_record *r = FSC_GROUP_ADD(&group, x);             never NULL
 * ... fill every field after the header, add others ...
 * fsc_group_end(&group);
 *
 * Thread: the owner of the thread block, with busy set. Memory order: the ring's head is stored
 * with release after the records' bytes; the consumer loads it with acquire.
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
	bool finding; /* may use the part of the ring that is kept for bad verdicts */
};

/*
 * When less than `bytes` are free up to the end of what may be written: a larger ring, or its
 * begin. argument is struct fsc_record_room *. Returns the address, 0 = no room.
 */
uint64_t fsc_record_make_room(void *argument) FSC_HIDDEN;

/* Whole records of the calling thread, to be told to LTTng. */
struct fsc_record_span {
	uint32_t tid;
	const uint8_t *begin;
	uint32_t bytes;
};

/* argument is struct fsc_record_span *. */
uint64_t fsc_record_tell(void *argument) FSC_HIDDEN;

/* Not 0 while a session wants events of calls, which a thread tells itself. */
extern const int *fsc_lttng_calls_wanted FSC_HIDDEN;

/* Where that many bytes may be written, or NULL. */
static inline uint8_t *fsc_record_room(struct fsc_thread *thread, uint32_t bytes, bool finding)
{
	struct fsc_cursor *cursor = thread->cursor;
	struct fsc_record_room room = { thread, bytes, finding };

	if (FSC_LIKELY((uintptr_t)cursor->end - (uintptr_t)cursor->at >= bytes))
		return cursor->at;
	if (cursor->direct)
		return cursor->at;
	return (uint8_t *)(uintptr_t)fsc_arch_call_outside(fsc_record_make_room, &room);
}

static inline void fsc_record_drop(struct fsc_cursor *cursor, uint64_t events, bool finding)
{
	__atomic_fetch_add(&cursor->ring->dropped, events, __ATOMIC_RELAXED);
	if (finding)
		__atomic_fetch_add(&cursor->ring->findings, 1, __ATOMIC_RELAXED);
}

/* Clocks of two processors may differ by a step; a stream must not run backwards. */
static inline uint64_t fsc_record_order(struct fsc_cursor *cursor, uint64_t ticks)
{
	if (ticks < cursor->last_ticks)
		ticks = cursor->last_ticks;
	cursor->last_ticks = ticks;
	return ticks;
}

static inline void fsc_record_head(void *at, uint32_t id, uint64_t ticks)
{
	struct __attribute__((packed)) {
		uint32_t id;
		uint64_t ticks;
	} *header = at;

	header->id = id;
	header->ticks = ticks;
}

static inline void *fsc_record_begin(struct fsc_thread *thread, uint32_t id, uint32_t bytes,
				     uint64_t ticks, bool finding)
{
	uint8_t *at = fsc_record_room(thread, bytes, finding);

	if (FSC_LIKELY(at != NULL))
		fsc_record_head(at, id, fsc_record_order(thread->cursor, ticks));
	else
		fsc_record_drop(thread->cursor, 1, finding);
	return at;
}

#define FSC_RECORD_BEGIN(thread, event, ticks)            \
	((struct fsc_##event##_record *)fsc_record_begin( \
		(thread), FSC_EVENT_##event, sizeof(struct fsc_##event##_record), (ticks), false))

/*
 * What comes next in the ring was last read by the drain, on another processor: its lines are asked
 * for now, for writing, so that no store waits for them later. 512 bytes ahead are some ten calls;
 * 320 to 1,024 measure the same. Beyond the ring's end the processor ignores it.
 */
enum { FSC_RECORD_AHEAD = 512, FSC_RECORD_LINE = 64 };

static inline void fsc_record_commit(struct fsc_cursor *cursor, uint32_t bytes)
{
	cursor->at += bytes;
	for (uint32_t line = 0; line < bytes; line += FSC_RECORD_LINE)
		__builtin_prefetch(cursor->at + FSC_RECORD_AHEAD + line, 1);
	__atomic_store_n(&cursor->ring->head, cursor->ring->head + bytes, __ATOMIC_RELEASE);
}

/* The same for records that may be told directly: those that did not find room without asking. */
static inline void fsc_record_end(struct fsc_cursor *cursor, uint32_t bytes)
{
	struct fsc_record_span span = { cursor->tid, cursor->at, bytes };

	if (FSC_LIKELY(!cursor->direct))
		fsc_record_commit(cursor, bytes);
	else
		fsc_arch_call_outside(fsc_record_tell, &span);
}

struct fsc_group {
	struct fsc_thread *thread;
	uint8_t *begin;
	uint8_t *at; /* of the next record */
	uint64_t ticks;
	uint32_t count;
	bool left_out; /* what is written goes nowhere, and is missed by nobody */
};

static inline void fsc_group_begin_left_out(struct fsc_group *group, struct fsc_thread *thread,
					    uint64_t ticks)
{
	group->thread = thread;
	group->begin = group->at = thread->memory->no_room;
	group->ticks = ticks;
	group->count = 0;
	group->left_out = true;
}

static inline void fsc_group_begin(struct fsc_group *group, struct fsc_thread *thread,
				   uint64_t ticks)
{
	uint8_t *at = fsc_record_room(thread, FSC_GROUP_BYTES, false);

	group->thread = thread;
	group->begin = FSC_LIKELY(at != NULL) ? at : thread->memory->no_room;
	group->at = group->begin;
	group->ticks = fsc_record_order(thread->cursor, ticks);
	group->count = 0;
	group->left_out = false;
}

static inline void *fsc_group_add(struct fsc_group *group, uint32_t id, uint32_t bytes)
{
	uint8_t *at = group->at;

	fsc_record_head(at, id, group->ticks);
	group->at = at + bytes;
	group->count++;
	return at;
}

#define FSC_GROUP_ADD(group, event)                                               \
	((struct fsc_##event##_record *)fsc_group_add((group), FSC_EVENT_##event, \
						      sizeof(struct fsc_##event##_record)))

static inline void fsc_group_end(struct fsc_group *group)
{
	struct fsc_thread *thread = group->thread;

	if (FSC_LIKELY(group->begin != thread->memory->no_room))
		fsc_record_end(thread->cursor, (uint32_t)(group->at - group->begin));
	else if (!group->left_out)
		fsc_record_drop(thread->cursor, group->count, false);
}

/*
 * Nobody knows what time it is: CLOCK_MONOTONIC may be a system call, and those are forbidden.
 */
static inline bool fsc_record_is_timeless(void)
{
	return FSC_UNLIKELY(fsc_clock_mode_now == FSC_CLOCK_SYSTEM) &&
	       __atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED);
}

/* The clock of the recording, now; 0 when that is not to be known any more. */
static inline uint64_t fsc_record_now(void)
{
	if (fsc_clock_mode_now == FSC_CLOCK_SYSTEM)
		return fsc_arch_call_outside(fsc_system_clock_now, NULL);
	return fsc_clock_counter();
}

#endif
