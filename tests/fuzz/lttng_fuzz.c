/* SPDX-License-Identifier: MIT */
/* Any bytes as metadata, and as a stream file: what is kept of them lies in them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzers/lttng_folder_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CONTENT_OFFSET = 48 };

static void read_metadata(const char *path, size_t size)
{
	char uuid[40], *text;
	size_t length;
	bool cut;

	text = fsc_lttng_metadata_read(path, &cut);
	if (!text)
		return;
	length = strlen(text);
	fsc_lttng_metadata_uuid(text, uuid);
	(void)fsc_lttng_metadata_content_offset(text);
	if (fsc_lttng_metadata_is_ours(text))
		fsc_lttng_metadata_stage(text);
	if (length > size || strlen(text) != length || !memchr(uuid, '\0', sizeof(uuid)))
		abort();
	free(text);
}

static void read_stream(const char *path, size_t size)
{
	struct fsc_lttng_stream stream;

	if (fsc_lttng_stream_check(&stream, path, CONTENT_OFFSET))
		return;
	if (stream.good > size || stream.cut > size - stream.good ||
	    stream.damaged != (stream.good < size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_metadata(path, size);
	read_stream(path, size);
	close(fd);
	return 0;
}
