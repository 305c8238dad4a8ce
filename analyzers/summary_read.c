/* SPDX-License-Identifier: MIT */
/*
 * A summary comes from anywhere. Fields arrive one by one (json_internal.h): what belongs to a row,
 * a cell or a line is collected, and taken over when the next one begins (take_row), after it was
 * checked. The first thing that is wrong ends it: there is no half a summary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/json_internal.h"
#include "analyzers/summary_internal.h"

enum { ARRAY_COLUMNS = FSC_SLOWEST_COLUMNS, ROWS_MAX = 1 << 17, CELLS_MAX = 8192 };

struct reader {
	struct fsc_recording *summary;
	enum fsc_status status;
	const char *fault;
	int64_t version; /* 0: its schema was not read yet */
	struct fsc_probe_cost probe;
	char probe_kind[32];
	/* The row at hand, and what it consists of. */
	struct fsc_gathered row;
	bool in_row;
	bool host; /* it is the host's */
	struct fsc_cell cell;
	char *cell_phase;
	bool in_cell;
	bool has_cells;
	size_t cell_count;
	uint8_t columns[FSC_SLOWEST_COLUMNS]; /* by cell, in the order of the file */
	struct fsc_slowest_line line;
	bool in_line;
	uint64_t bucket;
	size_t column;
	/* Of the array at hand. */
	const void *array;
	size_t at;
	uint64_t pending; /* the first of a pair */
};

static bool wrong(struct reader *reader, const char *fault)
{
	reader->status = FSC_E_FORMAT;
	reader->fault = fault;
	return false;
}

static bool no_memory(struct reader *reader)
{
	reader->status = FSC_E_NOMEM;
	return false;
}

static bool failed(struct reader *reader, enum fsc_status status)
{
	if (status == FSC_E_NOMEM)
		return no_memory(reader);
	return !status || wrong(reader, "a place that does not exist");
}

/* 0, or what follows the prefix. */
static const char *behind(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) ? NULL : name + length;
}

static bool read_text(struct reader *reader, char **into, const struct fsc_json_value *value)
{
	if (value->kind != FSC_JSON_TEXT)
		return wrong(reader, "a name that is no text");
	free(*into);
	*into = strdup(value->text);
	return *into || no_memory(reader);
}

static enum fsc_process_state state_of(const char *word)
{
	for (int state = FSC_PROCESS_RUNNING; state <= FSC_PROCESS_EXEC; state++)
		if (!strcmp(word, fsc_process_state_name((enum fsc_process_state)state)))
			return (enum fsc_process_state)state;
	return FSC_PROCESS_UNKNOWN;
}

static bool read_words(struct reader *reader, const struct fsc_member *member, char *at,
		       const struct fsc_json_value *value)
{
	if (value->kind != FSC_JSON_TEXT)
		return wrong(reader, "a text is something else");
	if (member->kind == FSC_MEMBER_STATE)
		*(enum fsc_process_state *)at = state_of(value->text);
	else
		snprintf(at, member->size, "%s", value->text);
	return true;
}

static bool read_number(struct reader *reader, const struct fsc_member *member, char *at,
			const struct fsc_json_value *value)
{
	int64_t number = value->integer;

	if (value->kind != (member->kind == FSC_MEMBER_BOOL ? FSC_JSON_BOOL : FSC_JSON_INTEGER))
		return wrong(reader, "a number is something else, or too large");
	if (member->kind != FSC_MEMBER_I64 && number < 0)
		return wrong(reader, "a count is negative");
	if (member->kind == FSC_MEMBER_U32 && number > UINT32_MAX)
		return wrong(reader, "a number is too large");
	if (member->kind == FSC_MEMBER_U32)
		*(uint32_t *)at = (uint32_t)number;
	else if (member->kind == FSC_MEMBER_BOOL)
		*(bool *)at = number;
	else
		*(int64_t *)at = number; /* or unsigned */
	return true;
}

/* Members that this version does not know are left out. */
static bool read_member(struct reader *reader, const struct fsc_member *members, void *object,
			const char *name, const struct fsc_json_value *value)
{
	char *at;

	while (members->name && strcmp(members->name, name) != 0)
		members++;
	if (!members->name)
		return true;
	at = (char *)object + members->offset;
	switch (members->kind) {
	case FSC_MEMBER_TEXT:
	case FSC_MEMBER_STATE:
		return read_words(reader, members, at, value);
	case FSC_MEMBER_MAYBE:
		if (value->kind == FSC_JSON_NULL)
			return true;
		if (value->kind != FSC_JSON_INTEGER)
			return wrong(reader, "a number is something else");
		*(struct fsc_maybe *)at = fsc_known(value->integer);
		return true;
	case FSC_MEMBER_U64:
	case FSC_MEMBER_I64:
	case FSC_MEMBER_U32:
	case FSC_MEMBER_BOOL:
		break;
	}
	return read_number(reader, members, at, value);
}

/* The place in the array at hand; another array begins at 0. */
static size_t next_in(struct reader *reader, const void *array)
{
	if (reader->array != array)
		reader->at = 0;
	reader->array = array;
	return reader->at++;
}

static bool read_bucket(struct reader *reader, struct fsc_histogram_side *side,
			const struct fsc_json_value *value)
{
	if (value->kind != FSC_JSON_INTEGER || value->integer < 0)
		return wrong(reader, "a bucket that is no number");
	if (next_in(reader, side) % 2 == 0) {
		reader->pending = (uint64_t)value->integer;
		return true;
	}
	if (reader->pending > UINT32_MAX)
		return wrong(reader, "a bucket that does not exist");
	return failed(reader, fsc_histogram_fill(side, (uint32_t)reader->pending,
						 (uint64_t)value->integer));
}

static bool read_histogram(struct reader *reader, struct fsc_histogram *histogram, const char *name,
			   const struct fsc_json_value *value)
{
	if (!strcmp(name, "positive[]"))
		return read_bucket(reader, &histogram->positive, value);
	if (!strcmp(name, "negative[]"))
		return read_bucket(reader, &histogram->negative, value);
	return read_member(reader, fsc_members_histogram, histogram, name, value);
}

static bool read_estimate(struct reader *reader, const char *name,
			  const struct fsc_json_value *value)
{
	struct fsc_estimate *estimate = &reader->row.estimate;
	size_t length = strlen(name);

	for (const struct fsc_member *wide = fsc_members_wide; wide->name; wide++) {
		char *at = (char *)estimate + wide->offset;
		unsigned __int128 sum;
		size_t piece;

		if (length != strlen(wide->name) + 2 || !behind(name, wide->name))
			continue;
		piece = next_in(reader, at);
		if (value->kind != FSC_JSON_INTEGER || value->integer < 0 ||
		    value->integer > UINT32_MAX || piece >= FSC_WIDE_PIECES)
			return wrong(reader, "a piece of a number that is none");
		memcpy(&sum, at, sizeof(sum));
		sum |= (unsigned __int128)(uint64_t)value->integer << 32 * piece;
		memcpy(at, &sum, sizeof(sum));
		return true;
	}
	return read_member(reader, fsc_members_estimate, estimate, name, value);
}

static bool take_line(struct reader *reader)
{
	struct fsc_slowest_line line = reader->line;
	bool in_line = reader->in_line;

	reader->in_line = false;
	if (!in_line)
		return true;
	if (!line.count || line.count > INT64_MAX)
		return wrong(reader, "a line of no requests");
	return failed(reader, fsc_slowest_set(&reader->row.slowest, reader->bucket, &line));
}

static uint32_t phase_of(const char *word)
{
	for (uint32_t phase = 0; word && phase < FSC_PHASE_NAMED; phase++)
		if (fsc_claim_name(phase) && !strcmp(word, fsc_claim_name(phase)))
			return phase;
	return FSC_CLAIM_MORE;
}

/* The cell's values move into the row's cell of the same phase, which is empty. */
static bool take_cell(struct reader *reader)
{
	struct fsc_cell *cell = &reader->cell, *into;
	struct fsc_claim claim = { .phase = phase_of(reader->cell_phase), .side = cell->side };
	bool in_cell = reader->in_cell;

	reader->in_cell = false;
	if (!in_cell)
		return true;
	if (reader->cell_count >= CELLS_MAX)
		return wrong(reader, "too many phases");
	if (!cell->name && claim.phase == FSC_CLAIM_MORE)
		return wrong(reader, "a phase that does not exist");
	if (!fsc_histogram_holds(&cell->raw))
		return wrong(reader, "a distribution whose numbers contradict each other");
	if (cell->name)
		claim.phase = FSC_CLAIM_MORE + (uint32_t)reader->cell_count + 1;
	into = fsc_gathered_cell(&reader->row, &claim, cell->name);
	if (!into)
		return no_memory(reader);
	/* Fixed places take the phases that exist, and no side has them all. */
	if (into->raw.count || (!cell->name && into->name))
		return wrong(reader, "a phase that comes twice, or on the wrong side");
	if (reader->cell_count < ARRAY_COLUMNS)
		reader->columns[reader->cell_count] =
			(uint8_t)(into - reader->row.cells < ARRAY_COLUMNS
					  ? into - reader->row.cells
					  : UINT8_MAX);
	reader->cell_count++;
	into->raw = cell->raw;
	into->correction_ps = cell->correction_ps;
	into->allocations = cell->allocations;
	into->allocated_bytes = cell->allocated_bytes;
	cell->raw = (struct fsc_histogram){ 0 };
	return true;
}

static void drop_cell(struct reader *reader)
{
	fsc_histogram_fini(&reader->cell.raw);
	free(reader->cell.name);
	free(reader->cell_phase);
	reader->cell = (struct fsc_cell){ 0 };
	reader->cell_phase = NULL;
}

static bool take_whole_row(struct reader *reader)
{
	struct fsc_sums *sums = reader->summary->sums;
	struct fsc_gathered *row = &reader->row;
	struct fsc_gathering host = { 0 };

	if (!take_cell(reader) || !take_line(reader))
		return false;
	for (size_t i = reader->cell_count; i < ARRAY_COLUMNS; i++)
		reader->columns[i] = UINT8_MAX;
	fsc_slowest_move(&row->slowest, reader->columns, ARRAY_COLUMNS);
	if (reader->host) {
		host.host = *row;
		return failed(reader, fsc_gathering_add(&sums->gathering, &host));
	}
	if (!row->name || !row->library)
		return wrong(reader, "a row without name or library");
	if (row->is_free && reader->has_cells)
		return wrong(reader, "a free function with phases");
	if (!fsc_histogram_holds(&row->raw) || !fsc_histogram_holds(&row->requests) ||
	    row->total_count > INT64_MAX || row->flags & ~(uint32_t)FSC_GATHERED_FLAGS ||
	    row->warm_up_count > row->requests.count || row->estimate.weights < row->estimate.count)
		return wrong(reader, "a row whose numbers contradict each other");
	return failed(reader, fsc_gathering_add_row(&sums->gathering, row));
}

/* The row at hand is complete; another one begins, or none. */
static bool take_row(struct reader *reader, bool again)
{
	bool taken = !reader->in_row || take_whole_row(reader);

	fsc_gathered_fini(&reader->row);
	drop_cell(reader);
	if (taken && reader->summary->sums->gathering.row_count > ROWS_MAX)
		taken = wrong(reader, "too many rows");
	reader->in_row = again && taken;
	reader->in_cell = reader->in_line = reader->has_cells = reader->host = false;
	reader->cell_count = 0;
	reader->array = NULL;
	return taken;
}

static bool read_cell(struct reader *reader, const char *name, const struct fsc_json_value *value)
{
	const char *rest = behind(name, "raw.");

	if (!reader->in_cell)
		return wrong(reader, "a phase that is no object");
	if (rest)
		return read_histogram(reader, &reader->cell.raw, rest, value);
	if (!strcmp(name, "phase"))
		return read_text(reader, &reader->cell_phase, value);
	if (!strcmp(name, "user_phase"))
		return read_text(reader, &reader->cell.name, value);
	if (!strcmp(name, "side")) {
		if (value->kind != FSC_JSON_TEXT)
			return wrong(reader, "a side that is no text");
		reader->cell.side = strcmp(value->text, fsc_side_name(FSC_SIDE_HOST)) != 0;
		return true;
	}
	return read_member(reader, fsc_members_cell, &reader->cell, name, value);
}

static bool read_line(struct reader *reader, const char *name, const struct fsc_json_value *value)
{
	if (!reader->in_line)
		return wrong(reader, "a line that is no object");
	if (!strcmp(name, "cells[]")) {
		size_t column = reader->column++;

		if (value->kind != FSC_JSON_INTEGER)
			return wrong(reader, "a number is something else, or too large");
		if (column < ARRAY_COLUMNS)
			reader->line.phase_raw_ns[column] = value->integer;
		return true;
	}
	if (!strcmp(name, "bucket")) {
		if (value->kind != FSC_JSON_INTEGER || value->integer < 0)
			return wrong(reader, "a bucket that is no number");
		reader->bucket = (uint64_t)value->integer;
		return true;
	}
	return read_member(reader, fsc_members_line, &reader->line, name, value);
}

/* What stands in a row: of an entry point, or the host's. */
static bool read_row(struct reader *reader, const char *name, const struct fsc_json_value *value)
{
	struct fsc_gathered *row = &reader->row;
	const char *rest;

	if (!reader->in_row)
		return wrong(reader, "a row that is no object");
	if (!strcmp(name, "cells[]") && value->kind == FSC_JSON_ITEM) {
		if (!take_cell(reader))
			return false;
		drop_cell(reader);
		reader->array = NULL;
		if (!reader->has_cells && fsc_gathered_fixed_cells(row))
			return no_memory(reader);
		return reader->in_cell = reader->has_cells = true;
	}
	if (!strcmp(name, "slowest[]") && value->kind == FSC_JSON_ITEM) {
		if (!take_line(reader))
			return false;
		reader->line = (struct fsc_slowest_line){ 0 };
		reader->column = reader->bucket = 0;
		return reader->in_line = true;
	}
	if ((rest = behind(name, "cells[].")))
		return read_cell(reader, rest, value);
	if ((rest = behind(name, "slowest[].")))
		return read_line(reader, rest, value);
	if ((rest = behind(name, "raw.")))
		return read_histogram(reader, &row->raw, rest, value);
	if ((rest = behind(name, "requests.")))
		return read_histogram(reader, &row->requests, rest, value);
	if ((rest = behind(name, "estimate.")))
		return read_estimate(reader, rest, value);
	if (!strcmp(name, "name"))
		return read_text(reader, &row->name, value);
	if (!strcmp(name, "library"))
		return read_text(reader, &row->library, value);
	if (!strcmp(name, "aliases[]")) {
		if (value->kind != FSC_JSON_TEXT)
			return wrong(reader, "a name that is no text");
		return failed(reader, fsc_gathered_alias(row, value->text));
	}
	return read_member(reader, fsc_members_row, row, name, value);
}

static bool read_probe(struct reader *reader, const char *name, const struct fsc_json_value *value)
{
	if (!strcmp(name, "kind")) {
		reader->probe = (struct fsc_probe_cost){ 0 };
		if (value->kind == FSC_JSON_TEXT)
			snprintf(reader->probe_kind, sizeof(reader->probe_kind), "%s", value->text);
		return true;
	}
	if (!read_member(reader, fsc_members_probe, &reader->probe, name, value))
		return false;
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++)
		if (!strcmp(fsc_probe_kind_name((enum fsc_probe_kind)kind), reader->probe_kind))
			reader->summary->sums->facts.probe[kind] = reader->probe;
	return true;
}

static bool read_process(struct reader *reader, const char *name,
			 const struct fsc_json_value *value)
{
	struct fsc_recording *summary = reader->summary;

	if (!summary->process_count)
		return wrong(reader, "a process that is no object");
	return read_member(reader, fsc_members_process,
			   &summary->processes[summary->process_count - 1], name, value);
}

static bool read_word(struct reader *reader, const struct fsc_json_value *value)
{
	struct fsc_recording *summary = reader->summary;
	size_t count = summary->command_count;
	char **grown;

	if (value->kind != FSC_JSON_TEXT || count >= FSC_RECORDING_WORDS_MAX)
		return wrong(reader, "a command that is none");
	grown = realloc(summary->command, (count + 1) * sizeof(char *));
	if (!grown)
		return no_memory(reader);
	summary->command = grown;
	summary->command[count] = strdup(value->text);
	if (!summary->command[count])
		return no_memory(reader);
	summary->command_count++;
	return true;
}

static bool read_about(struct reader *reader, const char *name, const struct fsc_json_value *value)
{
	struct fsc_sums *sums = reader->summary->sums;
	const char *rest;

	if (!strcmp(name, "recordings") || !strcmp(name, "images")) {
		if (value->kind != FSC_JSON_INTEGER || value->integer < (*name == 'r') ||
		    value->integer > UINT32_MAX)
			return wrong(reader, "a count that none can be");
		*(*name == 'r' ? &sums->recordings : &sums->images) = (uint64_t)value->integer;
		return true;
	}
	if (!strcmp(name, "command[]"))
		return read_word(reader, value);
	if (!strcmp(name, "processes[]") && value->kind == FSC_JSON_ITEM)
		return fsc_summary_process(reader->summary) || wrong(reader, "too many processes");
	if ((rest = behind(name, "processes[].")))
		return read_process(reader, rest, value);
	if ((rest = behind(name, "facts.probes[].")))
		return read_probe(reader, rest, value);
	if ((rest = behind(name, "facts.")))
		return read_member(reader, fsc_members_facts, &sums->facts, rest, value);
	return read_member(reader, fsc_members_recording, reader->summary, name, value);
}

static bool read_schema(struct reader *reader, const struct fsc_json_value *value)
{
	const char *version =
		value->kind == FSC_JSON_TEXT ? behind(value->text, FSC_SUMMARY_SCHEMA) : NULL;

	reader->version = version ? strtol(version, NULL, 10) : 0;
	if (reader->version > FSC_SUMMARY_VERSION) {
		reader->status = FSC_E_VERSION;
		return false;
	}
	return reader->version == FSC_SUMMARY_VERSION || wrong(reader, NULL);
}

static bool read_field(void *arg, const char *name, const struct fsc_json_value *value)
{
	struct reader *reader = arg;
	const char *rest;

	if (!reader->version)
		return !strcmp(name, "schema") ? read_schema(reader, value) : wrong(reader, NULL);
	if (!strcmp(name, "rows[]"))
		return value->kind == FSC_JSON_ITEM ? take_row(reader, true)
						    : wrong(reader, "a row that is no object");
	if ((rest = behind(name, "rows[].")))
		return reader->host ? wrong(reader, "rows that come twice")
				    : read_row(reader, rest, value);
	if ((rest = behind(name, "host."))) {
		if (!reader->host && !take_row(reader, true))
			return false;
		reader->host = true;
		return read_row(reader, rest, value);
	}
	return read_about(reader, name, value);
}

static enum fsc_status explain(const struct reader *reader, enum fsc_status status,
			       const char *path, struct fsc_error *error)
{
	if (reader->status == FSC_E_VERSION) {
		fsc_error_set(error, FSC_E_VERSION, path, "a summary of a newer version");
		fsc_error_hint(error, "read it with the ffiscope that made it");
	} else if (reader->status == FSC_E_FORMAT && reader->fault) {
		fsc_error_set(error, FSC_E_FORMAT, path, "a damaged summary: %s", reader->fault);
	} else if (reader->status != FSC_E_FORMAT && status == FSC_E_NOMEM) {
		fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	} else if (!reader->version && status != FSC_E_IO) {
		fsc_error_set(error, FSC_E_FORMAT, path, "neither a recording nor a summary");
		fsc_error_hint(error, "a recording is the folder that `ffiscope record` leaves, a "
				      "summary the file that `ffiscope merge` makes");
	} else {
		return status; /* of the JSON itself: *error says it */
	}
	return error->status;
}

enum fsc_status fsc_summary_open(struct fsc_recording **out, const char *path,
				 struct fsc_error *error)
{
	enum fsc_status status = fsc_summary_create(out);
	struct reader reader = { 0 };

	if (status)
		return fsc_error_set(error, status, path, "no memory");
	reader.summary = *out;
	snprintf((*out)->path, sizeof((*out)->path), "%s", path);
	status = fsc_json_read(path, read_field, &reader, error);
	if (!status && !reader.version)
		status = FSC_E_FORMAT;
	if (!status && !take_row(&reader, false))
		status = reader.status;
	if (!status) {
		fsc_summary_finish(*out);
		return FSC_OK;
	}
	/* Drops what is left of the row at hand. */
	reader.in_row = false;
	(void)take_row(&reader, false);
	status = explain(&reader, status, path, error);
	fsc_recording_destroy(*out);
	*out = NULL;
	return status;
}
