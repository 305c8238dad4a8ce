/* SPDX-License-Identifier: MIT */
/*
 * host_codec_internal.h - the host's messages, over protobuf-c (host_codec.c) or protobuf's C++
 * library (host_codec.cpp). Read by both languages.
 *
 * In:     which entry point, and the request's number.
 * Out:    the encoded request; whether a response decodes.
 * Cost:   one message a thread; memory for it is kept.
 * Thread: a struct fsc_host_codec belongs to its thread.
 */
#ifndef FFI_HOST_HOST_CODEC_INTERNAL_H
#define FFI_HOST_HOST_CODEC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fsc_host_entry_id {
	FSC_HOST_HELLO,
	FSC_HOST_USER,
	FSC_HOST_POST,
	FSC_HOST_BATCH,
	FSC_HOST_CALCULATOR,
	FSC_HOST_WITH_BUFFERS,
	FSC_HOST_NOOP = FSC_HOST_WITH_BUFFERS,
	FSC_HOST_MIXED_COUNT, /* mixed takes the entries so far in turn */
	FSC_HOST_ADD = FSC_HOST_MIXED_COUNT,
	FSC_HOST_USER_RAW,
	FSC_HOST_POST_RAW,
	FSC_HOST_ENTRY_COUNT,
	FSC_HOST_MIXED = FSC_HOST_ENTRY_COUNT
};

struct fsc_host_codec; /* opaque: what each language keeps */

/* Do the planted delays of encode and decode run inside the codec's own call? Else beside it. */
extern const bool fsc_host_codec_has_delays;

/* For batches of that many requests. NULL: memory ran out. The caller ends it. */
struct fsc_host_codec *fsc_host_codec_create(uint64_t batch);
void fsc_host_codec_destroy(struct fsc_host_codec *codec);

/*
 * Encode the request of that number to an entry point with buffers. NULL: memory ran out. The
 * bytes, *size of them, are the codec's until its next call.
 */
const uint8_t *fsc_host_codec_encode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
				     uint64_t number, size_t *size);

/* Does that response of an entry point with buffers decode? */
bool fsc_host_codec_decode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
			   const uint8_t *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
