/* SPDX-License-Identifier: MIT */
/*
 * batch.h - records as text, for the event ffiscope:batch.
 *
 * babeltrace2 makes a field of every byte of a sequence, but takes a text that ends with NUL in one
 * piece. So no byte of a batch is NUL: 7 bytes become 8, each of 7 bits with the highest bit set;
 * then one NUL.
 *
 * In/out: records as they stand in a ring (events.h); zeros after the last one: no record has id 0.
 * Cost:   about one ns for 7 bytes. Guest-safe: no allocation, nothing called but memcpy.
 * Thread: pure functions.
 */
#ifndef TRACE_POINTS_BATCH_H
#define TRACE_POINTS_BATCH_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that so many bytes of records become, with the NUL. */
#define FSC_BATCH_PACKED(bytes) (((size_t)(bytes) + 6) / 7 * 8 + 1)

/* The other way: so many bytes of text, without the NUL, give at most so many. */
#define FSC_BATCH_UNPACKED(bytes) (((size_t)(bytes) + 7) / 8 * 7)

/* Write FSC_BATCH_PACKED(bytes) bytes to packed; returns that number. */
size_t fsc_batch_pack(uint8_t *packed, const uint8_t *records, size_t bytes);

/*
 * bytes: of the text, without the NUL. Writes and returns at most FSC_BATCH_UNPACKED(bytes); what
 * does not fill 8 bytes at its end is left out. Any text is taken: what it holds is to be checked.
 */
size_t fsc_batch_unpack(uint8_t *records, const uint8_t *packed, size_t bytes);

#endif
