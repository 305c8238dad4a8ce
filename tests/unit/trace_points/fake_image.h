/* SPDX-License-Identifier: MIT */
/*
 * fake_image.h - the image file that a profiled program would make, made by a test.
 *
 * In/out: struct fake_image, mapped whole; its producer is the test itself.
 */
#ifndef TESTS_UNIT_TRACE_POINTS_FAKE_IMAGE_H
#define TESTS_UNIT_TRACE_POINTS_FAKE_IMAGE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace_points/clock.h"
#include "trace_points/drain.h"
#include "trace_points/events.h"
#include "trace_points/image.h"
#include "trace_points/packet.h"

#define FAKE_BYTES (64u << 20)

struct fake_image {
	char folder[64];
	char path[96];
	uint8_t *map;
	struct fsc_image *image;
	struct fsc_slot *slots;
	uint64_t calls; /* put so far: their number and, with 1000 between, their ticks */
};

static const uint8_t fake_uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static inline void fake_create(struct fake_image *fake)
{
	int fd;

	memset(fake, 0, sizeof(*fake));
	snprintf(fake->folder, sizeof(fake->folder), "/dev/shm/fsc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(fake->folder));
	snprintf(fake->path, sizeof(fake->path), "%s/77-0.image", fake->folder);
	fd = open(fake->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert_eq(ftruncate(fd, FAKE_BYTES), 0);
	fake->map = mmap(NULL, FAKE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(fake->map, MAP_FAILED);
	close(fd);
	fake->image = (struct fsc_image *)fake->map;
	fake->slots = (struct fsc_slot *)(fake->map + FSC_SLOTS_OFFSET);
	fake->image->magic = FSC_IMAGE_MAGIC;
	fake->image->version = FSC_IMAGE_VERSION;
	fake->image->pid = 77;
	fake->image->ppid = 1;
	fake->image->state = FSC_IMAGE_RUNNING;
	fake->image->start_ticks = 1000;
	fake->image->start_ns = 500;
	fake->image->file_bytes = FAKE_BYTES;
	fake->image->arena_next = (FSC_ARENA_OFFSET + FSC_PAGE - 1) / FSC_PAGE * FSC_PAGE;
	fake->image->string_bytes = 1;
	snprintf(fake->image->exe, sizeof(fake->image->exe), "/opt/fake/program");
}

static inline void fake_destroy(struct fake_image *fake)
{
	munmap(fake->map, FAKE_BYTES);
	unlink(fake->path);
	rmdir(fake->folder);
}

static inline uint64_t fake_piece(struct fake_image *fake, uint64_t bytes)
{
	uint64_t at = fake->image->arena_next;

	fake->image->arena_next += (bytes + FSC_PAGE - 1) / FSC_PAGE * FSC_PAGE;
	return at;
}

static inline uint32_t fake_string(struct fake_image *fake, const char *text)
{
	uint32_t at = fake->image->string_bytes;

	memcpy(fake->map + FSC_STRINGS_OFFSET + at, text, strlen(text) + 1);
	fake->image->string_bytes += (uint32_t)strlen(text) + 1;
	return at;
}

static inline uint32_t fake_module(struct fake_image *fake, const char *path)
{
	uint32_t id = fake->image->module_count ? fake->image->module_count : 1;
	struct fsc_shared_module *module =
		(struct fsc_shared_module *)(fake->map + FSC_MODULES_OFFSET) + id;

	module->path = fake_string(fake, path);
	module->base = 0x7f0000000000;
	memcpy(module->build_id, "0123456789abcdef0123456789abcdef01234567", 40);
	fake->image->module_count = id + 1;
	return id;
}

static inline struct fsc_shared_site *fake_site(struct fake_image *fake, uint32_t id)
{
	return (struct fsc_shared_site *)(fake->map + FSC_SITES_OFFSET) + id;
}

static inline uint32_t fake_site_add(struct fake_image *fake, const char *name, uint32_t module)
{
	uint32_t id = fake->image->site_count ? fake->image->site_count : 1;
	struct fsc_shared_site *site = fake_site(fake, id);

	site->name = fake_string(fake, name);
	site->module = module;
	site->offset = 0x1000 + id;
	site->flags = FSC_SITE_BUILT_IN;
	fake->image->site_count = id + 1;
	return id;
}

static inline struct fsc_ring *fake_ring_at(struct fake_image *fake, uint64_t offset)
{
	return (struct fsc_ring *)(fake->map + offset);
}

/* A new ring for a slot: its first one, or the one that follows `before`. */
static inline struct fsc_ring *fake_ring(struct fake_image *fake, uint32_t slot,
					 struct fsc_ring *before, uint32_t capacity)
{
	uint64_t offset = fake_piece(fake, sizeof(struct fsc_ring) + capacity);
	struct fsc_ring *ring = fake_ring_at(fake, offset);

	ring->capacity = capacity;
	ring->tid = 1000 + slot;
	if (before)
		before->next = offset;
	else
		fake->slots[slot].ring = offset;
	fake->slots[slot].state = FSC_SLOT_OWNED;
	fake->slots[slot].tid = 1000 + slot;
	if (fake->image->slot_count <= slot)
		fake->image->slot_count = slot + 1;
	return ring;
}

/* Put a record as the producer does: a gap before the ring's end, or dropped when it is full. */
static inline bool fake_put(struct fsc_ring *ring, const void *record, uint32_t bytes)
{
	uint8_t *data = (uint8_t *)(ring + 1);
	uint32_t at = (uint32_t)(ring->head % ring->capacity);
	uint32_t gap = ring->capacity - at < bytes ? ring->capacity - at : 0;

	if (ring->head + gap + bytes - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >
	    ring->capacity) {
		__atomic_fetch_add(&ring->dropped, 1, __ATOMIC_RELAXED);
		return false;
	}
	if (gap)
		memset(data + at, 0, 4);
	memcpy(data + (gap ? 0 : at), record, bytes);
	__atomic_store_n(&ring->head, ring->head + gap + bytes, __ATOMIC_RELEASE);
	return true;
}

static inline bool fake_call(struct fake_image *fake, struct fsc_ring *ring)
{
	uint64_t number = ++fake->calls;
	struct fsc_call_record call = { .id = FSC_EVENT_call,
					.ticks = 1000 + number * 1000,
					.duration_ticks = 100,
					.site = 1,
					.number = (uint32_t)number };

	return fake_put(ring, &call, sizeof(call));
}

static inline void fake_calls(struct fake_image *fake, struct fsc_ring *ring, int count)
{
	for (int i = 0; i < count; i++)
		fake_call(fake, ring);
}

/* An output that keeps every packet in memory. */
struct fake_output {
	uint8_t *bytes;
	size_t used;
	size_t room;
	size_t packets;
	int refuse;	  /* errno to answer for slot packets, 0 = take them */
	int refuse_state; /* the same for packets of the state stream */
	size_t room_left; /* of a disk: larger packets are refused with ENOSPC; 0 = no limit */
};

static inline int fake_output_packet(void *arg, uint32_t slot, const struct iovec *parts,
				     int part_count, uint64_t events)
{
	struct fake_output *output = arg;
	int refuse = slot == FSC_STATE_SLOT ? output->refuse_state : output->refuse;
	size_t bytes = 0;

	(void)events;
	for (int i = 0; i < part_count; i++)
		bytes += parts[i].iov_len;
	if (!refuse && output->room_left && bytes > output->room_left)
		refuse = ENOSPC;
	if (refuse)
		return refuse;
	for (int i = 0; i < part_count; i++) {
		while (output->room - output->used < parts[i].iov_len) {
			output->room = output->room ? output->room * 2 : 65536;
			output->bytes = realloc(output->bytes, output->room);
			cr_assert_not_null(output->bytes);
		}
		memcpy(output->bytes + output->used, parts[i].iov_base, parts[i].iov_len);
		output->used += parts[i].iov_len;
	}
	output->packets++;
	return 0;
}

static inline struct fsc_drain *fake_drain(struct fake_image *fake, struct fake_output *output)
{
	struct fsc_drain_output sink = { fake_output_packet, output };
	int error = 0;
	struct fsc_drain *drain = fsc_drain_create(fake->path, fake_uuid, &sink, &error);

	cr_assert_not_null(drain, "fsc_drain_create: %s", strerror(error));
	return drain;
}

/* The n-th packet (from 0) of a slot, or NULL. */
static inline const struct fsc_packet_header *fake_packet(const struct fake_output *output,
							  uint32_t slot, size_t n)
{
	size_t at = 0;

	while (at < output->used) {
		const struct fsc_packet_header *header = (const void *)(output->bytes + at);

		if (header->slot == slot && n-- == 0)
			return header;
		at += header->packet_bits / 8;
	}
	return NULL;
}

/* Records with that id in one packet; *last is the last of them. */
static inline uint64_t fake_count_packet(const struct fsc_packet_header *header, uint32_t id,
					 const void **last)
{
	const uint8_t *at = (const uint8_t *)(header + 1);
	const uint8_t *end = (const uint8_t *)header + header->content_bits / 8;
	uint64_t count = 0;

	while (at < end) {
		uint32_t found;

		memcpy(&found, at, sizeof(found));
		cr_assert_neq(fsc_event_record_bytes(found), 0, "id %u in a packet", found);
		if (found == id) {
			count++;
			if (last)
				*last = at;
		}
		at += fsc_event_record_bytes(found);
	}
	cr_assert_eq(at, end, "records end with their packet");
	return count;
}

/* The same for all packets of a slot. */
static inline uint64_t fake_count(const struct fake_output *output, uint32_t slot, uint32_t id,
				  const void **last)
{
	uint64_t count = 0;
	size_t at = 0;

	while (at < output->used) {
		const struct fsc_packet_header *header = (const void *)(output->bytes + at);

		if (header->slot == slot)
			count += fake_count_packet(header, id, last);
		at += header->packet_bits / 8;
	}
	return count;
}

#endif
