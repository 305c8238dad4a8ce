/* SPDX-License-Identifier: MIT */
#include "cli/messages.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

TestSuite(messages, .init = cr_redirect_stderr);

Test(messages, an_error_is_what_where_and_a_hint)
{
	struct fsc_error error;

	(void)fsc_error_set(&error, FSC_E_FORMAT, "a/meta.json", "not JSON");
	fsc_error_hint(&error, "try %s", "this");
	error.line = 3;
	fsc_messages_error(&error);
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: not JSON: a/meta.json:3 (try this)\n");
}

Test(messages, a_place_in_a_file_is_a_byte)
{
	struct fsc_error error;

	(void)fsc_error_set(&error, FSC_E_FORMAT, "slot-00000", "damaged");
	error.has_offset = true;
	error.offset = 4096;
	fsc_messages_error(&error);
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: damaged: slot-00000, byte 4096\n");
}

Test(messages, an_error_without_place_has_only_what)
{
	struct fsc_error error;

	(void)fsc_error_set(&error, FSC_E_NOMEM, NULL, "no memory");
	fsc_messages_error(&error);
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: no memory\n");
}

Test(messages, texts_from_outside_stay_on_their_line)
{
	fsc_messages_say("cannot read %s", "a\nb\033[2J");
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: cannot read a\xEF\xBF\xBD"
				"b\xEF\xBF\xBD[2J\n");
}

Test(messages, more_warnings_than_are_kept_are_counted)
{
	static struct fsc_warnings warnings;

	for (int i = 0; i < FSC_WARNINGS_MAX + 2; i++)
		(void)fsc_error_set(fsc_warnings_next(&warnings), FSC_E_FORMAT, NULL, "w");
	warnings.list[0].what[0] = '\0';
	warnings.count = FSC_WARNINGS_MAX + 2;
	fsc_messages_warnings(&warnings);
	fflush(stderr);
	FILE *seen = cr_get_redirected_stderr();
	char line[128], last[128] = "";

	while (fgets(line, sizeof(line), seen))
		snprintf(last, sizeof(last), "%s", line);
	cr_assert_str_eq(last, "ffiscope: 2 more of these\n");
}
