/* SPDX-License-Identifier: MIT */
/*
 * `record --sink lttng`: a session of its own around the command, by the commands of lttng-tools.
 * (Their library would bring those of XML and of Unicode into every command of ours.) Nothing is
 * hard here; begin at fsc_record_lttng_start().
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/recording.h"

#define CHANNEL	   "ffiscope"
#define DISCARDED  "<discarded_events>"
#define FD_LIBRARY "liblttng-ust-fd.so.1"

enum {
	SAID_BYTES = 65536,
	SUB_BUFFERS = 16, /* a consumer empties one while fifteen fill */
	SUB_BUFFER_LEAST = 64 << 10,
	SWITCH_US = 1000000 /* so much may be lost with a daemon */
};

/* What went wrong, as the command says it: the first line with an error, else the last line. */
static const char *reason(char *said)
{
	char *error = strstr(said, "Error: "), *line;

	if (error) {
		error += strlen("Error: ");
		error[strcspn(error, "\n")] = '\0';
		return error;
	}
	said[strcspn(said, "\r")] = '\0';
	for (size_t length = strlen(said); length && said[length - 1] == '\n';)
		said[--length] = '\0';
	line = strrchr(said, '\n');
	return line ? line + 1 : said;
}

static bool command(const struct fsc_record_lttng *lttng, const char *const words[])
{
	char said[SAID_BYTES];

	if (fsc_record_daemon_command(&lttng->daemon, words, said, sizeof(said)))
		return true;
	fsc_messages_say("lttng %s: %s", words[0], reason(said));
	return false;
}

/* ---- start ---- */

static bool create(const struct fsc_record_lttng *lttng, const char *folder, const char *url)
{
	const char *words[6] = { "create", lttng->session };
	char place[PATH_MAX + 16];
	size_t count = 2;

	if (lttng->snapshot)
		words[count++] = "--snapshot";
	if (*url)
		snprintf(place, sizeof(place), "--set-url=%s", url);
	else
		snprintf(place, sizeof(place), "--output=%s/" FSC_LTTNG_FOLDER, folder);
	words[count] = place;
	return command(lttng, words);
}

/* As much for each processor as four threads of the embedded sink have at most. */
static bool enable_channel(const struct fsc_record_lttng *lttng, uint64_t buffer_bytes)
{
	uint64_t bytes = SUB_BUFFER_LEAST;
	char size[48], count[32], timer[48];
	const char *const words[] = { "enable-channel",
				      "--userspace",
				      "--session",
				      lttng->session,
				      size,
				      count,
				      lttng->snapshot ? "--overwrite" : timer,
				      CHANNEL,
				      NULL };

	while (bytes < buffer_bytes * 4 / SUB_BUFFERS)
		bytes *= 2;
	snprintf(size, sizeof(size), "--subbuf-size=%" PRIu64, bytes);
	snprintf(count, sizeof(count), "--num-subbuf=%d", SUB_BUFFERS);
	snprintf(timer, sizeof(timer), "--switch-timer=%d", SWITCH_US);
	return command(lttng, words);
}

static bool has_provider(const struct fsc_record_session *session)
{
	char path[PATH_MAX + sizeof(FSC_LTTNG_LIBRARY)];
	char *slash;

	snprintf(path, sizeof(path), "%s", session->library);
	slash = strrchr(path, '/');
	memcpy(slash + 1, FSC_LTTNG_LIBRARY, sizeof(FSC_LTTNG_LIBRARY));
	if (access(path, R_OK) == 0)
		return true;
	fsc_messages_say("--sink lttng: this build has no %s", path);
	return false;
}

bool fsc_record_lttng_start(struct fsc_record_lttng *lttng,
			    const struct fsc_record_options *options,
			    const struct fsc_record_session *session, const char *folder)
{
	const char *const enable[] = { "enable-event", "--userspace", "--session",  lttng->session,
				       "--channel",    CHANNEL,	      "ffiscope:*", NULL };
	const char *const start[] = { "start", lttng->session, NULL };
	uint64_t buffer = 0;

	lttng->snapshot = options->snapshot;
	lttng->is_sent = *options->value[FSC_OPTION_LTTNG_URL];
	snprintf(lttng->session, sizeof(lttng->session), "ffiscope-%d", (int)getpid());
	fsc_option_parse_size(options->value[FSC_OPTION_BUFFER_SIZE], &buffer);
	if (!has_provider(session) || !fsc_record_daemon_start(&lttng->daemon, lttng->session) ||
	    !create(lttng, folder, options->value[FSC_OPTION_LTTNG_URL]) ||
	    !enable_channel(lttng, buffer) || !command(lttng, enable) || !command(lttng, start))
		return false;
	fsc_record_daemon_make_buffers(&lttng->daemon);
	return true;
}

/*
 * Programs that close all their descriptors would close the tracer's: LTTng has a library that
 * keeps those from them.
 */
void fsc_record_lttng_environment(const struct fsc_record_lttng *lttng)
{
	char *joined = NULL;

	if (!*lttng->session)
		return;
	fsc_record_daemon_environment(&lttng->daemon);
	if (asprintf(&joined, "%s:%s", getenv("LD_PRELOAD"), FD_LIBRARY) > 0)
		setenv("LD_PRELOAD", joined, 1);
	free(joined);
}

/* ---- end ---- */

/* The sum of an element's values (lttng-mi(7)). */
static uint64_t sum_of(const char *said, const char *element)
{
	uint64_t sum = 0;

	while ((said = strstr(said, element))) {
		said += strlen(element);
		sum += strtoull(said, NULL, 10);
	}
	return sum;
}

static void count_discarded(struct fsc_record_lttng *lttng)
{
	const char *const words[] = { "--mi=xml", "list", lttng->session, NULL };
	char said[SAID_BYTES];

	if (!fsc_record_daemon_command(&lttng->daemon, words, said, sizeof(said)) ||
	    !strstr(said, DISCARDED))
		return;
	lttng->discarded_known = true;
	lttng->discarded = sum_of(said, DISCARDED);
}

void fsc_record_lttng_stop(struct fsc_record_lttng *lttng, const char *folder)
{
	const char *const stop[] = { "stop", lttng->session, NULL };
	const char *record[] = { "snapshot", "record", "--session", lttng->session, NULL, NULL };
	char place[PATH_MAX + 16];

	if (!*lttng->session)
		return;
	/* Where the folder is now. */
	snprintf(place, sizeof(place), "%s/" FSC_LTTNG_FOLDER, folder);
	if (!lttng->is_sent)
		record[4] = place;
	lttng->whole = (!lttng->snapshot || command(lttng, record)) && command(lttng, stop);
	count_discarded(lttng);
}

void fsc_record_lttng_end(struct fsc_record_lttng *lttng)
{
	fsc_record_daemon_end(&lttng->daemon);
}

void fsc_record_lttng_summary(const struct fsc_record_lttng *lttng)
{
	if (!*lttng->session)
		return;
	if (!lttng->whole)
		fsc_messages_say("the LTTng session ended before the command: what came after that "
				 "is not recorded");
	if (lttng->whole && !lttng->discarded_known)
		fsc_messages_say("how many events LTTng discarded is not known");
	if (lttng->discarded > 0 && !lttng->snapshot)
		fsc_messages_say("LTTng discarded %" PRIu64 " events for want of room: record with "
				 "a larger --buffer-size, or --transport batch",
				 lttng->discarded);
}
