/* SPDX-License-Identifier: MIT */
/*
 * leaks.h - buffers that were not given back exactly once, over all images of a recording.
 *
 * In:     each image's state (live buffers, ledger totals) and its buffer_freed events.
 * Out:    struct fsc_leaks_result: findings, most bytes first; what was live at an abnormal end, or
 *         awaits a finalizer.
 * Cost:   one pass per image; memory for the groups (kind, image, entry point).
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_LEAKS_H
#define ANALYZERS_LEAKS_H

#include "analyzers/event_stream.h"
#include "analyzers/recording.h"
#include "analyzers/status.h"

enum fsc_leak_kind {
	FSC_LEAK_NEVER_FREED,
	FSC_LEAK_FREED_TWICE,
	FSC_LEAK_FREED_UNKNOWN,
	FSC_LEAK_SIZE_MISMATCH,
	FSC_LEAK_FOREIGN_FREE,
	FSC_LEAK_KINDS
};

/* "never_freed", ... */
const char *fsc_leak_kind_name(enum fsc_leak_kind kind);

enum fsc_leaks_limit { FSC_LEAK_THREADS_MAX = 64 };

struct fsc_leak_call {
	bool known; /* false: the call that made the buffer is not known */
	uint32_t pid;
	uint32_t tid;
	uint64_t number;
	int64_t start_ns; /* CLOCK_MONOTONIC */
};

/*
 * One finding. entry_point: what made the buffer, else (freed_unknown) what it was given to; ""
 * when neither is known. Calls: of the making, else of the freeing call, by time.
 */
struct fsc_leak {
	enum fsc_leak_kind kind;
	bool uncertain; /* it may be an artefact of lost events or a full ledger, or miss some */
	uint32_t pid;
	uint32_t image;
	const char *host; /* borrowed from the recording; "" = not said */
	char *entry_point;
	char *library;
	uint64_t count;
	uint64_t without_details; /* of count: known from the totals alone */
	struct fsc_maybe bytes;	  /* capacity where known, else length */
	struct fsc_leak_call first_call;
	struct fsc_leak_call last_call;
	uint32_t threads[FSC_LEAK_THREADS_MAX];
	size_t thread_count;
	bool more_threads; /* than fit in threads */
};

struct fsc_leaks_result {
	struct fsc_leak *findings; /* most bytes first */
	size_t finding_count;
	struct fsc_leak *live_at_end; /* kind FSC_LEAK_NEVER_FREED, after an abnormal end */
	size_t live_at_end_count;
	struct fsc_leak *awaiting_finalizer; /* kind FSC_LEAK_NEVER_FREED: habits_internal.h */
	size_t awaiting_finalizer_count;
	struct fsc_maybe made;	/* over all images; unknown when an image has no totals */
	struct fsc_maybe freed; /* this and live: unknown, too, when a ledger was full */
	struct fsc_maybe live;
	uint64_t ledger_full; /* buffers that found no place */
	struct fsc_stream_loss loss;
	bool uncertain; /* some image lost findings or its totals, or its ledger was full */
};

struct fsc_leaks; /* opaque */

/* Which images to read. */
struct fsc_leaks_scope {
	const struct fsc_process *image; /* NULL: all */
	const char *host;		 /* of those, the ones of that host; "": all */
	uint32_t pid;			 /* of those, the ones of that process; 0: all */
};

/*
 * Read the images of a recording, or only those of a scope (not NULL). An image that cannot be
 * opened is a warning. warnings: may be NULL. FSC_OK: the caller owns *out and ends it with
 * fsc_leaks_destroy(). Else *out is NULL, *error says why.
 */
FSC_MUST_CHECK enum fsc_status fsc_leaks_read(struct fsc_leaks **out,
					      const struct fsc_recording *recording,
					      const struct fsc_leaks_scope *only,
					      struct fsc_warnings *warnings,
					      struct fsc_error *error);
void fsc_leaks_destroy(struct fsc_leaks *leaks);

/* Borrowed from the leaks. */
const struct fsc_leaks_result *fsc_leaks_borrow(const struct fsc_leaks *leaks);

#endif
