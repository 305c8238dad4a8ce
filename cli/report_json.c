/* SPDX-License-Identifier: MIT */
/*
 * The JSON contract, schema ffiscope.report/1: members are only ever added. What is not known is
 * null; json_members.h sees to it.
 */
#include "cli/json_members.h"
#include "cli/report_internal.h"

enum { BUFFER_BYTES = 65536, SHARE_DECIMALS = 6, PACE_DECIMALS = 3 };

/* What stands for all images of a summary has no number of its own. */
static void put_image(struct fsc_json *json, const struct fsc_process *process)
{
	struct fsc_maybe one = { .known = process->pid > 0 };

	fsc_json_object_begin(json);
	one.value = process->pid;
	fsc_json_members_maybe(json, "pid", one);
	one.value = process->image;
	fsc_json_members_maybe(json, "image", one);
	fsc_json_members_text(json, "exe", process->exe);
	fsc_json_members_maybe(json, "calls", process->calls);
	fsc_json_members_maybe(json, "parent", process->parent);
	fsc_json_member_string(json, "state", fsc_process_state_name(process->state));
	fsc_json_members_maybe(json, "lost_events", process->lost_events);
	fsc_json_members_text(json, "host", process->host);
	fsc_json_object_end(json);
}

static void put_processes(struct fsc_json *json, const struct fsc_report *report)
{
	const struct fsc_recording *recording = report->recording;

	fsc_json_key(json, "process");
	if (report->process)
		put_image(json, report->process);
	else
		fsc_json_null(json);
	fsc_json_newline(json);
	fsc_json_key(json, "processes");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < recording->process_count; i++) {
		fsc_json_newline(json);
		put_image(json, &recording->processes[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
}

static struct fsc_maybe to_ns(struct fsc_maybe ps)
{
	return ps.known ? fsc_known((ps.value + 500) / 1000) : FSC_UNKNOWN;
}

static void put_probe_kinds(struct fsc_json *json, const struct fsc_probe_cost *probes)
{
	fsc_json_key(json, "kinds");
	fsc_json_array_begin(json);
	for (int kind = 0; probes && kind < FSC_PROBE_KINDS; kind++) {
		if (!probes[kind].known)
			continue;
		fsc_json_object_begin(json);
		fsc_json_member_string(json, "kind", fsc_probe_kind_name(kind));
		fsc_json_member_u64(json, "inner", probes[kind].inner_ps);
		fsc_json_member_u64(json, "outer", probes[kind].outer_ps);
		fsc_json_member_u64(json, "spread", probes[kind].spread_ps);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void put_measuring(struct fsc_json *json, const struct fsc_report *report)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	fsc_json_members_text(json, "sink", report->process ? report->process->sink : "");
	fsc_json_key(json, "clock");
	fsc_json_object_begin(json);
	fsc_json_members_text(json, "mode",
			      fsc_recording_clock_mode(report->recording, report->process));
	fsc_json_members_maybe(json, "step_ns", breakdown->step_ns);
	fsc_json_member_i64(json, "residual_ns", breakdown->clock_residual_ns);
	fsc_json_object_end(json);
	fsc_json_key(json, "probe_cost_ns");
	fsc_json_object_begin(json);
	fsc_json_members_maybe(json, "inner", to_ns(breakdown->probe_inner_ps));
	fsc_json_members_maybe(json, "outer", to_ns(breakdown->probe_outer_ps));
	fsc_json_object_end(json);
	fsc_json_key(json, "probe_cost_ps");
	fsc_json_object_begin(json);
	fsc_json_members_maybe(json, "inner", breakdown->probe_inner_ps);
	fsc_json_members_maybe(json, "outer", breakdown->probe_outer_ps);
	fsc_json_members_maybe(json, "spread", breakdown->probe_spread_ps);
	if (breakdown->pace_permille.known)
		fsc_json_member_decimal(json, "pace", breakdown->pace_permille.value,
					PACE_DECIMALS);
	else
		fsc_json_member_null(json, "pace");
	put_probe_kinds(json, breakdown->probes);
	fsc_json_object_end(json);
	fsc_json_members_maybe(json, "probes_added_ns", to_ns(breakdown->probes_added_ps));
	fsc_json_members_maybe(json, "growth_ns", breakdown->growth_ns);
	fsc_json_member_bool(json, "corrected", report->corrected);
	fsc_json_newline(json);
	fsc_json_members_maybe(json, "first_ns", breakdown->first_ns);
	fsc_json_members_maybe(json, "last_ns", breakdown->last_ns);
	fsc_json_newline(json);
}

static void put_entry(struct fsc_json *json, const struct fsc_entry_row *row)
{
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", row->name);
	fsc_json_members_text(json, "library", row->library);
	fsc_json_key(json, "aliases");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < row->alias_count; i++)
		fsc_json_string(json, row->aliases[i]);
	fsc_json_array_end(json);
	fsc_json_member_string(json, "kind", row->is_free ? "free" : "entry");
	fsc_json_member_u64(json, "calls", row->calls);
	fsc_json_members_maybe(json, "total_ns", row->times.total_ns);
	fsc_json_members_maybe(json, "self_ns", row->self_ns);
	fsc_json_members_maybe(json, "min_ns", row->times.min_ns);
	fsc_json_members_maybe(json, "mean_ns", row->times.mean_ns);
	fsc_json_members_maybe(json, "raw_mean_ns", row->times.raw_mean_ns);
	fsc_json_members_maybe(json, "p50_ns", row->times.p50_ns);
	fsc_json_members_maybe(json, "p90_ns", row->times.p90_ns);
	fsc_json_members_maybe(json, "p99_ns", row->times.p99_ns);
	fsc_json_members_maybe(json, "p999_ns", row->times.p999_ns);
	fsc_json_members_maybe(json, "max_ns", row->times.max_ns);
	fsc_json_members_maybe(json, "quantile_error_ns", row->quantile_error_ns);
	fsc_json_members_maybe(json, "request_bytes", row->request_bytes);
	fsc_json_members_maybe(json, "response_bytes", row->response_bytes);
	fsc_json_members_maybe(json, "allocations", row->allocations);
	fsc_json_members_maybe(json, "allocated_bytes", row->allocated_bytes);
	fsc_json_members_maybe(json, "frees", row->frees);
	fsc_json_members_maybe(json, "freed_bytes", row->freed_bytes);
	fsc_json_members_maybe(json, "unwound", row->unwound);
	fsc_json_members_maybe(json, "open", row->open);
	fsc_json_member_u64(json, "threads", row->threads);
	fsc_json_members_maybe(json, "skipped", row->skipped);
	fsc_json_member_u64(json, "timed_calls", row->times.count);
	fsc_json_members_maybe(json, "sampled", row->sampled);
	fsc_json_members_maybe(json, "mean_ci95_ns", row->mean_ci95_ns);
	fsc_json_member_bool(json, "partial", row->partial);
	if (row->estimate.known)
		fsc_json_member_bool(json, "estimate", row->estimate.value);
	else
		fsc_json_member_null(json, "estimate");
	fsc_json_object_end(json);
}

/* Which entry point a row belongs to: by name, and by library where names are the same. */
static void put_entry_point(struct fsc_json *json, const struct fsc_report *report, size_t index)
{
	const struct fsc_entry_row *row = &report->breakdown->entry_points[index];

	fsc_json_member_string(json, "entry_point", row->name);
	fsc_json_members_text(json, "library", row->library);
}

static void put_phase(struct fsc_json *json, const struct fsc_report *report,
		      const struct fsc_phase_row *row)
{
	fsc_json_object_begin(json);
	put_entry_point(json, report, row->entry_point);
	fsc_json_member_string(json, "phase", row->phase);
	fsc_json_member_string(json, "side", fsc_side_name(row->side));
	fsc_json_member_string(json, "source", fsc_source_name(row->source));
	fsc_json_member_u64(json, "count", row->times.count);
	fsc_json_members_maybe(json, "mean_ns", row->times.mean_ns);
	fsc_json_members_maybe(json, "p50_ns", row->times.p50_ns);
	fsc_json_members_maybe(json, "p99_ns", row->times.p99_ns);
	fsc_json_members_maybe(json, "total_ns", row->times.total_ns);
	if (row->share_ppm.known)
		fsc_json_member_decimal(json, "share", row->share_ppm.value, SHARE_DECIMALS);
	else
		fsc_json_member_null(json, "share");
	fsc_json_members_maybe(json, "allocations", row->allocations);
	fsc_json_members_maybe(json, "allocated_bytes", row->allocated_bytes);
	fsc_json_member_bool(json, "partial", row->partial);
	fsc_json_object_end(json);
}

static void put_slowest_phases(struct fsc_json *json, const struct fsc_report *report,
			       size_t entry_point)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	fsc_json_key(json, "phases");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *row = &breakdown->phases[i];

		if (row->entry_point != entry_point || !row->raw_per_slowest_ns.known)
			continue;
		fsc_json_object_begin(json);
		fsc_json_member_string(json, "phase", row->phase);
		fsc_json_member_string(json, "side", fsc_side_name(row->side));
		fsc_json_members_maybe(json, "raw_mean_ns", row->raw_per_slowest_ns);
		fsc_json_members_maybe(json, "raw_mean_of_all_ns", row->raw_per_request_ns);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void put_slowest(struct fsc_json *json, const struct fsc_report *report,
			const struct fsc_request_row *row)
{
	fsc_json_key(json, "slowest");
	if (!row->slowest.count) {
		fsc_json_null(json);
		return;
	}
	fsc_json_object_begin(json);
	fsc_json_member_u64(json, "count", row->slowest.count);
	fsc_json_members_maybe(json, "least_ns", row->slowest.least_ns);
	fsc_json_members_maybe(json, "raw_mean_ns", row->slowest.raw_mean_ns);
	put_slowest_phases(json, report, row->entry_point);
	fsc_json_object_end(json);
}

static void put_warm_up(struct fsc_json *json, const struct fsc_request_row *row)
{
	fsc_json_key(json, "warm_up");
	if (!row->warm_up.count) {
		fsc_json_null(json);
		return;
	}
	fsc_json_object_begin(json);
	fsc_json_member_u64(json, "count", row->warm_up.count);
	fsc_json_members_maybe(json, "mean_ns", row->warm_up.mean_ns);
	fsc_json_members_maybe(json, "raw_mean_ns", row->warm_up.raw_mean_ns);
	fsc_json_members_maybe(json, "later_mean_ns", row->later.mean_ns);
	fsc_json_members_maybe(json, "later_raw_mean_ns", row->later.raw_mean_ns);
	fsc_json_object_end(json);
}

static void put_request(struct fsc_json *json, const struct fsc_report *report,
			const struct fsc_request_row *row)
{
	fsc_json_object_begin(json);
	put_entry_point(json, report, row->entry_point);
	fsc_json_member_u64(json, "count", row->times.count);
	fsc_json_members_maybe(json, "mean_ns", row->times.mean_ns);
	fsc_json_members_maybe(json, "p50_ns", row->times.p50_ns);
	fsc_json_members_maybe(json, "p99_ns", row->times.p99_ns);
	fsc_json_members_maybe(json, "total_ns", row->times.total_ns);
	fsc_json_members_maybe(json, "held_ns", row->held_ns);
	fsc_json_member_u64(json, "held_count", row->held_count);
	fsc_json_members_maybe(json, "sampled", row->sampled);
	put_slowest(json, report, row);
	put_warm_up(json, row);
	fsc_json_member_bool(json, "partial", row->partial);
	fsc_json_object_end(json);
}

/* Of the profile sink: which call it was done for is not known. */
static void put_host(struct fsc_json *json, const struct fsc_breakdown_result *breakdown)
{
	fsc_json_key(json, "host_phases");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < breakdown->host_count; i++) {
		const struct fsc_host_row *row = &breakdown->host[i];

		fsc_json_newline(json);
		fsc_json_object_begin(json);
		fsc_json_member_string(json, "phase", row->phase);
		fsc_json_member_u64(json, "count", row->times.count);
		fsc_json_members_maybe(json, "mean_ns", row->times.mean_ns);
		fsc_json_members_maybe(json, "p50_ns", row->times.p50_ns);
		fsc_json_members_maybe(json, "p99_ns", row->times.p99_ns);
		fsc_json_members_maybe(json, "total_ns", row->times.total_ns);
		fsc_json_member_bool(json, "partial", row->partial);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
}

static void put_rows(struct fsc_json *json, const struct fsc_report *report)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	fsc_json_key(json, "entry_points");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < breakdown->entry_point_count; i++) {
		fsc_json_newline(json);
		put_entry(json, &breakdown->entry_points[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "phases");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		fsc_json_newline(json);
		put_phase(json, report, &breakdown->phases[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "requests");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < breakdown->request_count; i++) {
		fsc_json_newline(json);
		put_request(json, report, &breakdown->requests[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	put_host(json, breakdown);
}

/* No Dart Timeline is read. */
static void put_dart(struct fsc_json *json)
{
	fsc_json_key(json, "dart");
	fsc_json_object_begin(json);
	fsc_json_member_null(json, "matched");
	fsc_json_member_null(json, "unmatched_calls");
	fsc_json_member_null(json, "unmatched_spans");
	fsc_json_member_null(json, "residual_ns");
	fsc_json_object_end(json);
}

void fsc_report_json_write(const struct fsc_report *report, const struct fsc_output *output)
{
	static char buffer[BUFFER_BYTES];
	struct fsc_json json;

	fsc_json_init(&json, buffer, sizeof(buffer), fsc_output_flush_json, output->stream);
	fsc_json_object_begin(&json);
	fsc_json_member_string(&json, "schema", "ffiscope.report/1");
	fsc_json_newline(&json);
	put_processes(&json, report);
	fsc_json_members_loss(&json, &report->breakdown->loss);
	fsc_json_newline(&json);
	put_measuring(&json, report);
	put_rows(&json, report);
	put_dart(&json);
	fsc_json_object_end(&json);
	/* A failed write is a failed stream, which fsc_output_finish() reports. */
	(void)fsc_json_finish(&json);
}
