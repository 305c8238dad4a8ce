/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command_path.h"

static char path[PATH_MAX];

Test(command_path, a_name_is_looked_for_in_path)
{
	setenv("PATH", "/no/such/folder:/usr/bin:/bin", 1);
	cr_assert(fsc_command_path_find("env", path, sizeof(path)));
	cr_assert_str_eq(path, "/usr/bin/env");
}

Test(command_path, a_path_is_taken_as_it_is)
{
	setenv("PATH", "", 1);
	cr_assert(fsc_command_path_find("/usr/bin/env", path, sizeof(path)));
	cr_assert_str_eq(path, "/usr/bin/env");
}

Test(command_path, what_is_not_there_and_what_may_not_be_run_differ)
{
	setenv("PATH", "/usr/bin", 1);
	cr_assert_not(fsc_command_path_find("no-such-command", path, sizeof(path)));
	cr_assert_eq(errno, ENOENT);
	cr_assert_not(fsc_command_path_find("/etc/passwd", path, sizeof(path)));
	cr_assert_eq(errno, EACCES);
	cr_assert_not(fsc_command_path_find("/usr/bin", path, sizeof(path)));
	cr_assert_eq(errno, EACCES);
	cr_assert_not(fsc_command_path_find("", path, sizeof(path)));
	cr_assert_eq(errno, ENOENT);
}

Test(command_path, an_empty_part_is_where_we_stand)
{
	setenv("PATH", "/no/such/folder:", 1);
	cr_assert_eq(chdir("/usr/bin"), 0);
	cr_assert(fsc_command_path_find("env", path, sizeof(path)));
	cr_assert_str_eq(path, "./env");
}
