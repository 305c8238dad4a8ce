/* SPDX-License-Identifier: MIT */
/*
 * The list is report_notes.def; each function here says whether its note applies. Begin at
 * fsc_report_notes_write().
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_internal.h"
#include "cli/units.h"

typedef uint64_t note_count(const struct fsc_report *report);

static uint64_t partial_rows(const struct fsc_report *report)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	uint64_t count = 0;

	for (size_t i = 0; i < breakdown->entry_point_count; i++)
		count += breakdown->entry_points[i].partial;
	for (size_t i = 0; i < breakdown->phase_count; i++)
		count += breakdown->phases[i].partial;
	for (size_t i = 0; i < breakdown->request_count; i++)
		count += breakdown->requests[i].partial;
	return count;
}

static uint64_t rows_without_counters(const struct fsc_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->breakdown->entry_point_count; i++)
		count += report->breakdown->entry_points[i].calls_from_events;
	return count;
}

static uint64_t counted_partial_rows(const struct fsc_report *report)
{
	return rows_without_counters(report) ? 0 : partial_rows(report);
}

static uint64_t uncounted_partial_rows(const struct fsc_report *report)
{
	return rows_without_counters(report) ? partial_rows(report) : 0;
}

static uint64_t estimates(const struct fsc_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->breakdown->entry_point_count; i++)
		count += (uint64_t)report->breakdown->entry_points[i].estimate.value;
	return count;
}

static uint64_t lost_events(const struct fsc_report *report)
{
	return report->breakdown->loss.events;
}

static uint64_t overwritten_events(const struct fsc_report *report)
{
	return report->breakdown->loss.overwritten;
}

static uint64_t damaged_streams(const struct fsc_report *report)
{
	return report->breakdown->loss.damaged_streams;
}

static uint64_t skipped_events(const struct fsc_report *report)
{
	return report->breakdown->loss.skipped_events;
}

static uint64_t at_least_0(struct fsc_maybe number)
{
	return number.known && number.value > 0 ? (uint64_t)number.value : 0;
}

static uint64_t skipped_calls(const struct fsc_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->breakdown->entry_point_count; i++)
		count += at_least_0(report->breakdown->entry_points[i].skipped);
	return count;
}

static uint64_t sampled_rows(const struct fsc_report *report)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	uint64_t count = 0;

	for (size_t i = 0; i < breakdown->entry_point_count; i++)
		count += breakdown->entry_points[i].sampled.known;
	return count;
}

static uint64_t forgotten_calls(const struct fsc_report *report)
{
	return report->breakdown->forgotten_calls;
}

static uint64_t open_calls(const struct fsc_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->breakdown->entry_point_count; i++)
		count += at_least_0(report->breakdown->entry_points[i].open);
	return count;
}

static uint64_t unwound_calls(const struct fsc_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->breakdown->entry_point_count; i++)
		count += at_least_0(report->breakdown->entry_points[i].unwound);
	return count;
}

enum message { MESSAGE_ANY, MESSAGE_REQUEST, MESSAGE_RESPONSE };

/* Only an entry point that a message crosses can have that message's phases. */
static bool has_message(const struct fsc_entry_row *entry, enum message message)
{
	if (message == MESSAGE_REQUEST)
		return entry->request_bytes.known;
	if (message == MESSAGE_RESPONSE)
		return entry->response_bytes.known;
	return true;
}

/* Entry points with requests in which that phase was never seen. */
static uint64_t unseen(const struct fsc_report *report, enum fsc_side side, const char *phase,
		       enum message message)
{
	const struct fsc_breakdown_result *breakdown = report->breakdown;
	uint64_t count = 0;

	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *row = &breakdown->phases[i];

		if (row->source == FSC_SOURCE_NONE && row->side == side &&
		    !strcmp(row->phase, phase) &&
		    fsc_report_requests_of(report, row->entry_point) &&
		    has_message(&breakdown->entry_points[row->entry_point], message))
			count++;
	}
	return count;
}

static uint64_t host_encode_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_HOST, "encode", MESSAGE_REQUEST);
}

static uint64_t host_decode_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_HOST, "decode", MESSAGE_RESPONSE);
}

static uint64_t prepare_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_HOST, "prepare", MESSAGE_REQUEST);
}

static uint64_t crossing_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_HOST, "crossing", MESSAGE_ANY);
}

static uint64_t library_codec_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_LIBRARY, "work", MESSAGE_ANY);
}

static uint64_t consume_unseen(const struct fsc_report *report)
{
	return unseen(report, FSC_SIDE_HOST, "consume", MESSAGE_RESPONSE);
}

static bool is_off(struct fsc_maybe flag)
{
	return flag.known && !flag.value;
}

static uint64_t codecs_off(const struct fsc_report *report)
{
	return is_off(report->process->codecs);
}

static uint64_t allocations_off(const struct fsc_report *report)
{
	return is_off(report->process->allocations);
}

static uint64_t is_profile(const struct fsc_report *report)
{
	return report->breakdown->profile;
}

static uint64_t profile_missed(const struct fsc_report *report)
{
	return at_least_0(report->process->profile_missed);
}

static uint64_t refused_images(const struct fsc_report *report)
{
	return at_least_0(report->recording->seen_refused);
}

static uint64_t exhausted_functions(const struct fsc_report *report)
{
	return at_least_0(report->recording->seen_pool_exhausted);
}

static uint64_t still_running(const struct fsc_report *report)
{
	return fsc_report_still_running(report);
}

static uint64_t incomplete(const struct fsc_report *report)
{
	return is_off(report->recording->complete);
}

static const struct {
	const char *label;
	note_count *count;
	const char *text;
} notes[] = {
#define FSC_REPORT_NOTE(label, function, text) { label, function, text },
#include "cli/report_notes.def"
#undef FSC_REPORT_NOTE
};

/* The text with the count in the place of its %s. */
static void write_note(const char *label, const char *text, uint64_t count,
		       const struct fsc_output *output)
{
	const char *place = strstr(text, "%s");
	int before = place ? (int)(place - text) : (int)strlen(text);
	char number[FSC_UNITS_TEXT];

	fsc_units_count(number, fsc_known((int64_t)count));
	fsc_output_fact(output, label, "%.*s%s%s", before, text, place ? number : "",
			place ? place + 2 : "");
}

void fsc_report_notes_write(const struct fsc_report *report, const struct fsc_output *output)
{
	bool begun = false;
	uint64_t count;

	if (!report->process)
		return;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		count = notes[i].count(report);
		if (!count)
			continue;
		if (!begun)
			fsc_output_heading(output, "Not seen, and how to see it");
		begun = true;
		write_note(notes[i].label, notes[i].text, count, output);
	}
	if (!*report->recording->limited)
		return;
	if (!begun)
		fsc_output_heading(output, "Not seen, and how to see it");
	fsc_output_fact(output, "limited", "the recording holds less than all: %s",
			report->recording->limited);
}
