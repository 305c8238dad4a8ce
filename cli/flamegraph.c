/* SPDX-License-Identifier: MIT */
/*
 * Stacks come from a recording or from a file of folded stacks; then they are drawn. Begin at
 * fsc_cmd_flamegraph().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyzers/spans.h"
#include "cli/commands.h"
#include "cli/flamegraph_internal.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/process_choice.h"
#include "cli/progress.h"
#include "flamegraphs/svg.h"

enum { WIDTH_PX = 1200, SUBTITLE_BYTES = 1200 };

struct choices {
	struct fsc_process_choice process; /* first: see there */
	const char *file;		   /* NULL: stdout */
	bool folded;
};

static bool take_output(void *into, const char *value)
{
	((struct choices *)into)->file = strcmp(value, "-") ? value : NULL;
	return *value;
}

static bool take_folded(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->folded = true;
	return true;
}

static const struct fsc_argument options[] = {
	{ "output", 'o', FSC_ARGUMENT_NEEDED, "FILE", "write there, not to standard output",
	  take_output },
	{ "folded", '\0', FSC_ARGUMENT_NONE, NULL,
	  "folded stacks: entry_point;side;phase NS, one a line", take_folded },
	FSC_PROCESS_CHOICE_PID("this process, not the one with most calls"),
};

const struct fsc_arguments fsc_flamegraph_arguments = {
	.command = "flamegraph",
	.operands = "[RECORDING|STACKS]",
	.about = "Draws the phases of all requests of one process as SVG.\n"
		 "RECORDING is the folder that record left (default: ffiscope.data),\n"
		 "or a folder with LTTng traces of ffiscope;\n"
		 "STACKS is a file of folded stacks of any origin.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = fsc_process_choice_take_path,
};

struct adding {
	struct fsc_folded *folded;
	enum fsc_status status;
	size_t left_out;
};

static bool add_span(void *arg, const struct fsc_span *span)
{
	const char *names[] = { span->entry_point, fsc_side_name(span->side), span->phase };
	struct adding *adding = arg;

	if (span->total_ns < 0)
		adding->left_out++;
	else
		adding->status = fsc_folded_add(adding->folded, names, 3, (uint64_t)span->total_ns);
	return !adding->status;
}

enum fsc_status fsc_flamegraph_add_phases(struct fsc_folded *folded,
					  const struct fsc_breakdown_result *breakdown,
					  size_t *left_out)
{
	struct adding adding = { .folded = folded };

	fsc_spans_walk(breakdown, add_span, &adding);
	*left_out = adding.left_out;
	return adding.status;
}

/* What is drawn, and what stands above it. */
struct picture {
	struct fsc_folded *folded;
	char subtitle[SUBTITLE_BYTES];
	const char *unit;
	size_t left_out; /* phases */
	bool partial;
};

/* Of a drawing that is there: when it could not be written, that is the one thing to say. */
static void tell_losses(const struct picture *picture)
{
	if (picture->left_out)
		fsc_messages_say("%zu phases have a negative time and are not drawn; ffiscope "
				 "report shows them",
				 picture->left_out);
	if (picture->partial)
		fsc_messages_say("events are missing: the drawing rests on a part of the calls");
}

static enum fsc_status add_image(struct picture *picture, const struct fsc_recording *recording,
				 const struct fsc_process *process)
{
	struct fsc_warnings *warnings = calloc(1, sizeof(*warnings));
	struct fsc_error error = { 0 };
	struct fsc_breakdown *breakdown;
	struct fsc_progress progress;
	enum fsc_status status;

	fsc_progress_begin(&progress, "reading the recording");
	status = fsc_breakdown_read(&breakdown, recording, process, warnings, &error);
	fsc_progress_end(&progress);
	if (warnings)
		fsc_messages_warnings(warnings);
	free(warnings);
	if (status) {
		fsc_messages_error(&error);
		return status;
	}
	status = fsc_flamegraph_add_phases(picture->folded, fsc_breakdown_borrow(breakdown),
					   &picture->left_out);
	picture->partial = fsc_breakdown_borrow(breakdown)->partial;
	if (status)
		fsc_messages_say("the stacks do not fit into memory");
	fsc_breakdown_destroy(breakdown);
	return status;
}

static enum fsc_status read_recording(struct picture *picture, const struct choices *choices)
{
	const struct fsc_process *process;
	struct fsc_recording *recording;
	enum fsc_status status;

	status = fsc_process_choice_open(&choices->process, &recording, &process);
	if (status)
		return status;
	picture->unit = "ns";
	if (process) {
		snprintf(picture->subtitle, sizeof(picture->subtitle),
			 "process %u %s; wall time of all requests, corrected for the probe cost",
			 process->pid, process->exe);
		status = add_image(picture, recording, process);
	} else {
		fsc_messages_say("0 calls seen: %s", recording->path);
	}
	fsc_recording_destroy(recording);
	return status;
}

static enum fsc_status read_stacks(struct picture *picture, const char *path)
{
	FILE *in = fopen(path, "re");
	struct fsc_error error = { 0 };
	enum fsc_status status;

	if (in)
		status = fsc_folded_read(picture->folded, in, path, &error);
	else
		status = fsc_error_set(&error, FSC_E_IO, path, "cannot read: %s", strerror(errno));
	if (in)
		fclose(in);
	if (status)
		fsc_messages_error(&error);
	picture->unit = "";
	snprintf(picture->subtitle, sizeof(picture->subtitle), "%s", path);
	return status;
}

static bool is_plain_file(const char *path)
{
	struct stat status;

	return path && !stat(path, &status) && S_ISREG(status.st_mode);
}

/* false: no memory; what else fails is the stream's to tell. */
static bool draw(const struct picture *picture, bool folded, FILE *out)
{
	struct fsc_svg_options svg = {
		.title = "ffiscope flamegraph",
		.subtitle = picture->subtitle,
		.unit = picture->unit,
		.width_px = WIDTH_PX,
	};
	enum fsc_status status = folded ? fsc_folded_write(picture->folded, out)
					: fsc_svg_write(picture->folded, &svg, out);

	if (status == FSC_E_NOMEM)
		fsc_messages_say("no memory");
	return status != FSC_E_NOMEM;
}

static int write_picture(const struct picture *picture, const struct choices *choices)
{
	struct fsc_output_file file;
	struct fsc_output output;
	bool drawn;

	fsc_output_init(&output, FSC_COLOUR_NEVER);
	if (!choices->file) {
		drawn = draw(picture, choices->folded, output.stream);
		return fsc_output_finish(&output) && drawn ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
	}
	if (!fsc_output_file_open(&file, choices->file))
		return FSC_EXIT_TROUBLE;
	drawn = draw(picture, choices->folded, file.stream);
	return fsc_output_file_close(&file, drawn) && drawn ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

static int make_picture(const struct choices *choices)
{
	struct picture picture = { .subtitle = "" };
	enum fsc_status status = fsc_folded_create(&picture.folded);
	int code = FSC_EXIT_TROUBLE;

	if (status) {
		fsc_messages_say("no memory");
		return code;
	}
	status = is_plain_file(choices->process.path) ? read_stacks(&picture, choices->process.path)
						      : read_recording(&picture, choices);
	if (!status)
		code = write_picture(&picture, choices);
	if (code == FSC_EXIT_CLEAN)
		tell_losses(&picture);
	fsc_folded_destroy(picture.folded);
	return code;
}

int fsc_cmd_flamegraph(int argc, char **argv)
{
	struct choices choices = { 0 };

	switch (fsc_arguments_parse(&fsc_flamegraph_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		return make_picture(&choices);
	case FSC_ARGUMENTS_HELPED:
		return FSC_EXIT_CLEAN;
	case FSC_ARGUMENTS_WRONG:
		break;
	}
	return FSC_EXIT_TROUBLE;
}
