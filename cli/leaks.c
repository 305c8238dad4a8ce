/* SPDX-License-Identifier: MIT */
/*
 * The exit status is the answer: 1 findings, 0 none, 2 cannot tell. Begin at judge().
 */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/leaks_internal.h"
#include "cli/messages.h"
#include "cli/process_choice.h"
#include "cli/progress.h"

struct choices {
	struct fsc_process_choice process; /* first: see there */
	enum fsc_leaks_form form;
};

static bool take_json(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->form = FSC_LEAKS_JSON;
	return true;
}

static bool take_csv(void *into, const char *value)
{
	static const char *const lists[] = { "findings", "live_at_end", "awaiting_finalizer" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!value || !strcmp(value, lists[i])) {
			((struct choices *)into)->form =
				(enum fsc_leaks_form)(FSC_LEAKS_CSV_FINDINGS + i);
			return true;
		}
	return false;
}

static const struct fsc_argument options[] = {
	{ "json", '\0', FSC_ARGUMENT_NONE, NULL, "one JSON document, schema ffiscope.leaks/1",
	  take_json },
	{ "csv", '\0', FSC_ARGUMENT_OPTIONAL, "LIST",
	  "one list: findings (default), live_at_end or awaiting_finalizer", take_csv },
	FSC_PROCESS_CHOICE_PID("only this process, not all"),
	FSC_ARGUMENT_COLOUR(fsc_process_choice_take_colour),
};

const struct fsc_arguments fsc_leaks_arguments = {
	.command = "leaks",
	.operands = "[RECORDING]",
	.about = "Shows buffers that were not given back exactly once, over all processes.\n"
		 "RECORDING is the folder that record left (default: ffiscope.data),\n"
		 "or a folder with LTTng traces of ffiscope.\n"
		 "Exit status: 0 no findings, 1 findings, 2 trouble.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = fsc_process_choice_take_path,
};

/* No finding says nothing when totals are missing, or when findings may have been lost. */
static int judge(const struct fsc_leaks_result *leaks, const struct fsc_recording *recording)
{
	if (leaks->finding_count)
		return FSC_EXIT_FINDINGS;
	if (!leaks->made.known)
		fsc_messages_say("no findings, but the totals of buffers could not be read: %s",
				 recording->path);
	else if (leaks->uncertain)
		fsc_messages_say("no findings, but some may be missing: buffers had no place in "
				 "the table, or frees were lost: %s",
				 recording->path);
	else if (recording->complete.known && !recording->complete.value)
		fsc_messages_say("no findings, but the recording was not finished: %s",
				 recording->path);
	else
		return FSC_EXIT_CLEAN;
	return FSC_EXIT_TROUBLE;
}

static int write_leaks(const struct fsc_leaks_result *leaks, const struct fsc_recording *recording,
		       const struct choices *choices)
{
	struct fsc_output output;

	fsc_output_init(&output, choices->process.colour);
	if (choices->form == FSC_LEAKS_JSON)
		fsc_leaks_json_write(leaks, &output);
	else if (choices->form == FSC_LEAKS_TABLES)
		fsc_leaks_table_write(leaks, recording->start_ns, &output);
	else
		fsc_leaks_csv_write(leaks, choices->form, &output);
	if (!fsc_output_finish(&output))
		return FSC_EXIT_TROUBLE;
	return judge(leaks, recording);
}

static int leaks_of(const struct fsc_recording *recording, const struct fsc_leaks_scope *only,
		    const struct choices *choices)
{
	struct fsc_warnings *warnings = calloc(1, sizeof(*warnings));
	struct fsc_error error = { 0 };
	struct fsc_progress progress;
	struct fsc_leaks *leaks;
	enum fsc_status status;
	int code;

	fsc_progress_begin(&progress, "reading the recording");
	status = fsc_leaks_read(&leaks, recording, only, warnings, &error);
	fsc_progress_end(&progress);
	if (warnings)
		fsc_messages_warnings(warnings);
	free(warnings);
	if (status) {
		fsc_messages_error(&error);
		return FSC_EXIT_TROUBLE;
	}
	code = write_leaks(fsc_leaks_borrow(leaks), recording, choices);
	fsc_leaks_destroy(leaks);
	return code;
}

int fsc_cmd_leaks(int argc, char **argv)
{
	struct choices choices = { 0 };
	struct fsc_leaks_scope scope;
	const struct fsc_process *process;
	struct fsc_recording *recording;
	int code;

	switch (fsc_arguments_parse(&fsc_leaks_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		break;
	case FSC_ARGUMENTS_HELPED:
		return FSC_EXIT_CLEAN;
	case FSC_ARGUMENTS_WRONG:
		return FSC_EXIT_TROUBLE;
	}
	if (fsc_process_choice_open(&choices.process, &recording, &process))
		return FSC_EXIT_TROUBLE;
	scope.image = choices.process.has_image ? process : NULL;
	scope.host = choices.process.host;
	scope.pid = choices.process.pid;
	code = leaks_of(recording, scope.pid ? &scope : NULL, &choices);
	fsc_recording_destroy(recording);
	return code;
}
