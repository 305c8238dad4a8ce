/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "flamegraphs/folded.h"

static struct fsc_folded *folded;
static struct fsc_error error;
static char *text;

static void begin(void)
{
	cr_assert_eq(fsc_folded_create(&folded), FSC_OK);
}

static void end(void)
{
	fsc_folded_destroy(folded);
	free(text);
}

TestSuite(folded_read, .init = begin, .fini = end);

static enum fsc_status read_bytes(const char *bytes, size_t length)
{
	FILE *in = fmemopen((void *)bytes, length, "r");
	enum fsc_status status = fsc_folded_read(folded, in, "stacks", &error);

	fclose(in);
	return status;
}

static enum fsc_status read_text(const char *bytes)
{
	return read_bytes(bytes, strlen(bytes));
}

static const char *written(void)
{
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert_eq(fsc_folded_write(folded, out), FSC_OK);
	fclose(out);
	return text;
}

Test(folded_read, what_was_written_reads_back_the_same)
{
	cr_assert_eq(read_text("a;b 1\na;b;c 2\nd 3\n"), FSC_OK);
	cr_assert_str_eq(written(), "a;b 1\na;b;c 2\nd 3\n");
}

Test(folded_read, names_may_hold_blanks_and_digits)
{
	cr_assert_eq(read_text("operator new 2;f 17 5\n"), FSC_OK);
	cr_assert_str_eq(written(), "operator new 2;f 17 5\n");
}

Test(folded_read, line_ends_of_windows_empty_lines_and_a_missing_last_one_are_fine)
{
	cr_assert_eq(read_text("a 1\r\n\n\r\nb 2"), FSC_OK);
	cr_assert_str_eq(written(), "a 1\nb 2\n");
}

Test(folded_read, a_line_without_weight_names_its_number_and_keeps_those_before)
{
	cr_assert_eq(read_text("a 1\nb 2\nno_weight\nc 3\n"), FSC_E_FORMAT);
	cr_assert_eq(error.line, 3);
	cr_assert_str_eq(error.file, "stacks");
	cr_assert_str_eq(written(), "a 1\nb 2\n");
}

Test(folded_read, weights_that_are_no_whole_number_are_refused)
{
	static const char *const lines[] = { "a -1", "a 1.5", "a ",
					     " 1",   "a 1x",  "a 18446744073709551616" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_assert_eq(read_text(lines[i]), FSC_E_FORMAT, "%s", lines[i]);
	cr_assert_eq(fsc_folded_total(folded), 0);
}

Test(folded_read, zero_bytes_and_separators_alone_become_names)
{
	static const char bytes[] = ";;\0; 4\n";

	cr_assert_eq(read_bytes(bytes, sizeof(bytes) - 1), FSC_OK);
	cr_assert_str_eq(written(), "?;?; ;? 4\n");
}

Test(folded_read, sums_beyond_64_bits_are_refused)
{
	cr_assert_eq(read_text("a 18446744073709551615\nb 1\n"), FSC_E_LIMIT);
	cr_assert_eq(error.line, 2);
}

Test(folded_read, a_line_without_end_is_refused_before_it_becomes_memory)
{
	size_t length = FSC_FOLDED_LINE_MAX + 2;
	char *bytes = malloc(length);

	memset(bytes, 'x', length);
	cr_assert_eq(read_bytes(bytes, length), FSC_E_LIMIT);
	free(bytes);
	cr_assert_eq(error.line, 1);
}

Test(folded_read, a_line_of_separators_alone_is_too_deep)
{
	char bytes[1024];

	memset(bytes, ';', sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 3, " 1\n", 3);
	cr_assert_eq(read_bytes(bytes, sizeof(bytes)), FSC_E_LIMIT);
}

Test(folded_read, any_bytes_end_in_an_answer)
{
	uint32_t random = 1;
	char bytes[256];

	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525U + 1013904223U;
			bytes[i] = "ab;\n 019\r\x80\0"[(random >> 16) % 12];
		}
		enum fsc_status status = read_bytes(bytes, sizeof(bytes));

		cr_assert(status == FSC_OK || status == FSC_E_FORMAT || status == FSC_E_LIMIT);
	}
}

Test(folded_read, a_folder_cannot_be_read)
{
	FILE *in = fopen("/", "r");

	cr_assert(in);
	cr_assert_eq(fsc_folded_read(folded, in, "/", &error), FSC_E_IO);
	fclose(in);
	cr_assert_str_eq(error.file, "/");
}
