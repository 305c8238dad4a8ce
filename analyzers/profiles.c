/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: records are found by site, kind and phase. Begin at fsc_profiles_add(). */
#include "analyzers/profiles.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTS = 8 /* of one site_histogram */ };

static const uint64_t ns_per_s = 1000000000;

void fsc_profiles_fini(struct fsc_profiles *profiles)
{
	for (size_t i = 0; i < profiles->count; i++)
		for (uint32_t octave = 0; octave <= FSC_PROFILE_OCTAVES; octave++)
			free(profiles->items[i].counts[octave]);
	free(profiles->items);
	profiles->items = NULL;
	profiles->count = profiles->capacity = 0;
}

static bool reserve(struct fsc_profiles *profiles)
{
	size_t capacity = profiles->capacity ? profiles->capacity * 2 : 64;
	struct fsc_profile *grown;

	if (profiles->count < profiles->capacity)
		return true;
	grown = realloc(profiles->items, capacity * sizeof(*grown));
	if (!grown)
		return false;
	profiles->items = grown;
	profiles->capacity = capacity;
	return true;
}

static uint32_t place_of(uint16_t site, uint8_t kind, uint32_t phase)
{
	return ((site * 8u + kind) ^ phase * 2654435761u) % FSC_PROFILES_HEADS;
}

const struct fsc_profile *fsc_profiles_find(const struct fsc_profiles *profiles, uint16_t site,
					    uint8_t kind, uint32_t phase)
{
	const struct fsc_profile *found;

	for (uint32_t i = profiles->head[place_of(site, kind, phase)]; i; i = found->next) {
		found = &profiles->items[i - 1];
		if (found->site == site && found->kind == kind && found->phase == phase)
			return found;
	}
	return NULL;
}

/* *out: the profile of these, a new one if need be. */
static enum fsc_status find(struct fsc_profiles *profiles, uint16_t site, uint8_t kind,
			    uint32_t phase, struct fsc_profile **out)
{
	uint32_t *head = &profiles->head[place_of(site, kind, phase)];

	*out = (struct fsc_profile *)fsc_profiles_find(profiles, site, kind, phase);
	if (*out)
		return FSC_OK;
	if (profiles->count >= FSC_PROFILES_MAX || kind > FSC_PROFILE_NAMED)
		return FSC_E_LIMIT;
	if (!reserve(profiles))
		return FSC_E_NOMEM;
	*out = &profiles->items[profiles->count++];
	**out = (struct fsc_profile){
		.site = site, .kind = kind, .phase = phase, .least_ticks = UINT64_MAX, .next = *head
	};
	*head = (uint32_t)profiles->count;
	return FSC_OK;
}

static enum fsc_status add_totals(struct fsc_profiles *profiles,
				  const struct fsc_site_profile_record *record)
{
	struct fsc_profile *profile;
	enum fsc_status status =
		find(profiles, record->site, record->kind, record->phase, &profile);

	if (status)
		return status;
	profile->total_ticks += record->total_ticks;
	profile->apart += record->apart;
	profile->threads += record->threads;
	if (record->least_ticks < profile->least_ticks)
		profile->least_ticks = record->least_ticks;
	if (record->most_ticks > profile->most_ticks)
		profile->most_ticks = record->most_ticks;
	return FSC_OK;
}

static enum fsc_status add_inside(struct fsc_profiles *profiles,
				  const struct fsc_site_inside_record *record)
{
	struct fsc_profile *profile;
	enum fsc_status status =
		find(profiles, record->site, record->kind, record->phase, &profile);

	if (status)
		return status;
	profile->children_ticks += record->children_ticks;
	profile->child_calls += record->child_calls;
	profile->own_phases += record->own_phases;
	profile->probes += record->probes;
	profile->allocations += record->allocations;
	profile->allocated_bytes += record->allocated_bytes;
	profile->frees += record->frees;
	profile->freed_bytes += record->freed_bytes;
	if (record->most_probes > profile->most_probes)
		profile->most_probes = record->most_probes;
	return FSC_OK;
}

static enum fsc_status add_counts(struct fsc_profiles *profiles,
				  const struct fsc_site_histogram_record *record)
{
	const uint64_t counts[COUNTS] = { record->count0, record->count1, record->count2,
					  record->count3, record->count4, record->count5,
					  record->count6, record->count7 };
	struct fsc_profile *profile;
	enum fsc_status status;
	uint64_t **octave;

	if (record->bits != FSC_PROFILE_BITS || record->bucket % COUNTS ||
	    record->bucket >= FSC_PROFILE_BUCKETS)
		return FSC_E_LIMIT;
	status = find(profiles, record->site, record->kind, record->phase, &profile);
	if (status)
		return status;
	octave = &profile->counts[record->bucket / FSC_PROFILE_PER_OCTAVE];
	if (!*octave)
		*octave = calloc(FSC_PROFILE_PER_OCTAVE, sizeof(**octave));
	if (!*octave)
		return FSC_E_NOMEM;
	for (uint32_t i = 0; i < COUNTS; i++) {
		(*octave)[record->bucket % FSC_PROFILE_PER_OCTAVE + i] += counts[i];
		profile->count += counts[i];
	}
	return FSC_OK;
}

enum fsc_status fsc_profiles_add(struct fsc_profiles *profiles, uint32_t id, const void *record)
{
	switch (id) {
	case FSC_EVENT_site_profile:
		return add_totals(profiles, record);
	case FSC_EVENT_site_inside:
		return add_inside(profiles, record);
	case FSC_EVENT_site_histogram:
		return add_counts(profiles, record);
	default:
		return FSC_OK;
	}
}

int64_t fsc_profiles_ns(uint64_t ticks, uint64_t ticks_per_s)
{
	unsigned __int128 ns =
		((unsigned __int128)ticks * ns_per_s + ticks_per_s / 2) / ticks_per_s;

	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

void fsc_profiles_spread(struct fsc_histogram *into, const struct fsc_profile *profile,
			 uint64_t ticks_per_s)
{
	int64_t least_ns = fsc_profiles_ns(profile->least_ticks, ticks_per_s);
	int64_t most_ns = fsc_profiles_ns(profile->most_ticks, ticks_per_s);
	int64_t sum_ns = into->sum + fsc_profiles_ns(profile->total_ticks, ticks_per_s);
	bool any = into->count > 0;

	if (!profile->count)
		return;
	if (any && into->min < least_ns)
		least_ns = into->min;
	if (any && into->max > most_ns)
		most_ns = into->max;
	for (uint32_t bucket = 0; bucket < FSC_PROFILE_BUCKETS; bucket++) {
		const uint64_t *octave = profile->counts[bucket / FSC_PROFILE_PER_OCTAVE];
		uint64_t count = octave ? octave[bucket % FSC_PROFILE_PER_OCTAVE] : 0;

		if (count)
			fsc_histogram_add_many(
				into,
				fsc_profiles_ns(fsc_profile_bucket_value(bucket), ticks_per_s),
				count);
	}
	into->sum = sum_ns;
	into->min = least_ns;
	into->max = most_ns;
}
