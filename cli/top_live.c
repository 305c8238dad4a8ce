/* SPDX-License-Identifier: MIT */
/* A sample of a live session of LTTng in the form of one of an image; nothing is hard here. */
#include <stdlib.h>

#include "cli/top_internal.h"
#include "trace_points/clock.h"

static void fill_row(struct fsc_top_row *row, const struct fsc_lttng_live_row *from)
{
	*row = (struct fsc_top_row){ .name = from->name,
				     .library = from->library,
				     .kind = from->kind,
				     .calls = from->calls,
				     .completed = from->completed,
				     .bytes = from->bytes,
				     .live = from->live,
				     .calls_per_s = from->calls_per_s,
				     .p50_ns = from->p50_ns,
				     .p99_ns = from->p99_ns };
	if (from->completed)
		row->mean_ns = fsc_known((int64_t)(from->total_ns / from->completed));
}

enum fsc_status fsc_top_sample_of_session(struct fsc_top_sample *sample,
					  const struct fsc_lttng_live *live, const char *url)
{
	enum fsc_status status;

	*sample = (struct fsc_top_sample){ .url = url, .time_ns = fsc_clock_monotonic_ns() };
	status = fsc_lttng_live_look(live, &sample->session);
	if (status)
		return status;
	sample->rows = calloc(sample->session.row_count + 1, sizeof(*sample->rows));
	if (!sample->rows)
		return FSC_E_NOMEM;
	sample->row_count = sample->session.row_count;
	for (size_t i = 0; i < sample->row_count; i++) {
		struct fsc_top_row *row = &sample->rows[i];

		fill_row(row, &sample->session.rows[i]);
		sample->calls += row->calls;
		sample->live += row->live;
		if (row->calls_per_s.known)
			sample->calls_per_s =
				fsc_known(sample->calls_per_s.value + row->calls_per_s.value);
	}
	return FSC_OK;
}
