/* SPDX-License-Identifier: MIT */
/*
 * One list as CSV. Columns have the names of the JSON members; a call's number stands with its
 * thread and time in columns of their own.
 */
#include <inttypes.h>

#include "cli/csv.h"
#include "cli/leaks_internal.h"

static void put_call(struct fsc_csv *csv, const struct fsc_leak_call *call)
{
	bool known = call->known;

	fsc_csv_maybe(csv, known ? fsc_known(call->tid) : FSC_UNKNOWN);
	fsc_csv_maybe(csv, known ? fsc_known((int64_t)call->number) : FSC_UNKNOWN);
	fsc_csv_maybe(csv, known ? fsc_known(call->start_ns) : FSC_UNKNOWN);
}

static void put_threads(struct fsc_csv *csv, const struct fsc_leak *leak)
{
	enum { TID_BYTES = 12 };
	char texts[FSC_LEAK_THREADS_MAX][TID_BYTES];
	const char *list[FSC_LEAK_THREADS_MAX];

	for (size_t i = 0; i < leak->thread_count; i++) {
		snprintf(texts[i], TID_BYTES, "%" PRIu32, leak->threads[i]);
		list[i] = texts[i];
	}
	fsc_csv_list(csv, list, leak->thread_count);
}

static void put_leak(struct fsc_csv *csv, const struct fsc_leak *leak)
{
	fsc_csv_text(csv, fsc_leak_kind_name(leak->kind));
	fsc_csv_count(csv, leak->uncertain);
	fsc_csv_count(csv, leak->pid);
	fsc_csv_count(csv, leak->image);
	fsc_csv_text(csv, leak->entry_point);
	fsc_csv_text(csv, leak->library);
	fsc_csv_count(csv, leak->count);
	fsc_csv_count(csv, leak->without_details);
	fsc_csv_maybe(csv, leak->bytes);
	put_call(csv, &leak->first_call);
	put_call(csv, &leak->last_call);
	put_threads(csv, leak);
	fsc_csv_count(csv, leak->more_threads);
	fsc_csv_end_row(csv);
}

static void put_list(struct fsc_csv *csv, const struct fsc_leak *list, size_t count)
{
	fputs("kind,uncertain,pid,image,entry_point,library,count,without_details,bytes,"
	      "first_call_tid,first_call_number,first_call_start_ns,last_call_tid,"
	      "last_call_number,last_call_start_ns,threads,more_threads\r\n",
	      csv->out);
	for (size_t i = 0; i < count; i++)
		put_leak(csv, &list[i]);
}

void fsc_leaks_csv_write(const struct fsc_leaks_result *leaks, enum fsc_leaks_form form,
			 const struct fsc_output *output)
{
	struct fsc_csv csv = { .out = output->stream };

	if (form == FSC_LEAKS_CSV_LIVE_AT_END)
		put_list(&csv, leaks->live_at_end, leaks->live_at_end_count);
	else if (form == FSC_LEAKS_CSV_AWAITING_FINALIZER)
		put_list(&csv, leaks->awaiting_finalizer, leaks->awaiting_finalizer_count);
	else
		put_list(&csv, leaks->findings, leaks->finding_count);
}
