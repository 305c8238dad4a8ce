/* SPDX-License-Identifier: MIT */
/* Summaries: what is added up is exact, and a file that comes from anywhere harms nobody. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzers/summary.h"
#include "reading.h"
#include "trace_points/json_writer.h"

enum { TEXT_MAX = 1 << 20 };

struct got {
	struct fsc_recording *summary;
	struct fsc_breakdown *breakdown;
	const struct fsc_breakdown_result *result;
};

/* CALLS calls of `ns` each on each of two slots, of them one that is freed and has phases. */
static void record(struct reading *read, uint32_t ns)
{
	reading_begin(read);
	BUILDER_PUT(&read->builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 12345,
		    .outer_ps = 20001);
	builder_string(&read->builder, 900, "my phase");
	for (int slot = 0; slot < 2; slot++) {
		reading_total(read, (uint32_t)slot, HELLO, CALLS + 1, CALLS);
		reading_calls(read, slot, HELLO, ns + 50 * (uint32_t)slot);
		BUILDER_PUT(&read->builder, slot, phase, 8000020, .duration_ticks = 7, .phase = 900,
			    .site = HELLO, .call = 5000, .allocations = 3);
		BUILDER_PUT(&read->builder, slot, call, 8000050, .duration_ticks = 45,
			    .site = HELLO, .number = 5000);
	}
	reading_built(read);
}

static struct fsc_recording *summary_of(const struct reading *first, const struct reading *second)
{
	struct fsc_recording *summary;
	struct fsc_error error = { 0 };

	cr_assert_eq(fsc_summary_create(&summary), FSC_OK);
	cr_assert_eq(fsc_summary_add(summary, first->recording, NULL, &error), FSC_OK);
	if (second)
		cr_assert_eq(fsc_summary_add(summary, second->recording, NULL, &error), FSC_OK);
	return summary;
}

static char *text_of(const struct fsc_recording *summary)
{
	char *text = calloc(1, TEXT_MAX);
	struct fsc_json json;

	fsc_json_init(&json, text, TEXT_MAX - 1, NULL, NULL);
	fsc_summary_write(summary, &json);
	cr_assert(fsc_json_finish(&json));
	return text;
}

static enum fsc_status read_text(const char *text, size_t length, struct fsc_recording **summary,
				 struct fsc_error *error)
{
	char path[] = "/tmp/fsc-unit-XXXXXX";
	int fd = mkstemp(path);
	enum fsc_status status;

	cr_assert_eq(write(fd, text, length), (ssize_t)length);
	close(fd);
	status = fsc_recording_open(summary, path, error);
	unlink(path);
	return status;
}

/* The way through the file. */
static struct fsc_recording *written_and_read(const struct fsc_recording *summary)
{
	char *text = text_of(summary);
	struct fsc_error error = { 0 };
	struct fsc_recording *again;

	cr_assert_eq(read_text(text, strlen(text), &again, &error), FSC_OK, "%s", error.what);
	free(text);
	return again;
}

static void breakdown_of(struct got *got, struct fsc_recording *summary)
{
	struct fsc_error error = { 0 };

	got->summary = summary;
	cr_assert_eq(fsc_breakdown_read(&got->breakdown, summary, fsc_recording_busiest(summary),
					NULL, &error),
		     FSC_OK);
	got->result = fsc_breakdown_borrow(got->breakdown);
}

static void end(struct got *got)
{
	fsc_breakdown_destroy(got->breakdown);
	fsc_recording_destroy(got->summary);
}

Test(summary, a_summary_of_one_recording_says_what_the_recording_says)
{
	const struct fsc_entry_row *row, *same;
	struct reading read;
	struct got got;

	record(&read, 100);
	breakdown_of(&got, summary_of(&read, NULL));
	got.summary->path[0] = '\0';
	cr_assert_eq(got.result->entry_point_count, read.result->entry_point_count);
	row = &got.result->entry_points[0];
	same = &read.result->entry_points[0];
	cr_assert_eq(row->calls, same->calls);
	cr_assert_eq(row->times.total_ns.value, same->times.total_ns.value);
	cr_assert_eq(row->times.p99_ns.value, same->times.p99_ns.value);
	cr_assert_eq(row->quantile_error_ns.value, same->quantile_error_ns.value);
	cr_assert_eq(got.result->phase_count, read.result->phase_count);
	cr_assert_eq(fsc_recording_busiest(got.summary)->pid, 100);
	end(&got);
	reading_end(&read);
}

Test(summary, what_is_written_is_what_is_read)
{
	struct fsc_recording *summary, *again;
	struct reading one, other;
	char *text, *text_again;

	record(&one, 100);
	record(&other, 300);
	summary = summary_of(&one, &other);
	again = written_and_read(summary);
	text = text_of(summary);
	text_again = text_of(again);
	cr_assert_str_eq(text, text_again);
	free(text);
	free(text_again);
	fsc_recording_destroy(summary);
	fsc_recording_destroy(again);
	reading_end(&one);
	reading_end(&other);
}

Test(summary, recordings_add_up_exactly)
{
	const struct fsc_entry_row *row;
	struct reading one, other;
	struct got got;

	record(&one, 100);
	record(&other, 300);
	breakdown_of(&got, written_and_read(summary_of(&one, &other)));
	cr_assert_eq(got.result->entry_point_count, 1);
	row = &got.result->entry_points[0];
	cr_assert_eq(row->calls, 4 * (CALLS + 1));
	cr_assert_eq(row->threads, 4);
	cr_assert_eq(row->times.count, 4 * (CALLS + 1));
	cr_assert_eq(row->times.raw_total_ns.value, (100 + 150 + 300 + 350) * CALLS + 4 * 45);
	cr_assert_eq(row->times.min_ns.value, 45);
	cr_assert_eq(row->times.max_ns.value, 350);
	/* Rounded once, not twice. */
	cr_assert_leq(labs((long)(row->times.total_ns.value -
				  one.result->entry_points[0].times.total_ns.value -
				  other.result->entry_points[0].times.total_ns.value)),
		      1);
	cr_assert_eq(got.result->requests[0].times.count, 4 * (CALLS + 1));
	cr_assert_eq(got.result->calls, 4 * (CALLS + 1));
	end(&got);
	reading_end(&one);
	reading_end(&other);
}

Test(summary, phases_of_a_users_name_are_one_whatever_their_ids)
{
	const struct fsc_phase_row *row = NULL;
	struct reading one, other;
	struct got got;

	record(&one, 100);
	record(&other, 300);
	breakdown_of(&got, written_and_read(summary_of(&one, &other)));
	for (size_t i = 0; i < got.result->phase_count; i++)
		if (!strcmp(got.result->phases[i].phase, "my phase")) {
			cr_assert_null(row);
			row = &got.result->phases[i];
		}
	cr_assert_not_null(row);
	cr_assert_eq(row->times.count, 4);
	cr_assert_eq(row->times.raw_total_ns.value, 28);
	end(&got);
	reading_end(&one);
	reading_end(&other);
}

Test(summary, instants_of_several_recordings_are_not_compared)
{
	struct reading one, other;
	struct got got;

	record(&one, 100);
	record(&other, 300);
	breakdown_of(&got, summary_of(&one, &other));
	cr_assert(one.result->first_ns.known);
	cr_assert_not(got.result->first_ns.known);
	cr_assert_not(got.summary->start_ns.known);
	cr_assert_eq(fsc_recording_busiest(got.summary)->pid, 0);
	cr_assert_null(fsc_recording_find(got.summary, "", 100, FSC_ANY_IMAGE));
	end(&got);
	reading_end(&one);
	reading_end(&other);
}

Test(summary, it_has_no_events)
{
	struct fsc_event_stream stream;
	struct fsc_error error = { 0 };
	struct fsc_recording *summary;
	struct reading read;

	record(&read, 100);
	summary = summary_of(&read, NULL);
	cr_assert_eq(fsc_event_stream_open(&stream, summary, fsc_recording_busiest(summary), NULL,
					   &error),
		     FSC_E_NOT_FOUND);
	cr_assert_str_eq(error.what, "a summary holds sums, no events");
	fsc_recording_destroy(summary);
	reading_end(&read);
}

static void refuses(const char *text, enum fsc_status status, const char *what)
{
	struct fsc_recording *summary;
	struct fsc_error error = { 0 };

	cr_assert_eq(read_text(text, strlen(text), &summary, &error), status, "%s: %d", text,
		     error.status);
	cr_assert_null(summary);
	cr_assert(strstr(error.what, what), "'%s' of %s", error.what, text);
}

#define SUMMARY "{\"schema\":\"ffiscope.summary/1\","
#define ROW	SUMMARY "\"rows\":[{\"name\":\"f\",\"library\":\"l\","

Test(summary, what_is_no_summary_is_refused_with_its_reason)
{
	refuses("hello", FSC_E_FORMAT, "neither a recording nor a summary");
	refuses("", FSC_E_FORMAT, "neither a recording nor a summary");
	refuses("{\"schema\":\"ffiscope.report/1\"}", FSC_E_FORMAT, "neither");
	refuses("{\"schema\":\"ffiscope.summary/2\"}", FSC_E_VERSION, "newer version");
	refuses(SUMMARY "\"recordings\":0}", FSC_E_FORMAT, "a count that none can be");
	refuses(SUMMARY "\"recordings\":4294967296}", FSC_E_FORMAT, "a count that none can be");
	refuses(SUMMARY "\"images\":-1}", FSC_E_FORMAT, "a count that none can be");
	refuses(SUMMARY "\"rows\":[7]}", FSC_E_FORMAT, "a row that is no object");
	refuses(SUMMARY "\"rows\":[{\"name\":\"f\"}]}", FSC_E_FORMAT, "without name or library");
	refuses(ROW "\"calls\":-1}]}", FSC_E_FORMAT, "negative");
	refuses(ROW "\"calls\":\"x\"}]}", FSC_E_FORMAT, "something else");
	refuses(ROW "\"raw\":{\"count\":2,\"positive\":[5,1]}}]}", FSC_E_FORMAT, "contradict");
	refuses(ROW "\"raw\":{\"positive\":[99999,1]}}]}", FSC_E_FORMAT, "does not exist");
	refuses(ROW "\"slowest\":[{\"bucket\":99999,\"count\":1}]}]}", FSC_E_FORMAT,
		"does not exist");
	refuses(ROW "\"is_free\":true,\"cells\":[{\"phase\":\"work\",\"side\":\"library\"}]}]}",
		FSC_E_FORMAT, "a free function with phases");
	refuses(ROW "\"cells\":[{\"phase\":\"work\",\"side\":\"host\"}]}]}", FSC_E_FORMAT,
		"wrong side");
	refuses(ROW "\"cells\":[{\"phase\":\"lunch\",\"side\":\"host\"}]}]}", FSC_E_FORMAT,
		"does not exist");
}

/* Cut off or changed anywhere: it is read or refused, and what is read can be shown. */
Test(summary, a_damaged_file_is_read_or_refused)
{
	uint64_t seed = 88172645463325252u;
	struct fsc_recording *summary;
	struct reading read;
	size_t length;
	char *text;

	record(&read, 100);
	summary = summary_of(&read, NULL);
	text = text_of(summary);
	length = strlen(text);
	fsc_recording_destroy(summary);
	for (int i = 0; i < 3000; i++) {
		struct fsc_error error = { 0 };
		struct got got;
		size_t at;
		char was;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		at = seed % length;
		was = text[at];
		text[at] = "0123456789-[]{}\",:x\0"[(seed >> 40) % 20];
		if (!read_text(text, i % 3 ? length : at, &summary, &error)) {
			if (fsc_recording_busiest(summary)) {
				breakdown_of(&got, summary);
				end(&got);
			} else {
				fsc_recording_destroy(summary);
			}
		} else {
			cr_assert_null(summary);
			cr_assert_neq(error.what[0], '\0');
		}
		text[at] = was;
	}
	free(text);
	reading_end(&read);
}
