/* SPDX-License-Identifier: MIT */
/*
 * One table as CSV, RFC 4180: a header, CRLF, quotes where needed. What is not known is an empty
 * field. Columns have the names of the JSON members.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/report_internal.h"

/* A row as it is written; begun: it has a field. */
struct row {
	FILE *out;
	bool begun;
};

static void begin_field(struct row *row)
{
	if (row->begun)
		fputc(',', row->out);
	row->begun = true;
}

/* Inside quotes. */
static void write_doubled(struct row *row, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', row->out);
		fputc(*text, row->out);
	}
}

static void put_text(struct row *row, const char *text)
{
	begin_field(row);
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, row->out);
		return;
	}
	fputc('"', row->out);
	write_doubled(row, text);
	fputc('"', row->out);
}

static void put_count(struct row *row, uint64_t value)
{
	begin_field(row);
	fprintf(row->out, "%" PRIu64, value);
}

static void put_maybe(struct row *row, struct fsc_maybe number)
{
	begin_field(row);
	if (number.known)
		fprintf(row->out, "%" PRId64, number.value);
}

static void end_row(struct row *row)
{
	fputs("\r\n", row->out);
	row->begun = false;
}

static void put_aliases(struct row *row, const struct fsc_entry_row *entry)
{
	begin_field(row);
	if (!entry->alias_count)
		return;
	fputc('"', row->out);
	for (size_t i = 0; i < entry->alias_count; i++) {
		if (i)
			fputc(' ', row->out);
		write_doubled(row, entry->aliases[i]);
	}
	fputc('"', row->out);
}

static void put_entry(struct row *row, const struct fsc_entry_row *entry)
{
	const struct fsc_times *times = &entry->times;
	const struct fsc_maybe numbers[] = {
		times->total_ns,
		entry->self_ns,
		times->min_ns,
		times->mean_ns,
		times->raw_mean_ns,
		times->p50_ns,
		times->p90_ns,
		times->p99_ns,
		times->p999_ns,
		times->max_ns,
		entry->quantile_error_ns,
		entry->request_bytes,
		entry->response_bytes,
		entry->allocations,
		entry->allocated_bytes,
		entry->frees,
		entry->freed_bytes,
		entry->unwound,
		entry->open,
	};

	put_text(row, entry->name);
	put_text(row, entry->library);
	put_aliases(row, entry);
	put_text(row, entry->is_free ? "free" : "entry");
	put_count(row, entry->calls);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_maybe(row, numbers[i]);
	put_count(row, entry->threads);
	put_count(row, entry->partial);
	end_row(row);
}

static void put_entries(struct row *row, const struct fsc_breakdown_result *breakdown)
{
	fputs("name,library,aliases,kind,calls,total_ns,self_ns,min_ns,mean_ns,raw_mean_ns,p50_ns,"
	      "p90_ns,p99_ns,p999_ns,max_ns,quantile_error_ns,request_bytes,response_bytes,"
	      "allocations,allocated_bytes,frees,freed_bytes,unwound,open,threads,partial\r\n",
	      row->out);
	for (size_t i = 0; i < breakdown->entry_point_count; i++)
		put_entry(row, &breakdown->entry_points[i]);
}

static void put_share(struct row *row, struct fsc_maybe share_ppm)
{
	bool negative = share_ppm.value < 0;
	uint64_t ppm = negative ? 0 - (uint64_t)share_ppm.value : (uint64_t)share_ppm.value;

	begin_field(row);
	if (share_ppm.known)
		fprintf(row->out, "%s%" PRIu64 ".%06" PRIu64, negative ? "-" : "", ppm / 1000000,
			ppm % 1000000);
}

static void put_phases(struct row *row, const struct fsc_breakdown_result *breakdown)
{
	fputs("entry_point,library,phase,side,source,count,mean_ns,p50_ns,p99_ns,total_ns,share,"
	      "allocations,allocated_bytes,partial\r\n",
	      row->out);
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *phase = &breakdown->phases[i];
		const char *source = fsc_source_name(phase->source);

		put_text(row, breakdown->entry_points[phase->entry_point].name);
		put_text(row, breakdown->entry_points[phase->entry_point].library);
		put_text(row, phase->phase);
		put_text(row, fsc_side_name(phase->side));
		put_text(row, source ? source : "");
		put_count(row, phase->times.count);
		put_maybe(row, phase->times.mean_ns);
		put_maybe(row, phase->times.p50_ns);
		put_maybe(row, phase->times.p99_ns);
		put_maybe(row, phase->times.total_ns);
		put_share(row, phase->share_ppm);
		put_maybe(row, phase->allocations);
		put_maybe(row, phase->allocated_bytes);
		put_count(row, phase->partial);
		end_row(row);
	}
}

static void put_requests(struct row *row, const struct fsc_breakdown_result *breakdown)
{
	fputs("entry_point,library,count,mean_ns,p50_ns,p99_ns,total_ns,held_ns,held_count,"
	      "partial\r\n",
	      row->out);
	for (size_t i = 0; i < breakdown->request_count; i++) {
		const struct fsc_request_row *request = &breakdown->requests[i];

		put_text(row, breakdown->entry_points[request->entry_point].name);
		put_text(row, breakdown->entry_points[request->entry_point].library);
		put_count(row, request->times.count);
		put_maybe(row, request->times.mean_ns);
		put_maybe(row, request->times.p50_ns);
		put_maybe(row, request->times.p99_ns);
		put_maybe(row, request->times.total_ns);
		put_maybe(row, request->held_ns);
		put_count(row, request->held_count);
		put_count(row, request->partial);
		end_row(row);
	}
}

void fsc_report_csv_write(const struct fsc_report *report, enum fsc_report_form form,
			  const struct fsc_output *output)
{
	struct row row = { .out = output->stream };

	if (form == FSC_REPORT_CSV_PHASES)
		put_phases(&row, report->breakdown);
	else if (form == FSC_REPORT_CSV_REQUESTS)
		put_requests(&row, report->breakdown);
	else
		put_entries(&row, report->breakdown);
}
