/* SPDX-License-Identifier: MIT */
/* Folders that are recordings, nearly, and not at all. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/recording.h"
#include "builder.h"

static void open_built(struct builder *builder, struct fsc_recording **recording)
{
	struct fsc_error error = { 0 };

	builder_write(builder);
	cr_assert_eq(fsc_recording_open(recording, builder->root, &error), FSC_OK, "%s",
		     error.what);
}

Test(recording, says_what_its_json_files_say)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.more = ",\"calls\":12,\"lost_events\":3,\"events\":[{\"id\":4,\"name\":\"call\","
		       "\"bytes\":48},{\"id\":99,\"name\":\"new\",\"bytes\":20},"
		       "{\"id\":98,\"bytes\":99999999},{\"id\":-1,\"bytes\":4}]";
	open_built(&builder, &recording);
	cr_assert_eq(recording->warnings.count, 0);
	cr_assert_eq(recording->command_count, 2);
	cr_assert_str_eq(recording->command[1], "--fast");
	cr_assert_str_eq(recording->clock_mode, "fenced");
	cr_assert_eq(recording->step_ticks.value, 10);
	cr_assert_not(recording->end_ns.known);
	cr_assert_eq(recording->process_count, 1);
	cr_assert_eq(recording->processes[0].pid, 100);
	cr_assert_eq(recording->processes[0].image, 1);
	cr_assert_eq(recording->processes[0].state, FSC_PROCESS_EXITED);
	cr_assert_str_eq(recording->processes[0].exe, "/bin/demo");
	cr_assert_eq(recording->processes[0].calls.value, 12);
	cr_assert_not(recording->processes[0].lost_findings.known);
	cr_assert_eq(recording->processes[0].record_bytes[99], 20);
	cr_assert_eq(recording->processes[0].record_bytes[98], 0);
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, knows_which_images_its_figures_are_of)
{
	struct fsc_recording recording = { .machine = "x86_64", .clock_mode = "fenced" };
	struct fsc_process process = { .machine = "x86_64", .clock_mode = "fenced" };

	cr_assert(fsc_recording_knows_cost(&recording, &process));
	strcpy(process.machine, "");
	cr_assert(fsc_recording_knows_cost(&recording, &process));
	strcpy(process.machine, "i386");
	cr_assert_not(fsc_recording_knows_cost(&recording, &process));
	cr_assert(fsc_recording_knows_clock(&recording, &process));
	strcpy(process.clock_mode, "system");
	cr_assert_not(fsc_recording_knows_clock(&recording, &process));
	cr_assert_str_eq(fsc_recording_clock_mode(&recording, &process), "system");
	cr_assert_str_eq(fsc_recording_clock_mode(&recording, NULL), "fenced");
}

Test(recording, that_is_not_there_is_one_clear_error)
{
	struct fsc_recording *recording;
	struct fsc_error error = { 0 };

	cr_assert_eq(fsc_recording_open(&recording, "/no/such/folder", &error), FSC_E_NOT_FOUND);
	cr_assert_null(recording);
	cr_assert_not_null(strstr(error.what, "no recording here"));
	cr_assert_not_null(strstr(error.hint, "ffiscope record"));
}

Test(recording, another_folder_or_a_file_is_not_one)
{
	char file[128];
	struct fsc_recording *recording;
	struct fsc_error error = { 0 };
	struct builder builder;

	builder_init(&builder);
	cr_assert_eq(fsc_recording_open(&recording, builder.root, &error), FSC_E_FORMAT);
	cr_assert_not_null(strstr(error.what, "not a recording"));
	builder_write(&builder);
	snprintf(file, sizeof(file), "%s/meta.json", builder.root);
	cr_assert_eq(fsc_recording_open(&recording, file, &error), FSC_E_FORMAT);
	builder_fini(&builder);
}

Test(recording, without_its_json_files_is_read_with_warnings)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.meta = "";
	builder.no_process_json = true;
	open_built(&builder, &recording);
	cr_assert_eq(recording->process_count, 1);
	cr_assert_eq(recording->processes[0].pid, 100);
	cr_assert_eq(recording->processes[0].state, FSC_PROCESS_UNKNOWN);
	cr_assert_eq(recording->warnings.count, 2);
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, cut_off_json_gives_what_stands_before_the_cut)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.meta = "{\"format\":1,\"version\":\"0.1.0\",\"comm";
	open_built(&builder, &recording);
	cr_assert_str_eq(recording->version, "0.1.0");
	cr_assert_eq(recording->warnings.count, 1);
	cr_assert(recording->warnings.list[0].has_offset);
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, json_nested_without_end_is_a_warning)
{
	static char deep[100000];
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	memset(deep, '[', sizeof(deep) - 1);
	builder.meta = deep;
	open_built(&builder, &recording);
	cr_assert_eq(recording->warnings.list[0].status, FSC_E_LIMIT);
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, from_a_newer_version_warns_and_names_both_formats)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.meta = "{\"format\":7}";
	open_built(&builder, &recording);
	cr_assert_eq(recording->process_count, 1);
	cr_assert_eq(recording->warnings.list[0].status, FSC_E_VERSION);
	cr_assert_not_null(strstr(recording->warnings.list[0].what, "format 7, this reads 1"));
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, meta_stands_in_for_a_missing_process_file)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.no_process_json = true;
	builder.meta = "{\"format\":1,\"processes\":[{\"pid\":7,\"image\":1,\"calls\":5},"
		       "{\"pid\":100,\"image\":1,\"exe\":\"/bin/x\",\"calls\":9}]}";
	open_built(&builder, &recording);
	cr_assert_eq(recording->process_count, 1);
	cr_assert_eq(recording->processes[0].calls.value, 9);
	cr_assert_str_eq(recording->processes[0].exe, "/bin/x");
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, a_bare_ctf_folder_or_a_process_folder_will_do)
{
	static const char *const folders[] = { "100-1", "100-1/ctf" };
	struct fsc_recording *recording;
	struct builder builder;
	char path[128];

	builder_init(&builder);
	builder_write(&builder);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", builder.root, folders[i]);
		cr_assert_eq(fsc_recording_open(&recording, path, NULL), FSC_OK);
		cr_assert_eq(recording->process_count, 1);
		cr_assert_not_null(fsc_recording_busiest(recording));
		fsc_recording_destroy(recording);
	}
	builder_fini(&builder);
}

Test(recording, of_an_image_that_was_not_finished_no_total_is_known)
{
	static const char unfinished[] = "{\"format\":1,\"complete\":false}";
	static const char finished[] = "{\"format\":1,\"complete\":true,\"end_ns\":5}";

	for (int end = 0; end < 2; end++) {
		struct fsc_recording *recording;
		const struct fsc_process *process;
		struct builder builder;

		builder_init(&builder);
		builder.meta = end ? finished : unfinished;
		builder.state = "running";
		builder.more = ",\"calls\":0,\"lost_events\":0,\"threads\":0";
		open_built(&builder, &recording);
		process = &recording->processes[0];
		cr_assert_eq(process->finished.value, end);
		cr_assert_eq(process->calls.known, (bool)end);
		cr_assert_eq(process->lost_events.known, (bool)end);
		cr_assert_eq(process->threads.known, (bool)end);
		fsc_recording_destroy(recording);
		builder_fini(&builder);
	}
}

Test(recording, a_process_file_that_could_not_be_renewed_gives_way_to_the_finished_meta)
{
	struct fsc_recording *recording;
	struct builder builder;

	builder_init(&builder);
	builder.meta = "{\"format\":1,\"complete\":true,\"end_ns\":5,\"processes\":[{\"pid\":100,"
		       "\"image\":1,\"state\":\"exited\",\"calls\":9,\"lost_events\":4}]}";
	builder.state = "running";
	builder.more = ",\"calls\":0,\"lost_events\":0";
	open_built(&builder, &recording);
	cr_assert_eq(recording->processes[0].state, FSC_PROCESS_EXITED);
	cr_assert_eq(recording->processes[0].calls.value, 9);
	cr_assert_eq(recording->processes[0].lost_events.value, 4);
	fsc_recording_destroy(recording);
	builder_fini(&builder);
}

Test(recording, without_counts_the_busiest_image_is_the_one_with_most_events)
{
	struct fsc_process processes[] = {
		{ .pid = 1, .stream_bytes = 48 },
		{ .pid = 2, .stream_bytes = 48 * 20 },
		{ .pid = 3, .calls = fsc_known(9) },
	};
	struct fsc_recording recording = { .processes = processes, .process_count = 3 };

	cr_assert_eq(fsc_recording_busiest(&recording), &processes[1]);
}

Test(recording, the_busiest_image_is_the_one_with_most_calls)
{
	struct fsc_process processes[] = {
		{ .pid = 1, .image = 1 },
		{ .pid = 1, .image = 2, .calls = fsc_known(4) },
		{ .pid = 2, .image = 1, .calls = fsc_known(9) },
	};
	struct fsc_recording recording = { .processes = processes, .process_count = 3 };

	cr_assert_eq(fsc_recording_busiest(&recording), &processes[2]);
	cr_assert_eq(fsc_recording_find(&recording, "", 1, FSC_ANY_IMAGE), &processes[1]);
	cr_assert_eq(fsc_recording_find(&recording, "", 1, 1), &processes[0]);
	cr_assert_null(fsc_recording_find(&recording, "", 1, 3));
	cr_assert_null(fsc_recording_find(&recording, "", 3, FSC_ANY_IMAGE));
}
