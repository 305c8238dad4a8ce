/* SPDX-License-Identifier: MIT */
/*
 * Records refer to each other by id and may come in any order, so everything is kept by id first
 * (add_*) and resolved once (fsc_state_builder_finish).
 */
#include "analyzers/probe_costs_internal.h"
#include "analyzers/state_internal.h"
#include "trace_points/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_PART_BYTES = sizeof(((struct fsc_string_record *)0)->text) };

void fsc_state_builder_init(struct fsc_state_builder *builder)
{
	*builder = (struct fsc_state_builder){ 0 };
	fsc_clock_map_init(&builder->state.clock);
}

void fsc_state_builder_fini(struct fsc_state_builder *builder)
{
	for (uint32_t i = 0; i < builder->text_capacity; i++)
		free(builder->texts[i].text);
	for (uint32_t i = 0; builder->made_names && i < builder->state.site_count; i++)
		free(builder->made_names[i]);
	free(builder->texts);
	free(builder->made_names);
	free(builder->name_ids);
	free(builder->path_ids);
	free(builder->state.sites);
	free(builder->state.modules);
	free((void *)builder->state.strings);
	free(builder->state.string_named);
	free(builder->state.live);
	free(builder->state.callers);
	fsc_profiles_fini(&builder->state.profiles);
	fsc_clock_map_fini(&builder->state.clock);
	fsc_state_builder_init(builder);
}

/* Make *array hold index, new items zeroed. false: no memory, *array is as it was. */
static bool reserve(void **array, uint32_t *capacity, uint32_t index, size_t item_bytes)
{
	uint32_t wanted = *capacity ? *capacity : 64;
	void *grown;

	if (index < *capacity)
		return true;
	while (wanted <= index)
		wanted *= 2;
	grown = realloc(*array, wanted * item_bytes);
	if (!grown)
		return false;
	memset((char *)grown + *capacity * item_bytes, 0, (wanted - *capacity) * item_bytes);
	*array = grown;
	*capacity = wanted;
	return true;
}

static enum fsc_status refuse(struct fsc_state_builder *builder)
{
	builder->refused++;
	return FSC_OK;
}

static enum fsc_status add_string(struct fsc_state_builder *builder,
				  const struct fsc_string_record *record)
{
	size_t length = strnlen(record->text, TEXT_PART_BYTES);
	struct fsc_state_text *text;
	size_t before;
	char *grown;

	if (!record->string || record->string >= FSC_STATE_STRINGS_MAX ||
	    builder->text_bytes + length + 1 > FSC_STATE_TEXT_MAX)
		return refuse(builder);
	if (!reserve((void **)&builder->texts, &builder->text_capacity, record->string,
		     sizeof(*builder->texts)))
		return FSC_E_NOMEM;
	text = &builder->texts[record->string];
	if (record->part && record->part != text->next_part)
		return refuse(builder);
	before = text->text ? strlen(text->text) : 0;
	if (!record->part) {
		/* It begins again: what was told before makes room. */
		builder->text_bytes -= before ? before + 1 : 0;
		before = 0;
	}
	grown = realloc(text->text, before + length + 1);
	if (!grown)
		return FSC_E_NOMEM;
	memcpy(grown + before, record->text, length);
	grown[before + length] = '\0';
	builder->text_bytes += length + !record->part;
	text->text = grown;
	text->next_part = (uint16_t)(record->part + 1);
	return FSC_OK;
}

static enum fsc_status add_module(struct fsc_state_builder *builder,
				  const struct fsc_module_record *record)
{
	struct fsc_state *state = &builder->state;
	uint32_t capacity = builder->module_capacity;
	struct fsc_module *module;

	if (!record->module || record->module >= FSC_STATE_MODULES_MAX)
		return refuse(builder);
	if (!reserve((void **)&state->modules, &capacity, record->module, sizeof(*module)) ||
	    !reserve((void **)&builder->path_ids, &builder->module_capacity, record->module,
		     sizeof(*builder->path_ids)))
		return FSC_E_NOMEM;
	if (record->module >= state->module_count)
		state->module_count = record->module + 1;
	module = &state->modules[record->module];
	module->known = true;
	module->path = "";
	module->base = record->base;
	memcpy(module->build_id, record->build_id, sizeof(record->build_id));
	builder->path_ids[record->module] = record->path;
	return FSC_OK;
}

static struct fsc_site *site_at(struct fsc_state_builder *builder, uint32_t site)
{
	struct fsc_state *state = &builder->state;
	uint32_t capacity = builder->site_capacity, names = capacity;

	if (!reserve((void **)&state->sites, &capacity, site, sizeof(*state->sites)) ||
	    !reserve((void **)&builder->made_names, &names, site, sizeof(char *)) ||
	    !reserve((void **)&builder->name_ids, &builder->site_capacity, site,
		     sizeof(*builder->name_ids)))
		return NULL;
	if (site >= state->site_count)
		state->site_count = site + 1;
	return &state->sites[site];
}

static enum fsc_status add_site(struct fsc_state_builder *builder,
				const struct fsc_site_record *record)
{
	struct fsc_site *site;

	if (!record->site)
		return refuse(builder);
	site = site_at(builder, record->site);
	if (!site)
		return FSC_E_NOMEM;
	site->known = true;
	site->kind = record->kind;
	site->bound = record->bound;
	site->flags = record->flags;
	site->alias_of = record->alias_of;
	site->module = record->module;
	site->offset = record->offset;
	builder->name_ids[record->site] = record->name;
	return FSC_OK;
}

static enum fsc_status add_caller(struct fsc_state_builder *builder, uint16_t site, uint32_t slot)
{
	struct fsc_state *state = &builder->state;
	size_t capacity = builder->caller_capacity ? builder->caller_capacity * 2 : 64;
	struct fsc_site_slot *grown;

	if (state->caller_count >= FSC_STATE_CALLERS_MAX)
		return refuse(builder);
	if (state->caller_count == builder->caller_capacity) {
		grown = realloc(state->callers, capacity * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		state->callers = grown;
		builder->caller_capacity = capacity;
	}
	state->callers[state->caller_count++] = (struct fsc_site_slot){ site, slot };
	return FSC_OK;
}

static enum fsc_status add_site_total(struct fsc_state_builder *builder,
				      const struct fsc_site_total_record *record)
{
	struct fsc_site *site;

	if (!record->site || record->site >= FSC_STATE_SITES_MAX)
		return refuse(builder);
	site = site_at(builder, record->site);
	if (!site)
		return FSC_E_NOMEM;
	builder->any_total = true;
	builder->calls += record->calls;
	site->totals_known = true;
	site->calls += record->calls;
	site->completed += record->completed;
	site->unwound += record->unwound;
	site->skipped += record->skipped;
	site->sampled_out += record->sampled_out;
	site->total_ticks += record->total_ticks;
	site->request_bytes += record->request_bytes;
	site->response_bytes += record->response_bytes;
	if (!record->calls || record->slot == FSC_STATE_SLOT)
		return FSC_OK;
	return add_caller(builder, (uint16_t)record->site, record->slot);
}

static enum fsc_status add_live(struct fsc_state_builder *builder,
				const struct fsc_buffer_live_record *record)
{
	struct fsc_state *state = &builder->state;
	size_t capacity = builder->live_capacity ? builder->live_capacity * 2 : 64;
	struct fsc_live_buffer *grown;

	if (state->live_count >= FSC_STATE_LIVE_MAX)
		return refuse(builder);
	if (state->live_count == builder->live_capacity) {
		grown = realloc(state->live, capacity * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		state->live = grown;
		builder->live_capacity = capacity;
	}
	/* Instants are ticks until fsc_state_builder_finish() converts them. */
	state->live[state->live_count++] = (struct fsc_live_buffer){
		.pointer = record->pointer,
		.length = record->length,
		.capacity = record->capacity,
		.made_call = record->made_call,
		.made_ns = (int64_t)record->made_ticks,
		.made_ended_ns = (int64_t)record->made_ended_ticks,
		.made_tid = record->made_tid,
		.stack = record->stack,
		.made_site = record->made_site,
		.flags = record->flags,
	};
	return FSC_OK;
}

static enum fsc_status add_probe(struct fsc_state_builder *builder,
				 const struct fsc_probe_cost_record *record)
{
	if (record->kind >= FSC_PROBE_KINDS || record->inner_ps > FSC_PROBE_PS_MAX ||
	    record->outer_ps > FSC_PROBE_PS_MAX)
		return refuse(builder);
	builder->state.probe[record->kind] =
		(struct fsc_probe_cost){ true, record->inner_ps, record->outer_ps,
					 record->spread_ps, record->pace_ticks };
	return FSC_OK;
}

static void add_ledger(struct fsc_state_builder *builder,
		       const struct fsc_ledger_total_record *record)
{
	builder->any_total = true;
	builder->state.ledger = (struct fsc_ledger_totals){
		.known = true,
		.made = record->made,
		.freed = record->freed,
		.live = record->live,
		.full = record->full,
		.freed_twice = record->freed_twice,
		.freed_unknown = record->freed_unknown,
		.size_mismatch = record->size_mismatch,
		.foreign_free = record->foreign_free,
	};
}

static void add_loss(struct fsc_state_builder *builder, const struct fsc_loss_record *record)
{
	struct fsc_state *state = &builder->state;

	state->lost_events = fsc_known(state->lost_events.value + (int64_t)record->events);
	state->lost_findings = fsc_known(state->lost_findings.value + (int64_t)record->findings);
}

static enum fsc_status add_clock(struct fsc_state_builder *builder,
				 const struct fsc_clock_record *record)
{
	enum fsc_status status = fsc_clock_map_add(&builder->state.clock, record->ticks,
						   record->monotonic_ns, record->bracket_ticks);

	if (record->pace_count > builder->pace_count) {
		builder->pace_ticks = record->pace_ticks;
		builder->pace_count = record->pace_count;
	}
	if (record->growth_ticks > builder->growth_ticks)
		builder->growth_ticks = record->growth_ticks;
	return status == FSC_E_LIMIT ? refuse(builder) : status;
}

static enum fsc_status add_profile(struct fsc_state_builder *builder, uint32_t id,
				   const uint8_t *record)
{
	enum fsc_status status = fsc_profiles_add(&builder->state.profiles, id, record);

	return status == FSC_E_LIMIT ? refuse(builder) : status;
}

enum fsc_status fsc_state_builder_add(struct fsc_state_builder *builder, const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	switch (id) {
	case FSC_EVENT_string:
		return add_string(builder, (const struct fsc_string_record *)record);
	case FSC_EVENT_module:
		return add_module(builder, (const struct fsc_module_record *)record);
	case FSC_EVENT_site:
		return add_site(builder, (const struct fsc_site_record *)record);
	case FSC_EVENT_site_total:
		return add_site_total(builder, (const struct fsc_site_total_record *)record);
	case FSC_EVENT_buffer_live:
		return add_live(builder, (const struct fsc_buffer_live_record *)record);
	case FSC_EVENT_probe_cost:
		return add_probe(builder, (const struct fsc_probe_cost_record *)record);
	case FSC_EVENT_clock:
		return add_clock(builder, (const struct fsc_clock_record *)record);
	case FSC_EVENT_ledger_total:
		add_ledger(builder, (const struct fsc_ledger_total_record *)record);
		return FSC_OK;
	case FSC_EVENT_loss:
		add_loss(builder, (const struct fsc_loss_record *)record);
		return FSC_OK;
	case FSC_EVENT_site_profile:
	case FSC_EVENT_site_inside:
	case FSC_EVENT_site_histogram:
		return add_profile(builder, id, record);
	default:
		return FSC_OK;
	}
}

static const char *text_of(const struct fsc_state_builder *builder, uint32_t id)
{
	return id < builder->text_capacity ? builder->texts[id].text : NULL;
}

static enum fsc_status finish_site(struct fsc_state_builder *builder, uint32_t index)
{
	struct fsc_state *state = &builder->state;
	struct fsc_site *site = &state->sites[index];

	if (!site->known && !site->totals_known)
		return FSC_OK;
	site->known = true;
	site->library = "";
	if (site->module < state->module_count && state->modules[site->module].known)
		site->library = state->modules[site->module].path;
	site->name = text_of(builder, builder->name_ids[index]);
	if (site->name) {
		state->string_named[builder->name_ids[index]] = true;
		return FSC_OK;
	}
	if (asprintf(&builder->made_names[index], "site %u", index) < 0) {
		builder->made_names[index] = NULL;
		return FSC_E_NOMEM;
	}
	site->name = builder->made_names[index];
	return FSC_OK;
}

static int64_t instant(const struct fsc_state *state, int64_t ticks, size_t *hint)
{
	return ticks ? fsc_clock_map_ns(&state->clock, (uint64_t)ticks, hint) : 0;
}

/* Is a number that was said elsewhere the one that was added up here? */
static bool agrees(struct fsc_maybe said, uint64_t sum)
{
	return !said.known || (said.value >= 0 && (uint64_t)said.value == sum);
}

/*
 * Totals are written last, all at once, and nothing marks their end. So they are all there when
 * the calls add up; and what comes after those, when the losses do, which are the very last. Where
 * the recorder did not say whether it finished, a total tells that it got there.
 */
static void judge_totals(struct fsc_state_builder *builder, const struct fsc_state_witness *witness)
{
	struct fsc_state *state = &builder->state;
	uint64_t lost = state->lost_events.known ? (uint64_t)state->lost_events.value : 0;
	bool finished = witness->finished.known ? witness->finished.value : builder->any_total;
	bool counted = finished && (witness->calls.known ? agrees(witness->calls, builder->calls)
							 : builder->any_total && witness->whole);

	state->complete = counted && witness->whole && !builder->refused &&
			  agrees(witness->lost_events, lost);
	for (uint32_t i = 0; i < state->site_count; i++)
		state->sites[i].totals_known = counted && builder->any_total;
}

enum fsc_status fsc_state_builder_finish(struct fsc_state_builder *builder,
					 const struct fsc_state_witness *witness,
					 uint64_t ticks_per_s)
{
	struct fsc_state *state = &builder->state;
	enum fsc_status status;
	size_t hint = 0;

	status = fsc_clock_map_finish(&state->clock, ticks_per_s);
	if (status)
		return status;
	state->strings = calloc(builder->text_capacity + 1u, sizeof(*state->strings));
	state->string_named = calloc(builder->text_capacity + 1u, sizeof(*state->string_named));
	if (!state->strings || !state->string_named)
		return FSC_E_NOMEM;
	state->string_count = builder->text_capacity;
	for (uint32_t i = 0; i < builder->text_capacity; i++)
		state->strings[i] = builder->texts[i].text;
	for (uint32_t i = 0; i < state->module_count; i++)
		if (text_of(builder, builder->path_ids[i])) {
			state->modules[i].path = text_of(builder, builder->path_ids[i]);
			state->string_named[builder->path_ids[i]] = true;
		}
	for (uint32_t i = 0; i < state->site_count; i++) {
		status = finish_site(builder, i);
		if (status)
			return status;
	}
	judge_totals(builder, witness);
	if (builder->growth_ticks)
		state->growth_ticks = fsc_known((int64_t)builder->growth_ticks);
	if (builder->pace_count)
		state->pace_permille = fsc_probe_costs_follow(
			state->probe, builder->pace_ticks / builder->pace_count);
	for (size_t i = 0; i < state->live_count; i++) {
		state->live[i].made_ns = instant(state, state->live[i].made_ns, &hint);
		state->live[i].made_ended_ns = instant(state, state->live[i].made_ended_ns, &hint);
	}
	return FSC_OK;
}

const struct fsc_site *fsc_state_site(const struct fsc_state *state, uint32_t site)
{
	return site < state->site_count && state->sites[site].known ? &state->sites[site] : NULL;
}

const char *fsc_state_string(const struct fsc_state *state, uint32_t string)
{
	return string < state->string_count ? state->strings[string] : NULL;
}
