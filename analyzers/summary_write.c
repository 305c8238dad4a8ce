/* SPDX-License-Identifier: MIT */
/* Nothing is hard here; docs/summary.md describes what comes out. */
#include <string.h>

#include "analyzers/summary_internal.h"
#include "trace_points/json_writer.h"

static void write_maybe(struct fsc_json *json, const struct fsc_maybe *number)
{
	if (number->known)
		fsc_json_i64(json, number->value);
	else
		fsc_json_null(json);
}

static void write_value(struct fsc_json *json, const struct fsc_member *member, const char *at)
{
	switch (member->kind) {
	case FSC_MEMBER_U64:
		fsc_json_u64(json, *(const uint64_t *)at);
		break;
	case FSC_MEMBER_I64:
		fsc_json_i64(json, *(const int64_t *)at);
		break;
	case FSC_MEMBER_U32:
		fsc_json_u64(json, *(const uint32_t *)at);
		break;
	case FSC_MEMBER_BOOL:
		fsc_json_bool(json, *(const bool *)at);
		break;
	case FSC_MEMBER_MAYBE:
		write_maybe(json, (const struct fsc_maybe *)at);
		break;
	case FSC_MEMBER_TEXT:
		fsc_json_string(json, at);
		break;
	case FSC_MEMBER_STATE:
		fsc_json_string(json, fsc_process_state_name(*(const enum fsc_process_state *)at));
		break;
	}
}

void fsc_member_write(struct fsc_json *json, const struct fsc_member *members, const void *object)
{
	for (; members->name; members++) {
		fsc_json_key(json, members->name);
		write_value(json, members, (const char *)object + members->offset);
	}
}

/* Pairs of bucket and count, of buckets that are not empty. */
static void write_side(struct fsc_json *json, const char *name,
		       const struct fsc_histogram_side *side)
{
	fsc_json_key(json, name);
	fsc_json_array_begin(json);
	for (uint32_t i = 0; i < side->size; i++)
		if (side->counts[i]) {
			fsc_json_u64(json, side->first + i);
			fsc_json_u64(json, side->counts[i]);
		}
	fsc_json_array_end(json);
}

static void write_histogram(struct fsc_json *json, const char *name,
			    const struct fsc_histogram *histogram)
{
	if (!histogram->count)
		return;
	fsc_json_key(json, name);
	fsc_json_object_begin(json);
	fsc_member_write(json, fsc_members_histogram, histogram);
	write_side(json, "positive", &histogram->positive);
	write_side(json, "negative", &histogram->negative);
	fsc_json_object_end(json);
}

static void write_cells(struct fsc_json *json, const struct fsc_gathered *row)
{
	fsc_json_key(json, "cells");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < row->cell_count; i++) {
		const struct fsc_cell *cell = &row->cells[i];

		fsc_json_newline(json);
		fsc_json_object_begin(json);
		if (cell->name)
			fsc_json_member_string(json, "user_phase", cell->name);
		else
			fsc_json_member_string(json, "phase", fsc_claim_name(cell->phase));
		fsc_json_member_string(json, "side", fsc_side_name((enum fsc_side)cell->side));
		fsc_member_write(json, fsc_members_cell, cell);
		write_histogram(json, "raw", &cell->raw);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void write_slowest(struct fsc_json *json, const struct fsc_gathered *row)
{
	const struct fsc_slowest *slowest = &row->slowest;

	fsc_json_key(json, "slowest");
	fsc_json_array_begin(json);
	for (uint32_t i = 0; i < slowest->size; i++) {
		const struct fsc_slowest_line *line = &slowest->lines[i];

		if (!line->count)
			continue;
		fsc_json_newline(json);
		fsc_json_object_begin(json);
		fsc_json_member_u64(json, "bucket", slowest->first + i);
		fsc_member_write(json, fsc_members_line, line);
		fsc_json_key(json, "cells");
		fsc_json_array_begin(json);
		for (size_t at = 0; at < row->cell_count && at < FSC_SLOWEST_COLUMNS; at++)
			fsc_json_i64(json, line->phase_raw_ns[at]);
		fsc_json_array_end(json);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void write_estimate(struct fsc_json *json, const struct fsc_estimate *estimate)
{
	fsc_json_key(json, "estimate");
	fsc_json_object_begin(json);
	fsc_member_write(json, fsc_members_estimate, estimate);
	for (const struct fsc_member *wide = fsc_members_wide; wide->name; wide++) {
		unsigned __int128 value;

		memcpy(&value, (const char *)estimate + wide->offset, sizeof(value));
		fsc_json_key(json, wide->name);
		fsc_json_array_begin(json);
		for (int piece = 0; piece < FSC_WIDE_PIECES; piece++)
			fsc_json_u64(json, (uint32_t)(value >> 32 * piece));
		fsc_json_array_end(json);
	}
	fsc_json_object_end(json);
}

static void write_row(struct fsc_json *json, const struct fsc_gathered *row)
{
	fsc_json_newline(json);
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", row->name);
	fsc_json_member_string(json, "library", row->library);
	fsc_json_key(json, "aliases");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < row->alias_count; i++)
		fsc_json_string(json, row->aliases[i]);
	fsc_json_array_end(json);
	fsc_member_write(json, fsc_members_row, row);
	write_estimate(json, &row->estimate);
	write_histogram(json, "raw", &row->raw);
	write_histogram(json, "requests", &row->requests);
	write_cells(json, row);
	write_slowest(json, row);
	fsc_json_object_end(json);
}

static void write_facts(struct fsc_json *json, const struct fsc_breakdown_facts *facts)
{
	fsc_json_newline(json);
	fsc_json_key(json, "facts");
	fsc_json_object_begin(json);
	fsc_member_write(json, fsc_members_facts, facts);
	fsc_json_key(json, "probes");
	fsc_json_array_begin(json);
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++) {
		fsc_json_object_begin(json);
		fsc_json_member_string(json, "kind", fsc_probe_kind_name(kind));
		fsc_member_write(json, fsc_members_probe, &facts->probe[kind]);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
	fsc_json_object_end(json);
}

static void write_about(struct fsc_json *json, const struct fsc_recording *summary)
{
	fsc_json_newline(json);
	fsc_json_member_u64(json, "recordings", summary->sums->recordings);
	fsc_json_member_u64(json, "images", summary->sums->images);
	fsc_member_write(json, fsc_members_recording, summary);
	fsc_json_key(json, "command");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < summary->command_count; i++)
		fsc_json_string(json, summary->command[i]);
	fsc_json_array_end(json);
	fsc_json_key(json, "processes");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < summary->process_count; i++) {
		fsc_json_newline(json);
		fsc_json_object_begin(json);
		fsc_member_write(json, fsc_members_process, &summary->processes[i]);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

void fsc_summary_write(const struct fsc_recording *summary, struct fsc_json *json)
{
	const struct fsc_gathering *gathering = &summary->sums->gathering;

	fsc_json_object_begin(json);
	fsc_json_member_string(json, "schema", FSC_SUMMARY_SCHEMA "1");
	write_about(json, summary);
	write_facts(json, &summary->sums->facts);
	fsc_json_newline(json);
	fsc_json_key(json, "rows");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < gathering->row_count; i++)
		write_row(json, &gathering->rows[i]);
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "host");
	fsc_json_object_begin(json);
	write_cells(json, &gathering->host);
	fsc_json_object_end(json);
	fsc_json_object_end(json);
}
