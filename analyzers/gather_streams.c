/* SPDX-License-Identifier: MIT */
/*
 * Streams wait in one list, largest first, and whoever is free takes the next one. What each worker
 * gathered is added at the end; sums do not tell who took what.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "analyzers/breakdown_internal.h"

/* Less to read than this is read before a thread has started. */
enum { WORKER_BYTES = 4 << 20, WORKERS_MAX = 16 };

struct work {
	const struct fsc_record_merge *merge;
	struct fsc_record_stream **streams;
	size_t stream_count;
	atomic_size_t next;
};

struct worker {
	struct work *work;
	struct fsc_gatherer gatherer;
	pthread_t thread;
};

static void read_streams(struct work *work, struct fsc_gatherer *gatherer)
{
	size_t at;

	while ((at = atomic_fetch_add(&work->next, 1)) < work->stream_count)
		fsc_gatherer_read(gatherer, work->merge, work->streams[at]);
	fsc_gatherer_finish(gatherer);
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;

	read_streams(worker->work, &worker->gatherer);
	return NULL;
}

static int by_bytes(const void *left, const void *right)
{
	const struct fsc_record_stream *a = *(struct fsc_record_stream *const *)left;
	const struct fsc_record_stream *b = *(struct fsc_record_stream *const *)right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* Besides the caller: as many as there are processors and work for them. */
static size_t workers_for(const struct work *work)
{
	cpu_set_t allowed;
	size_t processors = 1, worth = 0;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed))
		processors = (size_t)CPU_COUNT(&allowed);
	while (worth < work->stream_count && worth < WORKERS_MAX &&
	       work->streams[worth]->bytes >= WORKER_BYTES)
		worth++;
	worth = worth < processors ? worth : processors;
	return worth ? worth - 1 : 0;
}

/* Without memory or a thread the others have more to do. */
static size_t start(struct worker *workers, size_t wanted, struct work *work,
		    const struct fsc_state *state)
{
	size_t count = 0;

	for (; workers && count < wanted; count++) {
		struct worker *worker = &workers[count];

		worker->work = work;
		if (fsc_gatherer_init(&worker->gatherer, state) ||
		    pthread_create(&worker->thread, NULL, run_worker, worker)) {
			fsc_gatherer_fini(&worker->gatherer);
			break;
		}
	}
	return count;
}

enum fsc_status fsc_gather_streams(struct fsc_gatherer *gatherer,
				   const struct fsc_record_merge *merge)
{
	struct work work = { .merge = merge, .stream_count = merge->count };
	enum fsc_status status = FSC_OK;
	struct worker *workers;
	size_t count;

	work.streams = malloc((merge->count + 1) * sizeof(struct fsc_record_stream *));
	if (!work.streams)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < merge->count; i++)
		work.streams[i] = merge->heap[i].stream;
	qsort(work.streams, merge->count, sizeof(struct fsc_record_stream *), by_bytes);
	workers = calloc(WORKERS_MAX, sizeof(*workers));
	count = start(workers, workers_for(&work), &work, gatherer->state);
	read_streams(&work, gatherer);
	for (size_t i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		if (!status)
			status = fsc_gatherer_join(gatherer, &workers[i].gatherer);
		fsc_gatherer_fini(&workers[i].gatherer);
	}
	free(workers);
	free(work.streams);
	return status;
}
