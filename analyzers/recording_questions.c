/* SPDX-License-Identifier: MIT */
/* What can be asked of a recording that is open, and its end; nothing is hard here. */
#include "analyzers/recording.h"

#include <stdlib.h>
#include <string.h>

#include "analyzers/lttng_trace_internal.h"
#include "analyzers/summary_internal.h"
#include "trace_points/events.h"

/* Its calls, or as many as the bytes of its events could hold. */
static uint64_t calls_of(const struct fsc_process *process)
{
	if (process->calls.known)
		return process->calls.value > 0 ? (uint64_t)process->calls.value : 0;
	return process->stream_bytes / sizeof(struct fsc_call_record);
}

const struct fsc_process *fsc_recording_busiest(const struct fsc_recording *recording)
{
	const struct fsc_process *best = NULL;

	if (recording->sums && recording->process_count > 1)
		return &recording->sums->whole;
	for (size_t i = 0; i < recording->process_count; i++)
		if (!best || calls_of(&recording->processes[i]) > calls_of(best))
			best = &recording->processes[i];
	return best;
}

const struct fsc_process *fsc_recording_find(const struct fsc_recording *recording,
					     const char *host, uint32_t pid, uint32_t image)
{
	const struct fsc_process *best = NULL;

	/* Its processes are not told apart any more. */
	if (recording->sums && recording->process_count > 1)
		return NULL;
	for (size_t i = 0; i < recording->process_count; i++) {
		const struct fsc_process *process = &recording->processes[i];

		if (process->pid == pid && (!*host || !strcmp(process->host, host)) &&
		    (image == FSC_ANY_IMAGE || process->image == image) &&
		    (!best || calls_of(process) > calls_of(best)))
			best = process;
	}
	return best;
}

enum fsc_status fsc_recording_has_events(const struct fsc_recording *recording,
					 struct fsc_error *error)
{
	if (!recording->sums)
		return FSC_OK;
	fsc_error_set(error, FSC_E_NOT_FOUND, recording->path, "a summary holds sums, no events");
	fsc_error_hint(error, "give one of the recordings that it was made of");
	return FSC_E_NOT_FOUND;
}

static bool may_be_equal(const char *one, const char *other)
{
	return !*one || !*other || !strcmp(one, other);
}

bool fsc_recording_knows_clock(const struct fsc_recording *recording,
			       const struct fsc_process *process)
{
	return may_be_equal(recording->clock_mode, process->clock_mode);
}

bool fsc_recording_knows_cost(const struct fsc_recording *recording,
			      const struct fsc_process *process)
{
	return fsc_recording_knows_clock(recording, process) &&
	       may_be_equal(recording->machine, process->machine);
}

const char *fsc_recording_clock_mode(const struct fsc_recording *recording,
				     const struct fsc_process *process)
{
	return process && *process->clock_mode ? process->clock_mode : recording->clock_mode;
}

void fsc_recording_destroy(struct fsc_recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < recording->process_count; i++)
		free(recording->processes[i].folder);
	free(recording->processes);
	fsc_lttng_trace_close(recording->lttng);
	fsc_summary_destroy(recording->sums);
	for (size_t i = 0; i < recording->command_count; i++)
		free(recording->command[i]);
	free(recording->command);
	free(recording);
}
