/* SPDX-License-Identifier: MIT */
/* A sample in its two forms; nothing is hard here. */
#include <inttypes.h>
#include <string.h>

#include "cli/json_members.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/top_internal.h"
#include "cli/units.h"
#include "trace_points/events.h"

/* The last line of a screen stays empty, so that it does not scroll. */
enum { HEAD_LINES = 5, OTHER_LINES = HEAD_LINES + 2, BUFFER_BYTES = 4096 };

static void write_session_head(const struct fsc_top_sample *sample, enum fsc_top_key key,
			       const struct fsc_output *output)
{
	const struct fsc_lttng_live_sample *session = &sample->session;
	char rate[FSC_UNITS_TEXT];

	fsc_output_style(output, FSC_STYLE_TITLE);
	fputs("ffiscope top  ", output->stream);
	fsc_text_write_cut(sample->url, 60, output->stream);
	fsc_output_style(output, FSC_STYLE_PLAIN);
	fprintf(output->stream, "\n%s, %zu processes on %zu hosts, %zu running\n",
		session->ended ? "the session ended" : "live", session->processes, session->hosts,
		session->running);
	fprintf(output->stream,
		"%" PRIu64 " calls, %s/s, %" PRIu64 " buffers live, %" PRIu64 " events lost\n",
		sample->calls, fsc_units_count(rate, sample->calls_per_s), sample->live,
		session->lost_events);
	fprintf(output->stream, "by %s; times are raw; quantiles since this began\n\n",
		fsc_top_key_name(key));
}

/* The fields of the head end the line with their own newline. */
static void write_head(const struct fsc_top_sample *sample, enum fsc_top_key key,
		       const struct fsc_output *output)
{
	const struct fsc_image *image = &sample->image;
	char rate[FSC_UNITS_TEXT], age[FSC_UNITS_TEXT];
	int64_t age_ns = (int64_t)(sample->time_ns - image->start_ns);

	fsc_output_style(output, FSC_STYLE_TITLE);
	fprintf(output->stream, "ffiscope top  %" PRIu32 " ", image->pid);
	fsc_text_write_cut(*image->exe ? image->exe : "(program not known)", 50, output->stream);
	fsc_output_style(output, FSC_STYLE_PLAIN);
	fprintf(output->stream, "\n%s%s, sink %s, recorded for %s\n",
		image->state == FSC_IMAGE_EXITED ? "exited" : "running",
		image->number ? ", replaced itself by exec" : "", fsc_sink_name(image->sink),
		fsc_units_ns(age, fsc_known(age_ns)));
	fprintf(output->stream,
		"%" PRIu64 " calls, %s/s, %" PRIu64 " threads, %" PRIu64 " buffers live%s\n",
		sample->calls, fsc_units_count(rate, sample->calls_per_s), sample->threads,
		sample->live, image->profile_missed ? "; distributions full" : "");
	fprintf(output->stream, "by %s; times are raw%s\n\n", fsc_top_key_name(key),
		image->sink == FSC_SINK_PROFILE ? "" : "; quantiles are the profile sink's alone");
}

static void add_row(struct fsc_table *table, const struct fsc_top_row *row)
{
	char text[FSC_UNITS_TEXT];

	fsc_table_add(table, row->name);
	fsc_table_add(table, fsc_units_count(text, fsc_known((int64_t)row->calls)));
	fsc_table_add(table, fsc_units_count(text, row->calls_per_s));
	fsc_table_add(table, fsc_units_ns(text, row->mean_ns));
	fsc_table_add(table, fsc_units_ns(text, row->p50_ns));
	fsc_table_add(table, fsc_units_ns(text, row->p99_ns));
	fsc_table_add(table, fsc_units_bytes(text, fsc_known((int64_t)row->bytes)));
	fsc_table_add(table, fsc_units_count(text, fsc_known((int64_t)row->live)));
}

void fsc_top_screen_write(const struct fsc_top_sample *sample, enum fsc_top_key key, size_t lines,
			  const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "name", true, true, false },	    { "calls", false, false, false },
		{ "calls/s", false, false, false }, { "mean", false, false, false },
		{ "p50", false, false, true },	    { "p99", false, false, false },
		{ "bytes", false, false, false },   { "live", false, false, false },
	};
	size_t room = lines > OTHER_LINES ? lines - OTHER_LINES : 1;
	struct fsc_table table;

	if (sample->url)
		write_session_head(sample, key, output);
	else
		write_head(sample, key, output);
	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < sample->row_count && (!lines || i < room); i++)
		add_row(&table, &sample->rows[i]);
	if (!fsc_table_write(&table, output))
		fputs("  (no memory)\n", output->stream);
	fsc_table_fini(&table);
}

static void put_row(struct fsc_json *json, const struct fsc_top_row *row)
{
	fsc_json_newline(json);
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", row->name);
	fsc_json_members_text(json, "library", row->library);
	fsc_json_member_string(json, "kind", row->kind == FSC_SITE_FREE ? "free" : "entry");
	fsc_json_member_u64(json, "calls", row->calls);
	fsc_json_members_maybe(json, "calls_per_s", row->calls_per_s);
	fsc_json_members_maybe(json, "raw_mean_ns", row->mean_ns);
	fsc_json_members_maybe(json, "p50_ns", row->p50_ns);
	fsc_json_members_maybe(json, "p99_ns", row->p99_ns);
	fsc_json_member_u64(json, "bytes", row->bytes);
	fsc_json_member_u64(json, "live_buffers", row->live);
	fsc_json_object_end(json);
}

static void put_image(struct fsc_json *json, const struct fsc_top_sample *sample)
{
	const struct fsc_image *image = &sample->image;

	fsc_json_member_u64(json, "pid", image->pid);
	fsc_json_member_u64(json, "image", image->number);
	fsc_json_members_text(json, "exe", image->exe);
	fsc_json_member_string(json, "sink", fsc_sink_name(image->sink));
	fsc_json_newline(json);
	fsc_json_member_u64(json, "start_ns", image->start_ns);
	fsc_json_member_u64(json, "time_ns", sample->time_ns);
	fsc_json_members_maybe(json, "interval_ns", sample->interval_ns);
	fsc_json_member_u64(json, "threads", sample->threads);
	fsc_json_member_u64(json, "profile_missed", image->profile_missed);
}

static void put_session(struct fsc_json *json, const struct fsc_top_sample *sample)
{
	const struct fsc_lttng_live_sample *session = &sample->session;

	fsc_json_member_string(json, "url", sample->url);
	fsc_json_member_string(json, "sink", fsc_sink_name(FSC_SINK_LTTNG));
	fsc_json_member_bool(json, "ended", session->ended);
	fsc_json_member_u64(json, "processes", session->processes);
	fsc_json_member_u64(json, "running", session->running);
	fsc_json_member_u64(json, "hosts", session->hosts);
	fsc_json_member_u64(json, "lost_events", session->lost_events);
}

void fsc_top_json_write(const struct fsc_top_sample *sample, const struct fsc_output *output)
{
	static char buffer[BUFFER_BYTES];
	struct fsc_json json;

	fsc_json_init(&json, buffer, sizeof(buffer), fsc_output_flush_json, output->stream);
	fsc_json_object_begin(&json);
	fsc_json_member_string(&json, "schema", "ffiscope.top/1");
	if (sample->url)
		put_session(&json, sample);
	else
		put_image(&json, sample);
	fsc_json_newline(&json);
	fsc_json_member_u64(&json, "calls", sample->calls);
	fsc_json_members_maybe(&json, "calls_per_s", sample->calls_per_s);
	fsc_json_member_u64(&json, "live_buffers", sample->live);
	fsc_json_newline(&json);
	fsc_json_key(&json, "entry_points");
	fsc_json_array_begin(&json);
	for (size_t i = 0; i < sample->row_count; i++)
		put_row(&json, &sample->rows[i]);
	fsc_json_array_end(&json);
	fsc_json_object_end(&json);
	/* A failed write is a failed stream, which fsc_output_finish() reports. */
	(void)fsc_json_finish(&json);
}
