/* SPDX-License-Identifier: MIT */
/*
 * The state stream: what the calls refer to. What is hard: its events carry the time of the last
 * clock pair, not their own, so that names stand before the calls that use them when streams are
 * merged by time. And nothing of it may be lost to a disk that is full for a while: a packet that
 * the output refuses is kept, and what then has no room waits in the image. Begin reading at
 * fsc_drain_state_poll().
 */
#include <string.h>

#include "trace_points/drain_internal.h"
#include "trace_points/ledger.h"

enum { CLOCK_PERIOD_NS = 1000000000, TEXT_BYTES = sizeof(fsc_text104) };

/* Everything that can be recorded fits; a bound for damaged images. */
enum { LEDGER_CHUNK = FSC_DRAIN_SCRATCH_BYTES / sizeof(struct fsc_ledger_bucket) };

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Write the packet that was filled. false: refused; it stays, to be tried again. */
static bool flush(struct fsc_drain *drain)
{
	struct fsc_drain_state *state = &drain->state;
	struct fsc_packet_header header = { .slot = FSC_STATE_SLOT };
	struct iovec parts[2];

	if (state->used == 0)
		return true;
	parts[1].iov_base = state->buffer;
	parts[1].iov_len = state->used;
	header.begin_ticks = state->begin_ticks;
	header.end_ticks = state->ticks;
	header.sequence = state->sequence;
	header.events_discarded = state->lost_events;
	if (fsc_drain_packet(drain, &header, parts, 2, state->events) != 0)
		return false;
	state->sequence++;
	state->used = 0;
	state->events = 0;
	return true;
}

/*
 * record is one of struct fsc_*_record; its id and ticks are filled in here. false: there is no
 * room for it, because the packet is full and refused.
 */
static bool put(struct fsc_drain *drain, uint32_t id, void *record)
{
	struct fsc_drain_state *state = &drain->state;
	uint32_t bytes = fsc_event_record_bytes(id);

	if (state->used + bytes > sizeof(state->buffer) && !flush(drain))
		return false;
	if (state->used == 0)
		state->begin_ticks = state->ticks;
	memcpy(record, &id, sizeof(id));
	memcpy((uint8_t *)record + sizeof(id), &state->ticks, sizeof(state->ticks));
	memcpy(state->buffer + state->used, record, bytes);
	state->used += bytes;
	state->events++;
	return true;
}

/* At the end nothing can wait: a packet that is refused now is lost, and counted. */
static void flush_for_good(struct fsc_drain *drain)
{
	if (flush(drain))
		return;
	drain->state.lost_events += drain->state.events;
	drain->state.used = 0;
	drain->state.events = 0;
}

void fsc_drain_put(struct fsc_drain *drain, uint32_t id, void *record)
{
	if (put(drain, id, record))
		return;
	flush_for_good(drain);
	(void)put(drain, id, record);
}

static void put_clock(struct fsc_drain *drain, const struct fsc_clock_pair *pair)
{
	const struct fsc_image *image = drain->fixed.data;
	struct fsc_clock_record record = {
		.monotonic_ns = pair->monotonic_ns,
		.realtime_ns = pair->realtime_ns,
		.bracket_ticks = pair->bracket_ticks,
		.pace_ticks = __atomic_load_n(&image->pace_ticks, __ATOMIC_RELAXED),
		.pace_count = __atomic_load_n(&image->pace_count, __ATOMIC_RELAXED),
		.growth_ticks = __atomic_load_n(&image->growth_ticks, __ATOMIC_RELAXED),
	};
	uint64_t before_ticks = drain->state.ticks;

	if (pair->ticks < before_ticks)
		return;
	drain->state.ticks = pair->ticks;
	if (put(drain, FSC_EVENT_clock, &record))
		drain->state.clock_ns = pair->monotonic_ns;
	else
		drain->state.ticks = before_ticks;
}

static struct fsc_clock_pair pair_now(const struct fsc_drain *drain)
{
	return fsc_clock_pair_read(drain->image.clock_mode == FSC_CLOCK_SYSTEM ||
				   !fsc_clock_has_counter());
}

static void begin(struct fsc_drain *drain)
{
	struct fsc_clock_pair now = pair_now(drain);
	struct fsc_clock_pair start = { .ticks = drain->image.start_ticks,
					.monotonic_ns = drain->image.start_ns };

	drain->state.begun = true;
	if (start.ticks > now.ticks || start.monotonic_ns > now.monotonic_ns) {
		put_clock(drain, &now);
		return;
	}
	start.realtime_ns = now.realtime_ns - (now.monotonic_ns - start.monotonic_ns);
	put_clock(drain, &start);
}

/* false: no room. A reader takes a text that begins again from its first part on. */
static bool put_string(struct fsc_drain *drain, uint32_t id, const char *text, size_t length)
{
	struct fsc_string_record record = { .string = id };

	record.parts = (uint16_t)((length + TEXT_BYTES - 1) / TEXT_BYTES);
	for (uint16_t part = 0; part < record.parts; part++) {
		size_t at = (size_t)part * TEXT_BYTES;
		size_t bytes = length - at < TEXT_BYTES ? length - at : TEXT_BYTES;

		record.part = part;
		memset(record.text, 0, sizeof(record.text));
		memcpy(record.text, text + at, bytes);
		if (!put(drain, FSC_EVENT_string, &record))
			return false;
	}
	return true;
}

/* Empty texts need no event: a text that is not there reads as empty. */
static bool put_strings(struct fsc_drain *drain, uint32_t end)
{
	const char *strings = fsc_drain_fixed(drain, FSC_STRINGS_OFFSET);
	uint32_t *at = &drain->state.string_bytes;

	while (*at < end) {
		size_t length = strnlen(strings + *at, end - *at);

		if (length > 0 &&
		    !put_string(drain, fsc_image_string_id(*at), strings + *at, length))
			return false;
		*at = smaller(*at + (uint32_t)length + 1, end);
	}
	return true;
}

static bool put_module(struct fsc_drain *drain, uint32_t id)
{
	const struct fsc_shared_module *module =
		(const struct fsc_shared_module *)fsc_drain_fixed(drain, FSC_MODULES_OFFSET) + id;
	struct fsc_module_record record = { .module = id,
					    .path = fsc_image_string_id(module->path),
					    .base = module->base };

	memcpy(record.build_id, module->build_id, sizeof(record.build_id));
	return put(drain, FSC_EVENT_module, &record);
}

static bool put_site(struct fsc_drain *drain, uint16_t id)
{
	const struct fsc_shared_site *site =
		(const struct fsc_shared_site *)fsc_drain_fixed(drain, FSC_SITES_OFFSET) + id;
	struct fsc_site_record record = { .site = id,
					  .kind = site->kind,
					  .bound = site->bound,
					  .name = fsc_image_string_id(site->name),
					  .module = site->module,
					  .offset = site->offset,
					  .alias_of = site->alias_of };

	record.flags = __atomic_load_n(&site->flags, __ATOMIC_RELAXED);
	if (!put(drain, FSC_EVENT_site, &record))
		return false;
	drain->state.site_flags[id] = record.flags;
	return true;
}

/* What finds no room is new still when the next poll comes. */
static void put_news(struct fsc_drain *drain)
{
	const struct fsc_image *image = drain->fixed.data;
	struct fsc_drain_state *state = &drain->state;
	/* Sites first: what a published site names was published before it. */
	uint32_t sites = __atomic_load_n(&image->site_count, __ATOMIC_ACQUIRE);
	uint32_t modules = __atomic_load_n(&image->module_count, __ATOMIC_ACQUIRE);
	uint32_t strings = __atomic_load_n(&image->string_bytes, __ATOMIC_ACQUIRE);

	modules = smaller(modules, FSC_MODULES_MAX);
	sites = smaller(sites, FSC_SITES_MAX);
	if (!put_strings(drain, smaller(strings, FSC_STRING_BYTES)))
		return;
	while (state->module_count + 1 < modules && put_module(drain, state->module_count + 1))
		state->module_count++;
	while (state->site_count + 1 < sites && put_site(drain, (uint16_t)(state->site_count + 1)))
		state->site_count++;
}

void fsc_drain_set_probe_costs(struct fsc_drain *drain,
			       const struct fsc_probe_cost costs[FSC_PROBE_KINDS])
{
	for (uint32_t kind = 0; kind < FSC_PROBE_KINDS; kind++)
		drain->state.probe_cost[kind] = costs[kind];
}

static void put_probe_costs(struct fsc_drain *drain)
{
	for (uint32_t kind = 0; kind < FSC_PROBE_KINDS; kind++) {
		struct fsc_probe_cost *cost = &drain->state.probe_cost[kind];
		struct fsc_probe_cost_record record = { .kind = kind,
							.inner_ps = cost->inner_ps,
							.outer_ps = cost->outer_ps,
							.spread_ps = cost->spread_ps,
							.pace_ticks = cost->pace_ticks };

		if (cost->known && put(drain, FSC_EVENT_probe_cost, &record))
			cost->known = false;
	}
}

void fsc_drain_state_poll(struct fsc_drain *drain)
{
	if (!drain->state.begun)
		begin(drain);
	put_probe_costs(drain);
	put_news(drain);
	if (fsc_clock_monotonic_ns() - drain->state.clock_ns > CLOCK_PERIOD_NS) {
		struct fsc_clock_pair now = pair_now(drain);

		put_clock(drain, &now);
	}
	(void)flush(drain);
}

static void put_site_total(struct fsc_drain *drain, uint32_t slot, uint32_t site,
			   const struct fsc_counter *counter)
{
	const struct fsc_slot *slots = fsc_drain_fixed(drain, FSC_SLOTS_OFFSET);
	struct fsc_site_total_record record = { .slot = slot,
						.tid = slots[slot].tid,
						.site = site,
						.calls = counter->calls,
						.completed = counter->completed,
						.unwound = counter->unwound,
						.skipped = counter->skipped,
						.total_ticks = counter->ticks,
						.request_bytes = counter->request_bytes,
						.response_bytes = counter->response_bytes,
						.sampled_out = counter->sampled_out };

	drain->totals.calls += counter->calls;
	drain->totals.skipped_calls += counter->skipped;
	fsc_drain_put(drain, FSC_EVENT_site_total, &record);
}

bool fsc_drain_state_has_skipped(const struct fsc_drain *drain)
{
	const struct fsc_image *image = drain->fixed.data;
	const struct fsc_shared_site *sites = fsc_drain_fixed(drain, FSC_SITES_OFFSET);
	uint32_t count = __atomic_load_n(&image->site_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 1; i < smaller(count, FSC_SITES_MAX); i++)
		if (__atomic_load_n(&sites[i].skipped, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* Calls that passed unseen where no thread could count them: counted with their site. */
static void put_skipped(struct fsc_drain *drain)
{
	const struct fsc_shared_site *sites = fsc_drain_fixed(drain, FSC_SITES_OFFSET);

	for (uint32_t i = 1; i <= drain->state.site_count; i++) {
		uint64_t skipped = __atomic_load_n(&sites[i].skipped, __ATOMIC_RELAXED);
		struct fsc_site_total_record record = {
			.slot = FSC_STATE_SLOT, .site = i, .calls = skipped, .skipped = skipped
		};

		if (!skipped)
			continue;
		drain->totals.calls += skipped;
		drain->totals.skipped_calls += skipped;
		fsc_drain_put(drain, FSC_EVENT_site_total, &record);
	}
}

static void count_buffers(struct fsc_drain *drain, uint32_t site, uint64_t buffers)
{
	const struct fsc_shared_site *sites = fsc_drain_fixed(drain, FSC_SITES_OFFSET);
	uint8_t kind = sites[site].kind;

	if (site != FSC_COUNTER_ELSEWHERE && (kind == FSC_SITE_ENTRY || kind == FSC_SITE_ACQUIRE))
		drain->state.made_buffers += buffers;
	else
		drain->state.freed_buffers += buffers;
}

static void put_slot_totals(struct fsc_drain *drain, uint32_t slot)
{
	enum { CHUNK = FSC_DRAIN_SCRATCH_BYTES / sizeof(struct fsc_counter) };
	const struct fsc_slot *shared =
		(const struct fsc_slot *)fsc_drain_fixed(drain, FSC_SLOTS_OFFSET) + slot;
	/* The limit first: the counters that are found then are at least that many. */
	uint32_t limit = __atomic_load_n(&shared->counter_limit, __ATOMIC_ACQUIRE);
	uint64_t offset = __atomic_load_n(&shared->counters, __ATOMIC_ACQUIRE);

	limit = smaller(limit, FSC_SITES_MAX);
	if (offset < FSC_ARENA_OFFSET || offset > drain->file_bytes)
		return;
	for (uint32_t first = 0; first < limit; first += CHUNK) {
		uint32_t count = smaller(CHUNK, limit - first);
		const struct fsc_counter *counters = (const void *)drain->scratch;

		if (!fsc_drain_read(drain, offset + first * sizeof(*counters),
				    count * sizeof(*counters)))
			return;
		for (uint32_t i = 0; i < count; i++) {
			count_buffers(drain, first + i, counters[i].buffers);
			if (counters[i].calls > 0)
				put_site_total(drain, slot, first + i, &counters[i]);
		}
	}
}

static void put_buffer_live(struct fsc_drain *drain, uint64_t pointer,
			    const struct fsc_ledger_entry *entry)
{
	struct fsc_buffer_live_record record = { .pointer = pointer,
						 .length = entry->length,
						 .capacity = entry->capacity,
						 .made_call = entry->call,
						 .made_ticks = entry->start_ticks,
						 .made_ended_ticks = entry->end_ticks,
						 .made_tid = entry->tid,
						 .stack = entry->stack,
						 .made_site = entry->site,
						 .flags = entry->flags };

	fsc_drain_put(drain, FSC_EVENT_buffer_live, &record);
}

/*
 * Returns how many live buffers stand in the ledger; each is written. In packets of their own:
 * there can be many, and a disk that is nearly full may have room for everything else.
 */
static uint64_t put_live_buffers(struct fsc_drain *drain, uint64_t offset)
{
	const struct fsc_ledger_bucket *buckets = (const void *)drain->scratch;
	uint64_t live = 0;

	flush_for_good(drain);
	offset += offsetof(struct fsc_ledger, bucket);
	for (uint32_t first = 0; first < FSC_LEDGER_BUCKETS; first += LEDGER_CHUNK) {
		uint32_t count = smaller(LEDGER_CHUNK, FSC_LEDGER_BUCKETS - first);

		if (!fsc_drain_read(drain, offset + (uint64_t)first * sizeof(*buckets),
				    count * sizeof(*buckets)))
			break;
		for (uint32_t i = 0; i < count * FSC_LEDGER_WAYS; i++) {
			const struct fsc_ledger_bucket *bucket = &buckets[i / FSC_LEDGER_WAYS];
			int way = (int)(i % FSC_LEDGER_WAYS);
			uint64_t pointer = fsc_ledger_live_pointer(bucket, way);

			if (!pointer)
				continue;
			put_buffer_live(drain, pointer, &bucket->entry[way]);
			live++;
		}
	}
	flush_for_good(drain);
	return live;
}

static void put_ledger(struct fsc_drain *drain)
{
	const struct fsc_image *image = drain->fixed.data;
	uint64_t offset = __atomic_load_n(&image->ledger_offset, __ATOMIC_ACQUIRE);
	const struct fsc_ledger *ledger = (const void *)drain->scratch;
	struct fsc_ledger_total_record record = { .made = drain->state.made_buffers,
						  .freed = drain->state.freed_buffers };

	if (offset < FSC_ARENA_OFFSET || offset > drain->file_bytes ||
	    !fsc_drain_read(drain, offset, offsetof(struct fsc_ledger, tags))) {
		/* There was no memory for a table: none of the buffers has a place in one. */
		record.full = record.made;
		if (record.made)
			fsc_drain_put(drain, FSC_EVENT_ledger_total, &record);
		return;
	}
	record.full = ledger->full;
	record.freed_twice = ledger->freed_twice;
	record.freed_unknown = ledger->freed_unknown;
	record.size_mismatch = ledger->size_mismatch;
	record.foreign_free = ledger->foreign_free;
	record.live = put_live_buffers(drain, offset);
	fsc_drain_put(drain, FSC_EVENT_ledger_total, &record);
}

static void put_loss(struct fsc_drain *drain, uint32_t slot, uint64_t events, uint64_t findings)
{
	struct fsc_loss_record record = { .slot = slot, .events = events, .findings = findings };

	if (slot != FSC_STATE_SLOT)
		record.tid = drain->slots[slot].tid;
	if (events > 0 || findings > 0)
		fsc_drain_put(drain, FSC_EVENT_loss, &record);
}

/* Flags that changed after the site was written. */
static void put_changed_sites(struct fsc_drain *drain)
{
	const struct fsc_shared_site *sites = fsc_drain_fixed(drain, FSC_SITES_OFFSET);

	for (uint32_t i = 1; i <= drain->state.site_count; i++)
		if (__atomic_load_n(&sites[i].flags, __ATOMIC_RELAXED) !=
		    drain->state.site_flags[i])
			(void)put_site(drain, (uint16_t)i);
}

/* Exact totals, live buffers and losses as they are now. */
static void put_totals(struct fsc_drain *drain)
{
	drain->totals.calls = 0;
	drain->totals.skipped_calls = 0;
	drain->state.made_buffers = 0;
	drain->state.freed_buffers = 0;
	for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++)
		put_slot_totals(drain, i);
	for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++)
		fsc_drain_profile(drain, i);
	put_skipped(drain);
	put_ledger(drain);
	for (uint32_t i = 0; i < fsc_drain_slot_count(drain); i++)
		put_loss(drain, i, fsc_drain_slot_lost(&drain->slots[i]),
			 drain->slots[i].lost_findings + drain->slots[i].findings);
	put_loss(drain, FSC_STATE_SLOT, drain->image.lost_events + drain->state.lost_events,
		 drain->image.lost_findings);
}

void fsc_drain_state_finish(struct fsc_drain *drain)
{
	struct fsc_clock_pair now;

	fsc_drain_state_poll(drain);
	put_changed_sites(drain);
	now = pair_now(drain);
	put_clock(drain, &now);
	put_totals(drain);
	flush_for_good(drain);
}

static void put_image(struct fsc_drain *drain)
{
	const struct fsc_image *image = &drain->image;
	struct fsc_drain_totals totals;
	struct fsc_image_record record = { .format = FSC_FORMAT_VERSION,
					   .parent = image->ppid,
					   .exe = FSC_STRING_EXE,
					   .state = image->state,
					   .clock_mode = image->clock_mode,
					   .machine = image->machine,
					   .transport = image->transport,
					   .start_ticks = image->start_ticks };

	fsc_drain_totals(drain, &totals);
	record.flags = (image->forked ? FSC_IMAGE_FORKED : 0) |
		       (image->allocations_on ? FSC_IMAGE_ALLOCATIONS : 0) |
		       (image->codecs_on ? FSC_IMAGE_CODECS : 0);
	record.calls = totals.calls;
	record.lost_events = totals.lost_events;
	record.lost_findings = totals.lost_findings;
	fsc_drain_put(drain, FSC_EVENT_image, &record);
}

void fsc_drain_state_tell(struct fsc_drain *drain)
{
	struct fsc_drain_state *state = &drain->state;
	struct fsc_clock_pair now = pair_now(drain);

	(void)flush(drain);
	state->begun = true;
	state->string_bytes = 0;
	state->module_count = 0;
	state->site_count = 0;
	put_clock(drain, &now);
	(void)put_string(drain, FSC_STRING_EXE, drain->image.exe, strlen(drain->image.exe));
	put_probe_costs(drain);
	put_news(drain);
	put_totals(drain);
	put_image(drain);
	flush_for_good(drain);
}
