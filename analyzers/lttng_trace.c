/* SPDX-License-Identifier: MIT */
/*
 * A child process reads the traces by babeltrace2 and fills the spool (do_import); then the
 * spool is gone through once, chunk by chunk (read_spool). What the child had written when it ended
 * is read, however it ended.
 */
#include "analyzers/lttng_trace_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzers/lttng_child_internal.h"
#include "analyzers/lttng_folder_internal.h"
#include "analyzers/lttng_graph_internal.h"
#include "trace_points/clock.h"
#include "trace_points/image.h"
#include "trace_points/machine.h"

static int spool_open(struct fsc_error *error)
{
	const char *root = getenv("TMPDIR");
	char path[FSC_PATH_MAX];
	int fd;

	if (!root || *root != '/')
		root = "/tmp";
	fd = open(root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Not every file system has files without a name. */
	snprintf(path, sizeof(path), "%s/ffiscope-spool-XXXXXX", root);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0) {
		unlink(path);
		return fd;
	}
	fsc_error_set(error, FSC_E_IO, root, "no place for what is read of the trace: %s",
		      strerror(errno));
	fsc_error_hint(error, "TMPDIR names another folder for temporary files");
	return -1;
}

/* ---- the child ---- */

/* Pieces of one trace have one number: they stand together. */
static size_t make_inputs(const struct fsc_lttng_folders *folders, struct fsc_lttng_input *inputs,
			  const char **staged)
{
	size_t count = 0;

	for (size_t i = 0; i < folders->count; i++) {
		const struct fsc_lttng_folder *folder = &folders->list[i];

		staged[i] = folder->staged;
		if (i && *folder->uuid && !strcmp(folder->uuid, folder[-1].uuid))
			inputs[count - 1].folder_count++;
		else
			inputs[count++] = (struct fsc_lttng_input){ &staged[i], 1 };
	}
	return count;
}

static void say_damage(const struct fsc_lttng_folders *folders,
		       const struct fsc_lttng_input *inputs, size_t count,
		       struct fsc_lttng_import *import)
{
	const struct fsc_lttng_folder *folder = folders->list;

	for (uint32_t i = 0; i < count; i++)
		for (size_t k = 0; k < inputs[i].folder_count; k++, folder++)
			for (uint32_t n = 0; n < folder->damaged; n++)
				fsc_lttng_import_damaged(import, i);
}

static enum fsc_status import(const struct fsc_lttng_folders *folders, int fd)
{
	struct fsc_lttng_input *inputs = calloc(folders->count, sizeof(*inputs));
	const char **staged = calloc(folders->count, sizeof(*staged));
	struct fsc_lttng_import *into = NULL;
	enum fsc_status status = FSC_E_NOMEM;
	size_t count;

	if (inputs && staged) {
		count = make_inputs(folders, inputs, staged);
		status = fsc_lttng_import_create(&into, fd, (uint32_t)count);
		if (!status) {
			say_damage(folders, inputs, count, into);
			status = fsc_lttng_graph_run(inputs, count, into);
		}
		/* What was read before a failure is good. */
		if (into && (!status || status == FSC_E_NOMEM) && fsc_lttng_import_finish(into))
			status = FSC_E_IO;
	}
	fsc_lttng_import_destroy(into);
	free(inputs);
	free((void *)staged);
	return status;
}

struct job {
	const struct fsc_lttng_folders *folders;
	int fd;
};

static int do_import(void *arg)
{
	const struct job *job = arg;

	return (int)import(job->folders, job->fd);
}

/* ---- the parent ---- */

static void warn(struct fsc_warnings *warnings, const char *path, const char *what)
{
	if (warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, path, "%s", what);
}

/* Returns how the child ended, as by waitpid(); -1: it could not be made. */
static int run_import(const struct fsc_lttng_folders *folders, int fd)
{
	struct job job = { folders, fd };
	pid_t child = fsc_lttng_child_start(do_import, &job);
	int ended = 0;

	if (child < 0)
		return -1;
	while (waitpid(child, &ended, 0) < 0)
		if (errno != EINTR)
			return -1;
	return ended;
}

static enum fsc_status judge_import(int ended, const char *path, struct fsc_warnings *warnings,
				    struct fsc_error *error)
{
	if (ended == -1)
		return fsc_error_set(error, FSC_E_IO, path, "no process can be made to read it: %s",
				     strerror(errno));
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == FSC_E_IO) {
		fsc_error_set(error, FSC_E_IO, path,
			      "what was read of the trace could not be written");
		fsc_error_hint(error, "is TMPDIR (else /tmp) full?");
		return FSC_E_IO;
	}
	if (WIFSIGNALED(ended) || WEXITSTATUS(ended))
		warn(warnings, path,
		     "babeltrace2 gave up, out of memory or by a fault: what it read until then is "
		     "shown");
	return FSC_OK;
}

static enum fsc_status add_image(struct fsc_lttng_trace *trace, const struct fsc_spool_image *said)
{
	size_t count = trace->image_count;
	struct fsc_lttng_image *grown;

	if (!(count & (count - 1))) {
		grown = realloc(trace->images, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		trace->images = grown;
	}
	trace->images[count] = (struct fsc_lttng_image){ .said = *said };
	fsc_state_builder_init(&trace->images[count].builder);
	trace->image_count++;
	return FSC_OK;
}

static enum fsc_status add_piece(struct fsc_lttng_image *image, uint64_t offset,
				 const struct fsc_spool_chunk *chunk)
{
	size_t count = image->piece_count;
	struct fsc_lttng_piece *grown;

	if (!(count & (count - 1))) {
		grown = realloc(image->pieces, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		image->pieces = grown;
	}
	image->pieces[image->piece_count++] =
		(struct fsc_lttng_piece){ offset, chunk->bytes, chunk->tid };
	image->calls += chunk->count;
	return FSC_OK;
}

static enum fsc_status read_of_image(struct fsc_lttng_trace *trace, uint64_t offset,
				     const struct fsc_spool_chunk *chunk)
{
	struct fsc_lttng_image *image = &trace->images[chunk->image];

	switch ((enum fsc_spool_kind)chunk->kind) {
	case FSC_SPOOL_RECORDS:
		return add_piece(image, offset, chunk);
	case FSC_SPOOL_STATE:
		return fsc_lttng_image_state(image, trace->spool + offset, chunk->bytes);
	case FSC_SPOOL_LATE:
		image->late = trace->spool + offset;
		image->late_bytes = chunk->bytes;
		return FSC_OK;
	case FSC_SPOOL_LOST:
		image->loss.events += chunk->count;
		return FSC_OK;
	case FSC_SPOOL_UNCOUNTED:
		image->loss.uncounted = true;
		return FSC_OK;
	case FSC_SPOOL_SKIPPED:
		image->loss.skipped_events += chunk->count;
		return FSC_OK;
	case FSC_SPOOL_DAMAGED:
		image->loss.damaged_streams += chunk->count;
		return FSC_OK;
	default:
		return FSC_OK;
	}
}

static void read_trouble(const struct fsc_lttng_trace *trace, uint64_t offset, uint32_t bytes,
			 const char *path, struct fsc_warnings *warnings)
{
	if (warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, path, "%.*s", (int)bytes,
			      (const char *)trace->spool + offset);
}

/* *whole: the child got to write its end. */
static enum fsc_status read_chunks(struct fsc_lttng_trace *trace, const char *path,
				   struct fsc_warnings *warnings, bool *whole)
{
	enum fsc_status status = FSC_OK;
	struct fsc_spool_chunk chunk;
	uint64_t at = 0, offset;

	while (!status && trace->spool_bytes - at >= sizeof(chunk)) {
		memcpy(&chunk, trace->spool + at, sizeof(chunk));
		offset = at + sizeof(chunk);
		if (chunk.bytes > trace->spool_bytes - offset)
			break;
		if (chunk.kind == FSC_SPOOL_END)
			*whole = true;
		else if (chunk.kind == FSC_SPOOL_TROUBLE)
			read_trouble(trace, offset, chunk.bytes, path, warnings);
		else if (chunk.kind == FSC_SPOOL_IMAGE &&
			 chunk.bytes == sizeof(struct fsc_spool_image))
			status = add_image(trace, (const void *)(trace->spool + offset));
		else if (chunk.image < trace->image_count)
			status = read_of_image(trace, offset, &chunk);
		at = offset + (chunk.bytes + 7ull) / 8 * 8;
		if (at > trace->spool_bytes)
			break;
	}
	return status;
}

static int by_thread(const void *left, const void *right)
{
	const struct fsc_lttng_piece *a = left, *b = right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static enum fsc_status finish_images(struct fsc_lttng_trace *trace, bool whole)
{
	enum fsc_status status = FSC_OK;

	for (size_t i = 0; i < trace->image_count && !status; i++) {
		struct fsc_lttng_image *image = &trace->images[i];

		if (image->piece_count)
			qsort(image->pieces, image->piece_count, sizeof(*image->pieces), by_thread);
		for (size_t k = 0; k < image->piece_count; k++)
			image->thread_count +=
				!k || image->pieces[k].tid != image->pieces[k - 1].tid;
		image->loss.damaged_streams += !whole;
		status = fsc_lttng_image_finish(image);
	}
	return status;
}

static enum fsc_status read_spool(struct fsc_lttng_trace *trace, int fd, const char *path,
				  struct fsc_warnings *warnings, struct fsc_error *error)
{
	off_t size = lseek(fd, 0, SEEK_END);
	enum fsc_status status;
	bool whole = false;
	void *map;

	if (size > 0) {
		map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return fsc_error_set(error, FSC_E_IO, path,
					     "what was read of the trace cannot be mapped: %s",
					     strerror(errno));
		trace->spool = map;
		trace->spool_bytes = (size_t)size;
	}
	status = read_chunks(trace, path, warnings, &whole);
	if (!status)
		status = finish_images(trace, whole);
	return status ? fsc_error_set(error, status, path, "no memory") : FSC_OK;
}

static enum fsc_status keep_folders(struct fsc_lttng_trace *trace,
				    const struct fsc_lttng_folders *folders)
{
	trace->folders = calloc(folders->count, sizeof(char *));
	for (size_t i = 0; trace->folders && i < folders->count; i++) {
		if (i && *folders->list[i].uuid &&
		    !strcmp(folders->list[i].uuid, folders->list[i - 1].uuid))
			continue;
		trace->folders[trace->folder_count] = strdup(folders->list[i].path);
		if (!trace->folders[trace->folder_count++])
			return FSC_E_NOMEM;
	}
	return trace->folders ? FSC_OK : FSC_E_NOMEM;
}

static enum fsc_status no_traces(const struct fsc_lttng_folders *folders, const char *path,
				 struct fsc_error *error)
{
	if (!folders->foreign)
		return FSC_E_NOT_FOUND;
	fsc_error_set(error, FSC_E_FORMAT, path,
		      "%zu trace%s, but no event of ffiscope was enabled in %s", folders->foreign,
		      folders->foreign == 1 ? "" : "s", folders->foreign == 1 ? "it" : "them");
	fsc_error_hint(error, "lttng enable-event --userspace 'ffiscope:*'");
	return FSC_E_FORMAT;
}

static enum fsc_status read_traces(struct fsc_lttng_trace *trace, struct fsc_lttng_folders *folders,
				   const char *path, struct fsc_warnings *warnings,
				   struct fsc_error *error)
{
	enum fsc_status status;
	int fd;

	status = fsc_lttng_folders_find(folders, path, warnings, error);
	if (status)
		return status;
	if (!folders->count)
		return no_traces(folders, path, error);
	if (keep_folders(trace, folders))
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	status = fsc_lttng_folders_stage(folders, warnings, error);
	if (status)
		return status;
	fd = spool_open(error);
	if (fd < 0)
		return FSC_E_IO;
	status = judge_import(run_import(folders, fd), path, warnings, error);
	if (!status)
		status = read_spool(trace, fd, path, warnings, error);
	close(fd);
	return status;
}

enum fsc_status fsc_lttng_trace_open(struct fsc_lttng_trace **out, const char *path,
				     struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct fsc_lttng_trace *trace = calloc(1, sizeof(*trace));
	struct fsc_lttng_folders folders = { 0 };
	enum fsc_status status;

	*out = NULL;
	if (!trace)
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	status = read_traces(trace, &folders, path, warnings, error);
	fsc_lttng_folders_fini(&folders);
	if (status) {
		fsc_lttng_trace_close(trace);
		return status;
	}
	*out = trace;
	return FSC_OK;
}

void fsc_lttng_trace_close(struct fsc_lttng_trace *trace)
{
	if (!trace)
		return;
	for (size_t i = 0; i < trace->image_count; i++)
		fsc_lttng_image_fini(&trace->images[i]);
	for (size_t i = 0; i < trace->folder_count; i++)
		free(trace->folders[i]);
	if (trace->spool)
		munmap((void *)trace->spool, trace->spool_bytes);
	free(trace->folders);
	free(trace->images);
	free(trace);
}

/* A later image of the same process took its place. */
static bool has_successor(const struct fsc_lttng_trace *trace, const struct fsc_lttng_image *image)
{
	for (size_t i = 0; i < trace->image_count; i++) {
		const struct fsc_spool_image *other = &trace->images[i].said;

		if (other->pid == image->said.pid && other->number > image->said.number &&
		    !strcmp(other->host, image->said.host))
			return true;
	}
	return false;
}

static void describe_last(const struct fsc_lttng_image *image, struct fsc_process *process)
{
	const struct fsc_image_record *last = &image->last;
	const char *mode = fsc_clock_mode_name(last->clock_mode);
	const char *exe = fsc_state_string(&image->builder.state, last->exe);
	const char *machine = fsc_machine_name(last->machine);

	snprintf(process->clock_mode, sizeof(process->clock_mode), "%s", mode ? mode : "");
	snprintf(process->machine, sizeof(process->machine), "%s", machine ? machine : "");
	snprintf(process->exe, sizeof(process->exe), "%s", exe ? exe : "");
	process->parent = fsc_known(last->parent);
	process->forked = last->flags & FSC_IMAGE_FORKED;
	process->allocations = fsc_known((last->flags & FSC_IMAGE_ALLOCATIONS) != 0);
	process->codecs = fsc_known((last->flags & FSC_IMAGE_CODECS) != 0);
	process->start_ns = fsc_known((int64_t)last->start_ticks);
	process->format = fsc_known(last->format);
	process->calls =
		fsc_known((int64_t)(last->calls > image->calls ? last->calls : image->calls));
}

enum fsc_status fsc_lttng_trace_describe(const struct fsc_lttng_trace *trace, size_t index,
					 struct fsc_process *process)
{
	const struct fsc_lttng_image *image = &trace->images[index];
	bool final = image->last.state == FSC_IMAGE_EXITED;
	uint32_t folder = image->said.trace;

	*process = (struct fsc_process){ .pid = image->said.pid,
					 .image = image->said.number,
					 .finished = fsc_known(final),
					 .lttng_image = index };
	snprintf(process->host, sizeof(process->host), "%s", image->said.host);
	process->folder = strdup(folder < trace->folder_count ? trace->folders[folder] : "");
	if (image->last.ticks)
		describe_last(image, process);
	if (final)
		process->state = FSC_PROCESS_EXITED;
	else if (has_successor(trace, image))
		process->state = FSC_PROCESS_EXEC;
	for (size_t i = 0; !process->calls.known && i < image->piece_count; i++)
		process->stream_bytes += image->pieces[i].bytes;
	if (!image->loss.uncounted)
		process->lost_events = fsc_known((int64_t)image->loss.events);
	process->lost_findings = fsc_stream_loss_count(&image->loss, image->loss.findings);
	process->overwritten_events = fsc_known(0);
	process->threads = fsc_known((int64_t)image->thread_count);
	return process->folder ? FSC_OK : FSC_E_NOMEM;
}
