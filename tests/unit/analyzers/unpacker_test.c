/* SPDX-License-Identifier: MIT */
/* A stream packed by zstd itself, read through windows of any size, cut and damaged. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "analyzers/unpacker_internal.h"

enum { BYTES = 300000, PACKED_ROOM = 400000 };

static uint8_t plain[BYTES];
static uint8_t packed[PACKED_ROOM];
static size_t packed_bytes;

/* Two frames, as zstd(1) makes when files are joined. */
static void pack(void)
{
	uint32_t state = 1;
	size_t half = BYTES / 2, first;

	for (size_t i = 0; i < BYTES; i++) {
		state = state * 1664525 + 1013904223;
		plain[i] = (uint8_t)(i % 48 < 40 ? i % 48 : state >> 24);
	}
	first = ZSTD_compress(packed, PACKED_ROOM, plain, half, 1);
	packed_bytes = first + ZSTD_compress(packed + first, PACKED_ROOM - first, plain + half,
					     BYTES - half, 1);
}

TestSuite(unpacker, .init = pack);

/* Takes `step` bytes at a time; what comes must be the plain bytes. Returns how many came. */
static size_t read_steps(struct fsc_unpacker *unpacker, size_t step)
{
	const uint8_t *window;
	size_t at = 0, taken = 0;

	for (;;) {
		size_t size = fsc_unpacker_fill(unpacker, taken, step, &window);

		taken = size < step ? size : step;
		if (!taken)
			return at;
		cr_assert_leq(at + taken, (size_t)BYTES);
		cr_assert(memcmp(window, plain + at, taken) == 0, "at %zu", at);
		at += taken;
	}
}

Test(unpacker, steps_of_any_size_give_all_bytes)
{
	static const size_t steps[] = { 1, 80, 4096, 131072, BYTES, BYTES + 1 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct fsc_unpacker *unpacker = fsc_unpacker_create(packed, packed_bytes);

		cr_assert_eq(read_steps(unpacker, steps[i]), (size_t)BYTES);
		cr_assert_null(fsc_unpacker_fault(unpacker));
		fsc_unpacker_destroy(unpacker);
	}
}

Test(unpacker, a_file_cut_anywhere_gives_a_beginning_and_says_so)
{
	for (size_t cut = 1; cut < packed_bytes; cut += 97) {
		uint8_t *copy = malloc(cut); /* so that a sanitizer sees any read beyond it */
		struct fsc_unpacker *unpacker = fsc_unpacker_create(memcpy(copy, packed, cut), cut);

		cr_assert_lt(read_steps(unpacker, 4096), (size_t)BYTES);
		cr_assert_not_null(fsc_unpacker_fault(unpacker), "cut at %zu", cut);
		fsc_unpacker_destroy(unpacker);
		free(copy);
	}
}

Test(unpacker, any_bytes_end_in_an_end)
{
	for (size_t at = 0; at < packed_bytes; at += 31) {
		uint8_t kept = packed[at];
		struct fsc_unpacker *unpacker;
		const uint8_t *window;
		size_t rounds = 0, size;

		packed[at] ^= 0x55;
		unpacker = fsc_unpacker_create(packed, packed_bytes);
		for (size_t taken = 0;
		     (size = fsc_unpacker_fill(unpacker, taken, 4096, &window)) > 0; taken = size)
			cr_assert_lt(++rounds, 10000u);
		fsc_unpacker_destroy(unpacker);
		packed[at] = kept;
	}
}

Test(unpacker, a_window_beyond_the_limit_is_refused)
{
	struct fsc_unpacker *unpacker = fsc_unpacker_create(packed, packed_bytes);
	const uint8_t *window;

	cr_assert_lt(fsc_unpacker_fill(unpacker, 0, (size_t)FSC_UNPACKER_MAX + 1, &window),
		     (size_t)FSC_UNPACKER_MAX);
	fsc_unpacker_destroy(unpacker);
}
