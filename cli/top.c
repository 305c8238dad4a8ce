/* SPDX-License-Identifier: MIT */
/*
 * `ffiscope top`: a running program's entry points, once a second. It reads what the program counts
 * in shared memory, and writes nothing there; or what the programs of a live session of LTTng tell.
 * Begin at fsc_cmd_top().
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/top_internal.h"
#include "trace_points/clock.h"

enum { REFRESH_NS = 1000000000, SLICE_NS = 50000000, TRIES = 15, ROUNDS = 2 };

/* What is looked at: one of both. */
struct watched {
	const struct fsc_live_session *image;
	struct fsc_lttng_live *session;
};

struct choices {
	uint32_t pid;
	const char *url;
	bool once;
	bool json;
	enum fsc_top_key key;
	enum fsc_colour colour;
};

static bool take_once(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->once = true;
	return true;
}

static bool take_json(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->json = true;
	return true;
}

static bool take_live(void *into, const char *value)
{
	((struct choices *)into)->url = value;
	return *value;
}

static bool take_sort(void *into, const char *value)
{
	struct choices *choices = into;

	choices->key = fsc_top_key_of_word(value);
	return choices->key != FSC_TOP_KEYS;
}

static bool take_colour(void *into, const char *value)
{
	return fsc_output_parse_colour(value, &((struct choices *)into)->colour);
}

static bool take_pid(void *into, const char *word)
{
	struct choices *choices = into;

	return !choices->pid && fsc_live_session_parse_pid(word, &choices->pid);
}

static const struct fsc_argument options[] = {
	{ "once", '\0', FSC_ARGUMENT_NONE, NULL, "one sample, without rates, and no screen",
	  take_once },
	{ "json", '\0', FSC_ARGUMENT_NONE, NULL, "one sample as JSON, schema ffiscope.top/1",
	  take_json },
	{ "live", 'l', FSC_ARGUMENT_NEEDED, "URL",
	  "not a process, but a live session of LTTng: net://HOST/host/HOSTNAME/SESSION",
	  take_live },
	{ "sort", 's', FSC_ARGUMENT_NEEDED, "KEY",
	  "calls (default), rate, mean, p99, bytes or live", take_sort },
	FSC_ARGUMENT_COLOUR(take_colour),
};

const struct fsc_arguments fsc_top_arguments = {
	.command = "top",
	.operands = "PID | --live URL",
	.about = "Shows the entry points of a running program that is recorded, or of all in a "
		 "live\n"
		 "session, once a second.\n"
		 "Keys: c calls, r rate, m mean, p p99, b bytes, l live buffers, q quit.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = take_pid,
};

static bool take_sample(struct fsc_top_sample *sample, const struct choices *choices,
			const struct watched *watched)
{
	enum fsc_status status =
		watched->session ? fsc_top_sample_of_session(sample, watched->session, choices->url)
				 : fsc_top_sample_take(sample, watched->image);

	if (!status)
		return true;
	fsc_messages_say(status == FSC_E_NOMEM ? "no memory" : "%s cannot be read",
			 watched->session ? choices->url : watched->image->image_path);
	fsc_top_sample_fini(sample);
	return false;
}

/* Read of the session for that time. false: it cannot be read. */
static bool listen_to(struct fsc_lttng_live *session, const char *url, uint64_t time_ns)
{
	struct fsc_error error = { 0 };
	enum fsc_status status = fsc_lttng_live_wait(session, time_ns, &error);

	if (!status)
		return true;
	snprintf(error.file, sizeof(error.file), "%s", url);
	fsc_messages_error(&error);
	return false;
}

static int write_once(const struct choices *choices, const struct watched *watched)
{
	struct fsc_top_sample sample;
	struct fsc_output output;

	if (!take_sample(&sample, choices, watched))
		return FSC_EXIT_TROUBLE;
	fsc_output_init(&output, choices->colour);
	fsc_top_sort(&sample, choices->key);
	if (choices->json)
		fsc_top_json_write(&sample, &output);
	else
		fsc_top_screen_write(&sample, choices->key, 0, &output);
	fsc_top_sample_fini(&sample);
	return fsc_output_finish(&output) ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

/* Home, then what is on the screen, each line's rest cleared, then all below. */
static void draw(struct fsc_top_sample *sample, struct choices *choices)
{
	struct fsc_output output, screen;
	size_t bytes = 0;
	char *text = NULL;

	fsc_output_init(&output, choices->colour);
	screen = output;
	screen.stream = open_memstream(&text, &bytes);
	if (!screen.stream)
		return;
	fsc_top_sort(sample, choices->key);
	fsc_top_screen_write(sample, choices->key, fsc_top_terminal_lines(), &screen);
	fclose(screen.stream);
	fputs("\033[H", output.stream);
	for (const char *line = text; line && *line;) {
		size_t length = strcspn(line, "\n");

		fwrite(line, 1, length, output.stream);
		line += length;
		fputs(*line ? "\033[K\n" : "\033[K", output.stream);
		line += *line == '\n';
	}
	fputs("\033[J", output.stream);
	fflush(output.stream);
	free(text);
}

/* Until it is time for the next sample. false: the command is to end. */
static bool wait_and_answer(struct fsc_top_sample *sample, struct choices *choices,
			    const struct watched *watched)
{
	uint64_t end_ns = fsc_clock_monotonic_ns() + REFRESH_NS, now_ns;
	char letter = 0;

	while ((now_ns = fsc_clock_monotonic_ns()) < end_ns) {
		uint64_t wait_ns = watched->session ? 0 : end_ns - now_ns;

		if (watched->session && !listen_to(watched->session, choices->url, SLICE_NS))
			return false;
		switch (fsc_top_terminal_wait(wait_ns, &letter)) {
		case FSC_TOP_STOP:
			return false;
		case FSC_TOP_TYPED:
			if (letter == 'q')
				return false;
			if (fsc_top_key_of_letter(letter) == FSC_TOP_KEYS)
				break;
			choices->key = fsc_top_key_of_letter(letter);
			draw(sample, choices);
			break;
		case FSC_TOP_RESIZED:
			draw(sample, choices);
			break;
		case FSC_TOP_TIMEOUT:
			break;
		}
	}
	return true;
}

/* The process is gone, or runs another program: then its image goes too. */
static bool is_over(const struct fsc_top_sample *sample, const struct choices *choices,
		    const struct watched *watched)
{
	if (watched->session)
		return sample->session.ended;
	return sample->image.state == FSC_IMAGE_EXITED ||
	       (kill((pid_t)choices->pid, 0) != 0 && errno == ESRCH) ||
	       access(watched->image->image_path, F_OK) != 0;
}

/* false: a sample could not be taken. */
static bool watch(struct choices *choices, const struct watched *watched, bool *ended)
{
	struct fsc_top_sample sample = { 0 }, before;
	bool good = true;

	do {
		before = sample;
		good = take_sample(&sample, choices, watched);
		if (good) {
			fsc_top_sample_compare(&sample, &before);
			draw(&sample, choices);
		}
		fsc_top_sample_fini(&before);
		*ended = good && is_over(&sample, choices, watched);
	} while (good && !*ended && wait_and_answer(&sample, choices, watched));
	if (good)
		fsc_top_sample_fini(&sample);
	return good;
}

static int show(struct choices *choices, const struct watched *watched)
{
	bool good, ended = false;

	if (choices->once || choices->json || !fsc_top_terminal_begin())
		return write_once(choices, watched);
	good = watch(choices, watched, &ended);
	fsc_top_terminal_end();
	if (ended) {
		if (watched->session)
			fsc_messages_say("the session ended");
		else
			fsc_messages_say("process %u ended, or runs another program now",
					 choices->pid);
		return write_once(choices, watched);
	}
	return good ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

/* Until the programs of the session told their state twice, so that rates are known. */
static bool hear(struct fsc_lttng_live *session, const struct choices *choices)
{
	struct fsc_lttng_live_sample sample;
	bool enough = false, heard = true;

	for (int i = 0; i < TRIES && heard && !enough; i++) {
		heard = listen_to(session, choices->url, REFRESH_NS);
		if (heard && !fsc_lttng_live_look(session, &sample))
			enough = sample.ended || sample.rounds >= ROUNDS;
		if (heard)
			fsc_lttng_live_forget(&sample);
	}
	return heard;
}

static int show_session(struct choices *choices)
{
	struct fsc_error error = { 0 };
	struct watched watched = { 0 };
	int code = FSC_EXIT_TROUBLE;

	if (fsc_lttng_live_open(&watched.session, choices->url, &error)) {
		fsc_messages_error(&error);
		return FSC_EXIT_TROUBLE;
	}
	if (hear(watched.session, choices))
		code = show(choices, &watched);
	fsc_lttng_live_close(watched.session);
	return code;
}

int fsc_cmd_top(int argc, char **argv)
{
	struct choices choices = { 0 };
	struct fsc_live_session live;
	int code;

	switch (fsc_arguments_parse(&fsc_top_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		break;
	case FSC_ARGUMENTS_HELPED:
		return FSC_EXIT_CLEAN;
	case FSC_ARGUMENTS_WRONG:
		return FSC_EXIT_TROUBLE;
	}
	if (choices.url && !choices.pid)
		return show_session(&choices);
	if (!choices.pid || choices.url) {
		fsc_messages_say(choices.url ? "a process and a session at once: give one of both"
					     : "which process? Give its pid (see --help)");
		return FSC_EXIT_TROUBLE;
	}
	if (!fsc_live_session_open(&live, choices.pid, false))
		return FSC_EXIT_TROUBLE;
	code = show(&choices, &(struct watched){ .image = &live });
	fsc_live_session_close(&live);
	return code;
}
