/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/process_choice.h"

#include <stdlib.h>

#include "cli/messages.h"
#include "trace_points/recording.h"

bool fsc_process_choice_take_path(void *into, const char *word)
{
	struct fsc_process_choice *choice = into;

	if (choice->path)
		return false;
	choice->path = word;
	return true;
}

bool fsc_process_choice_take_pid(void *into, const char *value)
{
	struct fsc_process_choice *choice = into;
	unsigned long pid;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	pid = strtoul(value, &end, 10);
	choice->pid = (uint32_t)pid;
	return !*end && pid > 0 && pid <= INT32_MAX;
}

bool fsc_process_choice_take_colour(void *into, const char *value)
{
	return fsc_output_parse_colour(value, &((struct fsc_process_choice *)into)->colour);
}

static enum fsc_status no_such_pid(struct fsc_recording *recording, uint32_t pid)
{
	struct fsc_error error;
	enum fsc_status status;

	status = fsc_error_set(&error, FSC_E_NOT_FOUND, recording->path, "process %u made no event",
			       pid);
	fsc_error_hint(&error, "%zu process image%s did; `ffiscope report --json` lists them",
		       recording->process_count, recording->process_count == 1 ? "" : "s");
	fsc_messages_error(&error);
	return status;
}

enum fsc_status fsc_process_choice_open(const struct fsc_process_choice *choice,
					struct fsc_recording **recording,
					const struct fsc_process **process)
{
	const char *path = choice->path ? choice->path : FSC_RECORDING_DEFAULT;
	struct fsc_error error = { 0 };
	enum fsc_status status = fsc_recording_open(recording, path, &error);

	*process = NULL;
	if (status) {
		fsc_messages_error(&error);
		return status;
	}
	fsc_messages_warnings(&(*recording)->warnings);
	*process = choice->pid ? fsc_recording_find(*recording, choice->pid)
			       : fsc_recording_busiest(*recording);
	if (!choice->pid || *process)
		return FSC_OK;
	status = no_such_pid(*recording, choice->pid);
	fsc_recording_destroy(*recording);
	*recording = NULL;
	return status;
}
