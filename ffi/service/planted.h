/* SPDX-License-Identifier: MIT */
/*
 * planted.h - delays of known length, and protobuf-c calls that have one inside them.
 *
 * In:     a delay in ns; 0 plants nothing.
 * Out:    what was planned and what really elapsed, on CLOCK_MONOTONIC.
 * Cost:   nothing when no delay is set; else about 50 ns beside the delay.
 * Thread: all functions from any thread, but fsc_planted_set() and fsc_planted_median_ns() only
 *         while nobody waits.
 */
#ifndef FFI_SERVICE_PLANTED_H
#define FFI_SERVICE_PLANTED_H

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { FSC_PLANTED_SAMPLES = 1 << 16 /* the median is of the first so many delays */ };

struct fsc_planted {
	_Atomic uint64_t delay_ns;   /* of one delay, as planned */
	_Atomic uint64_t planned_ns; /* total */
	_Atomic uint64_t elapsed_ns; /* total */
	_Atomic uint64_t count;
	uint32_t sample_ns[FSC_PLANTED_SAMPLES]; /* saturated */
};

/* CLOCK_MONOTONIC, ns. */
uint64_t fsc_planted_now_ns(void);

void fsc_planted_set(struct fsc_planted *planted, uint64_t delay_ns);

/* Wait busily until the absolute end of the delay, and count it. */
void fsc_planted_wait(struct fsc_planted *planted);

/* The median of one delay as elapsed; 0 when none was. Reorders the samples. */
uint64_t fsc_planted_median_ns(struct fsc_planted *planted);

/* Encode message into out (its packed size), with the delay inside the codec's own call. */
void fsc_planted_pack(struct fsc_planted *planted, const ProtobufCMessage *message, uint8_t *out);

/*
 * Decode, with the delay inside the codec's own call. NULL: not such a message. Else the caller
 * ends it with protobuf_c_message_free_unpacked() and the same allocator.
 */
ProtobufCMessage *fsc_planted_unpack(struct fsc_planted *planted, ProtobufCAllocator *allocator,
				     const ProtobufCMessageDescriptor *descriptor, size_t length,
				     const uint8_t *data);

#endif
