/* SPDX-License-Identifier: MIT */
/* One table as CSV: a header, then its rows. Columns have the names of the JSON members. */
#include "cli/csv.h"
#include "cli/report_internal.h"

static void put_entry(struct fsc_csv *csv, const struct fsc_entry_row *entry)
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

	fsc_csv_text(csv, entry->name);
	fsc_csv_text(csv, entry->library);
	fsc_csv_list(csv, entry->aliases, entry->alias_count);
	fsc_csv_text(csv, entry->is_free ? "free" : "entry");
	fsc_csv_count(csv, entry->calls);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fsc_csv_maybe(csv, numbers[i]);
	fsc_csv_count(csv, entry->threads);
	fsc_csv_count(csv, entry->partial);
	fsc_csv_maybe(csv, entry->estimate);
	fsc_csv_maybe(csv, entry->skipped);
	fsc_csv_count(csv, times->count);
	fsc_csv_maybe(csv, entry->sampled);
	fsc_csv_maybe(csv, entry->mean_ci95_ns);
	fsc_csv_end_row(csv);
}

static void put_entries(struct fsc_csv *csv, const struct fsc_breakdown_result *breakdown)
{
	fputs("name,library,aliases,kind,calls,total_ns,self_ns,min_ns,mean_ns,raw_mean_ns,p50_ns,"
	      "p90_ns,p99_ns,p999_ns,max_ns,quantile_error_ns,request_bytes,response_bytes,"
	      "allocations,allocated_bytes,frees,freed_bytes,unwound,open,threads,partial,"
	      "estimate,skipped,timed_calls,sampled,mean_ci95_ns\r\n",
	      csv->out);
	for (size_t i = 0; i < breakdown->entry_point_count; i++)
		put_entry(csv, &breakdown->entry_points[i]);
}

/* As in JSON, the mean of all stands only where there are slowest ones to hold against it. */
static void put_slowest_phase(struct fsc_csv *csv, const struct fsc_phase_row *phase)
{
	bool known = phase->raw_per_slowest_ns.known;

	fsc_csv_maybe(csv, phase->raw_per_slowest_ns);
	fsc_csv_maybe(csv, known ? phase->raw_per_request_ns : FSC_UNKNOWN);
}

static void put_phases(struct fsc_csv *csv, const struct fsc_breakdown_result *breakdown)
{
	fputs("entry_point,library,phase,side,source,count,mean_ns,p50_ns,p99_ns,total_ns,share,"
	      "allocations,allocated_bytes,partial,slowest_raw_mean_ns,slowest_raw_mean_of_all_ns"
	      "\r\n",
	      csv->out);
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *phase = &breakdown->phases[i];
		const char *source = fsc_source_name(phase->source);

		fsc_csv_text(csv, breakdown->entry_points[phase->entry_point].name);
		fsc_csv_text(csv, breakdown->entry_points[phase->entry_point].library);
		fsc_csv_text(csv, phase->phase);
		fsc_csv_text(csv, fsc_side_name(phase->side));
		fsc_csv_text(csv, source ? source : "");
		fsc_csv_count(csv, phase->times.count);
		fsc_csv_maybe(csv, phase->times.mean_ns);
		fsc_csv_maybe(csv, phase->times.p50_ns);
		fsc_csv_maybe(csv, phase->times.p99_ns);
		fsc_csv_maybe(csv, phase->times.total_ns);
		fsc_csv_share(csv, phase->share_ppm);
		fsc_csv_maybe(csv, phase->allocations);
		fsc_csv_maybe(csv, phase->allocated_bytes);
		fsc_csv_count(csv, phase->partial);
		put_slowest_phase(csv, phase);
		fsc_csv_end_row(csv);
	}
}

/* Where JSON has null for the whole, the count is empty too. */
static struct fsc_maybe count_or_unknown(uint64_t count)
{
	return count ? fsc_known((int64_t)count) : FSC_UNKNOWN;
}

static void put_slowest_and_warm_up(struct fsc_csv *csv, const struct fsc_request_row *request)
{
	bool warm_up = request->warm_up.count > 0;
	const struct fsc_maybe numbers[] = {
		count_or_unknown(request->slowest.count),
		request->slowest.least_ns,
		request->slowest.raw_mean_ns,
		count_or_unknown(request->warm_up.count),
		request->warm_up.mean_ns,
		request->warm_up.raw_mean_ns,
		warm_up ? request->later.mean_ns : FSC_UNKNOWN,
		warm_up ? request->later.raw_mean_ns : FSC_UNKNOWN,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fsc_csv_maybe(csv, numbers[i]);
}

static void put_requests(struct fsc_csv *csv, const struct fsc_breakdown_result *breakdown)
{
	fputs("entry_point,library,count,mean_ns,p50_ns,p99_ns,total_ns,held_ns,held_count,"
	      "partial,slowest_count,slowest_least_ns,slowest_raw_mean_ns,warm_up_count,"
	      "warm_up_mean_ns,warm_up_raw_mean_ns,warm_up_later_mean_ns,"
	      "warm_up_later_raw_mean_ns\r\n",
	      csv->out);
	for (size_t i = 0; i < breakdown->request_count; i++) {
		const struct fsc_request_row *request = &breakdown->requests[i];

		fsc_csv_text(csv, breakdown->entry_points[request->entry_point].name);
		fsc_csv_text(csv, breakdown->entry_points[request->entry_point].library);
		fsc_csv_count(csv, request->times.count);
		fsc_csv_maybe(csv, request->times.mean_ns);
		fsc_csv_maybe(csv, request->times.p50_ns);
		fsc_csv_maybe(csv, request->times.p99_ns);
		fsc_csv_maybe(csv, request->times.total_ns);
		fsc_csv_maybe(csv, request->held_ns);
		fsc_csv_count(csv, request->held_count);
		fsc_csv_count(csv, request->partial);
		put_slowest_and_warm_up(csv, request);
		fsc_csv_end_row(csv);
	}
}

void fsc_report_csv_write(const struct fsc_report *report, enum fsc_report_form form,
			  const struct fsc_output *output)
{
	struct fsc_csv csv = { .out = output->stream };

	if (form == FSC_REPORT_CSV_PHASES)
		put_phases(&csv, report->breakdown);
	else if (form == FSC_REPORT_CSV_REQUESTS)
		put_requests(&csv, report->breakdown);
	else
		put_entries(&csv, report->breakdown);
}
