/* SPDX-License-Identifier: MIT */
/*
 * Nothing is hard here: the state stream is read whole, the slots' streams are merged. Begin at
 * fsc_ctf_source_open().
 */
#include "analyzers/ctf_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/packet_reader_internal.h"
#include "analyzers/record_merge_internal.h"
#include "analyzers/state_internal.h"
#include "trace_points/recording.h"

struct stream {
	struct fsc_record_stream records; /* first: stream_next() */
	struct fsc_packet_reader reader;
	char *path;
};

struct source {
	struct fsc_state_builder builder;
	struct stream *streams;
	size_t stream_count;
	struct fsc_record_merge merge;
	uint32_t record_bytes[FSC_EVENT_IDS_MAX];
	struct fsc_stream_loss known_loss; /* before any stream was read */
};

static const uint8_t *stream_next(struct fsc_record_stream *records)
{
	struct stream *stream = (struct stream *)records;
	const uint8_t *record = fsc_packet_reader_next(&stream->reader);

	records->slot = stream->reader.slot;
	records->tid = stream->reader.tid;
	return record;
}

static const uint8_t *stream_ahead(struct fsc_record_stream *records, size_t *bytes)
{
	struct stream *stream = (struct stream *)records;

	return fsc_packet_reader_ahead(&stream->reader, bytes);
}

static void stream_skip(struct fsc_record_stream *records, size_t bytes)
{
	fsc_packet_reader_skip(&((struct stream *)records)->reader, bytes);
}

static enum fsc_status source_next(void *arg, struct fsc_event *event)
{
	struct source *source = arg;

	return fsc_record_merge_next(&source->merge, event);
}

static struct fsc_record_merge *source_records(void *arg)
{
	return &((struct source *)arg)->merge;
}

static const struct fsc_state *source_state(const void *arg)
{
	const struct source *source = arg;

	return &source->builder.state;
}

static void source_loss(const void *arg, struct fsc_stream_loss *loss)
{
	const struct source *source = arg;
	uint64_t discarded = 0;

	*loss = source->known_loss;
	for (size_t i = 0; i < source->stream_count; i++) {
		const struct fsc_packet_reader *reader = &source->streams[i].reader;

		discarded += reader->discarded;
		loss->skipped_events += reader->skipped_events;
		loss->damaged_streams += reader->damaged;
	}
	if (discarded > loss->events)
		loss->events = discarded;
}

static void source_destroy(void *arg)
{
	struct source *source = arg;

	if (!source)
		return;
	for (size_t i = 0; i < source->stream_count; i++) {
		fsc_packet_reader_fini(&source->streams[i].reader);
		free(source->streams[i].path);
	}
	free(source->streams);
	fsc_record_merge_fini(&source->merge);
	fsc_state_builder_fini(&source->builder);
	free(source);
}

static const struct fsc_event_source_ops ops = {
	.records = source_records,
	.next = source_next,
	.state = source_state,
	.loss = source_loss,
	.destroy = source_destroy,
};

/* `freq = N;` of the CTF metadata (CTF 1.8.3, section 8): the rate when meta.json is missing. */
static uint64_t metadata_rate(const char *folder)
{
	static const char key[] = "freq = ";
	char path[FSC_PATH_MAX], line[512];
	uint64_t rate = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, FSC_METADATA_NAME);
	file = fopen(path, "re");
	while (file && !rate && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, key);

		if (at)
			rate = strtoull(at + sizeof(key) - 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return rate;
}

static void warn_clock(const struct fsc_state *state, const char *folder,
		       struct fsc_warnings *warnings)
{
	if (state->clock.guessed && warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, folder,
			      "no clock pair was recorded: times are not CLOCK_MONOTONIC");
}

static uint64_t or_zero(struct fsc_maybe number)
{
	return number.known && number.value > 0 ? (uint64_t)number.value : 0;
}

/* Ticks in a second; 0: unknown. */
static uint64_t rate_of(const struct fsc_recording *recording, const struct fsc_process *process)
{
	uint64_t rate =
		fsc_recording_knows_clock(recording, process) ? or_zero(recording->ticks_per_s) : 0;

	return rate ? rate : metadata_rate(process->folder);
}

static enum fsc_status read_state(struct source *source, const struct fsc_process *process,
				  uint64_t ticks_per_s, struct fsc_warnings *warnings,
				  struct fsc_error *error)
{
	struct fsc_state_witness witness = { .finished = process->finished,
					     .calls = process->calls,
					     .lost_events = process->lost_events };
	struct fsc_error problem = { 0 }, *warning;
	const char *folder = process->folder;
	struct fsc_packet_reader reader;
	enum fsc_status status;
	const uint8_t *record;
	char path[FSC_PATH_MAX + sizeof(FSC_STATE_NAME) + 1];

	snprintf(path, sizeof(path), "%s/%s", folder, FSC_STATE_NAME);
	status = fsc_packet_reader_open(&reader, path, source->record_bytes, warnings, &problem);
	if (status) {
		warning = warnings ? fsc_warnings_next(warnings) : NULL;
		if (warning)
			*warning = problem;
		source->known_loss.damaged_streams++;
		status = FSC_OK;
	}
	while (!status && (record = fsc_packet_reader_next(&reader)))
		status = fsc_state_builder_add(&source->builder, record);
	source->known_loss.damaged_streams += reader.damaged;
	source->known_loss.skipped_events += reader.skipped_events;
	witness.whole = !source->known_loss.damaged_streams && !reader.discarded;
	fsc_packet_reader_fini(&reader);
	if (!status)
		status = fsc_state_builder_finish(&source->builder, &witness, ticks_per_s);
	if (status)
		return fsc_error_set(error, status, path, "no memory");
	if (source->builder.refused && warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, path,
			      "%llu records with numbers out of bounds were left out",
			      (unsigned long long)source->builder.refused);
	warn_clock(&source->builder.state, folder, warnings);
	return FSC_OK;
}

/* A slot's file, whole or compressed; not one that somebody is still writing. */
static int is_slot(const struct dirent *entry)
{
	const char *behind = entry->d_name + sizeof(FSC_SLOT_PREFIX) - 1;

	if (strncmp(entry->d_name, FSC_SLOT_PREFIX, sizeof(FSC_SLOT_PREFIX) - 1) != 0)
		return 0;
	behind += strspn(behind, "0123456789");
	return !*behind || !strcmp(behind, FSC_COMPRESSED_SUFFIX);
}

/* The recorder ended before it removed what it had compressed: names are in order. */
static bool is_twice(struct dirent **names, size_t index)
{
	size_t length = index ? strlen(names[index - 1]->d_name) : 0;

	return length && !strncmp(names[index]->d_name, names[index - 1]->d_name, length) &&
	       !strcmp(names[index]->d_name + length, FSC_COMPRESSED_SUFFIX);
}

static enum fsc_status open_stream(struct source *source, const char *folder, const char *name,
				   struct fsc_warnings *warnings)
{
	struct stream *stream = &source->streams[source->stream_count];
	struct fsc_error problem = { 0 }, *warning;

	if (asprintf(&stream->path, "%s/%s", folder, name) < 0) {
		stream->path = NULL;
		return FSC_E_NOMEM;
	}
	source->stream_count++;
	if (fsc_packet_reader_open(&stream->reader, stream->path, source->record_bytes, warnings,
				   &problem)) {
		stream->reader.damaged = true;
		warning = warnings ? fsc_warnings_next(warnings) : NULL;
		if (warning)
			*warning = problem;
		return FSC_OK;
	}
	stream->records.next = stream_next;
	stream->records.bytes = stream->reader.file_bytes;
	if (fsc_packet_reader_usual(&stream->reader)) {
		stream->records.ahead = stream_ahead;
		stream->records.skip = stream_skip;
	}
	fsc_record_merge_add(&source->merge, &stream->records);
	return FSC_OK;
}

static enum fsc_status open_names(struct source *source, const char *folder, struct dirent **names,
				  size_t count, struct fsc_warnings *warnings)
{
	enum fsc_status status = FSC_OK;

	source->streams = calloc(count + 1, sizeof(*source->streams));
	if (!source->streams || fsc_record_merge_init(&source->merge, count))
		return FSC_E_NOMEM;
	for (size_t i = 0; i < count && !status; i++)
		if (!is_twice(names, i))
			status = open_stream(source, folder, names[i]->d_name, warnings);
	return status;
}

static enum fsc_status open_streams(struct source *source, const char *folder,
				    struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct dirent **names = NULL;
	enum fsc_status status;
	int count = scandir(folder, &names, is_slot, alphasort);

	if (count < 0)
		return fsc_error_set(error, errno == ENOENT ? FSC_E_NOT_FOUND : FSC_E_IO, folder,
				     "no events here: %s", strerror(errno));
	status = open_names(source, folder, names, (size_t)count, warnings);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return status ? fsc_error_set(error, status, folder, "no memory") : FSC_OK;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The recorder measured it, should the image itself have said nothing. */
static void default_probe(struct fsc_probe_cost *probe, const struct fsc_recording *recording)
{
	uint64_t inner = or_zero(recording->probe_inner_ps);
	uint64_t outer = or_zero(recording->probe_outer_ps);

	if (probe->known || !recording->probe_inner_ps.known || inner > FSC_PROBE_PS_MAX ||
	    outer > FSC_PROBE_PS_MAX)
		return;
	*probe = (struct fsc_probe_cost){ .known = true,
					  .inner_ps = (uint32_t)inner,
					  .outer_ps = (uint32_t)outer,
					  .spread_ps =
						  (uint32_t)or_zero(recording->probe_spread_ps) };
}

enum fsc_status fsc_ctf_source_open(struct fsc_event_stream *out,
				    const struct fsc_recording *recording,
				    const struct fsc_process *process,
				    struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct fsc_stream_loss *loss;
	enum fsc_status status;
	struct source *source;

	*out = (struct fsc_event_stream){ 0 };
	source = calloc(1, sizeof(*source));
	if (!source)
		return fsc_error_set(error, FSC_E_NOMEM, process->folder, "no memory");
	fsc_state_builder_init(&source->builder);
	fsc_packet_reader_sizes(process, source->record_bytes);
	source->merge.clock = &source->builder.state.clock;
	source->merge.pid = process->pid;
	source->merge.image = process->image;
	status = read_state(source, process, rate_of(recording, process), warnings, error);
	if (!status)
		status = open_streams(source, process->folder, warnings, error);
	if (status) {
		source_destroy(source);
		return status;
	}
	if (fsc_recording_knows_cost(recording, process))
		default_probe(&source->builder.state.probe[FSC_PROBE_call], recording);
	loss = &source->known_loss;
	loss->events =
		greater(or_zero(process->lost_events), or_zero(source->builder.state.lost_events));
	loss->findings = greater(or_zero(process->lost_findings),
				 or_zero(source->builder.state.lost_findings));
	loss->overwritten = or_zero(process->overwritten_events);
	loss->uncounted = !process->lost_events.known && !source->builder.state.complete;
	*out = (struct fsc_event_stream){ &ops, source };
	return FSC_OK;
}
