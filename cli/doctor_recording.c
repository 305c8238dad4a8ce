/* SPDX-License-Identifier: MIT */
/* What a recording says of the functions that were wrapped: how bound, how often called. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/event_stream.h"
#include "analyzers/recording.h"
#include "analyzers/state.h"
#include "cli/doctor_internal.h"
#include "cli/messages.h"
#include "trace_points/image.h"

const char *fsc_doctor_bound_name(uint8_t bound)
{
	static const char *const names[] = {
		[FSC_BOUND_LOOKUP] = "lookup", [FSC_BOUND_SLOT] = "slot"
	};

	return bound < sizeof(names) / sizeof(names[0]) ? names[bound] : "unknown";
}

static void add(struct fsc_doctor *doctor, const struct fsc_process *process,
		const struct fsc_site *site, bool counted)
{
	struct fsc_doctor_wrapped *larger;

	larger = reallocarray(doctor->wrapped, doctor->wrapped_count + 1, sizeof(*larger));
	if (!larger) {
		doctor->no_memory = true;
		return;
	}
	doctor->wrapped = larger;
	larger += doctor->wrapped_count;
	*larger = (struct fsc_doctor_wrapped){
		.name = strdup(site->name),
		.library = strdup(site->library),
		.pid = process->pid,
		.kind = site->kind,
		.bound = site->bound,
		.calls = counted ? fsc_known((int64_t)site->calls) : FSC_UNKNOWN,
	};
	if (larger->name && larger->library) {
		doctor->wrapped_count++;
		return;
	}
	free(larger->name);
	free(larger->library);
	doctor->no_memory = true;
}

static void read_image(struct fsc_doctor *doctor, const struct fsc_recording *recording,
		       const struct fsc_process *process)
{
	struct fsc_event_stream stream;
	const struct fsc_state *state;
	struct fsc_error error = { 0 };

	if (fsc_event_stream_open(&stream, recording, process, NULL, &error)) {
		fsc_doctor_find(doctor, FSC_DOCTOR_unreadable, "process %u: %s", process->pid,
				error.what);
		return;
	}
	state = fsc_event_stream_state(&stream);
	for (uint32_t id = 1; id < state->site_count; id++) {
		const struct fsc_site *site = &state->sites[id];

		/* Another name of a function has no calls of its own. */
		if (site->known && !site->alias_of)
			add(doctor, process, site, site->totals_known);
	}
	if (!state->complete)
		fsc_doctor_find(doctor, FSC_DOCTOR_counters_missing, "process %u", process->pid);
	fsc_event_stream_close(&stream);
}

static void add_facts(struct fsc_doctor *doctor, const struct fsc_recording *recording)
{
	fsc_doctor_fact(doctor, "recording", "recording", "%s", recording->path);
	fsc_doctor_number(doctor, "loaded", "loaded", recording->seen_loaded,
			  "times into a program");
	fsc_doctor_number(doctor, "lookups", "lookups", recording->seen_lookups,
			  "of functions, by dlsym");
	fsc_doctor_number(doctor, "wrapped", "wrapped", recording->seen_wrapped, "functions");
	if (recording->seen_loaded.known && !recording->seen_loaded.value)
		fsc_doctor_find(doctor, FSC_DOCTOR_never_loaded, "%s", recording->path);
	else if (recording->seen_wrapped.known && !recording->seen_wrapped.value)
		fsc_doctor_find(doctor, FSC_DOCTOR_nothing_wrapped, "%s", recording->path);
	if (recording->seen_pool_exhausted.known && recording->seen_pool_exhausted.value)
		fsc_doctor_find(doctor, FSC_DOCTOR_too_many, "%" PRIi64 " of them found no place",
				recording->seen_pool_exhausted.value);
}

static int in_order(const void *left, const void *right)
{
	const struct fsc_doctor_wrapped *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (!order)
		order = strcmp(a->library, b->library);
	return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

bool fsc_doctor_recording(struct fsc_doctor *doctor, const char *path)
{
	struct fsc_recording *recording;
	struct fsc_error error = { 0 };

	if (fsc_recording_open(&recording, path, &error)) {
		fsc_messages_error(&error);
		return false;
	}
	fsc_messages_warnings(&recording->warnings);
	add_facts(doctor, recording);
	for (size_t i = 0; i < recording->process_count; i++)
		read_image(doctor, recording, &recording->processes[i]);
	if (doctor->wrapped_count)
		qsort(doctor->wrapped, doctor->wrapped_count, sizeof(*doctor->wrapped), in_order);
	fsc_recording_destroy(recording);
	return true;
}
