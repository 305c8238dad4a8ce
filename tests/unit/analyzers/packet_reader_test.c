/* SPDX-License-Identifier: MIT */
/* Streams made by hand, then cut and damaged in every way. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/packet_reader_internal.h"
#include "builder.h"

enum { PACKETS = 3, CALLS = 4 };

static const struct fsc_process plain_process;

/* PACKETS packets of CALLS calls, numbered from 1. */
static void make_stream(struct builder *builder)
{
	builder_init(builder);
	for (uint32_t packet = 0; packet < PACKETS; packet++) {
		for (uint32_t call = 1; call <= CALLS; call++)
			BUILDER_PUT(builder, 0, call, 5000, .number = packet * CALLS + call);
		builder_packet(builder, 0);
	}
}

/* Read to the end; records must be calls numbered from 1. Returns how many. */
static uint32_t read_all(struct fsc_packet_reader *reader)
{
	const struct fsc_call_record *call;
	uint32_t count = 0;

	while ((call = (const void *)fsc_packet_reader_next(reader))) {
		cr_assert_eq(call->id, FSC_EVENT_call);
		cr_assert_eq(call->number, ++count);
	}
	cr_assert_null(fsc_packet_reader_next(reader));
	return count;
}

/* How many whole calls do that many bytes hold? */
static uint32_t whole_calls(size_t size)
{
	size_t header = sizeof(struct fsc_packet_header);
	size_t packet = header + CALLS * sizeof(struct fsc_call_record);
	size_t rest = size % packet;
	size_t calls = rest > header ? (rest - header) / sizeof(struct fsc_call_record) : 0;

	return (uint32_t)(size / packet * CALLS + calls);
}

Test(packet_reader, a_stream_cut_anywhere_gives_its_whole_records)
{
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_packet_reader reader;
	struct builder builder;
	size_t size;

	make_stream(&builder);
	size = builder.streams[0].size;
	fsc_packet_reader_sizes(&plain_process, sizes);
	for (size_t cut = 0; cut <= size; cut++) {
		/* A copy of that size, so that a sanitizer sees any read beyond it. */
		uint8_t *bytes = malloc(cut + 1);

		memcpy(bytes, builder.streams[0].bytes, cut);
		bytes = realloc(bytes, cut ? cut : 1);
		fsc_packet_reader_init(&reader, bytes, cut, sizes);
		cr_assert_eq(read_all(&reader), whole_calls(cut), "cut at %zu", cut);
		cr_assert_eq(reader.damaged, cut % (size / PACKETS) != 0, "cut at %zu", cut);
		free(bytes);
	}
	builder_fini(&builder);
}

Test(packet_reader, any_damaged_byte_ends_in_an_end)
{
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_packet_reader reader;
	struct builder builder;

	make_stream(&builder);
	fsc_packet_reader_sizes(&plain_process, sizes);
	for (size_t at = 0; at < builder.streams[0].size; at++) {
		uint8_t kept = builder.streams[0].bytes[at];

		for (int bit = 0; bit < 8; bit++) {
			uint32_t count = 0;

			builder.streams[0].bytes[at] = kept ^ (uint8_t)(1 << bit);
			fsc_packet_reader_init(&reader, builder.streams[0].bytes,
					       builder.streams[0].size, sizes);
			while (fsc_packet_reader_next(&reader))
				count++;
			cr_assert_leq(count, 100);
		}
		builder.streams[0].bytes[at] = kept;
	}
	builder_fini(&builder);
}

static void set_header(struct builder *builder, uint64_t content_bits, uint64_t packet_bits)
{
	struct fsc_packet_header header;

	memcpy(&header, builder->streams[0].bytes, sizeof(header));
	header.content_bits = content_bits;
	header.packet_bits = packet_bits;
	memcpy(builder->streams[0].bytes, &header, sizeof(header));
}

Test(packet_reader, sizes_that_make_no_sense_end_the_stream)
{
	static const uint64_t cases[][2] = {
		{ 0, 0 },
		{ 8, 8 },
		{ 640, 0 },
		{ 641, 648 },
		{ UINT64_MAX, 640 },
		{ UINT64_MAX - 7, 640 },
		{ 639, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX },
	};
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_packet_reader reader;
	struct builder builder;

	make_stream(&builder);
	fsc_packet_reader_sizes(&plain_process, sizes);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_header(&builder, cases[i][0], cases[i][1]);
		fsc_packet_reader_init(&reader, builder.streams[0].bytes, builder.streams[0].size,
				       sizes);
		cr_assert_null(fsc_packet_reader_next(&reader), "case %zu", i);
		cr_assert(reader.damaged, "case %zu", i);
	}
	builder_fini(&builder);
}

Test(packet_reader, an_unknown_event_of_known_size_is_stepped_over)
{
	static const uint8_t unknown[20] = { 200 };
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_process process = { .record_bytes = { [200] = sizeof(unknown) } };
	struct fsc_packet_reader reader;
	struct builder builder;

	builder_init(&builder);
	BUILDER_PUT(&builder, 0, call, 5000, .number = 1);
	builder_record(&builder, 0, unknown, sizeof(unknown));
	BUILDER_PUT(&builder, 0, call, 6000, .number = 2);
	builder_packet(&builder, 0);
	fsc_packet_reader_sizes(&process, sizes);
	fsc_packet_reader_init(&reader, builder.streams[0].bytes, builder.streams[0].size, sizes);
	cr_assert_eq(read_all(&reader), 2);
	cr_assert_eq(reader.skipped_events, 1);
	cr_assert_not(reader.damaged);
	builder_fini(&builder);
}

Test(packet_reader, an_unknown_event_of_unknown_size_costs_its_packet_only)
{
	static const uint8_t unknown[20] = { 200 };
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_warnings warnings = { 0 };
	struct fsc_packet_reader reader;
	struct builder builder;

	builder_init(&builder);
	BUILDER_PUT(&builder, 0, call, 5000, .number = 1);
	builder_record(&builder, 0, unknown, sizeof(unknown));
	BUILDER_PUT(&builder, 0, call, 6000, .number = 99);
	builder_packet(&builder, 0);
	BUILDER_PUT(&builder, 0, call, 7000, .number = 2);
	builder_packet(&builder, 0);
	fsc_packet_reader_sizes(&plain_process, sizes);
	fsc_packet_reader_init(&reader, builder.streams[0].bytes, builder.streams[0].size, sizes);
	reader.warnings = &warnings;
	cr_assert_eq(read_all(&reader), 2);
	cr_assert_eq(warnings.count, 1);
	cr_assert(reader.damaged);
	builder_fini(&builder);
}

Test(packet_reader, a_longer_record_is_read_and_its_tail_stepped_over)
{
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_process process = { .record_bytes = { [FSC_EVENT_call] = 60 } };
	struct {
		struct fsc_call_record call;
		uint8_t tail[12];
	} longer = { .call = { .id = FSC_EVENT_call } };
	struct fsc_packet_reader reader;
	struct builder builder;

	builder_init(&builder);
	for (longer.call.number = 1; longer.call.number <= 3; longer.call.number++)
		builder_record(&builder, 0, &longer, sizeof(longer));
	builder_packet(&builder, 0);
	fsc_packet_reader_sizes(&process, sizes);
	fsc_packet_reader_init(&reader, builder.streams[0].bytes, builder.streams[0].size, sizes);
	cr_assert_eq(read_all(&reader), 3);
	builder_fini(&builder);
}

Test(packet_reader, what_a_shorter_record_lacks_is_zero)
{
	uint32_t sizes[FSC_EVENT_IDS_MAX];
	struct fsc_process process = { .record_bytes = { [FSC_EVENT_call] = 24 } };
	struct fsc_call_record call = { .id = FSC_EVENT_call, .number = 1, .request = 77 };
	const struct fsc_call_record *read;
	struct fsc_packet_reader reader;
	struct builder builder;

	builder_init(&builder);
	builder_record(&builder, 0, &call, 24);
	builder_packet(&builder, 0);
	fsc_packet_reader_sizes(&process, sizes);
	fsc_packet_reader_init(&reader, builder.streams[0].bytes, builder.streams[0].size, sizes);
	read = (const void *)fsc_packet_reader_next(&reader);
	cr_assert_not_null(read);
	cr_assert_eq(read->number, 1);
	cr_assert_eq(read->request, 0);
	cr_assert_null(fsc_packet_reader_next(&reader));
	builder_fini(&builder);
}
