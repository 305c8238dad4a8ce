/* SPDX-License-Identifier: MIT */
/*
 * Opening is three steps: what kind of folder is this (open_folder), what does meta.json say
 * (read_meta), what does each process folder say (read_process). Tables of fields (meta_fields,
 * process_fields) say where each JSON field goes.
 */
#include "analyzers/recording.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyzers/json_internal.h"
#include "analyzers/lttng_trace_internal.h"
#include "analyzers/summary_internal.h"
#include "trace_points/events.h"
#include "trace_points/packet.h"
#include "trace_points/recording.h"

enum field_form {
	FIELD_MAYBE, /* struct fsc_maybe */
	FIELD_BOOL,
	FIELD_U32,
	FIELD_TEXT,
	FIELD_STATE /* enum fsc_process_state */
};

struct field {
	const char *name;
	enum field_form form;
	size_t offset;
	size_t size; /* of a text with its NUL */
};

#define META(json, form, member)                                    \
	{                                                           \
		json, form, offsetof(struct fsc_recording, member), \
			sizeof(((struct fsc_recording *)0)->member) \
	}
#define PROCESS(json, form, member)                               \
	{                                                         \
		json, form, offsetof(struct fsc_process, member), \
			sizeof(((struct fsc_process *)0)->member) \
	}

static const struct field meta_fields[] = {
	META("format", FIELD_MAYBE, format),
	META("complete", FIELD_MAYBE, complete),
	META("version", FIELD_TEXT, version),
	META("start_ns", FIELD_MAYBE, start_ns),
	META("end_ns", FIELD_MAYBE, end_ns),
	META("exit_status", FIELD_MAYBE, exit_status),
	META("host.machine", FIELD_TEXT, machine),
	META("clock.mode", FIELD_TEXT, clock_mode),
	META("clock.ticks_per_s", FIELD_MAYBE, ticks_per_s),
	META("clock.step_ticks", FIELD_MAYBE, step_ticks),
	META("probe_cost.inner_ps", FIELD_MAYBE, probe_inner_ps),
	META("probe_cost.outer_ps", FIELD_MAYBE, probe_outer_ps),
	META("probe_cost.spread_ps", FIELD_MAYBE, probe_spread_ps),
	META("seen.loaded", FIELD_MAYBE, seen_loaded),
	META("seen.lookups", FIELD_MAYBE, seen_lookups),
	META("seen.wrapped", FIELD_MAYBE, seen_wrapped),
	META("seen.refused", FIELD_MAYBE, seen_refused),
	META("seen.pool_exhausted", FIELD_MAYBE, seen_pool_exhausted),
	META("limited", FIELD_TEXT, limited),
};

static const struct field process_fields[] = {
	PROCESS("format", FIELD_MAYBE, format),
	PROCESS("pid", FIELD_U32, pid),
	PROCESS("image", FIELD_U32, image),
	PROCESS("parent", FIELD_MAYBE, parent),
	PROCESS("exe", FIELD_TEXT, exe),
	PROCESS("state", FIELD_STATE, state),
	PROCESS("forked", FIELD_BOOL, forked),
	PROCESS("start_ns", FIELD_MAYBE, start_ns),
	PROCESS("allocations", FIELD_MAYBE, allocations),
	PROCESS("codecs", FIELD_MAYBE, codecs),
	PROCESS("machine", FIELD_TEXT, machine),
	PROCESS("clock_mode", FIELD_TEXT, clock_mode),
	PROCESS("sink", FIELD_TEXT, sink),
	PROCESS("profile_missed", FIELD_MAYBE, profile_missed),
	PROCESS("calls", FIELD_MAYBE, calls),
	PROCESS("lost_events", FIELD_MAYBE, lost_events),
	PROCESS("lost_findings", FIELD_MAYBE, lost_findings),
	PROCESS("overwritten_events", FIELD_MAYBE, overwritten_events),
	PROCESS("threads", FIELD_MAYBE, threads),
};

static const char *const state_names[] = {
	[FSC_PROCESS_UNKNOWN] = "unknown", [FSC_PROCESS_RUNNING] = "running",
	[FSC_PROCESS_EXITED] = "exited",   [FSC_PROCESS_ENDED] = "ended",
	[FSC_PROCESS_EXEC] = "exec",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *fsc_process_state_name(enum fsc_process_state state)
{
	return (size_t)state < COUNT(state_names) ? state_names[state] : state_names[0];
}

static enum fsc_process_state state_of(const char *name)
{
	for (size_t i = 0; i < COUNT(state_names); i++)
		if (!strcmp(name, state_names[i]))
			return (enum fsc_process_state)i;
	return FSC_PROCESS_UNKNOWN;
}

static void field_store(const struct field *field, void *object, const struct fsc_json_value *value)
{
	void *place = (char *)object + field->offset;
	bool number = value->kind == FSC_JSON_INTEGER || value->kind == FSC_JSON_BOOL;
	bool text = value->kind == FSC_JSON_TEXT;

	if (field->form == FIELD_MAYBE && number)
		*(struct fsc_maybe *)place = fsc_known(value->integer);
	else if (field->form == FIELD_BOOL && number)
		*(bool *)place = value->integer != 0;
	else if (field->form == FIELD_U32 && number && value->integer >= 0 &&
		 value->integer <= UINT32_MAX)
		*(uint32_t *)place = (uint32_t)value->integer;
	else if (field->form == FIELD_TEXT && text)
		snprintf(place, field->size, "%s", value->text);
	else if (field->form == FIELD_STATE && text)
		*(enum fsc_process_state *)place = state_of(value->text);
}

static void store_by_name(const struct field *fields, size_t count, void *object, const char *name,
			  const struct fsc_json_value *value)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name))
			field_store(&fields[i], object, value);
}

/* A list that doubles; `*list` has room for one more afterwards. false: no memory. */
static bool list_grow(void **list, size_t count, size_t item_bytes)
{
	void *grown;

	if (count & (count - 1) || (count && count < 4))
		return true;
	grown = realloc(*list, (count ? count * 2 : 4) * item_bytes);
	if (!grown)
		return false;
	*list = grown;
	return true;
}

static bool word_add(char ***words, size_t *count, const char *word)
{
	char *copy;

	if (*count >= FSC_RECORDING_WORDS_MAX)
		return true;
	copy = strdup(word);
	if (!copy || !list_grow((void **)words, *count, sizeof(char *))) {
		free(copy);
		return false;
	}
	(*words)[(*count)++] = copy;
	return true;
}

static struct fsc_process *process_add(struct fsc_process **list, size_t *count)
{
	if (*count >= FSC_RECORDING_PROCESSES_MAX ||
	    !list_grow((void **)list, *count, sizeof(**list)))
		return NULL;
	(*list)[*count] = (struct fsc_process){ 0 };
	return &(*list)[(*count)++];
}

/* What meta.json says about processes, for those whose process.json is missing. */
struct meta {
	struct fsc_recording *recording;
	struct fsc_process *processes;
	size_t process_count;
};

static bool meta_field(void *arg, const char *name, const struct fsc_json_value *value)
{
	struct meta *meta = arg;
	struct fsc_recording *recording = meta->recording;

	if (!strncmp(name, "processes[]", 11)) {
		if (value->kind == FSC_JSON_ITEM && !name[11])
			return process_add(&meta->processes, &meta->process_count) ||
			       meta->process_count >= FSC_RECORDING_PROCESSES_MAX;
		if (name[11] == '.' && meta->process_count)
			store_by_name(process_fields, COUNT(process_fields),
				      &meta->processes[meta->process_count - 1], name + 12, value);
		return true;
	}
	if (!strcmp(name, "command[]") && value->kind == FSC_JSON_TEXT)
		return word_add(&recording->command, &recording->command_count, value->text);
	store_by_name(meta_fields, COUNT(meta_fields), recording, name, value);
	return true;
}

/* The event whose id was read last; its size follows. */
struct process_json {
	struct fsc_process *process;
	int64_t id;
	int64_t bytes;
};

static bool process_field(void *arg, const char *name, const struct fsc_json_value *value)
{
	struct process_json *json = arg;

	if (!strcmp(name, "events[]")) {
		json->id = -1;
		json->bytes = -1;
	} else if (!strcmp(name, "events[].id") && value->kind == FSC_JSON_INTEGER) {
		json->id = value->integer;
	} else if (!strcmp(name, "events[].bytes") && value->kind == FSC_JSON_INTEGER) {
		json->bytes = value->integer;
	} else {
		store_by_name(process_fields, COUNT(process_fields), json->process, name, value);
		return true;
	}
	if (json->id > 0 && json->id < FSC_EVENT_IDS_MAX && json->bytes > 0 &&
	    json->bytes <= FSC_RECORD_BYTES_MAX)
		json->process->record_bytes[json->id] = (uint32_t)json->bytes;
	return true;
}

static char *path_join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static bool is_folder(const char *path)
{
	struct stat info;

	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static bool exists_in(const char *folder, const char *name, bool want_folder)
{
	char path[FSC_PATH_MAX + 64];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !stat(path, &info) && (bool)S_ISDIR(info.st_mode) == want_folder;
}

/* "<pid>-<n>"? */
static bool process_name(const char *name, uint32_t *pid, uint32_t *image)
{
	char after;

	return strlen(name) < 24 && strspn(name, "0123456789-") == strlen(name) && name[0] != '-' &&
	       sscanf(name, "%u-%u%c", pid, image, &after) == 2;
}

static void warn_newer(struct fsc_recording *recording, const char *path, struct fsc_maybe format)
{
	struct fsc_error *warning;

	if (!format.known || format.value <= FSC_FORMAT_VERSION)
		return;
	warning = fsc_warnings_next(&recording->warnings);
	fsc_error_set(warning, FSC_E_VERSION, path,
		      "from a newer version (format %lld, this reads %d): what it does not know is "
		      "left out",
		      (long long)format.value, FSC_FORMAT_VERSION);
	fsc_error_hint(warning, "read it with the ffiscope that recorded it, or a newer one");
}

static const struct fsc_process *meta_find(const struct meta *meta, uint32_t pid, uint32_t image)
{
	for (size_t i = 0; i < meta->process_count; i++)
		if (meta->processes[i].pid == pid && meta->processes[i].image == image)
			return &meta->processes[i];
	return NULL;
}

/* When process.json was not written anew at the end, a meta.json that is complete knows more. */
static void prefer_meta(struct fsc_process *process, const struct fsc_process *known)
{
	if (process->state != FSC_PROCESS_RUNNING || !known->calls.known)
		return;
	process->state = known->state;
	process->calls = known->calls;
	process->lost_events = known->lost_events;
}

/* Did the recorder write the end of the recording? A program without one never says so. */
static bool is_ended(const struct fsc_recording *recording)
{
	return recording->complete.known && recording->complete.value && recording->end_ns.known;
}

static struct fsc_maybe is_finished(const struct fsc_recording *recording,
				    const struct fsc_process *process)
{
	switch (process->state) {
	case FSC_PROCESS_EXITED:
	case FSC_PROCESS_ENDED:
	case FSC_PROCESS_EXEC:
		return fsc_known(true);
	case FSC_PROCESS_RUNNING:
		return fsc_known(is_ended(recording));
	case FSC_PROCESS_UNKNOWN:
		break;
	}
	if (is_ended(recording))
		return fsc_known(true);
	return recording->complete.known && !recording->complete.value ? fsc_known(false)
								       : FSC_UNKNOWN;
}

static uint64_t stream_bytes(const char *folder)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat info;

	if (!listing)
		return 0;
	while ((entry = readdir(listing)))
		if (strcmp(entry->d_name, FSC_STATE_NAME) != 0 &&
		    strcmp(entry->d_name, FSC_METADATA_NAME) != 0 &&
		    !fstatat(dirfd(listing), entry->d_name, &info, 0) && S_ISREG(info.st_mode))
			bytes += (uint64_t)info.st_size;
	closedir(listing);
	return bytes;
}

/* process.json is written with zeros when the image begins: until its end they say nothing. */
static void settle(const struct fsc_recording *recording, struct fsc_process *process)
{
	process->finished = is_finished(recording, process);
	if (process->finished.known && !process->finished.value) {
		process->calls = process->threads = FSC_UNKNOWN;
		process->lost_events = process->lost_findings = FSC_UNKNOWN;
		process->overwritten_events = FSC_UNKNOWN;
	}
	if (!process->calls.known && process->folder)
		process->stream_bytes = stream_bytes(process->folder);
}

/* folder: that of the process; named: its name says pid and image. */
static enum fsc_status read_process(struct fsc_recording *recording, const struct meta *meta,
				    const char *folder, const uint32_t named[2])
{
	struct fsc_process *process;
	struct process_json json = { .id = -1, .bytes = -1 };
	const struct fsc_process *known;
	struct fsc_error error = { 0 }, *warning;
	enum fsc_status status;
	char *path;

	process = process_add(&recording->processes, &recording->process_count);
	if (!process)
		return recording->process_count >= FSC_RECORDING_PROCESSES_MAX ? FSC_E_LIMIT
									       : FSC_E_NOMEM;
	known = named ? meta_find(meta, named[0], named[1]) : NULL;
	if (known)
		*process = *known;
	process->folder = path_join(folder, FSC_CTF_FOLDER);
	path = path_join(folder, FSC_PROCESS_NAME);
	json.process = process;
	status = path ? fsc_json_read(path, process_field, &json, &error) : FSC_E_NOMEM;
	if (status && status != FSC_E_NOMEM) {
		warning = fsc_warnings_next(&recording->warnings);
		if (warning)
			*warning = error;
		status = FSC_OK;
	}
	if (named) {
		process->pid = named[0];
		process->image = named[1];
	}
	if (known && is_ended(recording))
		prefer_meta(process, known);
	settle(recording, process);
	if (!status)
		warn_newer(recording, path, process->format);
	free(path);
	return process->folder ? status : FSC_E_NOMEM;
}

static void read_meta(struct fsc_recording *recording, struct meta *meta)
{
	struct fsc_error error = { 0 }, *warning;
	enum fsc_status status;
	char *path = path_join(recording->path, FSC_META_NAME);

	if (!path)
		return;
	status = fsc_json_read(path, meta_field, meta, &error);
	recording->has_meta = status == FSC_OK;
	if (status) {
		warning = fsc_warnings_next(&recording->warnings);
		if (warning)
			*warning = error;
	}
	warn_newer(recording, path, recording->format);
	if (recording->complete.known && !recording->complete.value)
		fsc_error_set(
			fsc_warnings_next(&recording->warnings), FSC_E_FORMAT, path,
			"the recording was not finished: it holds what was written until then");
	free(path);
}

static enum fsc_status read_processes(struct fsc_recording *recording, const struct meta *meta)
{
	enum fsc_status status = FSC_OK;
	struct dirent *entry;
	uint32_t named[2];
	char *folder;
	DIR *listing = opendir(recording->path);

	if (!listing)
		return FSC_E_IO;
	while (!status && (entry = readdir(listing))) {
		if (!process_name(entry->d_name, &named[0], &named[1]))
			continue;
		folder = path_join(recording->path, entry->d_name);
		if (!folder)
			status = FSC_E_NOMEM;
		else if (is_folder(folder))
			status = read_process(recording, meta, folder, named);
		free(folder);
	}
	closedir(listing);
	return status;
}

static int by_pid(const void *left, const void *right)
{
	const struct fsc_process *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->image > b->image) - (a->image < b->image);
}

/* A ctf folder by itself: nothing is known but the events. */
static enum fsc_status read_bare(struct fsc_recording *recording)
{
	struct fsc_process *process = process_add(&recording->processes, &recording->process_count);

	if (!process)
		return FSC_E_NOMEM;
	process->folder = strdup(recording->path);
	settle(recording, process);
	return process->folder ? FSC_OK : FSC_E_NOMEM;
}

/* A session gets the events of all who use its daemon; meta.json lists the command's own. */
static bool is_foreign(const struct meta *meta, const struct fsc_spool_image *image)
{
	return is_ended(meta->recording) && !meta_find(meta, image->pid, image->number);
}

/* FSC_E_NOT_FOUND: there is no LTTng trace in that folder. */
static enum fsc_status read_lttng(const struct meta *meta, struct fsc_error *error)
{
	struct fsc_recording *recording = meta->recording;
	struct fsc_process *process;
	enum fsc_status status;

	status = fsc_lttng_trace_open(&recording->lttng, recording->path, &recording->warnings,
				      error);
	for (size_t i = 0; !status && i < recording->lttng->image_count; i++) {
		if (is_foreign(meta, &recording->lttng->images[i].said))
			continue;
		process = process_add(&recording->processes, &recording->process_count);
		status = process ? fsc_lttng_trace_describe(recording->lttng, i, process)
				 : FSC_E_NOMEM;
		if (status)
			fsc_error_set(error, status, recording->path, "no memory");
		if (!status)
			warn_newer(recording, process->folder, process->format);
	}
	return status;
}

static bool has_process_folder(const char *path)
{
	uint32_t pid, image;
	struct dirent *entry;
	bool found = false;
	DIR *listing = opendir(path);

	while (listing && !found && (entry = readdir(listing)))
		found = process_name(entry->d_name, &pid, &image);
	if (listing)
		closedir(listing);
	return found;
}

/* A folder with nothing of ours in it: traces, or events without their state. *error is set. */
static enum fsc_status read_unmarked(const struct meta *meta, struct fsc_error *error)
{
	struct fsc_recording *recording = meta->recording;
	enum fsc_status status = read_lttng(meta, error);

	if (status != FSC_E_NOT_FOUND)
		return status;
	if (exists_in(recording->path, FSC_METADATA_NAME, false))
		return read_bare(recording)
			       ? fsc_error_set(error, FSC_E_NOMEM, recording->path, "no memory")
			       : FSC_OK;
	fsc_error_set(error, FSC_E_FORMAT, recording->path,
		      "not a recording: there is no %s in it, nor an LTTng trace", FSC_META_NAME);
	fsc_error_hint(error, "a recording is the folder that `ffiscope record` leaves");
	return FSC_E_FORMAT;
}

/* What kind of folder is it? */
static enum fsc_status open_folder(struct fsc_recording *recording, struct fsc_error *error)
{
	struct meta meta = { .recording = recording };
	const char *path = recording->path;
	bool lttng = exists_in(path, FSC_LTTNG_FOLDER, true);
	enum fsc_status status;

	if (exists_in(path, FSC_META_NAME, false) || has_process_folder(path)) {
		read_meta(recording, &meta);
		status = lttng ? read_lttng(&meta, error) : read_processes(recording, &meta);
		free(meta.processes);
		status = status == FSC_E_NOT_FOUND ? FSC_OK : status;
	} else if (exists_in(path, FSC_CTF_FOLDER, true)) {
		status = read_process(recording, &meta, path, NULL);
	} else if (exists_in(path, FSC_STATE_NAME, false)) {
		status = read_bare(recording);
	} else {
		lttng = true;
		status = read_unmarked(&meta, error);
	}
	if (status && lttng)
		return status;
	if (status)
		return fsc_error_set(error, status, path, "the recording cannot be read: %s",
				     status == FSC_E_NOMEM   ? "no memory"
				     : status == FSC_E_LIMIT ? "too many processes"
							     : strerror(errno));
	if (!recording->process_count && recording->format.known &&
	    recording->format.value > FSC_FORMAT_VERSION) {
		fsc_error_set(error, FSC_E_VERSION, path,
			      "from a newer version (format %lld, this reads %d)",
			      (long long)recording->format.value, FSC_FORMAT_VERSION);
		fsc_error_hint(error, "read it with the ffiscope that recorded it");
		return FSC_E_VERSION;
	}
	if (recording->process_count > 0)
		qsort(recording->processes, recording->process_count, sizeof(*recording->processes),
		      by_pid);
	return FSC_OK;
}

enum fsc_status fsc_recording_open(struct fsc_recording **out, const char *path,
				   struct fsc_error *error)
{
	struct fsc_recording *recording;
	enum fsc_status status;
	struct stat info;

	*out = NULL;
	if (stat(path, &info)) {
		status = errno == ENOENT || errno == ENOTDIR ? FSC_E_NOT_FOUND : FSC_E_IO;
		fsc_error_set(error, status, path, "no recording here: %s", strerror(errno));
		fsc_error_hint(error, "make one with `ffiscope record -- COMMAND`");
		return status;
	}
	if (S_ISREG(info.st_mode) && strlen(path) < FSC_PATH_MAX)
		return fsc_summary_open(out, path, error);
	if (!S_ISDIR(info.st_mode) || strlen(path) >= FSC_PATH_MAX) {
		fsc_error_set(error, FSC_E_FORMAT, path, "not a recording: it is not a folder");
		fsc_error_hint(error, "a recording is the folder that `ffiscope record` leaves");
		return FSC_E_FORMAT;
	}
	recording = calloc(1, sizeof(*recording));
	if (!recording)
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	snprintf(recording->path, sizeof(recording->path), "%s", path);
	status = open_folder(recording, error);
	if (status) {
		fsc_recording_destroy(recording);
		return status;
	}
	*out = recording;
	return FSC_OK;
}
