/* SPDX-License-Identifier: MIT */
#include "flamegraphs/svg.h"

#include <ctype.h>
#include <stdbool.h>

#include "../golden.h"

static struct fsc_folded *folded;
static char *text;
static struct fsc_svg_options options = {
	.title = "ffiscope flamegraph", .subtitle = "by hand", .unit = "ns", .width_px = 800
};

static void begin(void)
{
	cr_assert_eq(fsc_folded_create(&folded), FSC_OK);
}

static void end(void)
{
	fsc_folded_destroy(folded);
	free(text);
}

TestSuite(svg, .init = begin, .fini = end);

static void add(const char *a, const char *b, const char *c, uint64_t weight)
{
	const char *names[] = { a, b, c };

	cr_assert_eq(fsc_folded_add(folded, names, 3, weight), FSC_OK);
}

static const char *drawn(void)
{
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert_eq(fsc_svg_write(folded, &options, out), FSC_OK);
	fclose(out);
	return text;
}

static void add_example(void)
{
	add("proto2ffi_say_hello", "host", "encode", 1200);
	add("proto2ffi_say_hello", "host", "prepare", 300);
	add("proto2ffi_say_hello", "library", "decode", 900);
	add("proto2ffi_say_hello", "library", "work", 5400);
	add("proto2ffi_say_hello", "library", "encode", 800);
	add("proto2ffi_say_hello", "host", "decode", 700);
	add("init_service", "library", "other", 500);
	add("Vec<u8>&\"x\"", "library", "other", 50);
}

/* Every element that is opened is closed, in order; no stray markup. */
static bool is_balanced(const char *at)
{
	char open[64][16];
	size_t depth = 0, length;

	at = strstr(at, "?>") + 2;
	while ((at = strchr(at, '<')) != NULL) {
		const char *close = strchr(at, '>');
		bool ends = at[1] == '/', empty = close && close[-1] == '/';
		const char *name = at + 1 + ends;

		for (length = 0; isalpha((unsigned char)name[length]); length++)
			;
		if (!close || !length || length >= sizeof(open[0]) || depth >= 64)
			return false;
		if (ends && (!depth || strncmp(open[--depth], name, length)))
			return false;
		if (!ends && !empty)
			snprintf(open[depth++], sizeof(open[0]), "%.*s", (int)length, name);
		at = close;
	}
	return !depth;
}

Test(svg, the_example_looks_as_it_did)
{
	add_example();
	golden_check("flamegraph.svg", drawn());
}

Test(svg, every_element_is_closed)
{
	add_example();
	cr_assert(is_balanced(drawn()));
}

Test(svg, nothing_in_it_is_fetched_or_run)
{
	add_example();
	drawn();
	cr_assert_not(strstr(text, "<script"));
	cr_assert_not(strstr(text, "href"));
	cr_assert_not(strstr(text, "url("));
}

Test(svg, a_frame_tells_name_weight_and_percent)
{
	add("f", "host", "encode", 1);
	add("f", "host", "decode", 2);
	drawn();
	cr_assert(strstr(text, "<title>encode: 1 ns (33.33 %)</title>"));
	cr_assert(strstr(text, "<title>all: 3 ns (100.00 %)</title>"));
}

Test(svg, markup_in_names_is_escaped)
{
	add("<script>&\"'", "a]]>", "b", 1);
	options.title = "<&>";
	drawn();
	cr_assert_not(strstr(text, "<script"));
	cr_assert(strstr(text, "&lt;script&gt;&amp;&quot;&#39;"));
	cr_assert(is_balanced(text));
}

Test(svg, bytes_that_are_no_utf8_are_replaced)
{
	add("a\xFF\xC0\x80z", "\xED\xA0\x80", "c", 1);
	cr_assert_not(strpbrk(drawn(), "\xFF\xC0\xED"));
	cr_assert(strstr(text, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"));
}

Test(svg, a_name_without_room_is_cut_or_left_out)
{
	add("wide", "a_name_of_some_length_indeed_that_does_not_fit_into_a_tenth", "x", 10);
	add("wide", "host", "y", 90);
	drawn();
	cr_assert(strstr(text, ">a_name_o\xE2\x80\xA6</text>") ||
		  strstr(text, ">a_name_of\xE2\x80\xA6</text>"));
	cr_assert(strstr(text, "<title>a_name_of_some_length_indeed_that_does_not_fit_into_a_"
			       "tenth: 10 ns (10.00 %)</title>"));
}

Test(svg, frames_without_width_are_left_out)
{
	add("f", "host", "huge", 1000000000);
	add("f", "host", "tiny", 1);
	drawn();
	cr_assert(strstr(text, "huge: "));
	cr_assert_not(strstr(text, "tiny"));
}

Test(svg, host_and_library_have_hues_of_their_own)
{
	unsigned int host[3], library[3];
	const char *at;

	add("f", "host", "encode", 1);
	add("f", "library", "encode", 1);
	drawn();
	at = strstr(strstr(text, "<title>host:"), "rgb(");
	cr_assert_eq(sscanf(at, "rgb(%u,%u,%u", &host[0], &host[1], &host[2]), 3);
	at = strstr(strstr(text, "<title>library:"), "rgb(");
	cr_assert_eq(sscanf(at, "rgb(%u,%u,%u", &library[0], &library[1], &library[2]), 3);
	cr_assert(host[2] > host[0]);
	cr_assert(library[0] > library[2]);
}

Test(svg, weights_near_64_bits_do_not_overflow)
{
	add("f", "host", "a", UINT64_MAX / 2);
	add("f", "host", "b", UINT64_MAX / 2);
	cr_assert(is_balanced(drawn()));
	cr_assert(strstr(text, "(50.00 %)"));
}

Test(svg, an_empty_set_says_so)
{
	cr_assert(is_balanced(drawn()));
	cr_assert(strstr(text, "nothing to draw"));
}

Test(svg, the_deepest_stack_is_drawn)
{
	const char *names[FSC_FOLDED_DEPTH_MAX];

	for (size_t i = 0; i < FSC_FOLDED_DEPTH_MAX; i++)
		names[i] = "deep";
	cr_assert_eq(fsc_folded_add(folded, names, FSC_FOLDED_DEPTH_MAX, 1), FSC_OK);
	cr_assert(is_balanced(drawn()));
}

Test(svg, a_full_disk_is_told)
{
	FILE *full = fopen("/dev/full", "w");

	setvbuf(full, NULL, _IONBF, 0);
	cr_assert_eq(fsc_svg_write(folded, &options, full), FSC_E_IO);
	fclose(full);
}
