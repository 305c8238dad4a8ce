/* SPDX-License-Identifier: MIT */
/*
 * What is hard: the rings are written while they are read, by a program that may be broken, and
 * nothing in them may be believed. Begin reading at drain_slot(), then walk().
 */
#include "trace_points/drain.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "trace_points/drain_internal.h"

enum {
	RING_CAPACITY_MAX = 1 << 30,
	PACKETS_PER_POLL = 64, /* of one slot, so that one busy thread does not starve the others */
	FINISH_NS = 2000000000 /* a producer that will not stop is left behind after this */
};

/* A producer's own counts are believed up to here. */
#define COUNT_MAX (1ull << 48)

/* Slots are never taken back: their number only grows, whatever the image says. */
static void image_look(struct fsc_drain *drain)
{
	uint32_t slots = drain->image.slot_count;

	memcpy(&drain->image, drain->fixed.data, sizeof(drain->image));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (drain->image.slot_count < slots)
		drain->image.slot_count = slots;
	drain->image.exe[sizeof(drain->image.exe) - 1] = '\0';
}

static int image_open(struct fsc_drain *drain, const char *path)
{
	int error = fsc_drain_file_open(drain, path);

	if (error != 0)
		return error;
	if (!fsc_drain_piece_map(drain, &drain->fixed, 0, FSC_ARENA_OFFSET))
		return errno;
	image_look(drain);
	if (drain->image.magic != FSC_IMAGE_MAGIC || drain->image.version != FSC_IMAGE_VERSION)
		return EINVAL;
	return 0;
}

struct fsc_drain *fsc_drain_create(const char *path, const uint8_t uuid[16],
				   const struct fsc_drain_output *output, int *error_number)
{
	int saved = errno;
	struct fsc_drain *drain = mmap(NULL, sizeof(*drain), PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (drain == MAP_FAILED) {
		*error_number = errno;
		errno = saved;
		return NULL;
	}
	drain->fd = -1;
	drain->packet_max = FSC_DRAIN_PACKET_BYTES;
	drain->output = *output;
	memcpy(drain->uuid, uuid, sizeof(drain->uuid));
	*error_number = image_open(drain, path);
	if (*error_number != 0) {
		fsc_drain_destroy(drain);
		drain = NULL;
	}
	errno = saved;
	return drain;
}

void fsc_drain_destroy(struct fsc_drain *drain)
{
	int saved = errno;

	if (!drain)
		return;
	for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++)
		fsc_drain_piece_unmap(&drain->slots[i].ring);
	fsc_drain_piece_unmap(&drain->fixed);
	fsc_drain_let_go(drain);
	munmap(drain, sizeof(*drain));
	errno = saved;
}

const struct fsc_image *fsc_drain_image(const struct fsc_drain *drain)
{
	return &drain->image;
}

void fsc_drain_set_packet_max(struct fsc_drain *drain, uint32_t bytes)
{
	drain->packet_max = bytes ? bytes : 1;
}

int fsc_drain_packet(struct fsc_drain *drain, struct fsc_packet_header *header, struct iovec *parts,
		     int part_count, uint64_t events)
{
	uint64_t bytes = sizeof(*header);

	for (int i = 1; i < part_count; i++)
		bytes += parts[i].iov_len;
	header->magic = FSC_PACKET_MAGIC;
	memcpy(header->uuid, drain->uuid, sizeof(header->uuid));
	header->stream_id = 0;
	header->content_bits = bytes * 8;
	header->packet_bits = bytes * 8;
	parts[0].iov_base = header;
	parts[0].iov_len = sizeof(*header);
	return drain->output.packet(drain->output.arg, header->slot, parts, part_count, events);
}

/* A stretch of whole records: at most two parts of the ring. */
struct span {
	uint64_t to; /* the count after its last record */
	uint64_t first_ticks;
	uint64_t last_ticks;
	uint64_t events;
	uint64_t findings;
	uint64_t at[2];
	uint64_t bytes[2];
	bool bad; /* what follows makes no sense */
};

static bool is_finding(const uint8_t *record, uint32_t id)
{
	uint32_t verdict;

	if (id != FSC_EVENT_buffer_freed)
		return false;
	memcpy(&verdict, record + offsetof(struct fsc_buffer_freed_record, verdict),
	       sizeof(verdict));
	return verdict >= FSC_VERDICT_FREED_TWICE && verdict <= FSC_VERDICT_FOREIGN_FREE;
}

static void span_add(struct span *span, const uint8_t *record, uint64_t at, uint32_t bytes)
{
	int part = span->bytes[1] > 0 || (span->bytes[0] > 0 && at < span->at[0]);
	uint32_t id;
	uint64_t ticks;

	memcpy(&id, record, sizeof(id));
	memcpy(&ticks, record + sizeof(id), sizeof(ticks));
	if (span->bytes[part] == 0)
		span->at[part] = at;
	span->bytes[part] += bytes;
	if (span->events == 0 || ticks < span->first_ticks)
		span->first_ticks = ticks;
	if (span->events == 0 || ticks > span->last_ticks)
		span->last_ticks = ticks;
	span->events++;
	span->findings += is_finding(record, id);
}

static uint64_t now_ticks(const struct fsc_drain *drain)
{
	if (drain->image.clock_mode == FSC_CLOCK_SYSTEM || !fsc_clock_has_counter())
		return fsc_clock_monotonic_ns();
	return fsc_clock_counter();
}

/*
 * Follow the records of a ring from our tail to head, at most packet_max bytes. The clock is read
 * here, after head: writing the packet before this one may have taken any time, and calls went on.
 */
static void walk(const struct fsc_drain *drain, const struct fsc_drain_slot *slot, uint64_t head,
		 struct span *span)
{
	const uint8_t *data = (const uint8_t *)slot->ring.data + sizeof(struct fsc_ring);
	uint64_t latest_ticks = now_ticks(drain) + FSC_DRAIN_SLACK_TICKS;
	uint64_t position = slot->tail;

	memset(span, 0, sizeof(*span));
	while (position < head && span->bytes[0] + span->bytes[1] < drain->packet_max) {
		uint64_t at = position % slot->capacity;
		uint64_t step = slot->capacity - at;
		uint32_t id;
		uint64_t ticks = 0;

		memcpy(&id, data + at, sizeof(id));
		if (id != FSC_EVENT_GAP) {
			uint32_t bytes = fsc_event_record_bytes(id);

			if (bytes == 0 || bytes > step || bytes > head - position)
				break;
			step = bytes;
			memcpy(&ticks, data + at + sizeof(id), sizeof(ticks));
		}
		if (step > head - position || ticks > latest_ticks)
			break;
		if (id != FSC_EVENT_GAP)
			span_add(span, data + at, at, (uint32_t)step);
		position += step;
		span->to = position;
	}
	span->bad = position < head && span->bytes[0] + span->bytes[1] < drain->packet_max;
	span->to = position;
}

static struct fsc_ring *ring_of(const struct fsc_drain_slot *slot)
{
	return slot->ring.data;
}

static void tail_store(struct fsc_drain_slot *slot, uint64_t tail)
{
	slot->tail = tail;
	/* Release: the producer may write over these bytes once it sees the new tail. */
	__atomic_store_n(&ring_of(slot)->tail, tail, __ATOMIC_RELEASE);
}

static void span_flush(struct fsc_drain *drain, uint32_t index, const struct span *span)
{
	struct fsc_drain_slot *slot = &drain->slots[index];
	uint8_t *data = (uint8_t *)slot->ring.data + sizeof(struct fsc_ring);
	struct fsc_packet_header header = { .slot = index, .tid = slot->tid };
	struct iovec parts[3];
	int count = 1;

	for (int i = 0; i < 2; i++)
		if (span->bytes[i] > 0)
			parts[count++] = (struct iovec){ data + span->at[i], span->bytes[i] };
	header.begin_ticks =
		span->first_ticks > slot->end_ticks ? span->first_ticks : slot->end_ticks;
	header.end_ticks =
		span->last_ticks > header.begin_ticks ? span->last_ticks : header.begin_ticks;
	header.sequence = slot->sequence;
	header.events_discarded = fsc_drain_slot_lost(slot);
	fsc_drain_state_poll(drain);
	if (fsc_drain_packet(drain, &header, parts, count, span->events) == 0) {
		slot->sequence++;
		slot->end_ticks = header.end_ticks;
	} else {
		slot->lost_events += span->events;
		slot->lost_findings += span->findings;
	}
}

/* What the ring holds cannot be read: count it, by its size, as plain calls. */
static void ring_give_up(struct fsc_drain_slot *slot, uint64_t bytes)
{
	if (bytes > slot->capacity)
		bytes = slot->capacity;
	slot->lost_events += bytes / sizeof(struct fsc_call_record) + 1;
	slot->bad = true;
}

static uint64_t believable(uint64_t seen, uint64_t now)
{
	return now >= seen && now < COUNT_MAX ? now : seen;
}

static void dropped_look(struct fsc_drain_slot *slot)
{
	struct fsc_ring *ring = ring_of(slot);

	slot->dropped =
		believable(slot->dropped, __atomic_load_n(&ring->dropped, __ATOMIC_RELAXED));
	slot->findings =
		believable(slot->findings, __atomic_load_n(&ring->findings, __ATOMIC_RELAXED));
}

/* Make the ring at that offset the slot's present one. */
static void ring_enter(struct fsc_drain *drain, struct fsc_drain_slot *slot, uint64_t offset)
{
	struct fsc_drain_piece piece = { 0 };
	const struct fsc_ring *ring;
	uint32_t capacity = 0;

	slot->ring_offset = offset;
	slot->capacity = 0;
	slot->bad = false;
	if (offset >= FSC_ARENA_OFFSET && offset % 64 == 0 &&
	    fsc_drain_piece_map(drain, &piece, offset, sizeof(struct fsc_ring))) {
		ring = piece.data;
		capacity = ring->capacity;
		slot->tid = ring->tid;
		slot->tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
		fsc_drain_piece_unmap(&piece);
	}
	if (capacity < FSC_RECORD_MAX_BYTES || capacity % 4 != 0 || capacity > RING_CAPACITY_MAX ||
	    !fsc_drain_piece_map(drain, &slot->ring, offset,
				 sizeof(struct fsc_ring) + (uint64_t)capacity)) {
		ring_give_up(slot, 0);
		return;
	}
	slot->capacity = capacity;
}

/* Leave a drained ring for the one that follows it. Rings only ever follow upwards in the file. */
static bool ring_leave(struct fsc_drain *drain, uint32_t index, uint64_t next)
{
	struct fsc_slot *shared =
		(struct fsc_slot *)fsc_drain_fixed(drain, FSC_SLOTS_OFFSET) + index;
	struct fsc_drain_slot *slot = &drain->slots[index];

	if (next <= slot->ring_offset || next >= drain->file_bytes || next % 64 != 0) {
		if (!slot->bad)
			ring_give_up(slot, 0);
		return false;
	}
	slot->lost_events += slot->dropped;
	slot->lost_findings += slot->findings;
	slot->dropped = 0;
	slot->findings = 0;
	__atomic_store_n(&shared->ring, next, __ATOMIC_RELEASE);
	fsc_drain_piece_forget(&slot->ring);
	fsc_drain_piece_unmap(&slot->ring);
	ring_enter(drain, slot, next);
	return true;
}

/* One packet out of the present ring. false: nothing (more) to take. */
static bool ring_flush(struct fsc_drain *drain, uint32_t index, uint64_t head)
{
	struct fsc_drain_slot *slot = &drain->slots[index];
	struct span span;

	walk(drain, slot, head, &span);
	if (span.events > 0)
		span_flush(drain, index, &span);
	tail_store(slot, span.to);
	if (span.bad)
		ring_give_up(slot, head - span.to);
	return span.events > 0;
}

/* Returns bytes of ring moved. */
static uint64_t drain_slot(struct fsc_drain *drain, uint32_t index, bool all)
{
	const struct fsc_slot *shared =
		(const struct fsc_slot *)fsc_drain_fixed(drain, FSC_SLOTS_OFFSET) + index;
	struct fsc_drain_slot *slot = &drain->slots[index];
	uint64_t moved = 0;

	for (int packets = 0; packets < PACKETS_PER_POLL; packets++) {
		uint64_t next, head, waiting, before;

		if (slot->ring_offset == 0) {
			uint64_t first = __atomic_load_n(&shared->ring, __ATOMIC_ACQUIRE);

			if (first == 0)
				break;
			ring_enter(drain, slot, first);
		}
		if (!slot->ring.data)
			break;
		/* next before head: when next is there, the producer has left, and head is final.
		 */
		next = __atomic_load_n(&ring_of(slot)->next, __ATOMIC_ACQUIRE);
		head = __atomic_load_n(&ring_of(slot)->head, __ATOMIC_ACQUIRE);
		dropped_look(slot);
		waiting = head - slot->tail;
		if (!slot->bad && waiting > slot->capacity)
			ring_give_up(slot, waiting);
		if (slot->bad || waiting == 0) {
			if (next == 0 || !ring_leave(drain, index, next))
				break;
			continue;
		}
		if (!all && next == 0 && waiting < slot->capacity / 4) {
			drain->totals.waiting_bytes += waiting;
			break;
		}
		/* A drained ring may have gone to another thread, but never one with records in it.
		 */
		slot->tid = ring_of(slot)->tid;
		before = slot->tail;
		ring_flush(drain, index, head);
		moved += slot->tail - before;
	}
	return moved;
}

uint64_t fsc_drain_poll(struct fsc_drain *drain, bool all)
{
	int saved = errno;
	uint64_t moved = 0;

	drain->totals.waiting_bytes = 0;
	if (fsc_drain_file_look(drain)) {
		image_look(drain);
		for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++)
			moved += drain_slot(drain, i, all);
		/* A profile has no packet that would begin it while the process is there to be
		 * described.
		 */
		if (drain->state.begun ||
		    (drain->image.sink == FSC_SINK_PROFILE && drain->image.slot_count > 0))
			fsc_drain_state_poll(drain);
	}
	errno = saved;
	return moved;
}

void fsc_drain_finish(struct fsc_drain *drain)
{
	int saved = errno;
	uint64_t begin_ns = fsc_clock_monotonic_ns();

	while (fsc_drain_poll(drain, true) > 0)
		if (fsc_clock_monotonic_ns() - begin_ns > FINISH_NS)
			break;
	if (fsc_drain_file_look(drain) &&
	    (drain->state.begun || drain->image.slot_count > 0 || drain->image.lost_events > 0 ||
	     fsc_drain_state_has_skipped(drain)))
		fsc_drain_state_finish(drain);
	errno = saved;
}

void fsc_drain_tell(struct fsc_drain *drain)
{
	int saved = errno;

	if (fsc_drain_file_look(drain)) {
		image_look(drain);
		fsc_drain_state_tell(drain);
	}
	errno = saved;
}

void fsc_drain_totals(const struct fsc_drain *drain, struct fsc_drain_totals *totals)
{
	*totals = drain->totals;
	totals->threads = fsc_drain_slot_count(drain);
	totals->lost_events += drain->state.lost_events + believable(0, drain->image.lost_events);
	totals->lost_findings += believable(0, drain->image.lost_findings);
	totals->profile_missed = believable(0, drain->image.profile_missed);
	for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++) {
		const struct fsc_drain_slot *slot = &drain->slots[i];

		totals->lost_events += fsc_drain_slot_lost(slot);
		totals->lost_findings += slot->lost_findings + slot->findings;
	}
}
