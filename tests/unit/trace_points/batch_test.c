/* SPDX-License-Identifier: MIT */
/* What is packed comes back as it was, and has no NUL before its end. */
#include <criterion/criterion.h>
#include <string.h>

#include "trace_points/batch.h"

enum { MOST = 300 };

static void there_and_back(const uint8_t *records, size_t bytes)
{
	uint8_t packed[FSC_BATCH_PACKED(MOST)], again[FSC_BATCH_UNPACKED(FSC_BATCH_PACKED(MOST))];
	size_t packed_bytes = fsc_batch_pack(packed, records, bytes);
	size_t unpacked_bytes;

	cr_assert_eq(packed_bytes, FSC_BATCH_PACKED(bytes));
	cr_assert_eq(strlen((const char *)packed), packed_bytes - 1);
	unpacked_bytes = fsc_batch_unpack(again, packed, packed_bytes - 1);
	cr_assert_leq(unpacked_bytes, FSC_BATCH_UNPACKED(packed_bytes - 1));
	cr_assert(unpacked_bytes >= bytes && unpacked_bytes < bytes + 7);
	cr_assert_arr_eq(again, records, bytes);
	for (size_t i = bytes; i < unpacked_bytes; i++)
		cr_assert_eq(again[i], 0);
}

Test(batch, any_bytes_of_any_length_come_back)
{
	uint8_t records[MOST];
	uint32_t random = 1;

	for (size_t i = 0; i < MOST; i++) {
		random = random * 1664525 + 1013904223;
		records[i] = (uint8_t)(random >> 24);
	}
	for (size_t bytes = 0; bytes <= MOST; bytes++)
		there_and_back(records, bytes);
}

Test(batch, zeros_and_ones_come_back)
{
	uint8_t records[MOST];

	memset(records, 0, sizeof(records));
	there_and_back(records, MOST);
	memset(records, 0xff, sizeof(records));
	there_and_back(records, MOST);
}

Test(batch, each_bit_comes_back_alone)
{
	for (size_t bit = 0; bit < 112; bit++) {
		uint8_t records[14] = { 0 };

		records[bit / 8] = (uint8_t)(1 << bit % 8);
		there_and_back(records, sizeof(records));
	}
}

Test(batch, a_text_that_is_cut_gives_what_is_whole)
{
	uint8_t packed[FSC_BATCH_PACKED(14)], again[14];

	fsc_batch_pack(packed, (const uint8_t *)"ABCDEFGHIJKLMN", 14);
	cr_assert_eq(fsc_batch_unpack(again, packed, 15), 7);
	cr_assert_arr_eq(again, "ABCDEFG", 7);
}
