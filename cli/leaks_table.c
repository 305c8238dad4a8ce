/* SPDX-License-Identifier: MIT */
/* One table a section: findings, what was live at an abnormal end, what a finalizer will free. */
#include <inttypes.h>

#include "cli/leaks_internal.h"
#include "cli/table.h"
#include "cli/units.h"

enum { WORDS_BYTES = 96 };

/* "tid 71 call 12 at 1.20 ms" */
static void add_call(struct fsc_table *table, const struct fsc_leak_call *call,
		     struct fsc_maybe start_ns)
{
	int64_t from_ns = start_ns.known ? start_ns.value : 0;
	char text[WORDS_BYTES], time[FSC_UNITS_TEXT];

	if (!call->known) {
		fsc_table_add(table, "?");
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64 " of %u at %s", call->number, call->tid,
		 fsc_units_ns(time, fsc_known(call->start_ns - from_ns)));
	fsc_table_add(table, text);
}

static void add_threads(struct fsc_table *table, const struct fsc_leak *leak)
{
	char text[WORDS_BYTES];

	snprintf(text, sizeof(text), "%zu%s", leak->thread_count, leak->more_threads ? "+" : "");
	fsc_table_add(table, leak->thread_count ? text : "?");
}

static void add_leak(struct fsc_table *table, const struct fsc_leak *leak,
		     struct fsc_maybe start_ns)
{
	char text[FSC_UNITS_TEXT], kind[WORDS_BYTES];

	snprintf(kind, sizeof(kind), "%s%s", fsc_leak_kind_name(leak->kind),
		 leak->uncertain ? " ?" : "");
	fsc_table_add_styled(table, FSC_STYLE_ALARM, kind);
	fsc_table_add(table, *leak->entry_point ? leak->entry_point : "?");
	fsc_table_add(table, fsc_units_count(text, fsc_known(leak->pid)));
	fsc_table_add(table, fsc_units_count(text, fsc_known((int64_t)leak->count)));
	fsc_table_add(table, fsc_units_bytes(text, leak->bytes));
	add_threads(table, leak);
	add_call(table, &leak->first_call, start_ns);
	add_call(table, &leak->last_call, start_ns);
}

static void write_section(const char *title, const struct fsc_leak *list, size_t count,
			  struct fsc_maybe start_ns, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "kind", true, false, false },	     { "entry point", true, true, false },
		{ "pid", false, false, false },	     { "count", false, false, false },
		{ "bytes", false, false, false },    { "threads", false, false, true },
		{ "first call", true, true, false }, { "last call", true, true, true },
	};
	struct fsc_table table;

	if (!count)
		return;
	fsc_output_heading(output, title);
	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++)
		add_leak(&table, &list[i], start_ns);
	if (!fsc_table_write(&table, output))
		fputs("  (no memory)\n", output->stream);
	fsc_table_fini(&table);
}

static void write_totals(const struct fsc_leaks_result *leaks, const struct fsc_output *output)
{
	char made[FSC_UNITS_TEXT], freed[FSC_UNITS_TEXT], live[FSC_UNITS_TEXT];

	(leaks->finding_count ? fsc_output_alarm : fsc_output_fact)(output, "findings", "%zu",
								    leaks->finding_count);
	fsc_output_fact(output, "buffers", "%s made, %s given back, %s live at the end",
			fsc_units_count(made, leaks->made), fsc_units_count(freed, leaks->freed),
			fsc_units_count(live, leaks->live));
	if (fsc_stream_loss_any(&leaks->loss))
		fsc_output_alarm(output, "losses",
				 "%s%" PRIu64 " events lost (%" PRIu64
				 " of them findings), %" PRIu64 " overwritten, %" PRIu64
				 " streams damaged: calls and threads of "
				 "findings may be missing",
				 leaks->loss.uncounted ? "? not counted to the end; at least " : "",
				 leaks->loss.events, leaks->loss.findings, leaks->loss.overwritten,
				 leaks->loss.damaged_streams);
	if (leaks->ledger_full)
		fsc_output_alarm(output, "uncertain",
				 "%" PRIu64 " buffers found no place in the table of live buffers",
				 leaks->ledger_full);
}

static bool any_uncertain(const struct fsc_leak *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].uncertain)
			return true;
	return false;
}

void fsc_leaks_table_write(const struct fsc_leaks_result *leaks, struct fsc_maybe start_ns,
			   const struct fsc_output *output)
{
	write_totals(leaks, output);
	write_section("Findings", leaks->findings, leaks->finding_count, start_ns, output);
	write_section("Live at an abnormal end (no findings)", leaks->live_at_end,
		      leaks->live_at_end_count, start_ns, output);
	write_section("Awaiting a finalizer (no findings)", leaks->awaiting_finalizer,
		      leaks->awaiting_finalizer_count, start_ns, output);
	if (leaks->finding_count || leaks->live_at_end_count || leaks->awaiting_finalizer_count)
		fprintf(output->stream,
			"\n  Calls: the n-th call of a thread, and when it began%s.\n",
			start_ns.known ? " after the recording did" : " (CLOCK_MONOTONIC)");
	if (any_uncertain(leaks->findings, leaks->finding_count))
		fputs("  kind ?: uncertain, it may come from events that are missing.\n",
		      output->stream);
}
