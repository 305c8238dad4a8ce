/* SPDX-License-Identifier: MIT */
/*
 * Rows from distributions, where the recorder kept no events. A phase is known per outermost call
 * and on the library's side; what the host did is known, but not for which call. Begin at
 * fsc_breakdown_profile_add().
 */
#include <string.h>

#include "analyzers/breakdown_internal.h"

struct probe {
	int64_t inner_ps;
	int64_t outer_ps;
};

static struct probe probe_of(const struct fsc_breakdown_image *image)
{
	const struct fsc_probe_cost *cost = &image->state->probe[FSC_PROBE_call];

	return (struct probe){ cost->inner_ps, cost->outer_ps };
}

static int64_t to_ns(const struct fsc_breakdown_image *image, uint64_t ticks)
{
	return fsc_profiles_ns(ticks, image->state->clock.ticks_per_s);
}

static void spread(const struct fsc_breakdown_image *image, struct fsc_histogram *into,
		   const struct fsc_profile *profile)
{
	fsc_profiles_spread(into, profile, image->state->clock.ticks_per_s);
}

/* The rules of requests.h, for all calls at once. */
static void add_calls(struct fsc_breakdown_image *image, struct fsc_gathered *row,
		      const struct fsc_profile *profile)
{
	const struct probe probe = probe_of(image);
	int64_t count = (int64_t)profile->count, both_ps = probe.inner_ps + probe.outer_ps;
	int64_t most_ps = probe.inner_ps + (int64_t)profile->most_probes * both_ps;

	spread(image, &row->raw, profile);
	row->correction_ps += count * probe.inner_ps + (int64_t)profile->probes * both_ps;
	if (most_ps > row->correction_max_ps)
		row->correction_max_ps = most_ps;
	row->self_raw_ns +=
		to_ns(image, profile->total_ticks) - to_ns(image, profile->children_ticks);
	row->self_correction_ps += count * probe.inner_ps +
				   (int64_t)profile->child_calls * probe.outer_ps +
				   (int64_t)profile->own_phases * both_ps;
	/* Of a row with several sites some may have called more than one. */
	if (profile->threads > row->threads)
		row->threads = profile->threads;
	row->allocations += profile->allocations;
	row->allocated_bytes += profile->allocated_bytes;
	row->frees += profile->frees;
	row->freed_bytes += profile->freed_bytes;
}

static uint32_t claim_of_name(const char *name, uint32_t phase)
{
	if (!name || phase < FSC_PHASE_NAMED)
		return FSC_CLAIM_MORE;
	if (!strcmp(name, "encode"))
		return FSC_CLAIM_ENCODE;
	if (!strcmp(name, "decode"))
		return FSC_CLAIM_DECODE;
	return strcmp(name, "work") != 0 ? phase : FSC_CLAIM_WORK;
}

/* The library says with marks when it decodes or encodes: the rest is its work. */
static bool marks_codec(const struct fsc_breakdown_image *image, uint16_t site)
{
	const struct fsc_profiles *profiles = &image->state->profiles;

	for (size_t i = 0; i < profiles->count; i++) {
		const struct fsc_profile *profile = &profiles->items[i];
		const char *name = fsc_state_string(image->state, profile->phase);

		if (profile->site == site && profile->kind == FSC_PROFILE_NAMED &&
		    claim_of_name(name, profile->phase) <= FSC_CLAIM_DECODE)
			return true;
	}
	return false;
}

static uint32_t claim_of(const struct fsc_breakdown_image *image, const struct fsc_profile *profile)
{
	bool work;

	if (profile->kind == FSC_PROFILE_DECODE || profile->phase == FSC_PHASE_DECODE)
		return FSC_CLAIM_DECODE;
	if (profile->kind == FSC_PROFILE_ENCODE || profile->phase == FSC_PHASE_ENCODE)
		return FSC_CLAIM_ENCODE;
	if (profile->kind == FSC_PROFILE_REST) {
		work = profile->apart || marks_codec(image, profile->site);
		return work ? FSC_CLAIM_WORK : FSC_CLAIM_OTHER;
	}
	return claim_of_name(fsc_state_string(image->state, profile->phase), profile->phase);
}

static int64_t phase_correction_ps(const struct fsc_breakdown_image *image,
				   const struct fsc_profile *profile)
{
	const struct probe probe = probe_of(image);

	return (int64_t)profile->own_phases * probe.inner_ps +
	       (int64_t)profile->probes * probe.outer_ps;
}

/* What is left of calls: their correction without that of their phases. */
static int64_t rest_correction_ps(const struct fsc_breakdown_image *image,
				  const struct fsc_profile *rest)
{
	const struct fsc_profiles *profiles = &image->state->profiles;
	const struct probe probe = probe_of(image);
	int64_t correction_ps = (int64_t)rest->count * probe.inner_ps +
				(int64_t)rest->probes * (probe.inner_ps + probe.outer_ps);

	for (size_t i = 0; i < profiles->count; i++) {
		const struct fsc_profile *phase = &profiles->items[i];

		if (phase->site == rest->site &&
		    (phase->kind == FSC_PROFILE_DECODE || phase->kind == FSC_PROFILE_ENCODE ||
		     phase->kind == FSC_PROFILE_NAMED))
			correction_ps -= phase_correction_ps(image, phase);
	}
	return correction_ps;
}

static void add_cell(struct fsc_breakdown_image *image, struct fsc_cell *cell,
		     const struct fsc_profile *profile, int64_t correction_ps)
{
	if (!cell)
		return;
	spread(image, &cell->raw, profile);
	cell->correction_ps += correction_ps;
	cell->allocations += profile->allocations;
	cell->allocated_bytes += profile->allocated_bytes;
}

static void add_library_phase(struct fsc_breakdown_image *image, struct fsc_gathered *row,
			      const struct fsc_profile *profile)
{
	const struct fsc_claim claim = { .phase = claim_of(image, profile),
					 .side = FSC_SIDE_LIBRARY };
	int64_t correction_ps = profile->kind == FSC_PROFILE_REST
					? rest_correction_ps(image, profile)
					: phase_correction_ps(image, profile);

	add_cell(image, fsc_gatherer_cell(&image->gatherer, row, &claim), profile, correction_ps);
}

static const struct fsc_profile *rest_of(const struct fsc_breakdown_image *image, uint16_t site)
{
	return fsc_profiles_find(&image->state->profiles, site, FSC_PROFILE_REST, 0);
}

/* Calls whose codec would have been seen, and did not run: it took no time in them. */
static void add_nothing(struct fsc_breakdown_image *image, struct fsc_gathered *row,
			const struct fsc_profile *rest, uint8_t kind, uint32_t claim_phase)
{
	const struct fsc_claim claim = { .phase = claim_phase, .side = FSC_SIDE_LIBRARY };
	const struct fsc_profile *seen =
		fsc_profiles_find(&image->state->profiles, rest->site, kind, 0);
	uint64_t count = seen ? seen->count : 0;
	struct fsc_cell *cell = fsc_gatherer_cell(&image->gatherer, row, &claim);

	if (cell && rest->apart > count)
		fsc_histogram_add_many(&cell->raw, 0, rest->apart - count);
}

static void add_host_phase(struct fsc_breakdown_image *image, const struct fsc_profile *profile)
{
	const struct fsc_claim claim = { .phase = claim_of(image, profile), .side = FSC_SIDE_HOST };

	add_cell(image,
		 fsc_gatherer_cell(&image->gatherer, &image->gatherer.gathering.host, &claim),
		 profile, phase_correction_ps(image, profile));
}

/* Nothing was seen inside its calls, and all are outermost: all their time is the library's. */
static void add_other(struct fsc_breakdown_image *image, struct fsc_gathered *row,
		      const struct fsc_profile *profile)
{
	const struct fsc_claim claim = { .phase = FSC_CLAIM_OTHER, .side = FSC_SIDE_LIBRARY };
	const struct probe probe = probe_of(image);

	if (row->is_free || profile->apart || rest_of(image, profile->site))
		return;
	add_cell(image, fsc_gatherer_cell(&image->gatherer, row, &claim), profile,
		 (int64_t)profile->count * probe.inner_ps +
			 (int64_t)profile->probes * (probe.inner_ps + probe.outer_ps));
}

void fsc_breakdown_profile_add(struct fsc_breakdown_image *image)
{
	const struct fsc_profiles *profiles = &image->state->profiles;

	if (!image->state->clock.ticks_per_s)
		return;
	for (size_t i = 0; i < profiles->count; i++) {
		const struct fsc_profile *profile = &profiles->items[i];
		struct fsc_gathered *row;

		if (profile->kind == FSC_PROFILE_HELD || !profile->count)
			continue;
		if (profile->kind == FSC_PROFILE_HOST) {
			add_host_phase(image, profile);
			continue;
		}
		row = fsc_gatherer_row(&image->gatherer, profile->site);
		if (row && profile->kind == FSC_PROFILE_CALL) {
			add_calls(image, row, profile);
			add_other(image, row, profile);
		} else if (row && !row->is_free) {
			add_library_phase(image, row, profile);
			if (profile->kind == FSC_PROFILE_REST) {
				add_nothing(image, row, profile, FSC_PROFILE_DECODE,
					    FSC_CLAIM_DECODE);
				add_nothing(image, row, profile, FSC_PROFILE_ENCODE,
					    FSC_CLAIM_ENCODE);
			}
		}
	}
}
