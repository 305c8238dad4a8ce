/* SPDX-License-Identifier: MIT */
/* What several forms of the report need of its rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_internal.h"

const struct fsc_request_row *fsc_report_requests_of(const struct fsc_report *report,
						     size_t entry_point)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	for (size_t i = 0; i < breakdown->request_count; i++)
		if (breakdown->requests[i].entry_point == entry_point)
			return &breakdown->requests[i];
	return NULL;
}

bool fsc_report_still_running(const struct fsc_report *report)
{
	const struct fsc_process *process = report->process;

	return process->state == FSC_PROCESS_RUNNING &&
	       !(process->finished.known && !process->finished.value);
}

bool fsc_report_left_out(const struct fsc_report *report, const struct fsc_phase_row *row)
{
	return row->source == FSC_SOURCE_NONE &&
	       (report->breakdown->profile || !strcmp(row->phase, "other"));
}

bool fsc_report_has_phases(const struct fsc_report *report, size_t entry_point)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	if (fsc_report_requests_of(report, entry_point))
		return true;
	for (size_t i = 0; breakdown->profile && i < breakdown->phase_count; i++)
		if (breakdown->phases[i].entry_point == entry_point &&
		    breakdown->phases[i].times.count)
			return true;
	return false;
}

const char *fsc_report_name(char room[FSC_REPORT_NAME], const char *name, bool partial)
{
	snprintf(room, FSC_REPORT_NAME, "%s%s", name, partial ? " ~" : "");
	return room;
}

static void *copy_of(const void *rows, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size);

	if (copy && count)
		memcpy(copy, rows, count * size);
	return copy;
}

static void make_raw(struct fsc_times *times)
{
	times->mean_ns = times->raw_mean_ns;
	times->total_ns = times->raw_total_ns;
}

enum fsc_status fsc_report_raw_make(struct fsc_breakdown_result *out,
				    const struct fsc_breakdown_result *from)
{
	struct fsc_report report = { .breakdown = out };
	const struct fsc_request_row *requests;

	*out = *from;
	out->entry_points =
		copy_of(from->entry_points, from->entry_point_count, sizeof(*out->entry_points));
	out->phases = copy_of(from->phases, from->phase_count, sizeof(*out->phases));
	out->requests = copy_of(from->requests, from->request_count, sizeof(*out->requests));
	out->host = copy_of(from->host, from->host_count, sizeof(*out->host));
	if (!out->entry_points || !out->phases || !out->requests || !out->host) {
		fsc_report_raw_fini(out);
		return FSC_E_NOMEM;
	}
	for (size_t i = 0; i < out->entry_point_count; i++) {
		make_raw(&out->entry_points[i].times);
		out->entry_points[i].self_ns = out->entry_points[i].raw_self_ns;
		out->entry_points[i].estimate = fsc_known(0);
	}
	for (size_t i = 0; i < out->request_count; i++) {
		make_raw(&out->requests[i].times);
		out->requests[i].warm_up.mean_ns = out->requests[i].warm_up.raw_mean_ns;
		out->requests[i].later.mean_ns = out->requests[i].later.raw_mean_ns;
	}
	for (size_t i = 0; i < out->host_count; i++)
		make_raw(&out->host[i].times);
	for (size_t i = 0; i < out->phase_count; i++) {
		make_raw(&out->phases[i].times);
		requests = fsc_report_requests_of(&report, out->phases[i].entry_point);
		out->phases[i].share_ppm =
			fsc_breakdown_share_ppm(out->phases[i].times.total_ns,
						requests ? requests->times.total_ns : FSC_UNKNOWN);
	}
	return FSC_OK;
}

void fsc_report_raw_fini(struct fsc_breakdown_result *raw)
{
	free(raw->entry_points);
	free(raw->phases);
	free(raw->requests);
	free(raw->host);
	*raw = (struct fsc_breakdown_result){ 0 };
}
