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

Test(process_choice, a_pid_may_name_one_of_its_images)
{
	static const char *const wrong[] = {
		"", "-1", "0-1", "12-", "12--1", "12-x", "12-1x", "12x"
	};
	struct fsc_process_choice choice = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_not(fsc_process_choice_take_image(&choice, wrong[i]), "%s", wrong[i]);
	cr_assert(fsc_process_choice_take_image(&choice, "4711-3"));
	cr_assert_eq(choice.pid, 4711);
	cr_assert(choice.has_image);
	cr_assert_eq(choice.image, 3);
	cr_assert(fsc_process_choice_take_image(&choice, "4711"));
	cr_assert_not(choice.has_image);
}

Test(process_choice, the_word_for_an_image_has_its_number_where_the_pid_has_several)
{
	struct fsc_process processes[] = { { .pid = 7 }, { .pid = 8 }, { .pid = 8, .image = 1 } };
	struct fsc_recording recording = { .processes = processes, .process_count = 3 };
	char word[FSC_PROCESS_CHOICE_WORD];

	cr_assert_str_eq(fsc_process_choice_word(word, &recording, &processes[0]), "7");
	cr_assert_str_eq(fsc_process_choice_word(word, &recording, &processes[1]), "8-0");
	cr_assert_str_eq(fsc_process_choice_word(word, &recording, &processes[2]), "8-1");
}

Test(process_choice, of_several_hosts_one_is_named)
{
	struct fsc_process processes[] = { { .pid = 7, .host = "one" },
					   { .pid = 7, .host = "two" } };
	struct fsc_recording recording = { .processes = processes, .process_count = 2 };
	struct fsc_process_choice choice = { 0 };
	char word[FSC_PROCESS_CHOICE_WORD];

	cr_assert_str_eq(fsc_process_choice_word(word, &recording, &processes[1]), "two:7");
	cr_assert(fsc_process_choice_take_image(&choice, word));
	cr_assert_eq(fsc_recording_find(&recording, choice.host, choice.pid, FSC_ANY_IMAGE),
		     &processes[1]);
	cr_assert_null(fsc_recording_find(&recording, "three", 7, FSC_ANY_IMAGE));
	cr_assert_not(fsc_process_choice_take_image(&choice, ":7"));
	cr_assert_not(fsc_process_choice_take_image(&choice, "two:"));
}

Test(process_choice, colour_is_one_of_three_words)
{
	struct fsc_process_choice choice = { 0 };

	cr_assert(fsc_process_choice_take_colour(&choice, "never"));
	cr_assert_eq(choice.colour, FSC_COLOUR_NEVER);
	cr_assert_not(fsc_process_choice_take_colour(&choice, "sometimes"));
}
