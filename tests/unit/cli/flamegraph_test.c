/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/flamegraph_internal.h"
#include "cli/output_file.h"
#include "fixture.h"

static struct fsc_folded *folded;
static char folder[] = "/tmp/ffiscope-flamegraph-XXXXXX";
static char path[256];

static void begin(void)
{
	fixture_begin();
	cr_assert_eq(fsc_folded_create(&folded), FSC_OK);
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/out.svg", folder);
}

static void end(void)
{
	fsc_folded_destroy(folded);
	unlink(path);
	rmdir(folder);
	fixture_end();
}

TestSuite(flamegraph, .init = begin, .fini = end);

static const char *stacks(size_t left_out)
{
	size_t negative;

	cr_assert_eq(fsc_flamegraph_add_phases(folded, &fixture.breakdown, &negative), FSC_OK);
	cr_assert_eq(negative, left_out);
	cr_assert_eq(fsc_folded_write(folded, fixture.output.stream), FSC_OK);
	return fixture_text();
}

Test(flamegraph, every_phase_that_was_seen_is_a_stack)
{
	cr_assert_str_eq(stacks(0), "proto2ffi_say_hello;host;encode 400000\n"
				    "proto2ffi_say_hello;host;prepare 100000\n"
				    "proto2ffi_say_hello;host;decode 250000\n"
				    "proto2ffi_say_hello;host;consume 1200000\n"
				    "proto2ffi_say_hello;host;other 20000\n"
				    "proto2ffi_say_hello;library;decode 300000\n"
				    "proto2ffi_say_hello;library;work 1400000\n"
				    "proto2ffi_say_hello;library;encode 300000\n"
				    "proto2ffi_say_hello;library;free 30000\n"
				    "init_service;library;other 1000000\n");
}

Test(flamegraph, a_negative_phase_is_left_out_and_counted)
{
	fixture.phases[1].times.total_ns = fsc_known(-1);
	cr_assert_not(strstr(stacks(1), "prepare"));
}

Test(flamegraph, a_file_appears_when_it_is_whole)
{
	struct fsc_output_file file;

	cr_assert(fsc_output_file_open(&file, path));
	fputs("drawing", file.stream);
	cr_assert(access(path, F_OK));
	cr_assert(fsc_output_file_close(&file, true));
	cr_assert_not(access(path, F_OK));
}

Test(flamegraph, a_failed_drawing_leaves_no_file)
{
	struct fsc_output_file file;

	cr_assert(fsc_output_file_open(&file, path));
	cr_assert(fsc_output_file_close(&file, false));
	cr_assert(access(path, F_OK));
}

Test(flamegraph, a_full_disk_is_told)
{
	struct fsc_output_file file;

	cr_redirect_stderr();
	cr_assert(fsc_output_file_open(&file, "/dev/full"));
	fputs("drawing", file.stream);
	cr_assert_not(fsc_output_file_close(&file, true));
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: cannot write: /dev/full: No space left on device\n");
}

Test(flamegraph, a_folder_that_is_missing_is_told)
{
	struct fsc_output_file file;

	cr_redirect_stderr();
	cr_assert_not(fsc_output_file_open(&file, "/nonexistent/out.svg"));
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"ffiscope: cannot write: /nonexistent/out.svg: No such file or directory\n");
}
