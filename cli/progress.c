/* SPDX-License-Identifier: MIT */
/* Reading has no callback to hook on, hence the thread. Begin at write_until_end(). */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/text.h"

enum { HALF_SECOND_NS = 500000000, SECOND_NS = 1000000000, QUIET_STEPS = 2 };

static void add_half_second(struct timespec *time)
{
	time->tv_nsec += HALF_SECOND_NS;
	if (time->tv_nsec >= SECOND_NS) {
		time->tv_nsec -= SECOND_NS;
		time->tv_sec++;
	}
}

static void *write_until_end(void *arg)
{
	struct fsc_progress *progress = arg;
	struct timespec due;
	unsigned int steps = 0;

	clock_gettime(CLOCK_MONOTONIC, &due);
	pthread_mutex_lock(&progress->lock);
	for (; !progress->end; steps++) {
		if (steps >= QUIET_STEPS) {
			fputs("\rffiscope: ", stderr);
			fsc_text_write(progress->what, stderr);
			fprintf(stderr, " ... %u s", steps / 2);
			fflush(stderr);
		}
		add_half_second(&due);
		pthread_cond_timedwait(&progress->ended, &progress->lock, &due);
	}
	pthread_mutex_unlock(&progress->lock);
	if (steps > QUIET_STEPS)
		fputs("\r\033[K", stderr); /* ECMA-48 8.3.41: erase the line */
	return NULL;
}

void fsc_progress_begin(struct fsc_progress *progress, const char *what)
{
	pthread_condattr_t attributes;

	*progress = (struct fsc_progress){ .what = what };
	if (!isatty(STDERR_FILENO))
		return;
	pthread_mutex_init(&progress->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&progress->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	progress->running = !pthread_create(&progress->thread, NULL, write_until_end, progress);
}

void fsc_progress_end(struct fsc_progress *progress)
{
	if (!progress->running)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->end = true;
	pthread_cond_signal(&progress->ended);
	pthread_mutex_unlock(&progress->lock);
	pthread_join(progress->thread, NULL);
	pthread_cond_destroy(&progress->ended);
	pthread_mutex_destroy(&progress->lock);
	progress->running = false;
}
