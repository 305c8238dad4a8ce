/* SPDX-License-Identifier: MIT */
/*
 * --compress: the streams of a finished recording, each into a file of its own beside it, which
 * then takes its place. What is hard: at every moment one whole file is there. Begin at
 * fsc_record_compress().
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "cli/messages.h"
#include "cli/progress.h"
#include "record_internal.h"
#include "trace_points/recording.h"

enum {
	LEVEL = 1,     /* higher ones took longer and saved nothing: records differ in few bytes */
	BACK_LOG = 18, /* a reader needs as much memory for each stream */
	PIECE_BYTES = 128 << 10
};

struct packer {
	ZSTD_CCtx *context;
	uint8_t in[PIECE_BYTES];
	uint8_t out[PIECE_BYTES];
};

static bool write_all(int fd, const uint8_t *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		count -= (size_t)written;
	}
	return true;
}

/* 0 or errno. */
static int pack_piece(struct packer *packer, size_t count, int to)
{
	ZSTD_inBuffer in = { packer->in, count, 0 };
	ZSTD_EndDirective end = count ? ZSTD_e_continue : ZSTD_e_end;
	size_t rest;

	do {
		ZSTD_outBuffer out = { packer->out, sizeof(packer->out), 0 };

		rest = ZSTD_compressStream2(packer->context, &out, &in, end);
		if (ZSTD_isError(rest))
			return ENOMEM;
		if (!write_all(to, packer->out, out.pos))
			return errno;
	} while (count ? in.pos < in.size : rest != 0);
	return 0;
}

/* 0 or errno. */
static int pack(struct packer *packer, int from, int to)
{
	ssize_t count;
	int error;

	ZSTD_CCtx_reset(packer->context, ZSTD_reset_session_only);
	do {
		count = read(from, packer->in, sizeof(packer->in));
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno;
		error = pack_piece(packer, (size_t)count, to);
		if (error)
			return error;
	} while (count != 0);
	return 0;
}

/* Replace the stream by its compressed form. 0 or errno: then it is as it was. */
static int compress_stream(struct packer *packer, int folder, const char *name)
{
	char packed[NAME_MAX + 1], part[NAME_MAX + 1];
	int from, to, error;

	snprintf(packed, sizeof(packed), "%.200s" FSC_COMPRESSED_SUFFIX, name);
	snprintf(part, sizeof(part), "%.200s.part", name);
	from = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return errno;
	to = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0) {
		error = errno;
		close(from);
		return error;
	}
	error = pack(packer, from, to);
	close(from);
	if (close(to) != 0 && !error)
		error = errno;
	if (!error && renameat(folder, part, folder, packed) != 0)
		error = errno;
	if (error)
		unlinkat(folder, part, 0);
	else
		unlinkat(folder, name, 0);
	return error;
}

static int is_stream(const struct dirent *entry)
{
	return !strncmp(entry->d_name, FSC_SLOT_PREFIX, sizeof(FSC_SLOT_PREFIX) - 1) &&
	       !strchr(entry->d_name, '.');
}

/* All streams of one image. */
static void compress_folder(struct packer *packer, const char *path)
{
	struct dirent **names = NULL;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count = folder < 0 ? -1 : scandir(path, &names, is_stream, alphasort);

	if (count < 0)
		fsc_messages_say("cannot compress %s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		int error = compress_stream(packer, folder, names[i]->d_name);

		if (error)
			fsc_messages_say("%s/%s stays uncompressed: %s", path, names[i]->d_name,
					 strerror(error));
		free(names[i]);
	}
	free(names);
	if (folder >= 0)
		close(folder);
}

static struct packer *packer_create(void)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (packer)
		packer->context = ZSTD_createCCtx();
	if (packer && packer->context) {
		ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(packer->context, ZSTD_c_windowLog, BACK_LOG);
		ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
		return packer;
	}
	free(packer);
	return NULL;
}

void fsc_record_compress(const struct fsc_record_images *images)
{
	struct packer *packer = packer_create();
	struct fsc_progress progress;
	char path[PATH_MAX];

	if (!packer) {
		fsc_messages_say("the recording stays uncompressed: no memory");
		return;
	}
	fsc_progress_begin(&progress, "compressing");
	for (const struct fsc_record_image *image = images->first; image; image = image->next) {
		if (!image->made)
			continue;
		snprintf(path, sizeof(path), "%s/%" PRIu32 "-%" PRIu32 "/" FSC_CTF_FOLDER,
			 images->recording, image->pid, image->number);
		compress_folder(packer, path);
	}
	fsc_progress_end(&progress);
	ZSTD_freeCCtx(packer->context);
	free(packer);
}
