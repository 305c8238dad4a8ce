/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/boundary_file.h"

static struct fsc_boundary rows;
static char *text;
static size_t length;

/* A file of that text; its path. */
static const char *file_of(const char *content)
{
	static char path[64];
	int file = memfd_create("boundary", 0);

	cr_assert_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return path;
}

Test(boundary_file, a_good_file_gives_its_text_and_its_rows)
{
	cr_assert(fsc_boundary_file_read(file_of("entry store_*\nfree store_free buffer=arg0\n"),
					 &rows, &text, &length));
	cr_assert_eq(rows.row_count, 2);
	cr_assert_eq(length, 42);
	free(text);
}

Test(boundary_file, a_mistake_is_told_with_its_place, .init = cr_redirect_stderr)
{
	cr_assert_not(fsc_boundary_file_read(file_of("entry a\nenter b\n"), &rows, &text, &length));
	cr_assert_null(text);
	fflush(stderr);
	cr_assert_stderr_neq_str("");
}

Test(boundary_file, a_missing_file_is_told, .init = cr_redirect_stderr)
{
	cr_assert_not(fsc_boundary_file_read("/no/such/file", &rows, &text, &length));
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: cannot read /no/such/file: No such file or directory\n");
}

Test(boundary_file, a_glob_that_is_too_long_is_told_by_its_name, .init = cr_redirect_stderr)
{
	char glob[2 * FSC_BOUNDARY_GLOB_MAX];

	memset(glob, 'a', sizeof(glob) - 1);
	glob[sizeof(glob) - 1] = '\0';
	cr_assert(fsc_boundary_file_check_globs("--entry", "store_*\nother"));
	cr_assert_not(fsc_boundary_file_check_globs("--entry", glob));
}
