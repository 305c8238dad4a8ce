/* SPDX-License-Identifier: MIT */
/*
 * A thread's buffer under sink lttng. What is hard: its owner writes without asking anybody, while
 * the helper thread may be telling what lies in it. One word says who tells, and nobody waits for
 * it: the owner goes on behind what is being told. Begin at fsc_lttng_make_room().
 *
 * head and tail of struct fsc_ring are bytes from the buffer's begin: what lies between is whole
 * and not yet told. The owner moves head, and sets both to 0 when it has told everything itself.
 */
#include <string.h>

#include "attach_internal.h"
#include "lttng_sink_internal.h"
#include "session_internal.h"
#include "system_internal.h"
#include "trace_points/batch.h"

enum {
	SHARE_BYTES = 4 * FSC_LTTNG_BATCH_BYTES, /* told at once of what has gathered */
	PIECE_BYTES = FSC_LTTNG_BATCH_BYTES + FSC_GROUP_BYTES,
	PACKED_BYTES = FSC_BATCH_PACKED(PIECE_BYTES) /* at the end of the mapping */
};

static bool lock(struct fsc_slot_mapping *mapping)
{
	return !__atomic_exchange_n(&mapping->locked, 1, __ATOMIC_ACQUIRE);
}

static void unlock(struct fsc_slot_mapping *mapping)
{
	__atomic_store_n(&mapping->locked, 0, __ATOMIC_RELEASE);
}

static uint8_t *data_of(struct fsc_ring *ring)
{
	return (uint8_t *)(ring + 1);
}

static uint64_t room_of(uint64_t ring_bytes)
{
	return ring_bytes - sizeof(struct fsc_ring) - PACKED_BYTES;
}

/* Whole records from `at` on, some KiB. */
static uint32_t piece_bytes(const uint8_t *at, uint64_t bytes, uint64_t *end_ticks)
{
	uint32_t taken = 0, id;

	while (taken < bytes && taken < FSC_LTTNG_BATCH_BYTES) {
		memcpy(&id, at + taken, sizeof(id));
		memcpy(end_ticks, at + taken + sizeof(id), sizeof(*end_ticks));
		taken += fsc_event_record_bytes(id);
	}
	return taken;
}

/*
 * Tell what there is, as much as `most` and a piece. last_ticks: of the last record, 0 = not known.
 * true: that was all. Locked.
 */
static bool tell(struct fsc_slot_mapping *mapping, uint64_t last_ticks, uint64_t most)
{
	struct fsc_ring *ring = mapping->ring;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), begin = ring->tail;
	struct fsc_lttng_records records = {
		.tid = ring->tid,
		.lost = __atomic_load_n(&ring->dropped, __ATOMIC_RELAXED),
		.packed = (uint8_t *)ring + mapping->ring_bytes - PACKED_BYTES
	};

	while (ring->tail < head && ring->tail - begin < most) {
		uint64_t left = head - ring->tail;

		records.begin = data_of(ring) + ring->tail;
		records.end_ticks = last_ticks;
		if (last_ticks && left <= PIECE_BYTES)
			records.bytes = (uint32_t)left;
		else
			records.bytes = piece_bytes(records.begin, left, &records.end_ticks);
		fsc_lttng_tell(&records);
		ring->tail += records.bytes;
	}
	return ring->tail == head;
}

/* What its owner dropped goes into the image's counts. Locked. */
static void count_lost(struct fsc_slot_mapping *mapping)
{
	uint64_t events = __atomic_load_n(&mapping->ring->dropped, __ATOMIC_RELAXED);
	uint64_t findings = __atomic_load_n(&mapping->ring->findings, __ATOMIC_RELAXED);

	__atomic_fetch_add(&fsc_live->image->lost_events, events - mapping->lost_events,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&fsc_live->image->lost_findings, findings - mapping->lost_findings,
			   __ATOMIC_RELAXED);
	mapping->lost_events = events;
	mapping->lost_findings = findings;
}

/* For the slot's next thread. Locked, by who is its last. */
static void hand_on(struct fsc_slot_mapping *mapping)
{
	struct fsc_ring *ring = mapping->ring;

	count_lost(mapping);
	ring->dropped = ring->findings = 0;
	mapping->lost_events = mapping->lost_findings = 0;
	ring->head = ring->tail = 0;
}

static void begin_anew(struct fsc_cursor *cursor)
{
	struct fsc_ring *ring = cursor->ring;

	ring->tail = 0;
	__atomic_store_n(&ring->head, 0, __ATOMIC_RELAXED);
	cursor->at = cursor->end = data_of(ring);
}

/* Into a larger buffer, with all that is there. Locked. */
static bool grow(struct fsc_cursor *cursor, struct fsc_slot_mapping *mapping)
{
	/* A session daemon that is slow to answer costs memory rather than the first events. */
	uint64_t bytes = fsc_attach_grown(cursor->ring_bytes, 4 * fsc_settings.ring_max_bytes),
		 offset;
	struct fsc_ring *old = cursor->ring, *ring;

	if (cursor->no_growth || bytes <= cursor->ring_bytes)
		return false;
	ring = fsc_session_map_piece(bytes, &offset);
	cursor->no_growth = !ring;
	if (!ring)
		return false;
	memcpy(ring, old, sizeof(*ring) + old->head);
	system_advise(old, cursor->ring_bytes & ~(uint64_t)(FSC_PAGE - 1), MADV_REMOVE);
	cursor->ring = mapping->ring = ring;
	cursor->ring_offset = mapping->ring_offset = offset;
	cursor->ring_bytes = mapping->ring_bytes = bytes;
	cursor->at = cursor->end = data_of(ring) + ring->head;
	return true;
}

/*
 * Told already, or still needed: tell what may be told, and make room. What has gathered before
 * anybody listened is told by and by, so that no call takes long. Locked.
 */
static void empty(struct fsc_cursor *cursor, struct fsc_slot_mapping *mapping, uint32_t bytes)
{
	bool full = room_of(cursor->ring_bytes) - cursor->ring->head < bytes;

	if (fsc_lttng_is_settled()) {
		if (!tell(mapping, cursor->last_ticks, full ? UINT64_MAX : SHARE_BYTES))
			return;
		begin_anew(cursor);
		cursor->direct = fsc_settings.transport == FSC_TRANSPORT_EVENTS;
	} else if (full) {
		grow(cursor, mapping);
	}
}

uint64_t fsc_lttng_make_room(struct fsc_cursor *cursor, uint32_t bytes)
{
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];
	uint64_t room, used;

	if (lock(mapping)) {
		__atomic_store_n(&mapping->asked, 0, __ATOMIC_RELAXED);
		empty(cursor, mapping, bytes);
		unlock(mapping);
	} else {
		__atomic_store_n(&mapping->asked, 1, __ATOMIC_RELAXED);
	}
	if (cursor->direct)
		return (uintptr_t)cursor->at;
	used = cursor->ring->head;
	room = room_of(cursor->ring_bytes) - used;
	if (room < bytes) {
		cursor->end = cursor->at;
		return 0;
	}
	/* To be asked again when a batch is full; one that is told meanwhile is no reason to wait.
	 */
	cursor->end =
		cursor->at +
		(used + bytes <= FSC_LTTNG_BATCH_BYTES ? FSC_LTTNG_BATCH_BYTES - used : bytes);
	return (uintptr_t)cursor->at;
}

bool fsc_lttng_leave(struct fsc_cursor *cursor)
{
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];
	bool told = false;

	cursor->direct = 0;
	if (lock(mapping)) {
		if (fsc_lttng_is_settled())
			tell(mapping, cursor->last_ticks, UINT64_MAX);
		told = mapping->ring->tail == mapping->ring->head;
		if (told)
			hand_on(mapping);
		unlock(mapping);
	}
	__atomic_store_n(&mapping->asked, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&mapping->left, !told, __ATOMIC_RELEASE);
	return told;
}

/*
 * A thread that is gone writes no more; asked before what it wrote is looked at. false: there is
 * more to tell. Locked.
 */
static bool flush_slot(struct fsc_slot_mapping *mapping, uint32_t slot)
{
	bool left = __atomic_load_n(&mapping->left, __ATOMIC_ACQUIRE);
	bool all = tell(mapping, 0, SHARE_BYTES);

	count_lost(mapping);
	if (!left || !all)
		return all;
	hand_on(mapping);
	__atomic_store_n(&mapping->left, 0, __ATOMIC_RELAXED);
	fsc_attach_release_slot(slot);
	return true;
}

/* By and by, too: the owner must find the lock open. It tells more of its own than it makes. */
static void flush_all(struct fsc_slot_mapping *mapping, uint32_t slot)
{
	bool all = false;

	while (!all && !__atomic_load_n(&mapping->asked, __ATOMIC_RELAXED) && lock(mapping)) {
		all = flush_slot(mapping, slot);
		unlock(mapping);
	}
}

void fsc_lttng_flush(void)
{
	uint32_t count = __atomic_load_n(&fsc_live->image->slot_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count && i < FSC_SLOTS_MAX; i++) {
		struct fsc_slot_mapping *mapping = &fsc_slot_mappings[i];

		if (__atomic_load_n(&mapping->owner, __ATOMIC_ACQUIRE) == fsc_live->owner)
			flush_all(mapping, i);
	}
}
