/* SPDX-License-Identifier: MIT */
/*
 * packet.h - the CTF 1.8 packets that carry records, and the metadata that describes them.
 *
 * A stream file is packets one after the other; a packet is struct fsc_packet_header, then records
 * (events.h) up to content_bits. Little-endian, packed. One stream class (id 0) holds every event.
 * Source: Common Trace Format specification 1.8.3, sections 5 (packets) and 7 (metadata).
 */
#ifndef TRACE_POINTS_PACKET_H
#define TRACE_POINTS_PACKET_H

#include <stddef.h>
#include <stdint.h>

#define FSC_PACKET_MAGIC 0xC1FC1FC1u /* CTF 1.8.3, section 5.1 */

/* Grows when a reader of the old number could misread; appended fields and new ids do not count. */
#define FSC_FORMAT_VERSION 1

struct __attribute__((packed)) fsc_packet_header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t stream_id; /* 0 */
	/* packet context */
	uint64_t begin_ticks;
	uint64_t end_ticks;
	uint64_t content_bits;
	uint64_t packet_bits;
	uint64_t sequence;	   /* from 0, per stream file */
	uint64_t events_discarded; /* per stream file, never falls */
	uint32_t slot;		   /* thread slot; FSC_STATE_SLOT for the state stream */
	uint32_t tid;		   /* kernel thread id of the records, 0 for the state stream */
};

_Static_assert(sizeof(struct fsc_packet_header) == 80, "packet header layout");

#define FSC_STATE_SLOT UINT32_MAX

/* What the metadata says beside the events. */
struct fsc_metadata {
	uint8_t uuid[16];     /* of the trace (one process image) */
	uint64_t ticks_per_s; /* of the clock */
	uint64_t epoch_s;     /* CLOCK_REALTIME at tick 0: whole seconds ... */
	uint64_t epoch_ticks; /* ... and the rest, in ticks */
	uint32_t pid;
	const char *hostname;
	const char *process_name;
};

/*
 * Write the metadata text into buffer. Returns its length, or 0 when it does not fit
 * (FSC_METADATA_BYTES always suffices). No allocation, no stdio.
 */
#define FSC_METADATA_BYTES 16384
size_t fsc_metadata_write(const struct fsc_metadata *metadata, char *buffer, size_t size);

#endif
