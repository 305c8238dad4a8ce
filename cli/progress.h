/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a line on stderr while something takes long, so that nobody thinks it hangs.
 *
 * In:     what is being done.
 * Out:    after a second, each half second, `ffiscope: what ... 3 s` on one line, wiped at the end;
 *         only on a terminal.
 * Thread: begin and end on one thread; a helper thread writes in between.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

/* Fields are its own. */
struct fsc_progress {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	const char *what;
	bool running;
	bool end; /* guarded by lock */
};

/* what must live until the end. When no thread can be had, nothing is shown. */
void fsc_progress_begin(struct fsc_progress *progress, const char *what);
void fsc_progress_end(struct fsc_progress *progress);

#endif
