/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "cli/process_choice.h"

Test(process_choice, takes_one_path)
{
	struct fsc_process_choice choice = { 0 };

	cr_assert(fsc_process_choice_take_path(&choice, "a.data"));
	cr_assert_str_eq(choice.path, "a.data");
	cr_assert_not(fsc_process_choice_take_path(&choice, "b.data"));
	cr_assert_str_eq(choice.path, "a.data");
}

Test(process_choice, a_pid_is_digits_above_0)
{
	static const char *const wrong[] = { "", "0", "-1", "+1", " 1", "1x", "99999999999" };
	struct fsc_process_choice choice = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_not(fsc_process_choice_take_pid(&choice, wrong[i]), "%s", wrong[i]);
	cr_assert(fsc_process_choice_take_pid(&choice, "4711"));
	cr_assert_eq(choice.pid, 4711);
}

Test(process_choice, colour_is_one_of_three_words)
{
	struct fsc_process_choice choice = { 0 };

	cr_assert(fsc_process_choice_take_colour(&choice, "never"));
	cr_assert_eq(choice.colour, FSC_COLOUR_NEVER);
	cr_assert_not(fsc_process_choice_take_colour(&choice, "sometimes"));
}
