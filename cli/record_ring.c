/* SPDX-License-Identifier: MIT */
/* The last packets, in memory; nothing is hard here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_internal.h"

struct fsc_record_packet {
	struct fsc_record_packet *next;
	struct fsc_record_image *image;
	uint64_t events;
	size_t bytes;
	uint32_t slot;
	uint8_t data[];
};

static struct fsc_record_packet *take_first(struct fsc_record_ring *ring)
{
	struct fsc_record_packet *packet = ring->first;

	if (!packet)
		return NULL;
	ring->first = packet->next;
	if (!ring->first)
		ring->last = NULL;
	ring->used -= packet->bytes;
	return packet;
}

static struct fsc_record_packet *copy(const struct iovec *parts, int part_count)
{
	struct fsc_record_packet *packet;
	size_t bytes = 0;

	for (int i = 0; i < part_count; i++)
		bytes += parts[i].iov_len;
	packet = malloc(sizeof(*packet) + bytes);
	if (!packet)
		return NULL;
	memset(packet, 0, sizeof(*packet));
	for (int i = 0; i < part_count; i++) {
		memcpy(packet->data + packet->bytes, parts[i].iov_base, parts[i].iov_len);
		packet->bytes += parts[i].iov_len;
	}
	return packet;
}

int fsc_record_ring_push(struct fsc_record_ring *ring, struct fsc_record_image *image,
			 uint32_t slot, const struct iovec *parts, int part_count, uint64_t events)
{
	struct fsc_record_packet *packet = copy(parts, part_count);

	if (!packet)
		return ENOMEM;
	packet->image = image;
	packet->slot = slot;
	packet->events = events;
	if (ring->last)
		ring->last->next = packet;
	else
		ring->first = packet;
	ring->last = packet;
	ring->used += packet->bytes;
	while (ring->used > ring->limit) {
		struct fsc_record_packet *oldest = take_first(ring);

		oldest->image->folder->overwritten_events += oldest->events;
		free(oldest);
	}
	return 0;
}

void fsc_record_ring_write(struct fsc_record_ring *ring)
{
	struct fsc_record_packet *packet;

	while ((packet = take_first(ring)) != NULL) {
		struct fsc_record_image *image = packet->image;
		struct iovec part = { packet->data, packet->bytes };
		int error = fsc_process_folder_packet(image->folder, packet->slot, &part, 1,
						      packet->events);

		if (error != 0)
			image->write_lost += packet->events;
		fsc_record_images_note(image->all, error);
		free(packet);
	}
}
