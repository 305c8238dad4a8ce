/* SPDX-License-Identifier: MIT */
/* The tables below the first screen. Two of them show entry points: times, then memory. */
#include <inttypes.h>

#include "cli/report_internal.h"
#include "cli/table.h"
#include "cli/units.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void write_table(struct fsc_table *table, const char *title, const struct fsc_output *output)
{
	if (table->cell_count) {
		fsc_output_heading(output, title);
		if (!fsc_table_write(table, output))
			fputs("  (no memory)\n", output->stream);
	}
	fsc_table_fini(table);
}

static void add_name(struct fsc_table *table, const char *text, bool partial)
{
	char name[FSC_REPORT_NAME];

	fsc_table_add(table, fsc_report_name(name, text, partial));
}

static void add_ns(struct fsc_table *table, struct fsc_maybe ns)
{
	char text[FSC_UNITS_TEXT];

	fsc_table_add(table, fsc_units_ns(text, ns));
}

static void add_bytes(struct fsc_table *table, struct fsc_maybe bytes)
{
	char text[FSC_UNITS_TEXT];

	fsc_table_add(table, fsc_units_bytes(text, bytes));
}

static void add_maybe(struct fsc_table *table, struct fsc_maybe count)
{
	char text[FSC_UNITS_TEXT];

	fsc_table_add(table, fsc_units_count(text, count));
}

static void add_count(struct fsc_table *table, uint64_t count)
{
	add_maybe(table, fsc_known((int64_t)count));
}

/* Marked when it is an estimate; with how far it may be off when only some calls were timed. */
static void add_mean(struct fsc_table *table, const struct fsc_entry_row *row)
{
	char mean[FSC_UNITS_TEXT], off[FSC_UNITS_TEXT], text[2 * FSC_UNITS_TEXT + 8];
	const char *mark = row->estimate.known && row->estimate.value ? " *" : "";

	fsc_units_ns(mean, row->times.mean_ns);
	if (row->sampled.known && row->times.mean_ns.known)
		snprintf(text, sizeof(text), "%s +-%s%s", mean,
			 fsc_units_ns(off, row->mean_ci95_ns), mark);
	else
		snprintf(text, sizeof(text), "%s%s", mean, mark);
	fsc_table_add(table, text);
}

static void write_entry_times(const struct fsc_report *report, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "name", true, true, false },	  { "kind", true, false, false },
		{ "calls", false, false, false }, { "total", false, false, false },
		{ "self", false, false, true },	  { "mean", false, false, false },
		{ "p50", false, false, true },	  { "p99", false, false, false },
		{ "max", false, false, true },
	};
	struct fsc_table table;

	fsc_table_init(&table, columns, LENGTH(columns));
	for (size_t i = 0; i < report->breakdown->entry_point_count; i++) {
		const struct fsc_entry_row *row = &report->breakdown->entry_points[i];

		add_name(&table, row->name, row->partial);
		fsc_table_add(&table, row->is_free ? "free" : "entry");
		add_count(&table, row->calls);
		add_ns(&table, row->times.total_ns);
		add_ns(&table, row->self_ns);
		add_mean(&table, row);
		add_ns(&table, row->times.p50_ns);
		add_ns(&table, row->times.p99_ns);
		add_ns(&table, row->times.max_ns);
	}
	write_table(&table, "Entry points: time", output);
}

static void write_entry_memory(const struct fsc_report *report, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "name", true, true, false },	     { "threads", false, false, true },
		{ "requests", false, false, false }, { "responses", false, false, false },
		{ "allocs", false, false, false },   { "bytes", false, false, false },
		{ "frees", false, false, true },     { "freed", false, false, true },
	};
	struct fsc_table table;

	fsc_table_init(&table, columns, LENGTH(columns));
	for (size_t i = 0; i < report->breakdown->entry_point_count; i++) {
		const struct fsc_entry_row *row = &report->breakdown->entry_points[i];

		add_name(&table, row->name, row->partial);
		add_count(&table, row->threads);
		add_bytes(&table, row->request_bytes);
		add_bytes(&table, row->response_bytes);
		add_maybe(&table, row->allocations);
		add_bytes(&table, row->allocated_bytes);
		add_maybe(&table, row->frees);
		add_bytes(&table, row->freed_bytes);
	}
	write_table(&table, "Entry points: bytes that crossed, memory inside", output);
}

static void write_phases(const struct fsc_report *report, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "entry point", true, true, false }, { "side", true, false, false },
		{ "phase", true, true, false },	      { "count", false, false, false },
		{ "total", false, false, false },     { "mean", false, false, true },
		{ "share", false, false, false },     { "allocs", false, false, true },
		{ "bytes", false, false, true },
	};
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	char share[FSC_UNITS_TEXT];
	struct fsc_table table;

	fsc_table_init(&table, columns, LENGTH(columns));
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *row = &breakdown->phases[i];

		if (!fsc_report_has_phases(report, row->entry_point) ||
		    fsc_report_left_out(report, row))
			continue;
		fsc_table_add(&table, breakdown->entry_points[row->entry_point].name);
		fsc_table_add(&table, fsc_side_name(row->side));
		add_name(&table, row->phase, row->partial);
		add_count(&table, row->times.count);
		add_ns(&table, row->times.total_ns);
		add_ns(&table, row->times.mean_ns);
		fsc_table_add(&table, fsc_units_share(share, row->share_ppm));
		add_maybe(&table, row->allocations);
		add_bytes(&table, row->allocated_bytes);
	}
	write_table(&table, "Phases", output);
}

static void write_requests(const struct fsc_report *report, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "entry point", true, true, false }, { "count", false, false, false },
		{ "total", false, false, false },     { "mean", false, false, false },
		{ "p50", false, false, true },	      { "p99", false, false, false },
		{ "max", false, false, true },	      { "held", false, false, false },
	};
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	struct fsc_table table;

	fsc_table_init(&table, columns, LENGTH(columns));
	for (size_t i = 0; i < breakdown->request_count; i++) {
		const struct fsc_request_row *row = &breakdown->requests[i];

		add_name(&table, breakdown->entry_points[row->entry_point].name, row->partial);
		add_count(&table, row->times.count);
		add_ns(&table, row->times.total_ns);
		add_ns(&table, row->times.mean_ns);
		add_ns(&table, row->times.p50_ns);
		add_ns(&table, row->times.p99_ns);
		add_ns(&table, row->times.max_ns);
		add_ns(&table, row->held_ns);
	}
	write_table(&table, "Requests (held: responses freed after their request)", output);
}

static void write_host(const struct fsc_report *report, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "phase", true, true, false },	  { "count", false, false, false },
		{ "total", false, false, false }, { "mean", false, false, false },
		{ "p50", false, false, true },	  { "p99", false, false, false },
		{ "max", false, false, true },
	};
	struct fsc_table table;

	fsc_table_init(&table, columns, LENGTH(columns));
	for (size_t i = 0; i < report->breakdown->host_count; i++) {
		const struct fsc_host_row *row = &report->breakdown->host[i];

		add_name(&table, row->phase, row->partial);
		add_count(&table, row->times.count);
		add_ns(&table, row->times.total_ns);
		add_ns(&table, row->times.mean_ns);
		add_ns(&table, row->times.p50_ns);
		add_ns(&table, row->times.p99_ns);
		add_ns(&table, row->times.max_ns);
	}
	write_table(&table, "Phases of the host (for which call is not known)", output);
}

void fsc_report_tables_write(const struct fsc_report *report, const struct fsc_output *output)
{
	write_entry_times(report, output);
	write_entry_memory(report, output);
	write_phases(report, output);
	write_host(report, output);
	write_requests(report, output);
}
