/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "flamegraphs/folded.h"

static struct fsc_folded *folded;
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

TestSuite(folded, .init = begin, .fini = end);

static enum fsc_status add(const char *a, const char *b, uint64_t weight)
{
	const char *names[] = { a, b };

	return fsc_folded_add(folded, names, 2, weight);
}

static const char *written(void)
{
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert_eq(fsc_folded_write(folded, out), FSC_OK);
	fclose(out);
	return text;
}

Test(folded, equal_stacks_become_one_with_the_sum_of_their_weights)
{
	cr_assert_eq(add("say_hello", "host", 3), FSC_OK);
	cr_assert_eq(add("say_hello", "library", 5), FSC_OK);
	cr_assert_eq(add("say_hello", "host", 4), FSC_OK);
	cr_assert_eq(fsc_folded_total(folded), 12);
	cr_assert_str_eq(written(), "say_hello;host 7\nsay_hello;library 5\n");
}

Test(folded, separators_and_controls_in_names_are_replaced)
{
	cr_assert_eq(add("a;b\nc\td", "", 1), FSC_OK);
	cr_assert_str_eq(written(), "a:b c d;? 1\n");
}

Test(folded, a_stack_may_end_where_another_goes_on)
{
	const char *names[] = { "root" };

	cr_assert_eq(add("root", "leaf", 2), FSC_OK);
	cr_assert_eq(fsc_folded_add(folded, names, 1, 1), FSC_OK);
	cr_assert_str_eq(written(), "root 1\nroot;leaf 2\n");
}

Test(folded, stacks_of_weight_0_are_not_written)
{
	cr_assert_eq(add("a", "b", 0), FSC_OK);
	cr_assert_str_eq(written(), "");
}

Test(folded, weights_beyond_64_bits_are_refused_and_change_nothing)
{
	cr_assert_eq(add("a", "b", UINT64_MAX), FSC_OK);
	cr_assert_eq(add("a", "c", 1), FSC_E_LIMIT);
	cr_assert_eq(fsc_folded_total(folded), UINT64_MAX);
	cr_assert_str_eq(written(), "a;b 18446744073709551615\n");
}

Test(folded, a_stack_deeper_than_the_limit_is_refused)
{
	const char *names[FSC_FOLDED_DEPTH_MAX + 1];

	for (size_t i = 0; i <= FSC_FOLDED_DEPTH_MAX; i++)
		names[i] = "again";
	cr_assert_eq(fsc_folded_add(folded, names, FSC_FOLDED_DEPTH_MAX, 1), FSC_OK);
	cr_assert_eq(fsc_folded_add(folded, names, FSC_FOLDED_DEPTH_MAX + 1, 1), FSC_E_LIMIT);
	cr_assert_eq(fsc_folded_total(folded), 1);
}

Test(folded, many_names_under_one_parent_are_all_kept)
{
	char name[16];
	size_t lines = 0;

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "f%d", i % 10000);
		cr_assert_eq(add("root", name, 1), FSC_OK);
	}
	for (const char *at = written(); *at; at++)
		lines += *at == '\n';
	cr_assert_eq(lines, 10000);
	cr_assert(strstr(text, "root;f9999 2\n"));
}

Test(folded, a_full_disk_is_told)
{
	FILE *full = fopen("/dev/full", "w");

	cr_assert_eq(add("a", "b", 1), FSC_OK);
	setvbuf(full, NULL, _IONBF, 0);
	cr_assert_eq(fsc_folded_write(folded, full), FSC_E_IO);
	fclose(full);
}

Test(folded, destroying_nothing_is_legal)
{
	fsc_folded_destroy(NULL);
	cr_assert_eq(fsc_folded_total(folded), 0);
}
