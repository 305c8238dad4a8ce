/* SPDX-License-Identifier: MIT */
/* A manual page that lacks an option of the tables, or a command without page, fails here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cli/control_internal.h"
#include "cli/doctor_internal.h"
#include "cli/flamegraph_internal.h"
#include "cli/leaks_internal.h"
#include "cli/merge_internal.h"
#include "cli/report_internal.h"
#include "cli/top_internal.h"
#include "trace_points/options.h"

static char page[1 << 17];

static const char *read_page(const char *name)
{
	char path[4096];
	size_t length, kept = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.1", MAN_FOLDER, name);
	file = fopen(path, "r");
	cr_assert(file, "%s", path);
	length = fread(page, 1, sizeof(page) - 1, file);
	fclose(file);
	for (size_t i = 0; i < length; i++) /* "\-" is how roff writes a dash */
		if (page[i] != '\\')
			page[kept++] = page[i];
	page[kept] = '\0';
	return page;
}

static void expect_option(const char *name)
{
	char option[64];

	snprintf(option, sizeof(option), "--%s", name);
	cr_assert(strstr(page, option), "the page lacks %s", option);
}

static void check(const struct fsc_arguments *arguments)
{
	char name[64];

	snprintf(name, sizeof(name), "ffiscope-%s", arguments->command);
	read_page(name);
	for (size_t i = 0; i < arguments->count; i++)
		expect_option(arguments->list[i].name);
	expect_option("help");
}

Test(man_pages, report_has_every_option)
{
	check(&fsc_report_arguments);
}

Test(man_pages, control_has_every_option)
{
	check(&fsc_control_arguments);
}

Test(man_pages, top_has_every_option)
{
	check(&fsc_top_arguments);
}

Test(man_pages, leaks_has_every_option)
{
	check(&fsc_leaks_arguments);
}

Test(man_pages, merge_has_every_option)
{
	check(&fsc_merge_arguments);
}

Test(man_pages, doctor_has_every_option)
{
	check(&fsc_doctor_arguments);
}

Test(man_pages, flamegraph_has_every_option)
{
	check(&fsc_flamegraph_arguments);
}

Test(man_pages, record_has_every_option_for_people)
{
	char flag[64];

	read_page("ffiscope-record");
	for (int i = 0; i < FSC_OPTION_COUNT; i++) {
		if (!*fsc_options[i].help)
			continue;
		expect_option(fsc_options[i].name);
		snprintf(flag, sizeof(flag), "no-%s", fsc_options[i].name);
		if (fsc_options[i].kind == FSC_OPTION_flag)
			expect_option(flag);
	}
}

Test(man_pages, the_first_page_names_every_command)
{
	read_page("ffiscope");
#define FSC_COMMAND(name, function, help) cr_assert(strstr(page, "ffiscope-" #name), #name);
#include "cli/commands.def"
#undef FSC_COMMAND
}

Test(man_pages, every_page_is_of_this_version)
{
#define FSC_COMMAND(name, function, help) \
	cr_assert(strstr(read_page("ffiscope-" #name), "\"ffiscope " FSC_VERSION "\""), #name);
#include "cli/commands.def"
#undef FSC_COMMAND
	cr_assert(strstr(read_page("ffiscope"), "\"ffiscope " FSC_VERSION "\""));
}

Test(man_pages, every_command_has_a_page)
{
#define FSC_COMMAND(name, function, help) read_page("ffiscope-" #name);
#include "cli/commands.def"
#undef FSC_COMMAND
}
