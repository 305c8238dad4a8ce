/* SPDX-License-Identifier: MIT */
/*
 * The first screen: what was seen, then the requests of the busiest entry points as bars. Begin at
 * fsc_report_screen_write().
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/process_choice.h"
#include "cli/report_internal.h"
#include "cli/table.h"
#include "cli/units.h"
#include "trace_points/recording.h"

enum {
	ENTRY_POINTS_DRAWN = 3,
	OTHERS_NAMED = 3,
	BAR_COLUMNS = 22,
	LEAST_PART = 100,
	EIGHTHS = 8,
	WARM_UP_TIMES = 2, /* as long as the others, or more */
	PERMILLE = 1000,
	PACE_WORTH_TELLING = 50, /* thousandths away from that of the calibration */
	WORDS_BYTES = 512
};

static const char *exe_of(const struct fsc_process *process)
{
	return *process->exe ? process->exe : "(program not known)";
}

static const char *state_of(const struct fsc_report *report)
{
	switch (report->process->state) {
	case FSC_PROCESS_RUNNING:
		return fsc_report_still_running(report) ? "still running when the recording stopped"
							: "end not known";
	case FSC_PROCESS_EXITED:
		return "exited";
	case FSC_PROCESS_ENDED:
		return "ended without exit()";
	case FSC_PROCESS_EXEC:
		return "replaced by exec";
	case FSC_PROCESS_UNKNOWN:
		break;
	}
	return "end not known";
}

static void write_command(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_recording *recording = report->recording;
	char text[WORDS_BYTES] = "", status[FSC_UNITS_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; i < recording->command_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, i ? " %s" : "%s",
					 recording->command[i]);
	if (recording->exit_status.known)
		snprintf(status, sizeof(status), " (status %" PRId64 ")",
			 recording->exit_status.value);
	if (*text)
		fsc_output_fact(output, "command", "%s%s%s", text,
				used >= sizeof(text) ? " ..." : "", status);
}

/* Images by calls, most first. */
static int by_calls(const void *left, const void *right)
{
	const struct fsc_process *a = *(const struct fsc_process *const *)left;
	const struct fsc_process *b = *(const struct fsc_process *const *)right;
	int64_t calls_a = a->calls.known ? a->calls.value : -1;
	int64_t calls_b = b->calls.known ? b->calls.value : -1;

	if (calls_a != calls_b)
		return calls_a > calls_b ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->image > b->image) - (a->image < b->image);
}

static void write_others(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_recording *recording = report->recording;
	size_t count = recording->process_count, named = 0;
	const struct fsc_process **sorted = calloc(count + 1, sizeof(struct fsc_process *));
	char text[WORDS_BYTES] = "", calls[FSC_UNITS_TEXT], word[FSC_PROCESS_CHOICE_WORD];
	size_t used = 0;

	if (!sorted)
		return;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &recording->processes[i];
	qsort(sorted, count, sizeof(struct fsc_process *), by_calls);
	for (size_t i = 0; i < count && named < OTHERS_NAMED && used < sizeof(text); i++) {
		const char *slash = strrchr(exe_of(sorted[i]), '/');

		if (sorted[i] == report->process)
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %.60s (%s calls)",
					 named++ ? ", " : "",
					 fsc_process_choice_word(word, recording, sorted[i]),
					 slash ? slash + 1 : exe_of(sorted[i]),
					 fsc_units_count(calls, sorted[i]->calls));
	}
	fsc_output_fact(output, "", "%zu other process image%s: %s%s (--pid shows another)",
			count - 1, count == 2 ? "" : "s", text, count - 1 > named ? ", ..." : "");
	free(sorted);
}

static void write_process(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_process *process = report->process;
	char word[FSC_PROCESS_CHOICE_WORD];

	write_command(report, output);
	if (!process->pid) {
		fsc_output_fact(output, "processes", "%zu process images, added up",
				report->recording->process_count);
		return;
	}
	fsc_output_fact(output, "process", "%s %s, %s",
			fsc_process_choice_word(word, report->recording, process), exe_of(process),
			state_of(report));
	if (report->recording->process_count > 1)
		write_others(report, output);
}

static uint64_t count_requests(const struct fsc_breakdown_result *breakdown)
{
	uint64_t count = 0;

	for (size_t i = 0; i < breakdown->request_count; i++)
		count += breakdown->requests[i].times.count;
	return count;
}

static struct fsc_maybe span(struct fsc_maybe first_ns, struct fsc_maybe last_ns)
{
	if (!first_ns.known || !last_ns.known)
		return FSC_UNKNOWN;
	return fsc_known(last_ns.value - first_ns.value);
}

/* Counters tell the calls of every function, whatever events are missing. */
static bool calls_are_counted(const struct fsc_report *report)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;

	for (size_t i = 0; i < breakdown->entry_point_count; i++)
		if (breakdown->entry_points[i].calls_from_events)
			return false;
	return breakdown->entry_point_count || report->process->calls.known;
}

static void write_requests(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	char requests[WORDS_BYTES] = "?";

	if (!breakdown->profile)
		snprintf(requests, sizeof(requests), "%s%" PRIu64,
			 breakdown->sampled   ? "about "
			 : breakdown->partial ? "at least "
					      : "",
			 count_requests(breakdown));
	fsc_output_fact(output, "requests", "%s in %s%" PRIu64 " calls of %zu function%s%s",
			requests, calls_are_counted(report) ? "" : "at least ", breakdown->calls,
			breakdown->entry_point_count, breakdown->entry_point_count == 1 ? "" : "s",
			breakdown->profile ? ": sink profile" : "");
}

static void write_seen(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	struct fsc_maybe whole = span(report->recording->start_ns, report->recording->end_ns);
	char seen[FSC_UNITS_TEXT], all[FSC_UNITS_TEXT];

	fsc_output_fact(output, "duration", "%s from first to last event; recorded for %s",
			fsc_units_ns(seen, span(breakdown->first_ns, breakdown->last_ns)),
			fsc_units_ns(all, whole));
	write_requests(report, output);
}

static void write_clock(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	const char *mode = fsc_recording_clock_mode(report->recording, report->process);
	char step[FSC_UNITS_TEXT], residual[FSC_UNITS_TEXT];

	fsc_output_fact(output, "clock", "%s, step %s: quantiles are not finer; residual %s%s",
			*mode ? mode : "mode not known", fsc_units_ns(step, breakdown->step_ns),
			fsc_units_ns(residual, fsc_known(breakdown->clock_residual_ns)),
			strcmp(mode, "fast") ? ""
					     : "; single durations may read up to 35 ns short");
}

static void write_overhead(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	char all[FSC_UNITS_TEXT], inner[FSC_UNITS_TEXT], outer[FSC_UNITS_TEXT];

	if (!breakdown->probe_inner_ps.known && breakdown->probes_differ) {
		fsc_output_fact(output, "overhead",
				"%s in all: the probe cost is not the same everywhere; %s",
				fsc_units_ps(all, breakdown->probes_added_ps),
				report->corrected ? "each part is corrected by its own"
						  : "nothing is subtracted");
		return;
	}
	if (!breakdown->probe_inner_ps.known) {
		fsc_output_fact(output, "overhead",
				"? the probe cost is not known: nothing is subtracted");
		return;
	}
	fsc_output_fact(output, "overhead", "%s%s in all: %s inside and %s around a plain call; %s",
			breakdown->probes_added_ps.known ? "about " : "",
			fsc_units_ps(all, breakdown->probes_added_ps),
			fsc_units_ps(inner, breakdown->probe_inner_ps),
			fsc_units_ps(outer, breakdown->probe_outer_ps),
			report->corrected ? "subtracted from totals and means, not from quantiles"
					  : "still in all times (--no-correct)");
	if (breakdown->pace_permille.known &&
	    llabs(breakdown->pace_permille.value - PERMILLE) > PACE_WORTH_TELLING)
		fsc_output_fact(output, "pace",
				"the processor took %.2f times as long for the same work as when "
				"that was measured",
				(double)breakdown->pace_permille.value / PERMILLE);
}

static void write_losses(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_stream_loss *loss = &report->breakdown->loss;
	const char *sure = loss->uncounted ? "? not counted to the end; at least " : "";

	if (!fsc_stream_loss_any(loss) && !loss->skipped_events && !*report->recording->limited) {
		fsc_output_fact(output, "losses", "none");
		return;
	}
	fsc_output_alarm(output, "losses",
			 "%s%" PRIu64 " events lost, %" PRIu64 " overwritten, %" PRIu64
			 " not understood, %" PRIu64 " streams damaged%s",
			 sure, loss->events, loss->overwritten, loss->skipped_events,
			 loss->damaged_streams, report->brief ? "" : "; see below");
}

static void write_leaks(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_leaks_result *leaks = report->leaks;
	char made[FSC_UNITS_TEXT], freed[FSC_UNITS_TEXT], live[FSC_UNITS_TEXT];

	if (!leaks) {
		fsc_output_fact(output, "leaks", "? the buffers could not be read");
		return;
	}
	(leaks->finding_count ? fsc_output_alarm : fsc_output_fact)(
		output, "leaks", "%zu finding%s%s: %s buffers made, %s given back, %s live%s",
		leaks->finding_count, leaks->finding_count == 1 ? "" : "s",
		leaks->uncertain ? " (uncertain)" : "", fsc_units_count(made, leaks->made),
		fsc_units_count(freed, leaks->freed), fsc_units_count(live, leaks->live),
		leaks->finding_count ? "; see ffiscope leaks" : "");
}

/* `columns` columns of bar for share_ppm of the whole, as UTF-8 block elements. */
static void make_bar(char *bar, struct fsc_maybe share_ppm)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };
	int64_t eighths = share_ppm.known ? share_ppm.value * BAR_COLUMNS * EIGHTHS / 1000000 : 0;

	*bar = '\0';
	if (!share_ppm.known || share_ppm.value <= 0)
		return;
	if (eighths == 0)
		eighths = 1;
	if (eighths > BAR_COLUMNS * EIGHTHS)
		eighths = BAR_COLUMNS * EIGHTHS;
	for (; eighths > 0; eighths -= EIGHTHS)
		bar = stpcpy(bar, parts[eighths < EIGHTHS ? eighths : EIGHTHS]);
}

static const char *mark_of(enum fsc_source source)
{
	switch (source) {
	case FSC_SOURCE_MEASURED:
		return "M";
	case FSC_SOURCE_SAMPLED:
		return "S";
	case FSC_SOURCE_INFERRED:
		return "I";
	case FSC_SOURCE_NONE:
		break;
	}
	return "?";
}

static void add_phase(struct fsc_table *table, const struct fsc_phase_row *row)
{
	char text[FSC_UNITS_TEXT], bar[BAR_COLUMNS * 3 + 1], name[FSC_REPORT_NAME];
	enum fsc_style style = row->side == FSC_SIDE_HOST ? FSC_STYLE_HOST : FSC_STYLE_LIBRARY;

	make_bar(bar, row->share_ppm);
	fsc_table_add_styled(table, style, fsc_side_name(row->side));
	fsc_table_add(table, fsc_report_name(name, row->phase, row->partial));
	fsc_table_add(table, mark_of(row->source));
	fsc_table_add(table, fsc_units_ns(text, row->times.mean_ns));
	fsc_table_add(table, fsc_units_ns(text, row->times.p50_ns));
	fsc_table_add(table, fsc_units_ns(text, row->times.p99_ns));
	fsc_table_add(table, fsc_units_share(text, row->share_ppm));
	fsc_table_add_styled(table, style, bar);
}

void fsc_report_phases_write(const struct fsc_report *report, size_t entry_point,
			     const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "side", true, false, false },	  { "phase", true, true, false },
		{ "", true, false, false },	  { "mean", false, false, false },
		{ "p50", false, false, false },	  { "p99", false, false, false },
		{ "share", false, false, false }, { "", true, false, false },
	};
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	struct fsc_table table;

	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < breakdown->phase_count; i++)
		if (breakdown->phases[i].entry_point == entry_point &&
		    !fsc_report_left_out(report, &breakdown->phases[i]))
			add_phase(&table, &breakdown->phases[i]);
	if (!fsc_table_write(&table, output))
		fputs("  (no memory)\n", output->stream);
	fsc_table_fini(&table);
}

/* The phase that takes most more of the slowest requests than of all; NULL: none does. */
static const struct fsc_phase_row *what_differs(const struct fsc_report *report, size_t entry_point,
						int64_t *more_ns)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	const struct fsc_phase_row *most = NULL;

	*more_ns = 0;
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *row = &breakdown->phases[i];
		int64_t more = row->raw_per_slowest_ns.value - row->raw_per_request_ns.value;

		if (row->entry_point != entry_point || !row->raw_per_slowest_ns.known ||
		    more <= *more_ns)
			continue;
		most = row;
		*more_ns = more;
	}
	return most;
}

static void write_slowest(const struct fsc_report *report, const struct fsc_request_row *requests,
			  const struct fsc_output *output)
{
	const struct fsc_slowest_requests *slowest = &requests->slowest;
	char share[FSC_UNITS_TEXT], least[FSC_UNITS_TEXT], more[FSC_UNITS_TEXT];
	const struct fsc_phase_row *differs;
	int64_t more_ns;

	if (!slowest->count)
		return;
	differs = what_differs(report, requests->entry_point, &more_ns);
	fprintf(output->stream, "  slowest %s: %" PRIu64 " request%s from %s on",
		fsc_units_share(share,
				fsc_breakdown_share_ppm(fsc_known((int64_t)slowest->count),
							fsc_known((int64_t)requests->times.count))),
		slowest->count, slowest->count == 1 ? "" : "s",
		fsc_units_ns(least, slowest->least_ns));
	if (differs)
		fprintf(output->stream, "; %s %s takes %s more there", fsc_side_name(differs->side),
			differs->phase, fsc_units_ns(more, fsc_known(more_ns)));
	fputc('\n', output->stream);
}

/* Only where the first requests are another matter than the others. */
static void write_warm_up(const struct fsc_request_row *requests, const struct fsc_output *output)
{
	const struct fsc_mean *first = &requests->warm_up, *later = &requests->later;
	char first_text[FSC_UNITS_TEXT], later_text[FSC_UNITS_TEXT];

	if (!first->count || !later->count ||
	    (first->mean_ns.value / WARM_UP_TIMES <= later->mean_ns.value &&
	     later->mean_ns.value / WARM_UP_TIMES <= first->mean_ns.value))
		return;
	fprintf(output->stream,
		"  warm-up: the first %d requests of each thread take %s in the mean, the others "
		"%s\n",
		FSC_WARM_UP_REQUESTS, fsc_units_ns(first_text, first->mean_ns),
		fsc_units_ns(later_text, later->mean_ns));
}

static void write_entry(const struct fsc_report *report, size_t index,
			const struct fsc_output *output)
{
	const struct fsc_entry_row *entry = &report->breakdown->entry_points[index];
	const struct fsc_request_row *requests = fsc_report_requests_of(report, index);
	char mean[FSC_UNITS_TEXT], p50[FSC_UNITS_TEXT], p99[FSC_UNITS_TEXT], total[FSC_UNITS_TEXT];
	char name[FSC_REPORT_NAME];

	fsc_output_heading(output, fsc_report_name(name, entry->name, entry->partial));
	fprintf(output->stream, "  %s%" PRIu64 " request%s, mean %s, p50 %s, p99 %s, total %s%s\n",
		requests->sampled.known ? "about " : "", requests->times.count,
		requests->times.count == 1 ? "" : "s", fsc_units_ns(mean, requests->times.mean_ns),
		fsc_units_ns(p50, requests->times.p50_ns),
		fsc_units_ns(p99, requests->times.p99_ns),
		fsc_units_ns(total, requests->times.total_ns), requests->partial ? " ~" : "");
	write_slowest(report, requests, output);
	write_warm_up(requests, output);
	fsc_report_phases_write(report, index, output);
}

/* An entry point of a profile: its calls stand for the requests that are not known. */
static void write_calls(const struct fsc_report *report, size_t index,
			const struct fsc_output *output)
{
	const struct fsc_entry_row *entry = &report->breakdown->entry_points[index];
	char mean[FSC_UNITS_TEXT], p50[FSC_UNITS_TEXT], p99[FSC_UNITS_TEXT], total[FSC_UNITS_TEXT];
	char name[FSC_REPORT_NAME];

	fsc_output_heading(output, fsc_report_name(name, entry->name, entry->partial));
	fprintf(output->stream, "  %" PRIu64 " call%s, mean %s, p50 %s, p99 %s, total %s\n",
		entry->calls, entry->calls == 1 ? "" : "s",
		fsc_units_ns(mean, entry->times.mean_ns), fsc_units_ns(p50, entry->times.p50_ns),
		fsc_units_ns(p99, entry->times.p99_ns), fsc_units_ns(total, entry->times.total_ns));
	fsc_report_phases_write(report, index, output);
}

static int64_t total_ns_of_requests(const struct fsc_breakdown_result *breakdown)
{
	int64_t sum = 0;

	for (size_t i = 0; i < breakdown->request_count; i++)
		if (__builtin_add_overflow(sum, breakdown->requests[i].times.total_ns.value, &sum))
			return INT64_MAX;
	return sum;
}

/* Entry points that have too small a part of the time stand in the tables alone. */
static void write_entries(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	int64_t whole_ns = total_ns_of_requests(breakdown);
	size_t drawn = 0, others = 0;

	for (size_t i = 0; i < breakdown->entry_point_count; i++) {
		const struct fsc_request_row *requests = fsc_report_requests_of(report, i);

		if (!requests && drawn < ENTRY_POINTS_DRAWN && fsc_report_has_phases(report, i)) {
			write_calls(report, i, output);
			drawn++;
			continue;
		}
		if (!requests)
			continue;
		if (drawn < ENTRY_POINTS_DRAWN &&
		    (!drawn || requests->times.total_ns.value >= whole_ns / LEAST_PART)) {
			write_entry(report, i, output);
			drawn++;
		} else {
			others++;
		}
	}
	if (drawn)
		fputs("\n  M measured  S sampled  I inferred: what is left over  ? not seen\n",
		      output->stream);
	if (others)
		fprintf(output->stream, "  %zu more entry point%s with less time%s\n", others,
			others == 1 ? "" : "s",
			report->brief ? ", in the report without --brief" : ": see Phases below");
}

/* Nothing was called: what was seen of the libraries tells why. */
static void write_nothing(const struct fsc_report *report, const struct fsc_output *output)
{
	const struct fsc_recording *recording = report->recording;
	char loaded[FSC_UNITS_TEXT], lookups[FSC_UNITS_TEXT], wrapped[FSC_UNITS_TEXT];

	write_command(report, output);
	fsc_output_fact(output, "requests",
			"0 calls seen. Programs that loaded ffiscope: %s; functions that they "
			"looked up: %s; of these wrapped: %s",
			fsc_units_count(loaded, recording->seen_loaded),
			fsc_units_count(lookups, recording->seen_lookups),
			fsc_units_count(wrapped, recording->seen_wrapped));
}

void fsc_report_screen_write(const struct fsc_report *report, const struct fsc_output *output)
{
	if (!report->process) {
		write_nothing(report, output);
		return;
	}
	write_process(report, output);
	write_seen(report, output);
	write_clock(report, output);
	write_overhead(report, output);
	write_losses(report, output);
	write_leaks(report, output);
	write_entries(report, output);
}
