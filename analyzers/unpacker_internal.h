/* SPDX-License-Identifier: MIT */
/*
 * unpacker_internal.h - a compressed stream file (zstd, RFC 8878), unpacked piece by piece.
 *
 * In:     the bytes of the file, which must outlive the unpacker.
 * Out:    a window onto what they unpack to: its owner says from where on it is still needed, and
 * how much of it at least. Cost:   memory for the window and for what one frame refers back to, at
 * most FSC_UNPACKER_MAX and FSC_UNPACKER_BACK_LOG; each byte is unpacked once. Thread: one object
 * per thread.
 */
#ifndef ANALYZERS_UNPACKER_INTERNAL_H
#define ANALYZERS_UNPACKER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsc_unpacker_limit {
	FSC_UNPACKER_MAX = 16 << 20, /* bytes of a window; a packet of ours has a sixteenth of it */
	FSC_UNPACKER_BACK_LOG = 23   /* a frame may refer back 2^23 bytes: zstd's level 19 does */
};

struct fsc_unpacker; /* opaque */

/* NULL: no memory. */
struct fsc_unpacker *fsc_unpacker_create(const void *packed, size_t bytes);
void fsc_unpacker_destroy(struct fsc_unpacker *unpacker);

/*
 * Forget what lies before `from` in the window, and unpack until it has `need` bytes or nothing
 * comes any more. *window is where `from` lies now. Returns the bytes there, which are fewer than
 * `need` at the end of the file, where it is damaged or cut off, without memory, or when need is
 * more than FSC_UNPACKER_MAX.
 */
size_t fsc_unpacker_fill(struct fsc_unpacker *unpacker, size_t from, size_t need,
			 const uint8_t **window);

/* The file did not unpack to its end: damaged, or cut off. NULL: it did, so far. */
const char *fsc_unpacker_fault(const struct fsc_unpacker *unpacker);

#endif
