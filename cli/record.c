/* SPDX-License-Identifier: MIT */
/*
 * `ffiscope record`: prepare, run the command, move its events until it ends. What is hard: polling
 * often while data flows, and neither sleeping nor spinning when it does not. Begin at
 * fsc_cmd_record().
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/boundary_file.h"
#include "cli/messages.h"
#include "record_internal.h"

enum {
	WAIT_LEAST_NS = 150000,
	WAIT_MOST_NS = 10000000,
	EVERYTHING_NS = 1000000000, /* as often, what is in rings that are not full is taken too */
	LAST_MOMENT_NS = 100000000
};

struct recording {
	struct fsc_record_options options;
	struct fsc_record_output output;
	struct fsc_record_session session;
	struct fsc_record_machine machine;
	struct fsc_record_probe probe;
	struct fsc_record_child child;
	struct fsc_record_images images;
	struct fsc_record_lttng lttng;
	struct fsc_record_meta meta;
	char *boundary;
	size_t boundary_bytes;
};

static bool read_boundary(struct recording *recording)
{
	const char *path = recording->options.value[FSC_OPTION_BOUNDARY];
	struct fsc_boundary *rows;
	bool good;

	if (!*path)
		return true;
	rows = calloc(1, sizeof(*rows));
	good = rows &&
	       fsc_boundary_file_read(path, rows, &recording->boundary, &recording->boundary_bytes);
	free(rows);
	return good;
}

static bool put_boundary(const struct recording *recording)
{
	if (!recording->boundary ||
	    fsc_record_session_put(&recording->session, "boundary", recording->boundary,
				   recording->boundary_bytes))
		return true;
	fsc_messages_say("cannot copy the boundary file to %s: %s", recording->session.path,
			 strerror(errno));
	return false;
}

static void set_images(struct recording *recording)
{
	struct fsc_record_images *images = &recording->images;

	fsc_record_images_init(images, &recording->session);
	images->machine = &recording->machine;
	images->probe = &recording->probe;
	images->recording = recording->output.path;
	images->boundary = recording->boundary;
	images->boundary_bytes = recording->boundary_bytes;
	images->ring.limit = recording->options.ring_bytes;
	images->max_bytes = recording->options.max_bytes;
	images->counted_only = recording->options.lttng;
	recording->meta = (struct fsc_record_meta){ .options = &recording->options,
						    .output = &recording->output,
						    .machine = &recording->machine,
						    .probe = &recording->probe,
						    .images = images,
						    .lttng = &recording->lttng,
						    .seen = recording->session.control };
}

/* Everything that may refuse, before the command runs. */
static bool prepare(struct recording *recording)
{
	const struct fsc_record_options *options = &recording->options;
	int error;

	if (!read_boundary(recording) ||
	    !fsc_record_output_make(&recording->output, options->value[FSC_OPTION_OUTPUT],
				    options->command[0]))
		return false;
	if (!fsc_record_session_create(&recording->session) || !put_boundary(recording))
		return false;
	fsc_record_machine_read(&recording->machine, options->value[FSC_OPTION_CLOCK]);
	fsc_record_probe_find(&recording->probe, &recording->machine, &recording->session,
			      options->verbose);
	set_images(recording);
	recording->meta.start_ns = fsc_clock_monotonic_ns();
	error = fsc_record_meta_write(&recording->meta);
	if (error != 0)
		fsc_messages_say("cannot write %s: %s", recording->output.target, strerror(error));
	return error == 0 && (!options->lttng ||
			      fsc_record_lttng_start(&recording->lttng, options,
						     &recording->session, recording->output.path));
}

/* Returns true when a new image woke us: its first calls come now. */
static bool wait_for_more(struct recording *recording, uint64_t wait_ns)
{
	struct timespec timeout = { .tv_nsec = (long)wait_ns };
	struct pollfd own = { .fd = recording->child.signals, .events = POLLIN };
	size_t count;
	struct pollfd *rows = fsc_record_images_polls(&recording->images, &count);

	if (!rows) {
		rows = &own;
		count = 1;
	}
	rows[0] = own;
	if (ppoll(rows, count, &timeout, NULL) <= 0)
		return false;
	if (rows[0].revents)
		fsc_record_child_answer(&recording->child);
	for (size_t i = FSC_RECORD_WATCH_ROW + 1; i < count; i++)
		if (rows[i].revents) {
			fsc_record_images_reap(&recording->images);
			break;
		}
	if (count <= FSC_RECORD_WATCH_ROW || !rows[FSC_RECORD_WATCH_ROW].revents)
		return false;
	fsc_record_images_watched(&recording->images);
	return true;
}

static bool goes_on(const struct recording *recording, uint64_t ended_ns)
{
	if (!recording->child.ended)
		return true;
	/* What ended by a signal was not alone in getting it: others end a moment later. */
	if (recording->child.status > FSC_RECORD_SIGNAL && !recording->child.asked &&
	    fsc_clock_monotonic_ns() - ended_ns < LAST_MOMENT_NS &&
	    fsc_record_images_alive(&recording->images))
		return true;
	return recording->options.wait && !recording->child.asked &&
	       (!recording->child.childless || fsc_record_images_alive(&recording->images));
}

static void drain_until_end(struct recording *recording)
{
	uint64_t wait_ns = WAIT_LEAST_NS;
	uint64_t everything_ns = fsc_clock_monotonic_ns();
	uint64_t ended_ns = everything_ns;

	while (goes_on(recording, ended_ns)) {
		uint64_t now = fsc_clock_monotonic_ns();
		bool all = now - everything_ns > EVERYTHING_NS;

		if (all)
			everything_ns = now;
		if (fsc_record_images_poll(&recording->images, all))
			wait_ns = WAIT_LEAST_NS;
		else if (wait_ns < WAIT_MOST_NS / 2)
			wait_ns *= 2;
		else
			wait_ns = WAIT_MOST_NS;
		if (wait_for_more(recording, wait_ns))
			wait_ns = WAIT_LEAST_NS;
		/* An image has no row that wakes us when its process was reaped before we saw it.
		 */
		if (recording->child.ended)
			fsc_record_images_reap(&recording->images);
		else
			ended_ns = now;
	}
}

/* The command runs: its recording is wanted, whatever comes. */
static int record(struct recording *recording)
{
	struct fsc_session *control = recording->session.control;
	int error;

	fsc_record_output_settle(&recording->output);
	drain_until_end(recording);
	__atomic_store_n(&control->stop, 1, __ATOMIC_RELEASE);
	fsc_record_images_finish(&recording->images);
	fsc_record_lttng_stop(&recording->lttng, recording->output.path);
	recording->meta.end_ns = fsc_clock_monotonic_ns();
	if (recording->options.compress)
		fsc_record_compress(&recording->images);
	recording->meta.exit_status = recording->child.status;
	error = fsc_record_meta_write(&recording->meta);
	fsc_record_images_note(&recording->images, error);
	fsc_record_lttng_end(&recording->lttng);
	if (!recording->options.quiet)
		fsc_record_meta_summary(&recording->meta);
	fsc_record_lttng_summary(&recording->lttng);
	return recording->child.status;
}

static int run(struct recording *recording)
{
	int status = FSC_RECORD_TROUBLE;
	bool ran = false;

	if (!fsc_record_child_signals(&recording->child))
		return status;
	if (prepare(recording)) {
		status = fsc_record_child_start(&recording->child, &recording->options,
						&recording->session, &recording->lttng);
		ran = status == 0;
		if (ran)
			status = record(recording);
	}
	fsc_record_lttng_end(&recording->lttng);
	if (!ran && *recording->output.path)
		fsc_record_output_remove(recording->output.path);
	fsc_record_session_destroy(&recording->session);
	fsc_record_images_fini(&recording->images);
	fsc_record_child_fini(&recording->child);
	return status;
}

int fsc_cmd_record(int argc, char **argv)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	int status;

	if (!recording) {
		fsc_messages_say("no memory");
		return FSC_RECORD_TROUBLE;
	}
	status = fsc_record_options_parse(&recording->options, argc, argv);
	if (status < 0)
		status = run(recording);
	fsc_record_options_fini(&recording->options);
	free(recording->boundary);
	free(recording);
	return status;
}
