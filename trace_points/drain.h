/* SPDX-License-Identifier: MIT */
/*
 * drain.h - move what a process image recorded out of its rings into CTF packets.
 *
 * In:     an image file (image.h), mapped here; its producer may run, die or be killed meanwhile.
 * Out:    packets (packet.h), handed to an output: a folder of stream files, or memory (ring mode).
 * Cost:   no allocation per packet, no descriptor kept per stream; guest-safe (no malloc, no stdio,
 *         errno kept), because a process without a recorder drains itself in a helper thread.
 * Thread: one object per image, one caller at a time.
 *
 * Nothing in the image is trusted: a ring whose numbers make no sense is given up and counted.
 */
#ifndef TRACE_POINTS_DRAIN_H
#define TRACE_POINTS_DRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "trace_points/image.h"
#include "trace_points/probe_kinds.h"

/*
 * Where packets go. packet() gets one whole packet (header first) of stream `slot` and `events`
 * many records; it returns 0, or an errno value: then that packet counts as lost. One of the state
 * stream (slot FSC_STATE_SLOT) is kept instead and offered again, for the last time by
 * fsc_drain_finish().
 */
struct fsc_drain_output {
	int (*packet)(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
		      uint64_t events);
	void *arg;
};

struct fsc_drain; /* opaque; lives in memory of its own (mmap) */

/*
 * Open the image file at path (O_RDWR) and begin. NULL: *error_number says why. The image file can
 * be unlinked afterwards. uuid[16] identifies the trace.
 */
struct fsc_drain *fsc_drain_create(const char *path, const uint8_t uuid[16],
				   const struct fsc_drain_output *output, int *error_number);
void fsc_drain_destroy(struct fsc_drain *drain);

/*
 * What measuring costs (events.def: probe_cost), by kind; what is known of it is written to the
 * state stream when recording begins or, if it has begun, with the next poll.
 */
void fsc_drain_set_probe_costs(struct fsc_drain *drain,
			       const struct fsc_probe_cost costs[FSC_PROBE_KINDS]);

/* Packets carry at most about that many bytes of records (default FSC_DRAIN_PACKET_BYTES). */
#define FSC_DRAIN_PACKET_BYTES (1u << 20)
void fsc_drain_set_packet_max(struct fsc_drain *drain, uint32_t bytes);

/*
 * The header of the image as it was at the last create, poll or finish: a copy, because the shared
 * one can change or go away at any moment. Never NULL, lives as long as the drain.
 */
const struct fsc_image *fsc_drain_image(const struct fsc_drain *drain);

/*
 * Move what has gathered: rings that are a quarter full, or any with data when `all`. Also writes
 * new strings, modules and sites to the state stream, and a clock pair when the last is older than
 * 1 s; the state stream begins with the first packet, so that an image without events or calls
 * leaves nothing. Returns bytes moved.
 */
uint64_t fsc_drain_poll(struct fsc_drain *drain, bool all);

/*
 * Write everything that is known now to the state stream again, closed by an `image` event, for an
 * output whose readers may begin at any time. All of it has one time.
 */
void fsc_drain_tell(struct fsc_drain *drain);

/* Keep the image's file open under a number that no program expects to be given next. */
void fsc_drain_keep_open(struct fsc_drain *drain);

/* Close the image's file; it is opened again when it is needed. */
void fsc_drain_let_go(struct fsc_drain *drain);

/* Drain everything, write totals, live buffers, losses and a last clock pair to the state stream.
 */
void fsc_drain_finish(struct fsc_drain *drain);

/* What became of the events so far. */
struct fsc_drain_totals {
	uint64_t calls;		 /* entered, from the counters; exact after finish */
	uint64_t skipped_calls;	 /* of these, neither timed nor recorded */
	uint64_t lost_events;	 /* dropped by full rings, refused by the output, or in bad rings */
	uint64_t lost_findings;	 /* of these, bad verdicts */
	uint64_t threads;	 /* slots that ever held a thread */
	uint64_t profile_missed; /* values that found no room among the distributions */
	uint64_t waiting_bytes;	 /* seen in rings by the last poll, and left there */
};
void fsc_drain_totals(const struct fsc_drain *drain, struct fsc_drain_totals *totals);

#endif
