/* SPDX-License-Identifier: MIT */
/* zstd does the work; what is ours is the window. Begin at fsc_unpacker_fill(). */
#include "analyzers/unpacker_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct fsc_unpacker {
	ZSTD_DStream *stream;
	ZSTD_inBuffer packed;
	uint8_t *window;
	size_t size; /* bytes of it in use */
	size_t room;
	bool inside; /* a frame has begun and not ended */
	const char *fault;
};

struct fsc_unpacker *fsc_unpacker_create(const void *packed, size_t bytes)
{
	struct fsc_unpacker *unpacker = calloc(1, sizeof(*unpacker));

	if (!unpacker)
		return NULL;
	unpacker->packed = (ZSTD_inBuffer){ packed, bytes, 0 };
	unpacker->stream = ZSTD_createDStream();
	if (!unpacker->stream ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(unpacker->stream, ZSTD_d_windowLogMax,
						FSC_UNPACKER_BACK_LOG))) {
		fsc_unpacker_destroy(unpacker);
		return NULL;
	}
	return unpacker;
}

void fsc_unpacker_destroy(struct fsc_unpacker *unpacker)
{
	if (!unpacker)
		return;
	ZSTD_freeDStream(unpacker->stream);
	free(unpacker->window);
	free(unpacker);
}

static bool make_room(struct fsc_unpacker *unpacker, size_t need)
{
	uint8_t *larger;

	if (need <= unpacker->room)
		return true;
	if (need > FSC_UNPACKER_MAX)
		return false;
	if (need < ZSTD_DStreamOutSize())
		need = ZSTD_DStreamOutSize();
	larger = realloc(unpacker->window, need);
	if (!larger)
		return false;
	unpacker->window = larger;
	unpacker->room = need;
	return true;
}

/* One step. false: nothing comes any more. */
static bool unpack(struct fsc_unpacker *unpacker)
{
	ZSTD_outBuffer out = { unpacker->window, unpacker->room, unpacker->size };
	size_t before = unpacker->packed.pos, rest;

	if (before == unpacker->packed.size && !unpacker->inside)
		return false;
	rest = ZSTD_decompressStream(unpacker->stream, &out, &unpacker->packed);
	if (ZSTD_isError(rest)) {
		unpacker->fault = "the compressed stream is damaged here";
		return false;
	}
	unpacker->inside = rest != 0;
	if (out.pos == unpacker->size && unpacker->packed.pos == before) {
		unpacker->fault = "the compressed stream is cut off here";
		return false;
	}
	unpacker->size = out.pos;
	return true;
}

size_t fsc_unpacker_fill(struct fsc_unpacker *unpacker, size_t from, size_t need,
			 const uint8_t **window)
{
	if (from) {
		memmove(unpacker->window, unpacker->window + from, unpacker->size - from);
		unpacker->size -= from;
	}
	if (make_room(unpacker, need))
		while (unpacker->size < need && !unpacker->fault && unpack(unpacker))
			;
	*window = unpacker->window;
	return unpacker->size;
}

const char *fsc_unpacker_fault(const struct fsc_unpacker *unpacker)
{
	return unpacker->fault;
}
