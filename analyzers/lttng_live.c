/* SPDX-License-Identifier: MIT */
/*
 * The child reads by babeltrace2 and writes chunks into a pipe; here they are put together again.
 * Begin at fsc_lttng_live_wait().
 */
#include "analyzers/lttng_live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzers/lttng_child_internal.h"
#include "analyzers/lttng_graph_internal.h"
#include "analyzers/lttng_live_internal.h"
#include "trace_points/clock.h"

enum { READ_BYTES = 1 << 16, CHUNK_MAX = 128 << 20, NS_PER_MS = 1000000 };

struct job {
	const char *url;
	int fd;
};

static int follow(void *arg)
{
	const struct job *job = arg;
	struct fsc_lttng_import *import;
	enum fsc_status status = fsc_lttng_import_create(&import, job->fd, 1);

	if (!status)
		status = fsc_lttng_graph_follow(job->url, import);
	if (!status)
		status = fsc_lttng_import_finish(import);
	return (int)status;
}

enum fsc_status fsc_lttng_live_open(struct fsc_lttng_live **out, const char *url,
				    struct fsc_error *error)
{
	struct fsc_lttng_live *live = calloc(1, sizeof(*live));
	struct job job = { .url = url };
	int ends[2];

	*out = NULL;
	if (!live)
		return fsc_error_set(error, FSC_E_NOMEM, url, "no memory");
	if (pipe2(ends, O_CLOEXEC)) {
		free(live);
		return fsc_error_set(error, FSC_E_IO, url, "%s", strerror(errno));
	}
	job.fd = ends[1];
	live->fd = ends[0];
	live->child = fsc_lttng_child_start(follow, &job);
	close(ends[1]);
	if (live->child < 0) {
		close(ends[0]);
		free(live);
		return fsc_error_set(error, FSC_E_IO, url, "no process can be made to read it: %s",
				     strerror(errno));
	}
	fcntl(live->fd, F_SETFL, O_NONBLOCK);
	*out = live;
	return FSC_OK;
}

void fsc_lttng_live_close(struct fsc_lttng_live *live)
{
	if (!live)
		return;
	kill(live->child, SIGKILL);
	while (waitpid(live->child, NULL, 0) < 0 && errno == EINTR)
		;
	if (live->fd >= 0)
		close(live->fd);
	fsc_lttng_live_images_fini(live);
	free(live->bytes);
	free(live);
}

/* Bytes of the whole chunk that begins there; 0: it is not all there. */
static size_t chunk_bytes(const struct fsc_lttng_live *live, size_t at,
			  struct fsc_spool_chunk *chunk)
{
	size_t bytes;

	if (live->used - at < sizeof(*chunk))
		return 0;
	memcpy(chunk, live->bytes + at, sizeof(*chunk));
	bytes = sizeof(*chunk) + ((size_t)chunk->bytes + 7) / 8 * 8;
	return bytes <= live->used - at ? bytes : 0;
}

static enum fsc_status take_chunks(struct fsc_lttng_live *live)
{
	enum fsc_status status = FSC_OK;
	struct fsc_spool_chunk chunk;
	size_t at = 0, bytes;

	while (!status && (bytes = chunk_bytes(live, at, &chunk))) {
		status = fsc_lttng_live_take(live, &chunk, live->bytes + at + sizeof(chunk));
		at += bytes;
	}
	memmove(live->bytes, live->bytes + at, live->used - at);
	live->used -= at;
	return status;
}

static enum fsc_status make_room(struct fsc_lttng_live *live)
{
	size_t room = live->room ? live->room * 2 : (size_t)READ_BYTES * 2;
	uint8_t *grown;

	if (live->room - live->used >= READ_BYTES)
		return FSC_OK;
	if (room > CHUNK_MAX)
		return FSC_E_LIMIT;
	grown = realloc(live->bytes, room);
	if (!grown)
		return FSC_E_NOMEM;
	live->bytes = grown;
	live->room = room;
	return FSC_OK;
}

/* What is there now. */
static enum fsc_status take_bytes(struct fsc_lttng_live *live)
{
	enum fsc_status status = make_room(live);
	ssize_t got;

	if (status)
		return status;
	got = read(live->fd, live->bytes + live->used, READ_BYTES);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? FSC_OK : FSC_E_IO;
	if (!got) {
		live->ended = true;
		close(live->fd);
		live->fd = -1;
	}
	live->used += (size_t)got;
	return take_chunks(live);
}

static enum fsc_status not_readable(const struct fsc_lttng_live *live, struct fsc_error *error)
{
	fsc_error_set(error, FSC_E_NOT_FOUND, NULL, "no live session can be read there%s%s",
		      *live->trouble ? ": " : "", live->trouble);
	fsc_error_hint(error, "`babeltrace2 --input-format=lttng-live net://HOST` lists them; a "
			      "session is live when made by `lttng create --live`");
	return FSC_E_NOT_FOUND;
}

enum fsc_status fsc_lttng_live_wait(struct fsc_lttng_live *live, uint64_t timeout_ns,
				    struct fsc_error *error)
{
	uint64_t end_ns = fsc_clock_monotonic_ns() + timeout_ns, now_ns;
	enum fsc_status status = FSC_OK;

	do {
		struct pollfd wait = { .fd = live->fd, .events = POLLIN };
		int left_ms;

		now_ns = fsc_clock_monotonic_ns();
		left_ms = now_ns < end_ns ? (int)((end_ns - now_ns) / NS_PER_MS) + 1 : 0;
		if (!live->ended && poll(&wait, 1, left_ms) > 0)
			status = take_bytes(live);
	} while (!status && !live->ended && now_ns < end_ns);
	if (status)
		return fsc_error_set(error, status, NULL, "what is read has no place: %s",
				     status == FSC_E_NOMEM ? "no memory" : "too much at once");
	if (live->ended && !live->image_count && (*live->trouble || !live->whole))
		return not_readable(live, error);
	return FSC_OK;
}
