/* SPDX-License-Identifier: MIT */
/*
 * Finding is a walk through the folders; staging makes a folder of links for each trace. Begin at
 * fsc_lttng_folders_find().
 */
#include "analyzers/lttng_folder_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/recording.h"

static const char metadata_name[] = "metadata";

static void warn(struct fsc_warnings *warnings, const char *file, const char *what)
{
	if (warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, file, "%s", what);
}

static char *join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* Takes `text`. */
static enum fsc_status add_folder(struct fsc_lttng_folders *folders, const char *path, char *text)
{
	struct fsc_lttng_folder *grown, *folder;
	enum fsc_status status = FSC_E_NOMEM;

	if (folders->count >= FSC_LTTNG_FOLDERS_MAX) {
		free(text);
		return FSC_E_LIMIT;
	}
	grown = realloc(folders->list, (folders->count + 1) * sizeof(*grown));
	if (grown) {
		folders->list = grown;
		folder = &grown[folders->count++];
		*folder =
			(struct fsc_lttng_folder){ .path = realpath(path, NULL), .metadata = text };
		fsc_lttng_metadata_uuid(text, folder->uuid);
		return folder->path ? FSC_OK : status;
	}
	free(text);
	return status;
}

/* If the folder is a trace, take it. */
static enum fsc_status look(struct fsc_lttng_folders *folders, const char *path,
			    struct fsc_warnings *warnings)
{
	char *metadata = join(path, metadata_name), *text;
	enum fsc_status status = FSC_OK;
	bool cut = false;

	if (!metadata)
		return FSC_E_NOMEM;
	text = fsc_lttng_metadata_read(metadata, &cut);
	if (text && fsc_lttng_metadata_is_ours(text)) {
		if (cut)
			warn(warnings, metadata,
			     "cut off or damaged: events that it does not declare are left out");
		status = add_folder(folders, path, text);
		text = NULL;
	} else if (text) {
		folders->foreign++;
	}
	free(text);
	free(metadata);
	return status;
}

/* Links to folders are not followed: they may lead in a circle. */
static enum fsc_status walk(struct fsc_lttng_folders *folders, const char *path, int depth,
			    struct fsc_warnings *warnings)
{
	enum fsc_status status = look(folders, path, warnings);
	DIR *listing = status ? NULL : opendir(path);
	struct dirent *entry;
	struct stat info;

	while (listing && !status && (entry = readdir(listing))) {
		char *inner;

		if (entry->d_name[0] == '.' || depth >= FSC_LTTNG_DEPTH_MAX ||
		    fstatat(dirfd(listing), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISDIR(info.st_mode))
			continue;
		inner = join(path, entry->d_name);
		status = inner ? walk(folders, inner, depth + 1, warnings) : FSC_E_NOMEM;
		free(inner);
	}
	if (listing)
		closedir(listing);
	return status;
}

static int by_trace(const void *left, const void *right)
{
	const struct fsc_lttng_folder *a = left, *b = right;
	int order = strcmp(a->uuid, b->uuid);

	return order ? order : strcmp(a->path, b->path);
}

enum fsc_status fsc_lttng_folders_find(struct fsc_lttng_folders *folders, const char *path,
				       struct fsc_warnings *warnings, struct fsc_error *error)
{
	enum fsc_status status = walk(folders, path, 0, warnings);

	if (status)
		return fsc_error_set(error, status, path, "the traces cannot be read: %s",
				     status == FSC_E_LIMIT ? "too many" : "no memory");
	if (folders->count)
		qsort(folders->list, folders->count, sizeof(*folders->list), by_trace);
	return FSC_OK;
}

static enum fsc_status stage_stream(struct fsc_lttng_folder *folder, const char *name,
				    uint32_t content_offset, struct fsc_warnings *warnings)
{
	char *from = join(folder->path, name), *to = join(folder->staged, name);
	struct fsc_lttng_stream stream = { 0 };
	enum fsc_status status = FSC_E_NOMEM;

	if (from && to) {
		/* Of packets in another form nothing can be said: they are taken as they are. */
		status = content_offset ? fsc_lttng_stream_check(&stream, from, content_offset)
					: FSC_OK;
		if (status) {
			warn(warnings, from,
			     status == FSC_E_IO ? stream.why
						: "not a stream of this trace: left out");
			folder->damaged++;
			status = FSC_OK;
		} else if (stream.damaged) {
			warn(warnings, from, stream.why);
			folder->damaged++;
			status = fsc_lttng_stream_copy(&stream, from, to, content_offset);
		} else if (symlink(from, to)) {
			status = FSC_E_IO;
		}
	}
	free(from);
	free(to);
	return status;
}

static enum fsc_status stage_streams(struct fsc_lttng_folder *folder, struct fsc_warnings *warnings)
{
	uint32_t content_offset = fsc_lttng_metadata_content_offset(folder->metadata);
	DIR *listing = opendir(folder->path);
	enum fsc_status status = FSC_OK;
	struct dirent *entry;
	struct stat info;

	if (!listing)
		return FSC_E_IO;
	while (!status && (entry = readdir(listing)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, metadata_name) != 0 &&
		    !fstatat(dirfd(listing), entry->d_name, &info, 0) && !S_ISDIR(info.st_mode))
			status = stage_stream(folder, entry->d_name, content_offset, warnings);
	closedir(listing);
	return status;
}

static enum fsc_status stage_metadata(struct fsc_lttng_folder *folder)
{
	char *path = join(folder->staged, metadata_name);
	FILE *file = path ? fopen(path, "wxe") : NULL;
	bool written = false;

	fsc_lttng_metadata_stage(folder->metadata);
	if (file) {
		/* babeltrace2 knows plain text by this line. */
		if (strncmp(folder->metadata, "/* CTF 1.8 */", 13) != 0)
			fputs("/* CTF 1.8 */\n", file);
		fputs(folder->metadata, file);
		written = !ferror(file);
		written = !fclose(file) && written;
	}
	free(path);
	free(folder->metadata);
	folder->metadata = NULL;
	return written ? FSC_OK : FSC_E_IO;
}

static enum fsc_status stage_folder(struct fsc_lttng_folders *folders, size_t index,
				    struct fsc_warnings *warnings)
{
	struct fsc_lttng_folder *folder = &folders->list[index];
	enum fsc_status status;

	if (asprintf(&folder->staged, "%s/%zu", folders->stage, index) < 0) {
		folder->staged = NULL;
		return FSC_E_NOMEM;
	}
	if (mkdir(folder->staged, 0700))
		return FSC_E_IO;
	status = stage_streams(folder, warnings);
	return status ? status : stage_metadata(folder);
}

enum fsc_status fsc_lttng_folders_stage(struct fsc_lttng_folders *folders,
					struct fsc_warnings *warnings, struct fsc_error *error)
{
	const char *root = getenv("TMPDIR");
	enum fsc_status status = FSC_OK;

	if (!root || *root != '/')
		root = "/tmp";
	if (asprintf(&folders->stage, "%s/ffiscope-lttng-XXXXXX", root) < 0) {
		folders->stage = NULL;
		return fsc_error_set(error, FSC_E_NOMEM, root, "no memory");
	}
	if (!mkdtemp(folders->stage)) {
		free(folders->stage);
		folders->stage = NULL;
		status = FSC_E_IO;
	}
	for (size_t i = 0; i < folders->count && !status; i++)
		status = stage_folder(folders, i, warnings);
	if (!status)
		return FSC_OK;
	fsc_error_set(error, status, root, "no place for what is read of the trace: %s",
		      strerror(errno));
	fsc_error_hint(error, "TMPDIR names another folder for temporary files");
	return status;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk_state)
{
	(void)info;
	(void)flag;
	(void)walk_state;
	(void)remove(path);
	return 0;
}

void fsc_lttng_folders_fini(struct fsc_lttng_folders *folders)
{
	if (folders->stage)
		(void)nftw(folders->stage, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < folders->count; i++) {
		free(folders->list[i].path);
		free(folders->list[i].metadata);
		free(folders->list[i].staged);
	}
	free(folders->list);
	free(folders->stage);
	*folders = (struct fsc_lttng_folders){ 0 };
}
