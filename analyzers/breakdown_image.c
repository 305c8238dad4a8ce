/* SPDX-License-Identifier: MIT */
/*
 * What an image's counters and state say, beside its events. Where events are missing, totals come
 * from the counters (settle_missing). After settling, rows of different images mean the same.
 */
#include <stdlib.h>
#include <string.h>

#include "analyzers/breakdown_internal.h"

enum { NS_PER_S = 1000000000 };

/* Rounded up. */
static int64_t ticks_to_ns(const struct fsc_breakdown_image *image, uint64_t ticks)
{
	uint64_t rate = image->state->clock.ticks_per_s;
	unsigned __int128 ns = ((unsigned __int128)ticks * NS_PER_S + rate - 1) / rate;

	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void add_counters(struct fsc_breakdown_image *image)
{
	const struct fsc_state *state = image->state;

	for (uint32_t id = 1; id < state->site_count; id++) {
		const struct fsc_site *site = fsc_state_site(state, id);
		struct fsc_gathered *row;

		if (!site || !site->totals_known || !site->calls)
			continue;
		row = fsc_gatherer_row(&image->gatherer, (uint16_t)id);
		if (!row)
			continue;
		row->counted.known = true;
		row->counted.calls += site->calls;
		row->counted.completed += site->completed;
		row->counted.unwound += site->unwound;
		row->counted.skipped += site->skipped;
		row->counted.sampled_out += site->sampled_out;
		row->counted.total_ticks += site->total_ticks;
		row->counted.request_bytes += site->request_bytes;
		row->counted.response_bytes += site->response_bytes;
	}
}

static int by_row_and_slot(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A thread that called several sites of a row (one library, loaded again) is one of its threads. */
static enum fsc_status count_callers(struct fsc_breakdown_image *image)
{
	const struct fsc_state *state = image->state;
	uint64_t *pairs = malloc((state->caller_count + 1) * sizeof(*pairs));
	size_t count = 0;

	if (!pairs)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < state->caller_count; i++) {
		uint32_t place = image->gatherer.row_of_site[state->callers[i].site];

		if (place)
			pairs[count++] = (uint64_t)(place - 1) << 32 | state->callers[i].slot;
	}
	qsort(pairs, count, sizeof(*pairs), by_row_and_slot);
	for (size_t i = 0; i < count; i++)
		if (!i || pairs[i] != pairs[i - 1])
			image->gatherer.gathering.rows[pairs[i] >> 32].counted.threads++;
	free(pairs);
	return FSC_OK;
}

enum fsc_status fsc_breakdown_count(struct fsc_breakdown_image *image)
{
	add_counters(image);
	return count_callers(image);
}

/* Further names of what has a row. */
static enum fsc_status add_aliases(struct fsc_breakdown_image *image)
{
	struct fsc_gatherer *gatherer = &image->gatherer;
	enum fsc_status status = FSC_OK;

	for (uint32_t id = 1; id < image->state->site_count && !status; id++) {
		uint32_t first = fsc_gatherer_primary(image->state, id);
		uint32_t place = first != id ? gatherer->row_of_site[first] : 0;

		if (place)
			status = fsc_gathered_alias(&gatherer->gathering.rows[place - 1],
						    image->state->sites[id].name);
	}
	return status;
}

bool fsc_breakdown_is_profile(const struct fsc_breakdown_image *image)
{
	return !strcmp(image->process->sink, "profile");
}

static void fill_facts(struct fsc_breakdown_image *image, const struct fsc_stream_loss *loss)
{
	const struct fsc_process *process = image->process;
	const struct fsc_maybe *step = &image->recording->step_ticks;
	const struct fsc_gatherer *gatherer = &image->gatherer;
	struct fsc_breakdown_facts *facts = &image->facts;

	facts->loss = *loss;
	facts->forgotten_calls = gatherer->forgotten_calls;
	facts->partial = fsc_stream_loss_any(loss) || !image->state->complete ||
			 facts->forgotten_calls ||
			 (process->profile_missed.known && process->profile_missed.value);
	facts->profile = fsc_breakdown_is_profile(image);
	facts->fast = !strcmp(fsc_recording_clock_mode(image->recording, process), "fast");
	facts->residual_ns = image->state->clock.residual_ns;
	if (gatherer->any_event) {
		facts->first_ns = fsc_known(gatherer->first_ns);
		facts->last_ns = fsc_known(gatherer->last_ns);
	}
	if (fsc_recording_knows_clock(image->recording, process) && step->known && step->value > 0)
		facts->step_ns = fsc_known(ticks_to_ns(image, (uint64_t)step->value));
	memcpy(facts->probe, image->state->probe, sizeof(facts->probe));
	facts->pace_permille = image->state->pace_permille;
	/* Of a profile no probe was read, and their cost is not known. */
	if (facts->probe[FSC_PROBE_call].known && !facts->profile)
		facts->added_ps = fsc_known(gatherer->added_ps);
	if (image->state->growth_ticks.known)
		facts->growth_ns =
			fsc_known(ticks_to_ns(image, (uint64_t)image->state->growth_ticks.value));
}

/* part / whole of value; whole > 0. */
static int64_t scale(int64_t value, int64_t part, int64_t whole)
{
	return (int64_t)((__int128)value * part / whole);
}

static int64_t corrected(int64_t raw_ns, int64_t correction_ps)
{
	return raw_ns - fsc_breakdown_divide(correction_ps, 1000);
}

/* self is part of `sample`; make it the same part of `whole`. */
static int64_t extrapolate(int64_t self_ns, int64_t whole_ns, int64_t sample_ns)
{
	return sample_ns > 0 ? scale(self_ns, whole_ns, sample_ns) : self_ns;
}

/*
 * Some completed calls left no event. The counters have their time, exactly; their correction is
 * taken to be like that of the calls whose events were read. The share of its own time is what the
 * recorded calls say.
 */
static void settle_missing(const struct fsc_breakdown_image *image, struct fsc_gathered *row)
{
	int64_t sample_ns = corrected(row->raw.sum, row->correction_ps);
	int64_t self_ns = corrected(row->self_raw_ns, row->self_correction_ps);
	int64_t completed = (int64_t)row->counted.completed;
	int64_t whole_ns;

	row->total_count = row->counted.completed;
	row->total_raw_ns = ticks_to_ns(image, row->counted.total_ticks);
	if (row->raw.count)
		row->correction_ps = scale(row->correction_ps, completed, (int64_t)row->raw.count);
	else
		row->correction_ps =
			scale(image->state->probe[FSC_PROBE_call].inner_ps, completed, 1);
	whole_ns = corrected(row->total_raw_ns, row->correction_ps);
	self_ns = extrapolate(self_ns, whole_ns, sample_ns);
	row->self_raw_ns = extrapolate(row->self_raw_ns, row->total_raw_ns, row->raw.sum);
	row->self_correction_ps = (row->self_raw_ns - self_ns) * 1000;
}

/*
 * Under sampling the events say what one call is like, and the counters how many there were: those
 * that were left out count like the ones that were recorded.
 */
static void settle_sampled(struct fsc_gathered *row)
{
	int64_t all = (int64_t)(row->counted.completed + row->counted.sampled_out);
	int64_t weighted = (int64_t)row->raw.count;

	row->flags |= FSC_GATHERED_SAMPLED;
	if (!weighted)
		row->flags |= FSC_GATHERED_NO_ALLOCATIONS;
	if (!weighted || !row->counted.known)
		return;
	row->total_count = (uint64_t)all;
	row->total_raw_ns = scale(row->total_raw_ns, all, weighted);
	row->correction_ps = scale(row->correction_ps, all, weighted);
	row->self_raw_ns = scale(row->self_raw_ns, all, weighted);
	row->self_correction_ps = scale(row->self_correction_ps, all, weighted);
	row->allocations = (uint64_t)scale((int64_t)row->allocations, all, weighted);
	row->allocated_bytes = (uint64_t)scale((int64_t)row->allocated_bytes, all, weighted);
	row->frees = (uint64_t)scale((int64_t)row->frees, all, weighted);
	row->freed_bytes = (uint64_t)scale((int64_t)row->freed_bytes, all, weighted);
}

static void settle_counts(struct fsc_gathered *row)
{
	const struct fsc_counted *counted = &row->counted;
	uint64_t left = counted->completed > row->timed ? counted->completed : row->timed;

	left += counted->unwound + counted->skipped + counted->sampled_out;
	row->calls = row->timed;
	if (counted->threads > row->threads)
		row->threads = counted->threads;
	if (!counted->known) {
		row->flags |= FSC_GATHERED_UNCOUNTED;
		return;
	}
	if (counted->calls > row->calls)
		row->calls = counted->calls;
	row->unwound = counted->unwound;
	row->skipped = counted->skipped;
	row->open = row->calls > left ? row->calls - left : 0;
	row->request_bytes = counted->request_bytes;
	row->response_bytes = counted->response_bytes;
}

static void settle_flags(const struct fsc_breakdown_image *image, struct fsc_gathered *row)
{
	const struct fsc_ledger_totals *ledger = &image->state->ledger;
	const struct fsc_breakdown_facts *facts = &image->facts;
	const struct fsc_maybe *counted = &image->process->allocations;
	bool lacking = row->counted.known && row->counted.completed > row->timed;

	if (!counted->known || !counted->value)
		row->flags |= FSC_GATHERED_NO_ALLOCATIONS;
	/* Would a response that was freed after its request have been seen? */
	if (!ledger->known || ledger->full || facts->partial)
		row->flags |= FSC_GATHERED_FREES_UNSEEN;
	if (!facts->probe[FSC_PROBE_call].known)
		row->flags |= FSC_GATHERED_COST_UNKNOWN;
	if (facts->profile)
		row->flags |= FSC_GATHERED_PROFILE;
	if (lacking || (!row->counted.known && facts->partial) || facts->forgotten_calls)
		row->flags |= FSC_GATHERED_PARTIAL;
	if (!row->raw.count)
		row->flags |= FSC_GATHERED_SELF_UNKNOWN;
	row->total_count = row->raw.count;
	row->total_raw_ns = row->raw.sum;
	if (row->counted.sampled_out || row->raw.count != row->timed)
		settle_sampled(row);
	else if (lacking && row->counted.total_ticks)
		settle_missing(image, row);
}

enum fsc_status fsc_breakdown_settle(struct fsc_breakdown_image *image,
				     const struct fsc_stream_loss *loss)
{
	struct fsc_gathering *gathering = &image->gatherer.gathering;
	enum fsc_status status = add_aliases(image);

	fill_facts(image, loss);
	for (size_t i = 0; i < gathering->row_count; i++) {
		if (image->facts.profile)
			gathering->rows[i].timed = gathering->rows[i].raw.count;
		settle_counts(&gathering->rows[i]);
		settle_flags(image, &gathering->rows[i]);
	}
	return status ? status : fsc_gathering_order(gathering);
}
