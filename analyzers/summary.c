/* SPDX-License-Identifier: MIT */
/*
 * What images know is added by rules that do not depend on their order: sums, largest values, and
 * "unknown as soon as one part does not know" or "not the same everywhere".
 */
#include "analyzers/summary.h"

#include <stdlib.h>
#include <string.h>

#include "analyzers/summary_internal.h"

enum fsc_status fsc_summary_create(struct fsc_recording **out)
{
	struct fsc_recording *summary = calloc(1, sizeof(*summary));

	*out = NULL;
	if (summary)
		summary->sums = calloc(1, sizeof(*summary->sums));
	if (!summary || !summary->sums) {
		free(summary);
		return FSC_E_NOMEM;
	}
	*out = summary;
	return FSC_OK;
}

void fsc_summary_destroy(struct fsc_sums *sums)
{
	if (!sums)
		return;
	fsc_gathering_fini(&sums->gathering);
	free(sums);
}

struct fsc_process *fsc_summary_process(struct fsc_recording *summary)
{
	size_t count = summary->process_count;
	struct fsc_process *grown;

	if (count >= FSC_RECORDING_PROCESSES_MAX)
		return NULL;
	if (!(count & (count - 1))) {
		grown = realloc(summary->processes, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return NULL;
		summary->processes = grown;
	}
	summary->processes[count] = (struct fsc_process){ 0 };
	return &summary->processes[summary->process_count++];
}

static void add_maybe(struct fsc_maybe *into, struct fsc_maybe from)
{
	if (into->known && from.known)
		into->value += from.value;
	else
		*into = FSC_UNKNOWN;
}

static void most_maybe(struct fsc_maybe *into, struct fsc_maybe from)
{
	if (!into->known || !from.known)
		*into = FSC_UNKNOWN;
	else if (from.value > into->value)
		into->value = from.value;
}

static void least_maybe(struct fsc_maybe *into, struct fsc_maybe from)
{
	if (!into->known || !from.known)
		*into = FSC_UNKNOWN;
	else if (from.value < into->value)
		into->value = from.value;
}

/* Unknown unless both say the same. */
static void same_maybe(struct fsc_maybe *into, struct fsc_maybe from)
{
	if (!into->known || !from.known || into->value != from.value)
		*into = FSC_UNKNOWN;
}

static void same_text(char *into, const char *from)
{
	if (strcmp(into, from) != 0)
		*into = '\0';
}

/* An image without any event has no first one, which takes nothing away from the others'. */
static void add_span(struct fsc_breakdown_facts *into, const struct fsc_breakdown_facts *from)
{
	if (!into->first_ns.known) {
		into->first_ns = from->first_ns;
		into->last_ns = from->last_ns;
	} else if (from->first_ns.known) {
		least_maybe(&into->first_ns, from->first_ns);
		most_maybe(&into->last_ns, from->last_ns);
	}
}

static void add_loss(struct fsc_stream_loss *into, const struct fsc_stream_loss *from)
{
	into->events += from->events;
	into->findings += from->findings;
	into->overwritten += from->overwritten;
	into->skipped_events += from->skipped_events;
	into->damaged_streams += from->damaged_streams;
	into->uncounted = into->uncounted || from->uncounted;
}

/* Returns whether both are known, or were, and are not the same. */
static bool add_probe(struct fsc_probe_cost *into, const struct fsc_probe_cost *from)
{
	bool both = into->known && from->known;
	bool same = both && into->inner_ps == from->inner_ps && into->outer_ps == from->outer_ps &&
		    into->spread_ps == from->spread_ps;

	if (!same)
		*into = (struct fsc_probe_cost){ 0 };
	return both && !same;
}

static void add_facts(struct fsc_breakdown_facts *into, const struct fsc_breakdown_facts *from)
{
	add_loss(&into->loss, &from->loss);
	into->forgotten_calls += from->forgotten_calls;
	into->partial = into->partial || from->partial;
	into->profile = into->profile || from->profile;
	into->fast = into->fast || from->fast;
	most_maybe(&into->step_ns, from->step_ns);
	if (from->residual_ns > into->residual_ns)
		into->residual_ns = from->residual_ns;
	add_span(into, from);
	add_maybe(&into->added_ps, from->added_ps);
	add_maybe(&into->growth_ns, from->growth_ns);
	same_maybe(&into->pace_permille, from->pace_permille);
	into->probes_differ = into->probes_differ || from->probes_differ;
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++)
		if (add_probe(&into->probe[kind], &from->probe[kind]))
			into->probes_differ = true;
}

/* Images that are there already have their facts in `sums`; the first one's are all. */
static enum fsc_status add_sums(struct fsc_sums *into, const struct fsc_gathering *gathering,
				const struct fsc_breakdown_facts *facts, uint64_t images)
{
	if (into->images)
		add_facts(&into->facts, facts);
	else if (images)
		into->facts = *facts;
	into->images += images;
	return fsc_gathering_add(&into->gathering, gathering);
}

static enum fsc_status add_process(struct fsc_recording *summary, const struct fsc_process *from)
{
	struct fsc_process *process = fsc_summary_process(summary);

	if (!process)
		return summary->process_count >= FSC_RECORDING_PROCESSES_MAX ? FSC_E_LIMIT
									     : FSC_E_NOMEM;
	*process = *from;
	process->folder = NULL;
	process->stream_bytes = 0;
	return FSC_OK;
}

static enum fsc_status take_command(struct fsc_recording *summary, const struct fsc_recording *from)
{
	summary->command = calloc(from->command_count + 1, sizeof(char *));
	if (!summary->command)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < from->command_count; i++) {
		summary->command[i] = strdup(from->command[i]);
		if (!summary->command[i])
			return FSC_E_NOMEM;
		summary->command_count++;
	}
	return FSC_OK;
}

/* What meta.json said of the first recording. */
static enum fsc_status take_about(struct fsc_recording *summary, const struct fsc_recording *from)
{
	summary->complete = from->complete;
	summary->start_ns = from->start_ns;
	summary->end_ns = from->end_ns;
	summary->exit_status = from->exit_status;
	memcpy(summary->machine, from->machine, sizeof(summary->machine));
	memcpy(summary->clock_mode, from->clock_mode, sizeof(summary->clock_mode));
	summary->seen_loaded = from->seen_loaded;
	summary->seen_lookups = from->seen_lookups;
	summary->seen_wrapped = from->seen_wrapped;
	summary->seen_refused = from->seen_refused;
	summary->seen_pool_exhausted = from->seen_pool_exhausted;
	memcpy(summary->limited, from->limited, sizeof(summary->limited));
	return take_command(summary, from);
}

/* Commands, instants and exit statuses of several recordings are not one. */
static void add_about(struct fsc_recording *summary, const struct fsc_recording *from)
{
	summary->start_ns = summary->end_ns = summary->exit_status = FSC_UNKNOWN;
	for (size_t i = 0; i < summary->command_count; i++)
		free(summary->command[i]);
	summary->command_count = 0;
	least_maybe(&summary->complete, from->complete);
	same_text(summary->machine, from->machine);
	same_text(summary->clock_mode, from->clock_mode);
	add_maybe(&summary->seen_loaded, from->seen_loaded);
	add_maybe(&summary->seen_lookups, from->seen_lookups);
	add_maybe(&summary->seen_wrapped, from->seen_wrapped);
	add_maybe(&summary->seen_refused, from->seen_refused);
	add_maybe(&summary->seen_pool_exhausted, from->seen_pool_exhausted);
	if (!*summary->limited)
		memcpy(summary->limited, from->limited, sizeof(summary->limited));
}

/* All images of a recording with events. */
static enum fsc_status add_images(struct fsc_recording *summary, const struct fsc_recording *from,
				  struct fsc_warnings *warnings, struct fsc_error *error)
{
	enum fsc_status status = FSC_OK;

	for (size_t i = 0; i < from->process_count && !status; i++) {
		struct fsc_breakdown image = { 0 };

		status = fsc_breakdown_gather(&image, from, &from->processes[i], warnings, error);
		if (!status && (add_sums(summary->sums, &image.gathering, &image.facts, 1) ||
				add_process(summary, &from->processes[i])))
			status = fsc_error_set(error, FSC_E_NOMEM, from->path,
					       "no memory, or too many processes");
		fsc_gathering_fini(&image.gathering);
	}
	return status;
}

static enum fsc_status add_summary(struct fsc_recording *summary, const struct fsc_recording *from)
{
	enum fsc_status status = add_sums(summary->sums, &from->sums->gathering, &from->sums->facts,
					  from->sums->images);

	for (size_t i = 0; i < from->process_count && !status; i++)
		status = add_process(summary, &from->processes[i]);
	return status;
}

enum fsc_status fsc_summary_add(struct fsc_recording *summary, const struct fsc_recording *from,
				struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct fsc_sums *sums = summary->sums;
	enum fsc_status status = FSC_OK;

	if (sums->recordings)
		add_about(summary, from);
	else
		status = take_about(summary, from);
	/* A file may leave it out; it stands for one at least. */
	sums->recordings += from->sums && from->sums->recordings ? from->sums->recordings : 1;
	if (!status && !from->sums)
		status = add_images(summary, from, warnings, error);
	else if (!status)
		status = add_summary(summary, from);
	if (status)
		return error->status ? error->status
				     : fsc_error_set(error, status, from->path,
						     "no memory, or too many processes");
	/* CLOCK_MONOTONIC is another one on another machine, or after another start. */
	if (sums->recordings > 1)
		sums->facts.first_ns = sums->facts.last_ns = FSC_UNKNOWN;
	fsc_summary_finish(summary);
	return FSC_OK;
}

static void add_to_whole(struct fsc_process *whole, const struct fsc_process *process)
{
	if (whole->state != process->state)
		whole->state = FSC_PROCESS_UNKNOWN;
	same_text(whole->host, process->host);
	same_text(whole->exe, process->exe);
	same_text(whole->machine, process->machine);
	same_text(whole->clock_mode, process->clock_mode);
	same_text(whole->sink, process->sink);
	least_maybe(&whole->finished, process->finished);
	least_maybe(&whole->allocations, process->allocations);
	least_maybe(&whole->codecs, process->codecs);
	add_maybe(&whole->profile_missed, process->profile_missed);
	add_maybe(&whole->calls, process->calls);
	add_maybe(&whole->lost_events, process->lost_events);
	add_maybe(&whole->lost_findings, process->lost_findings);
	add_maybe(&whole->overwritten_events, process->overwritten_events);
}

void fsc_summary_finish(struct fsc_recording *summary)
{
	struct fsc_process *whole = &summary->sums->whole;

	if (!summary->process_count)
		return;
	*whole = summary->processes[0];
	for (size_t i = 1; i < summary->process_count; i++)
		add_to_whole(whole, &summary->processes[i]);
	if (summary->process_count > 1) {
		whole->pid = whole->image = 0;
		whole->parent = FSC_UNKNOWN;
	}
}
