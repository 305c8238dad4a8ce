/* SPDX-License-Identifier: MIT */
/* Records of a batch come in ns, and nothing but records comes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/batch_reader_internal.h"
#include "trace_points/batch.h"

/* Two ticks are a ns; tick 1000 is ns 5000. */
static const uint64_t half[4] = { 1000, 5000, 2001000, 1005000 };

static void begin(struct fsc_batch_reader *reader, const uint64_t clock[4], const void *records,
		  size_t bytes)
{
	uint8_t *packed = malloc(FSC_BATCH_PACKED(bytes));
	size_t packed_bytes;

	cr_assert_not_null(packed);
	packed_bytes = fsc_batch_pack(packed, records, bytes);
	cr_assert_eq(fsc_batch_reader_begin(reader, clock, packed, packed_bytes - 1), FSC_OK);
	free(packed);
}

Test(batch_reader, instants_and_durations_become_ns)
{
	struct fsc_call_freed_record record = { .id = FSC_EVENT_call_freed,
						.ticks = 3000,
						.duration_ticks = 100,
						.made_ticks = 2000,
						.made_ended_ticks = 1000,
						.number = 7 };
	struct fsc_batch_reader reader = { 0 };
	const struct fsc_call_freed_record *read;

	begin(&reader, half, &record, sizeof(record));
	read = (const void *)fsc_batch_reader_next(&reader);
	cr_assert_not_null(read);
	cr_assert_eq(read->ticks, 6000);
	cr_assert_eq(read->duration_ticks, 50);
	cr_assert_eq(read->made_ticks, 1000);
	cr_assert_eq(read->made_ended_ticks, 500);
	cr_assert_eq(read->number, 7);
	cr_assert_null(fsc_batch_reader_next(&reader));
	cr_assert_not(reader.damaged);
	fsc_batch_reader_fini(&reader);
}

Test(batch_reader, an_instant_that_is_not_known_stays_so)
{
	struct fsc_buffer_freed_record record = { .id = FSC_EVENT_buffer_freed, .ticks = 3000 };
	struct fsc_batch_reader reader = { 0 };
	const struct fsc_buffer_freed_record *read;

	begin(&reader, half, &record, sizeof(record));
	read = (const void *)fsc_batch_reader_next(&reader);
	cr_assert_eq(read->ticks, 6000);
	cr_assert_eq(read->made_ticks, 0);
	fsc_batch_reader_fini(&reader);
}

Test(batch_reader, before_the_first_moment_the_line_goes_on)
{
	struct fsc_mark_record record = { .id = FSC_EVENT_mark, .ticks = 800 };
	struct fsc_batch_reader reader = { 0 };

	begin(&reader, half, &record, sizeof(record));
	cr_assert_eq(((const struct fsc_mark_record *)fsc_batch_reader_next(&reader))->ticks, 4900);
	fsc_batch_reader_fini(&reader);
}

Test(batch_reader, a_clock_that_is_ns_stays_as_it_is)
{
	static const uint64_t same[4] = { 123456789, 123456789, 123456789, 123456789 };
	struct fsc_mark_record record = { .id = FSC_EVENT_mark, .ticks = 987654321987654321 };
	struct fsc_batch_reader reader = { 0 };

	begin(&reader, same, &record, sizeof(record));
	cr_assert_eq(((const struct fsc_mark_record *)fsc_batch_reader_next(&reader))->ticks,
		     987654321987654321);
	fsc_batch_reader_fini(&reader);
}

Test(batch_reader, what_is_no_record_ends_the_batch)
{
	struct {
		struct fsc_mark_record good;
		struct fsc_mark_record unknown;
	} records = { { .id = FSC_EVENT_mark, .ticks = 2000 }, { .id = 250, .ticks = 2000 } };
	struct fsc_batch_reader reader = { 0 };

	begin(&reader, half, &records, sizeof(records));
	cr_assert_not_null(fsc_batch_reader_next(&reader));
	cr_assert_null(fsc_batch_reader_next(&reader));
	cr_assert(reader.damaged);
	begin(&reader, half, &records.good, sizeof(records.good) - 8);
	cr_assert_null(fsc_batch_reader_next(&reader));
	cr_assert(reader.damaged);
	begin(&reader, half, NULL, 0);
	cr_assert_null(fsc_batch_reader_next(&reader));
	cr_assert_not(reader.damaged);
	fsc_batch_reader_fini(&reader);
}
