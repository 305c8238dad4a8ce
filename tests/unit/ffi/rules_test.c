/* SPDX-License-Identifier: MIT */
/* rules_test.c - which functions are wrapped, and why others are not. */
#include "ffi/rules.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fsc_rules rules;
static const struct fsc_boundary_row *row;

static void begin(void)
{
	memset(&rules, 0, sizeof(rules));
	rules.codecs = true;
	rules.exclude = "";
}

TestSuite(rules, .init = begin);

static enum fsc_choice choose(const char *name, const char *library)
{
	return fsc_rules_choose(&rules, name, library, &row);
}

Test(rules, a_lookup_outside_the_system_folders_is_wrapped)
{
	fsc_rules_complete(&rules, "");
	cr_assert_eq(choose("store_query", "/opt/libstore.so"), FSC_CHOICE_LOOKUP);
	cr_assert_null(row);
	cr_assert_eq(choose("store_query", "/usr/lib/libstore.so"), FSC_CHOICE_SYSTEM);
	cr_assert_eq(choose("store_query", "/usr/library/libstore.so"), FSC_CHOICE_LOOKUP);
	cr_assert_eq(choose("store_query", ""), FSC_CHOICE_SYSTEM);
}

Test(rules, a_built_in_name_is_wrapped_wherever_it_lies)
{
	fsc_rules_complete(&rules, "");
	cr_assert_eq(choose("proto2ffi_say_hello", "/usr/lib/libgreeter.so"), FSC_CHOICE_ROW);
	cr_assert_eq(row->kind, FSC_ROW_ENTRY);
	cr_assert_eq(choose("greeter_free_byte_buffer", ""), FSC_CHOICE_ROW);
	cr_assert_eq(row->kind, FSC_ROW_FREE);
}

Test(rules, what_returns_twice_and_what_is_ours_never_is)
{
	fsc_rules_complete(&rules, "vfork\nffiscope_begin");
	cr_assert_eq(choose("vfork", "/opt/libstore.so"), FSC_CHOICE_NEVER);
	cr_assert_eq(choose("ffiscope_begin", "/opt/libstore.so"), FSC_CHOICE_NEVER);
}

Test(rules, exclude_beats_rows_and_lookups)
{
	rules.exclude = "*hello\nstore_*";
	fsc_rules_complete(&rules, "store_put");
	cr_assert_eq(choose("proto2ffi_say_hello", "/opt/a.so"), FSC_CHOICE_EXCLUDED);
	cr_assert_eq(choose("store_put", "/opt/a.so"), FSC_CHOICE_EXCLUDED);
	cr_assert_null(row);
}

Test(rules, entry_adds_in_the_system_folders_too)
{
	fsc_rules_complete(&rules, "deflate*");
	cr_assert_eq(choose("deflateInit_", "/usr/lib/libz.so.1"), FSC_CHOICE_ROW);
	cr_assert_eq(choose("inflate", "/usr/lib/libz.so.1"), FSC_CHOICE_SYSTEM);
}

Test(rules, an_initialiser_of_a_language_module_is_left_alone)
{
	fsc_rules_complete(&rules, "");
	cr_assert_eq(choose("PyInit_fast", "/opt/fast.so"), FSC_CHOICE_INITIALIZER);
}

Test(rules, a_boundary_file_replaces_the_lookup_rule)
{
	struct fsc_boundary_error error;

	rules.has_boundary_file = true;
	cr_assert(fsc_boundary_parse(&rules.boundary, "entry store_*\n", 14, &error));
	fsc_rules_complete(&rules, "");
	cr_assert_eq(choose("store_put", "/opt/a.so"), FSC_CHOICE_ROW);
	cr_assert_eq(row->line, 1);
	cr_assert_eq(choose("other", "/opt/a.so"), FSC_CHOICE_UNNAMED);
}

Test(rules, codecs_can_be_left_alone)
{
	fsc_rules_complete(&rules, "");
	cr_assert_eq(choose("protobuf_c_message_pack", "/usr/lib/libprotobuf-c.so.1"),
		     FSC_CHOICE_ROW);
	cr_assert_eq(row->kind, FSC_ROW_ENCODE);
	rules.codecs = false;
	cr_assert_eq(choose("protobuf_c_message_pack", "/usr/lib/libprotobuf-c.so.1"),
		     FSC_CHOICE_CODECS_OFF);
}

Test(rules, only_names_that_a_row_could_want_are_named)
{
	fsc_rules_complete(&rules, "store_*");
	cr_assert(fsc_boundary_has_name(&rules.boundary, "store_put"));
	cr_assert(fsc_boundary_has_name(&rules.boundary, "proto2ffi_x"));
	cr_assert_not(fsc_boundary_has_name(&rules.boundary, "printf"));
}
