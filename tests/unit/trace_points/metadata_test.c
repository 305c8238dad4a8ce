/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "trace_points/events.h"
#include "trace_points/packet.h"

/* Ids have gaps. */
static const uint32_t ids[] = {
#define FSC_EVENT(id, name, says) id,
#include "trace_points/events.def"
#undef FSC_EVENT
};

static char text[FSC_METADATA_BYTES + 1];

static struct fsc_metadata sample(void)
{
	struct fsc_metadata metadata = { .uuid = { 0xde, 0xad, 0xbe, 0xef },
					 .ticks_per_s = 2100000000,
					 .epoch_s = 1700000000,
					 .epoch_ticks = 99,
					 .pid = 4711,
					 .hostname = "box",
					 .process_name = "python3" };

	return metadata;
}

static size_t write_sample(void)
{
	struct fsc_metadata metadata = sample();
	size_t length = fsc_metadata_write(&metadata, text, FSC_METADATA_BYTES);

	text[length] = '\0';
	return length;
}

Test(metadata, it_begins_with_the_line_that_readers_look_for)
{
	cr_assert_gt(write_sample(), 0);
	cr_assert_eq(strncmp(text, "/* CTF 1.8 */\n", 14), 0);
}

Test(metadata, it_names_every_event_with_its_id)
{
	write_sample();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t id = ids[i];
		char wanted[96];

		snprintf(wanted, sizeof(wanted), "name = \"%s\";\n\tid = %u;", fsc_event_name(id),
			 id);
		cr_assert_not_null(strstr(text, wanted), "%s", wanted);
	}
}

/* Bytes of the fields of one event as the text declares them. */
static uint32_t declared_bytes(const char *at)
{
	const char *end = strstr(at, "};\n};");
	uint32_t bytes = 0;

	for (; at && at < end; at = strchr(at + 1, '\n')) {
		unsigned int bits, count;

		if (sscanf(at, "\n\t\tu%u _", &bits) == 1 || sscanf(at, "\n\t\tx%u _", &bits) == 1)
			bytes += bits / 8;
		else if (sscanf(at, "\n\t\ttext _%*[a-z0-9_][%u]", &count) == 1)
			bytes += count;
	}
	return bytes;
}

Test(metadata, its_fields_fill_the_records_to_the_byte)
{
	write_sample();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t id = ids[i];
		char wanted[96];

		snprintf(wanted, sizeof(wanted), "name = \"%s\";\n", fsc_event_name(id));
		cr_assert_eq(declared_bytes(strstr(text, wanted)) + FSC_RECORD_HEADER_BYTES,
			     fsc_event_record_bytes(id), "%s", fsc_event_name(id));
	}
}

Test(metadata, it_says_the_clock_and_whose_trace_it_is)
{
	write_sample();
	cr_assert_not_null(strstr(text, "freq = 2100000000;"));
	cr_assert_not_null(strstr(text, "offset_s = 1700000000;"));
	cr_assert_not_null(strstr(text, "offset = 99;"));
	cr_assert_not_null(strstr(text, "uuid = \"deadbeef-0000-0000-0000-000000000000\";"));
	cr_assert_not_null(strstr(text, "vpid = 4711;"));
	cr_assert_not_null(strstr(text, "hostname = \"box\";"));
}

Test(metadata, names_cannot_break_out_of_their_quotes)
{
	struct fsc_metadata metadata = sample();

	metadata.process_name = "a\"b\\c\nd\xFF";
	metadata.hostname = NULL;
	text[fsc_metadata_write(&metadata, text, FSC_METADATA_BYTES)] = '\0';
	cr_assert_not_null(strstr(text, "procname = \"a\\\"b\\\\c_d_\";"));
	cr_assert_not_null(strstr(text, "hostname = \"\";"));
}

Test(metadata, names_of_any_length_fit)
{
	static char name[9000];
	struct fsc_metadata metadata = sample();

	memset(name, '"', sizeof(name) - 1);
	metadata.process_name = name;
	metadata.hostname = name;
	cr_assert_gt(fsc_metadata_write(&metadata, text, FSC_METADATA_BYTES), 0);
}

Test(metadata, a_buffer_that_is_too_small_gives_nothing)
{
	struct fsc_metadata metadata = sample();

	cr_assert_eq(fsc_metadata_write(&metadata, text, 100), 0);
	cr_assert_eq(fsc_metadata_write(&metadata, text, 0), 0);
}
