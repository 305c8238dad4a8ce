/* SPDX-License-Identifier: MIT */
/* 56 bits are spread in three steps, each of which halves the groups; and back. */
#include "trace_points/batch.h"

#include <string.h>

enum { PLAIN = 7, PACKED = 8 };

static uint64_t spread(uint64_t bits)
{
	bits = (bits & 0x000000000fffffff) | (bits & 0x00fffffff0000000) << 4;
	bits = (bits & 0x00003fff00003fff) | (bits & 0x0fffc0000fffc000) << 2;
	bits = (bits & 0x007f007f007f007f) | (bits & 0x3f803f803f803f80) << 1;
	return bits | 0x8080808080808080;
}

static uint64_t gather(uint64_t bits)
{
	bits = (bits & 0x007f007f007f007f) | (bits & 0x7f007f007f007f00) >> 1;
	bits = (bits & 0x00003fff00003fff) | (bits & 0x3fff00003fff0000) >> 2;
	return (bits & 0x000000000fffffff) | (bits & 0x0fffffff00000000) >> 4;
}

size_t fsc_batch_pack(uint8_t *packed, const uint8_t *records, size_t bytes)
{
	uint8_t *at = packed;
	size_t i = 0;

	/* Eight are read while there are eight: seven come in two loads, and wait for each other.
	 */
	for (; bytes - i >= PACKED; i += PLAIN, at += PACKED) {
		uint64_t bits;

		memcpy(&bits, records + i, PACKED);
		bits = spread(bits);
		memcpy(at, &bits, PACKED);
	}
	for (; i < bytes; i += PLAIN, at += PACKED) {
		uint64_t bits = 0;

		memcpy(&bits, records + i, bytes - i < PLAIN ? bytes - i : PLAIN);
		bits = spread(bits);
		memcpy(at, &bits, PACKED);
	}
	*at = 0;
	return (size_t)(at - packed) + 1;
}

size_t fsc_batch_unpack(uint8_t *records, const uint8_t *packed, size_t bytes)
{
	uint8_t *at = records;

	for (size_t i = 0; i + PACKED <= bytes; i += PACKED, at += PLAIN) {
		uint64_t bits;

		memcpy(&bits, packed + i, PACKED);
		bits = gather(bits);
		memcpy(at, &bits, PLAIN);
	}
	return (size_t)(at - records);
}
