/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/process_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Digits up to *end. false: there is none, or it is too large a number for a pid. */
static bool take_number(const char *text, char **end, uint32_t *number)
{
	unsigned long value;

	if (*text < '0' || *text > '9')
		return false;
	value = strtoul(text, end, 10);
	*number = (uint32_t)value;
	return value <= INT32_MAX;
}

bool fsc_process_choice_take_pid(void *into, const char *value)
{
	struct fsc_process_choice *choice = into;
	char *end;

	return take_number(value, &end, &choice->pid) && !*end && choice->pid > 0;
}

bool fsc_process_choice_take_image(void *into, const char *value)
{
	struct fsc_process_choice *choice = into;
	const char *colon = strrchr(value, ':');
	char *end;

	if (colon) {
		if (colon == value || (size_t)(colon - value) >= sizeof(choice->host))
			return false;
		memcpy(choice->host, value, (size_t)(colon - value));
		value = colon + 1;
	}
	if (!take_number(value, &end, &choice->pid) || !choice->pid)
		return false;
	choice->has_image = *end == '-';
	return choice->has_image ? take_number(end + 1, &end, &choice->image) && !*end : !*end;
}

bool fsc_process_choice_take_colour(void *into, const char *value)
{
	return fsc_output_parse_colour(value, &((struct fsc_process_choice *)into)->colour);
}

const char *fsc_process_choice_word(char word[FSC_PROCESS_CHOICE_WORD],
				    const struct fsc_recording *recording,
				    const struct fsc_process *process)
{
	bool alone = true, one_host = true;
	int used = 0;

	for (size_t i = 0; i < recording->process_count; i++) {
		const struct fsc_process *other = &recording->processes[i];
		bool same_host = !strcmp(other->host, process->host);

		one_host = one_host && same_host;
		alone = alone && (other == process || !same_host || other->pid != process->pid);
	}
	if (!one_host)
		used = snprintf(word, FSC_PROCESS_CHOICE_WORD, "%s%s", process->host,
				*process->host ? ":" : "");
	snprintf(word + used, (size_t)(FSC_PROCESS_CHOICE_WORD - used), alone ? "%u" : "%u-%u",
		 process->pid, process->image);
	return word;
}

static enum fsc_status no_such_image(struct fsc_recording *recording,
				     const struct fsc_process_choice *choice)
{
	struct fsc_error error;
	enum fsc_status status;

	if (recording->sums)
		status = fsc_error_set(&error, FSC_E_NOT_FOUND, recording->path,
				       "a summary does not tell process %u apart", choice->pid);
	else if (choice->has_image)
		status = fsc_error_set(&error, FSC_E_NOT_FOUND, recording->path,
				       "process %u made no event in its image %u", choice->pid,
				       choice->image);
	else
		status = fsc_error_set(&error, FSC_E_NOT_FOUND, recording->path,
				       "process %u made no event", choice->pid);
	if (recording->sums)
		fsc_error_hint(&error, "give the recording that it was made of");
	else
		fsc_error_hint(&error,
			       "%zu process image%s did; `ffiscope report --json` lists them",
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
	*process = choice->pid
			   ? fsc_recording_find(*recording, choice->host, choice->pid,
						choice->has_image ? choice->image : FSC_ANY_IMAGE)
			   : fsc_recording_busiest(*recording);
	if (!choice->pid || *process)
		return FSC_OK;
	status = no_such_image(*recording, choice);
	fsc_recording_destroy(*recording);
	*recording = NULL;
	return status;
}
