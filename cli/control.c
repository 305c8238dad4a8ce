/* SPDX-License-Identifier: MIT */
/*
 * `ffiscope control`: change what is recorded of a running program, or say what is. Nothing is hard
 * here: the words lie in the header of the process's image (trace_points/image_detail.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/control_internal.h"
#include "cli/live_session.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "trace_points/image_detail.h"
#include "trace_points/options.h"

struct choices {
	uint32_t pid;
	bool given; /* something is to be changed */
	uint32_t one_in;
};

static bool take_sample(void *into, const char *value)
{
	struct choices *choices = into;

	choices->given = true;
	return fsc_option_parse_rate(value, &choices->one_in);
}

static bool take_pid(void *into, const char *word)
{
	struct choices *choices = into;

	return !choices->pid && fsc_live_session_parse_pid(word, &choices->pid);
}

static const struct fsc_argument options[] = {
	{ "sample", '\0', FSC_ARGUMENT_NEEDED, "1/N|all|none",
	  "record one call in N, chosen at random; count all", take_sample },
};

const struct fsc_arguments fsc_control_arguments = {
	.command = "control",
	.operands = "PID",
	.about = "Changes which calls of a running program are recorded, and says which are.\n"
		 "Without an option it only says so. Each thread goes by it from one of its next\n"
		 "calls on; reports know for each call how it was.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = take_pid,
};

static void say(uint32_t pid, const struct fsc_image_detail *detail, FILE *out)
{
	if (detail->one_in == FSC_SAMPLE_NONE)
		fprintf(out, "process %" PRIu32 ": calls are counted, none is recorded\n", pid);
	else if (detail->one_in == 1)
		fprintf(out, "process %" PRIu32 ": all calls are recorded\n", pid);
	else
		fprintf(out, "process %" PRIu32 ": one call in %" PRIu32 " is recorded\n", pid,
			detail->one_in);
}

/* false: said why. */
static bool change(const struct choices *choices, const struct fsc_live_session *live)
{
	if (live->image->sink != FSC_SINK_EMBEDDED) {
		fsc_messages_say("process %" PRIu32 " is recorded by the sink %s, where each call "
				 "counts: only with --sink embedded can that be changed",
				 choices->pid, fsc_sink_name(live->image->sink));
		return false;
	}
	fsc_image_detail_write(live->image,
			       &(struct fsc_image_detail){ .one_in = choices->one_in });
	return true;
}

static int control(const struct choices *choices, const struct fsc_live_session *live)
{
	struct fsc_image_detail now;
	struct fsc_output output;

	if (choices->given && !change(choices, live))
		return FSC_EXIT_TROUBLE;
	if (!fsc_image_detail_read(live->image, &now)) {
		fsc_messages_say("process %" PRIu32 " is just being changed by another: try again",
				 choices->pid);
		return FSC_EXIT_TROUBLE;
	}
	fsc_output_init(&output, FSC_COLOUR_NEVER);
	say(choices->pid, &now, output.stream);
	return fsc_output_finish(&output) ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

int fsc_cmd_control(int argc, char **argv)
{
	struct choices choices = { 0 };
	struct fsc_live_session live;
	int code;

	switch (fsc_arguments_parse(&fsc_control_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		break;
	case FSC_ARGUMENTS_HELPED:
		return FSC_EXIT_CLEAN;
	case FSC_ARGUMENTS_WRONG:
		return FSC_EXIT_TROUBLE;
	}
	if (!choices.pid) {
		fsc_messages_say("which process? Give its pid (see --help)");
		return FSC_EXIT_TROUBLE;
	}
	if (!fsc_live_session_open(&live, choices.pid, true))
		return FSC_EXIT_TROUBLE;
	code = control(&choices, &live);
	fsc_live_session_close(&live);
	return code;
}
