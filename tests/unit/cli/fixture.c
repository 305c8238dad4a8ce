/* SPDX-License-Identifier: MIT */
/* Figures are chosen so that phases add up; begin at fixture_begin(). */
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct fixture fixture;

static struct fsc_times times(uint64_t count, int64_t mean_ns)
{
	if (!count)
		return (struct fsc_times){ 0 };
	return (struct fsc_times){
		.count = count,
		.total_ns = fsc_known(mean_ns * (int64_t)count),
		.mean_ns = fsc_known(mean_ns),
		.raw_total_ns = fsc_known((mean_ns + 12) * (int64_t)count + 1),
		.raw_mean_ns = fsc_known(mean_ns + 12),
		.min_ns = fsc_known(mean_ns / 2),
		.p50_ns = fsc_known(mean_ns),
		.p90_ns = fsc_known(mean_ns * 2),
		.p99_ns = fsc_known(mean_ns * 3),
		.p999_ns = fsc_known(mean_ns * 4),
		.max_ns = fsc_known(mean_ns * 5),
	};
}

static void make_recording(void)
{
	static char program[] = "./app", option[] = "--fast";
	static char *command[] = { program, option };
	struct fsc_recording *recording = &fixture.recording;

	strcpy(recording->path, "app.data");
	strcpy(recording->clock_mode, "fenced");
	recording->has_meta = true;
	recording->complete = fsc_known(1);
	recording->command = command;
	recording->command_count = 2;
	recording->start_ns = fsc_known(1000000000);
	recording->end_ns = fsc_known(3500000000);
	recording->exit_status = fsc_known(0);
	recording->processes = fixture.processes;
	recording->process_count = 2;
	fixture.processes[0] = (struct fsc_process){ .pid = 70,
						     .state = FSC_PROCESS_EXITED,
						     .exe = "/usr/bin/app",
						     .parent = fsc_known(1),
						     .calls = fsc_known(2002),
						     .lost_events = fsc_known(0),
						     .allocations = fsc_known(1),
						     .codecs = fsc_known(1) };
	fixture.processes[1] = (struct fsc_process){ .pid = 71,
						     .image = 1,
						     .state = FSC_PROCESS_ENDED,
						     .exe = "/usr/bin/child",
						     .calls = fsc_known(3) };
}

static void make_entries(void)
{
	fixture.entries[0] = (struct fsc_entry_row){ .name = "proto2ffi_say_hello",
						     .library = "/opt/app/libhello.so",
						     .calls = 1000,
						     .times = times(1000, 2000),
						     .self_ns = fsc_known(2000000),
						     .raw_self_ns = fsc_known(2005000),
						     .quantile_error_ns = fsc_known(30),
						     .request_bytes = fsc_known(15000),
						     .response_bytes = fsc_known(23000),
						     .allocations = fsc_known(3000),
						     .allocated_bytes = fsc_known(69000),
						     .frees = fsc_known(2000),
						     .freed_bytes = fsc_known(46000),
						     .unwound = fsc_known(0),
						     .open = fsc_known(0),
						     .threads = 2 };
	fixture.entries[1] = (struct fsc_entry_row){ .name = "init_service",
						     .library = "/opt/app/libhello.so",
						     .calls = 2,
						     .times = times(2, 500000),
						     .self_ns = fsc_known(1000000),
						     .unwound = fsc_known(0),
						     .open = fsc_known(0),
						     .threads = 1 };
	fixture.entries[2] = (struct fsc_entry_row){ .name = "proto2ffi_free_byte_buffer",
						     .library = "/opt/app/libhello.so",
						     .is_free = true,
						     .calls = 1000,
						     .times = times(1000, 30),
						     .self_ns = fsc_known(30000),
						     .unwound = fsc_known(0),
						     .open = fsc_known(0),
						     .threads = 2 };
}

/* mean_ns < 0: not seen. */
static void add_phase(size_t entry, enum fsc_side side, const char *phase, int64_t mean_ns)
{
	static const int64_t whole_ns[] = { 4000, 500000 };
	struct fsc_phase_row *row = &fixture.phases[fixture.breakdown.phase_count++];
	bool other = !strcmp(phase, "other");

	row->entry_point = entry;
	row->phase = phase;
	row->side = side;
	if (mean_ns < 0)
		return;
	row->source = other ? FSC_SOURCE_INFERRED : FSC_SOURCE_MEASURED;
	row->times = times(fixture.entries[entry].calls, mean_ns);
	row->share_ppm = fsc_known(mean_ns * 1000000 / whole_ns[entry]);
}

static void make_phases(void)
{
	add_phase(0, FSC_SIDE_HOST, "encode", 400);
	add_phase(0, FSC_SIDE_HOST, "prepare", 100);
	add_phase(0, FSC_SIDE_HOST, "crossing", -1);
	add_phase(0, FSC_SIDE_LIBRARY, "decode", 300);
	add_phase(0, FSC_SIDE_LIBRARY, "work", 1400);
	add_phase(0, FSC_SIDE_LIBRARY, "encode", 300);
	add_phase(0, FSC_SIDE_LIBRARY, "other", -1);
	add_phase(0, FSC_SIDE_HOST, "decode", 250);
	add_phase(0, FSC_SIDE_HOST, "consume", 1200);
	add_phase(0, FSC_SIDE_LIBRARY, "free", 30);
	add_phase(0, FSC_SIDE_HOST, "other", 20);
	add_phase(1, FSC_SIDE_LIBRARY, "work", -1);
	add_phase(1, FSC_SIDE_LIBRARY, "other", 500000);
	fixture.phases[4].allocations = fsc_known(3000);
	fixture.phases[4].allocated_bytes = fsc_known(69000);
	fixture.requests[0] =
		(struct fsc_request_row){ .entry_point = 0, .times = times(1000, 4000) };
	fixture.requests[1] =
		(struct fsc_request_row){ .entry_point = 1, .times = times(2, 500000) };
}

static void make_breakdown(void)
{
	struct fsc_breakdown_result *breakdown = &fixture.breakdown;

	make_entries();
	make_phases();
	breakdown->entry_points = fixture.entries;
	breakdown->entry_point_count = FIXTURE_ENTRIES;
	breakdown->phases = fixture.phases;
	breakdown->requests = fixture.requests;
	breakdown->request_count = FIXTURE_REQUESTS;
	breakdown->calls = 2002;
	breakdown->first_ns = fsc_known(1100000000);
	breakdown->last_ns = fsc_known(3400000000);
	breakdown->step_ns = fsc_known(10);
	breakdown->probe_inner_ps = fsc_known(12300);
	breakdown->probe_outer_ps = fsc_known(22100);
	breakdown->probes_added_ps = fsc_known(68868800);
	breakdown->probe_spread_ps = fsc_known(400);
	breakdown->pace_permille = fsc_known(1250);
	breakdown->growth_ns = fsc_known(310000);
	breakdown->clock_residual_ns = 3;
}

static void make_leaks(void)
{
	static char entry[] = "proto2ffi_say_hello", library[] = "/opt/app/libhello.so",
		    none[] = "";
	struct fsc_leaks_result *leaks = &fixture.leaks;

	fixture.findings[0] = (struct fsc_leak){
		.kind = FSC_LEAK_NEVER_FREED,
		.pid = 70,
		.host = "",
		.entry_point = entry,
		.library = library,
		.count = 12,
		.bytes = fsc_known(276),
		.first_call = { true, 70, 70, 5, 1200000000 },
		.last_call = { true, 70, 72, 900, 3300000000 },
		.threads = { 70, 72 },
		.thread_count = 2,
	};
	fixture.findings[1] = (struct fsc_leak){
		.kind = FSC_LEAK_FREED_UNKNOWN,
		.uncertain = true,
		.pid = 71,
		.image = 1,
		.host = "far",
		.entry_point = none,
		.library = none,
		.count = 1,
		.without_details = 1,
	};
	leaks->findings = fixture.findings;
	leaks->finding_count = 2;
	leaks->made = fsc_known(1000);
	leaks->freed = fsc_known(988);
	leaks->live = fsc_known(12);
}

void fixture_begin(void)
{
	make_recording();
	make_breakdown();
	make_leaks();
	fixture.report = (struct fsc_report){ .recording = &fixture.recording,
					      .process = &fixture.processes[0],
					      .breakdown = &fixture.breakdown,
					      .leaks = &fixture.leaks,
					      .corrected = true };
	fixture.output.stream = open_memstream(&fixture.text, &fixture.length);
	fixture.output.width = 100;
	cr_assert(fixture.output.stream);
}

void fixture_end(void)
{
	fclose(fixture.output.stream);
	free(fixture.text);
}

const char *fixture_text(void)
{
	fflush(fixture.output.stream);
	return fixture.text;
}
