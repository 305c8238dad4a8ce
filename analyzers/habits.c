/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: begin at fsc_habits_add(). */
#include "analyzers/habits_internal.h"

#include <stdlib.h>

/* Aliases of one function share its habit. NULL: the site is not known. */
static struct fsc_habit *habit_of(const struct fsc_habits *habits, uint16_t id)
{
	const struct fsc_site *site = fsc_state_site(habits->state, id);

	if (!site)
		return NULL;
	if (fsc_state_site(habits->state, site->alias_of))
		id = site->alias_of;
	return &habits->sites[id];
}

/* Without events: how long buffers were held is a distribution, and the image ends with its clock.
 */
static void add_profiles(struct fsc_habits *habits)
{
	const struct fsc_state *state = habits->state;

	for (size_t i = 0; i < state->profiles.count; i++) {
		const struct fsc_profile *profile = &state->profiles.items[i];
		struct fsc_habit *habit = habit_of(habits, profile->site);
		int64_t longest_ns = fsc_profiles_ns(profile->most_ticks, state->clock.ticks_per_s);

		if (profile->kind != FSC_PROFILE_HELD || !habit)
			continue;
		habit->freed += profile->count;
		habit->late += profile->apart;
		if (longest_ns > habit->longest_ns)
			habit->longest_ns = longest_ns;
		habits->last_ns = state->clock.pieces[state->clock.count - 1].ns;
	}
}

enum fsc_status fsc_habits_init(struct fsc_habits *habits, const struct fsc_state *state)
{
	*habits = (struct fsc_habits){ .state = state };
	habits->sites = calloc((size_t)state->site_count + 1, sizeof(*habits->sites));
	if (!habits->sites)
		return FSC_E_NOMEM;
	add_profiles(habits);
	return FSC_OK;
}

void fsc_habits_fini(struct fsc_habits *habits)
{
	free(habits->sites);
	habits->sites = NULL;
}

void fsc_habits_add(struct fsc_habits *habits, const struct fsc_event *event)
{
	const struct fsc_event_buffer_freed *freed = &event->buffer_freed;
	struct fsc_habit *habit;

	if (event->time_ns > habits->last_ns)
		habits->last_ns = event->time_ns;
	if (event->kind != FSC_EVENT_buffer_freed || freed->verdict != FSC_VERDICT_FREED ||
	    !freed->made_ended_ns)
		return;
	habit = habit_of(habits, freed->made_site);
	if (!habit)
		return;
	habit->freed++;
	habit->late += event->tid != freed->made_tid || freed->call > freed->made_call + 1;
	if (event->time_ns - freed->made_ended_ns > habit->longest_ns)
		habit->longest_ns = event->time_ns - freed->made_ended_ns;
}

bool fsc_habits_awaits(const struct fsc_habits *habits, const struct fsc_live_buffer *live)
{
	const struct fsc_habit *habit = habit_of(habits, live->made_site);

	return habit && live->made_ended_ns && habit->late > habit->freed / 2 &&
	       habits->last_ns - live->made_ended_ns <= habit->longest_ns;
}
