/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: recordings are opened one after the other and added. */
#include <stdlib.h>
#include <string.h>

#include "analyzers/summary.h"
#include "cli/commands.h"
#include "cli/merge_internal.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/progress.h"

enum { BUFFER_BYTES = 65536 };

struct choices {
	const char *file; /* NULL: stdout */
	const char **paths;
	size_t count;
};

static bool take_output(void *into, const char *value)
{
	((struct choices *)into)->file = value;
	return *value != '\0';
}

static bool take_path(void *into, const char *word)
{
	struct choices *choices = into;
	const char **grown = realloc((void *)choices->paths, (choices->count + 1) * sizeof(char *));

	if (!grown)
		return false;
	choices->paths = grown;
	choices->paths[choices->count++] = word;
	return true;
}

static const struct fsc_argument options[] = {
	{ "output", 'o', FSC_ARGUMENT_NEEDED, "FILE", "write here, not to stdout", take_output },
};

const struct fsc_arguments fsc_merge_arguments = {
	.command = "merge",
	.operands = "RECORDING|SUMMARY...",
	.about = "Adds recordings of many processes and machines up into one summary,\n"
		 "JSON of schema ffiscope.summary/1, which report reads like a recording.\n"
		 "All process images of each are added; histograms and sums are exact.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = take_path,
};

static bool add(struct fsc_recording *summary, const char *path)
{
	struct fsc_warnings *warnings = calloc(1, sizeof(*warnings));
	struct fsc_recording *recording;
	struct fsc_error error = { 0 };
	enum fsc_status status = fsc_recording_open(&recording, path, &error);

	if (!status) {
		fsc_messages_warnings(&recording->warnings);
		status = fsc_summary_add(summary, recording, warnings, &error);
	}
	if (warnings)
		fsc_messages_warnings(warnings);
	free(warnings);
	fsc_recording_destroy(recording);
	if (status)
		fsc_messages_error(&error);
	return !status;
}

static bool add_all(struct fsc_recording *summary, const struct choices *choices)
{
	struct fsc_progress progress;
	bool added = true;

	fsc_progress_begin(&progress, "reading the recordings");
	for (size_t i = 0; i < choices->count && added; i++)
		added = add(summary, choices->paths[i]);
	fsc_progress_end(&progress);
	return added;
}

/* A failed write is a failed stream, which its end reports. */
static void write_json(const struct fsc_recording *summary, FILE *stream)
{
	static char buffer[BUFFER_BYTES];
	struct fsc_json json;

	fsc_json_init(&json, buffer, sizeof(buffer), fsc_output_flush_json, stream);
	fsc_summary_write(summary, &json);
	(void)fsc_json_finish(&json);
}

static bool write_summary(const struct fsc_recording *summary, const char *path)
{
	struct fsc_output_file file;
	struct fsc_output output;

	if (path) {
		if (!fsc_output_file_open(&file, path))
			return false;
		write_json(summary, file.stream);
		return fsc_output_file_close(&file, true);
	}
	fsc_output_init(&output, FSC_COLOUR_NEVER);
	write_json(summary, output.stream);
	return fsc_output_finish(&output);
}

static int merge(const struct choices *choices)
{
	struct fsc_recording *summary;
	bool merged = false;

	if (!choices->count) {
		fsc_messages_say("merge: which recordings? see ffiscope merge --help");
		return FSC_EXIT_TROUBLE;
	}
	if (fsc_summary_create(&summary))
		fsc_messages_say("no memory");
	else
		merged = add_all(summary, choices) && write_summary(summary, choices->file);
	fsc_recording_destroy(summary);
	return merged ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

int fsc_cmd_merge(int argc, char **argv)
{
	struct choices choices = { 0 };
	int code = FSC_EXIT_TROUBLE;

	switch (fsc_arguments_parse(&fsc_merge_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		code = merge(&choices);
		break;
	case FSC_ARGUMENTS_HELPED:
		code = FSC_EXIT_CLEAN;
		break;
	case FSC_ARGUMENTS_WRONG:
		break;
	}
	free((void *)choices.paths);
	return code;
}
