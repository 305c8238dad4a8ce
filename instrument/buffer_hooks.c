/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a built-in row only suggests where buffers are. A response counts when it proves
 * itself: its pointer lies in a block allocated inside this very call (or was in the ledger before:
 * a pool), and the way it was returned fits. Begin at fsc_buffer_crossed().
 */
#include "buffer_hooks_internal.h"

#include "places_internal.h"
#include "readable_internal.h"
#include "record_internal.h"

struct buffer_words {
	uint64_t pointer;
	uint64_t length;
	uint64_t capacity;
	bool has_capacity;
};

/* Does the struct behind the hidden pointer end with its length? */
static inline bool is_small(const struct fsc_buffer_place *place)
{
	return FSC_ARCH_SMALL_STRUCTS_HIDDEN && place->capacity.from == FSC_FROM_NOWHERE;
}

/* A struct {ptr,len,cap} in memory that can be read. */
static inline void load_words(uintptr_t address, struct buffer_words *words)
{
	const uintptr_t *memory = (const uintptr_t *)address;

	words->pointer = memory[0];
	words->length = memory[1];
	words->capacity = memory[2];
	words->has_capacity = true;
}

static inline bool words_in_memory(const struct fsc_frame *frame, uintptr_t address,
				   struct buffer_words *words)
{
	if (!address || !fsc_readable(frame, address, 3 * FSC_ARCH_WORD))
		return false;
	load_words(address, words);
	return true;
}

/* A struct behind the hidden pointer. */
static inline bool hidden_words(const struct fsc_frame *frame, const struct fsc_buffer_place *place,
				struct buffer_words *words)
{
	if (!is_small(place))
		return words_in_memory(frame, fsc_arch_hidden(frame), words);
	words->capacity = 0;
	words->has_capacity = false;
	return fsc_place_load(frame, fsc_arch_hidden(frame), &words->pointer) &&
	       fsc_place_load(frame, fsc_arch_hidden(frame) + FSC_ARCH_WORD, &words->length);
}

static __attribute__((noinline)) bool words_at(const struct fsc_frame *frame,
					       const struct fsc_buffer_place *place, bool hidden,
					       struct buffer_words *words)
{
	words->has_capacity = place->capacity.from != FSC_FROM_NOWHERE;
	words->length = 0;
	words->capacity = 0;
	if (!fsc_place_word(frame, place->pointer, hidden, &words->pointer))
		return false;
	if (place->length.from != FSC_FROM_NOWHERE &&
	    !fsc_place_word(frame, place->length, hidden, &words->length))
		return false;
	return !words->has_capacity ||
	       fsc_place_word(frame, place->capacity, hidden, &words->capacity);
}

static bool is_buffer(const struct buffer_words *words)
{
	return words->pointer && (words->length || words->capacity);
}

/* Does the buffer lie in a block that was allocated since the call began? */
static bool allocated_inside(const struct fsc_thread *thread, const struct fsc_frame *frame,
			     const struct buffer_words *words)
{
	const struct fsc_memory *memory = thread->memory;
	uint32_t count = thread->recent_count - frame->recent_start;

	for (uint32_t i = 1; i <= FSC_RECENT_BLOCKS && i <= count; i++) {
		const struct fsc_recent_block *block =
			&memory->recent[(thread->recent_count - i) % FSC_RECENT_BLOCKS];
		uint64_t offset = words->pointer - block->pointer;

		if (offset < block->bytes && words->length <= block->bytes - offset)
			return true;
	}
	return false;
}

/* A value that another struct {ptr,len,cap} hardly has. */
static inline uint64_t digest(const struct buffer_words *words)
{
	uint64_t mixed =
		(words->pointer * 0x9E3779B97F4A7C15ull ^ words->length) * 0x9E3779B97F4A7C15ull;

	return mixed ^ words->capacity;
}

void fsc_buffer_before(struct fsc_frame *frame)
{
	struct buffer_words words = { 0, 0, 0, false };

	(void)words_in_memory(frame, fsc_arch_hidden(frame), &words);
	frame->freed_length = digest(&words);
}

/*
 * Can it be such a struct: what the hidden pointer points to fits, and the pointer came
 * back? Where none comes back the call must have written there.
 */
static bool looks_hidden(const struct fsc_frame *frame, struct buffer_words *words)
{
	return hidden_words(frame, &frame->site->response, words) &&
	       (is_small(&frame->site->response) || words->length <= words->capacity) &&
	       (FSC_ARCH_HIDDEN_RETURNED || frame->freed_length != digest(words));
}

/* Was it in the ledger before: the library keeps a pool, and gives the same memory out again. */
static bool was_buffer(const struct buffer_words *words)
{
	return fsc_live->ledger &&
	       fsc_ledger_look(fsc_live->ledger, words->pointer) != FSC_LEDGER_ABSENT;
}

static void publish_flags(const struct fsc_site *site)
{
	struct fsc_shared_site *shared =
		(struct fsc_shared_site *)((char *)fsc_live->image + FSC_SITES_OFFSET);

	__atomic_store_n(&shared[site->id].flags, site->flags, __ATOMIC_RELAXED);
}

/*
 * A built-in row only suggests: the style that it says counts from the call on in which a buffer
 * proves it. Returns the style that holds for this call.
 */
static __attribute__((noinline)) uint8_t prove_style(struct fsc_thread *thread,
						     struct fsc_site *site, struct fsc_frame *frame)
{
	struct buffer_words words = { 0, 0, 0, false };
	bool hidden = site->response_style == FSC_RESPONSE_HIDDEN;

	if (!(hidden ? looks_hidden(frame, &words)
		     : words_at(frame, &site->response, false, &words)))
		return FSC_RESPONSE_UNSAID;
	if (is_buffer(&words) && (allocated_inside(thread, frame, &words) || was_buffer(&words) ||
				  (!fsc_record_allocation_mask && hidden))) {
		site->flags |= FSC_SITE_PROVEN;
		site->carries = FSC_CARRIES;
		site->call_id = site->id;
		publish_flags(site);
		return site->response_style;
	}
	/* An error response of a function that was never seen to succeed: {NULL, 0, 0}. */
	return hidden && !is_buffer(&words) ? site->response_style : FSC_RESPONSE_UNSAID;
}

static uint64_t ledger_outside(void *argument_unused)
{
	(void)argument_unused;
	return (uintptr_t)fsc_attach_ledger();
}

static struct fsc_ledger *ledger_now(void)
{
	struct fsc_ledger *ledger = fsc_live->ledger;

	if (FSC_LIKELY(ledger != NULL))
		return ledger;
	return (struct fsc_ledger *)(uintptr_t)fsc_arch_call_outside(ledger_outside, NULL);
}

static void made(struct fsc_group *group, const struct fsc_frame *frame,
		 const struct buffer_words *words)
{
	const struct fsc_site *site = frame->site;
	struct fsc_cursor *cursor = group->thread->cursor;
	struct fsc_ledger *ledger = ledger_now();
	struct fsc_ledger_place place;
	struct fsc_buffer_made_record *record;

	cursor->counters[site->id].buffers++;
	if (FSC_UNLIKELY(!ledger)) {
		fsc_live_lose(true); /* whether it is given back will not be known */
		return;
	}
	switch (fsc_ledger_open(ledger, words->pointer, &place)) {
	case FSC_LEDGER_NO_ROOM:
		return;
	case FSC_LEDGER_REPLACED:
		cursor->counters[FSC_COUNTER_ELSEWHERE].buffers++;
		break;
	case FSC_LEDGER_ENTERED:
		break;
	}
	place.entry->length = words->length;
	place.entry->capacity = words->capacity;
	place.entry->call = frame->number;
	place.entry->start_ticks = frame->start_ticks;
	place.entry->end_ticks = frame->end_ticks;
	place.entry->tid = cursor->tid;
	place.entry->stack = 0;
	place.entry->site = (uint16_t)site->id;
	place.entry->flags = (words->has_capacity ? FSC_MADE_WITH_CAPACITY : 0) |
			     (group->left_out ? FSC_MADE_UNRECORDED : 0);
	fsc_ledger_close(&place);
	record = FSC_GROUP_ADD(group, buffer_made);
	record->call = frame->number;
	record->pointer = words->pointer;
	record->length = words->length;
	record->capacity = words->capacity;
	record->stack = 0;
	record->site = (uint16_t)site->id;
	record->flags = 0;
}

static void find_request(const struct fsc_frame *frame, bool hidden, struct fsc_crossing *crossing)
{
	const struct fsc_buffer_place *place = &frame->site->request;
	struct buffer_words words;

	if (FSC_LIKELY(frame->site->in_registers)) {
		uint32_t before = hidden ? FSC_ARCH_HIDDEN_ARGUMENTS : 0;

		words.pointer = frame->argument[place->pointer.index + before];
		words.length = frame->argument[place->length.index + before];
	} else if (!words_at(frame, place, hidden, &words)) {
		return;
	}
	crossing->flags |= FSC_CALL_REQUEST;
	crossing->request = words.pointer;
	crossing->request_bytes = words.length;
}

static bool in_block(const struct fsc_recent_block *block, uint64_t address)
{
	return address - block->pointer < block->bytes;
}

/* Watch the return address that allocated the request, if it is one of the last blocks. */
static bool learn(struct fsc_thread *thread, uint64_t request)
{
	struct fsc_memory *memory = thread->memory;

	for (uint32_t i = 0; i < FSC_OUTSIDE_BLOCKS; i++) {
		if (!in_block(&memory->outside[i], request))
			continue;
		thread->watched[1] = thread->watched[0];
		thread->watched[0] = memory->outside_caller[i];
		return true;
	}
	return false;
}

enum { GIVE_UP_LEARNING = 64 /* outermost calls whose request was no recent block */ };

/*
 * When was the request buffer allocated? The last block from a watched address, if it is that one.
 * Else find out who allocates requests: remember blocks until one turns up as a request.
 */
static void tie_request(struct fsc_group *group, const struct fsc_frame *frame, uint64_t request)
{
	struct fsc_thread *thread = group->thread;
	struct fsc_memory *memory = thread->memory;
	struct fsc_request_buffer_record *record;

	if (FSC_LIKELY(in_block(&memory->timed, request) &&
		       memory->timed_ticks <= frame->start_ticks)) {
		record = FSC_GROUP_ADD(group, request_buffer);
		record->call = frame->number;
		record->allocated_ticks = memory->timed_ticks;
		record->pointer = request;
		memory->timed.bytes = 0;
		memory->unmatched = 0;
		return;
	}
	if (thread->allocation_mode & FSC_ALLOCATION_LEARN && learn(thread, request)) {
		thread->allocation_mode =
			(thread->allocation_mode & FSC_ALLOCATION_COUNT) | FSC_ALLOCATION_WATCH;
		memory->unmatched = 0;
		return;
	}
	if (++memory->unmatched >= GIVE_UP_LEARNING)
		thread->allocation_mode &= FSC_ALLOCATION_COUNT;
	else if (fsc_record_allocation_mask)
		thread->allocation_mode |= FSC_ALLOCATION_LEARN;
}

/* A built-in row's buffer must come from this call, or have been in the ledger before (a pool). */
static bool owned(struct fsc_thread *thread, struct fsc_site *site, const struct fsc_frame *frame,
		  const struct buffer_words *words)
{
	bool sure = !fsc_record_allocation_mask;

	if (!is_buffer(words))
		return false;
	if ((FSC_UNLIKELY(!site->trusted) || site->built_in) &&
	    (allocated_inside(thread, frame, words) || was_buffer(words))) {
		sure = site->trusted = true;
		if (site->response_style == FSC_RESPONSE_HIDDEN && !is_small(&site->response) &&
		    site->in_registers && site->kind == FSC_SITE_ENTRY)
			site->usual = FSC_USUAL_MAKER;
	}
	return sure || !site->built_in;
}

/* The response as the site returns it; false: it is not known, or not readable. */
static inline bool response_words(const struct fsc_frame *frame, uint8_t style,
				  struct buffer_words *words)
{
	uintptr_t hidden = fsc_arch_hidden(frame);

	if (FSC_UNLIKELY(style != FSC_RESPONSE_HIDDEN))
		return style > FSC_RESPONSE_NONE &&
		       words_at(frame, &frame->site->response, false, words);
	if (!hidden)
		return false;
	if (FSC_UNLIKELY(!frame->site->trusted) || is_small(&frame->site->response))
		return hidden_words(frame, &frame->site->response, words);
	load_words(hidden, words);
	return true;
}

void fsc_buffer_crossed(struct fsc_group *group, struct fsc_frame *frame,
			struct fsc_crossing *crossing)
{
	struct fsc_thread *thread = group->thread;
	struct fsc_site *site = frame->site;
	uint8_t style = site->response_style;
	struct buffer_words words;
	bool known;

	if (FSC_UNLIKELY(site->carries == FSC_CARRIES_PERHAPS)) {
		style = prove_style(thread, site, frame);
		if (style == FSC_RESPONSE_UNSAID)
			return;
	}
	known = response_words(frame, style, &words);
	if (site->request.pointer.from != FSC_FROM_NOWHERE && (known || !site->built_in))
		find_request(frame, style == FSC_RESPONSE_HIDDEN, crossing);
	if (!(crossing->flags & FSC_CALL_NESTED) && crossing->request &&
	    thread->memory->unmatched < GIVE_UP_LEARNING)
		tie_request(group, frame, crossing->request);
	if (!known)
		return;
	crossing->flags |= FSC_CALL_RESPONSE;
	crossing->response_bytes = words.pointer ? words.length : 0;
	if (owned(thread, site, frame, &words)) {
		made(group, frame, &words);
		crossing->flags |= FSC_CALL_BUFFER;
	}
}

void fsc_buffer_unknown_call(const struct fsc_site *site)
{
	struct fsc_ledger *ledger = fsc_live->ledger;
	bool described = site->flags & (FSC_SITE_DESCRIBED | FSC_SITE_BUILT_IN);

	if (ledger && (!described || site->carries == FSC_CARRIES_PERHAPS))
		__atomic_fetch_add(&ledger->unknown_calls, 1, __ATOMIC_RELAXED);
}

void fsc_buffer_acquired(struct fsc_group *group, struct fsc_frame *frame)
{
	struct buffer_words words;

	if (response_words(frame, frame->site->response_style, &words) && is_buffer(&words))
		made(group, frame, &words);
}

static uint8_t judge_unknown(const struct fsc_ledger *ledger, const struct fsc_frame *frame,
			     enum fsc_ledger_find found)
{
	if (found == FSC_LEDGER_WAS_FREED &&
	    frame->freed_entry.unknown_calls ==
		    __atomic_load_n(&ledger->unknown_calls, __ATOMIC_RELAXED))
		return FSC_VERDICT_FREED_TWICE;
	return fsc_live->image->forked ? FSC_VERDICT_INHERITED : FSC_VERDICT_FREED_UNKNOWN;
}

struct two_sites {
	uint32_t maker;
	uint32_t freer;
};

static uint64_t frees_outside(void *argument)
{
	const struct two_sites *sites = argument;

	return fsc_sites_frees(sites->maker, sites->freer);
}

static __attribute__((noinline, cold)) bool is_own_free(uint32_t maker, uint32_t freer)
{
	struct two_sites sites = { maker, freer };

	return fsc_arch_call_outside(frees_outside, &sites);
}

static uint8_t judge(const struct fsc_site *site, const struct fsc_ledger_entry *entry,
		     const struct buffer_words *words)
{
	bool had_capacity = entry->flags & FSC_MADE_WITH_CAPACITY;

	if (FSC_UNLIKELY(fsc_sites[entry->site].own_free) && !is_own_free(entry->site, site->id))
		return FSC_VERDICT_FOREIGN_FREE;

	/* A built-in row may be wrong about how the buffer is given back. */
	if (site->built_in && words->has_capacity != had_capacity)
		return FSC_VERDICT_FREED;
	if (site->buffer.length.from != FSC_FROM_NOWHERE && words->length &&
	    words->length != entry->length)
		return FSC_VERDICT_SIZE_MISMATCH;
	if (words->has_capacity && had_capacity && words->capacity != entry->capacity)
		return FSC_VERDICT_SIZE_MISMATCH;
	return FSC_VERDICT_FREED;
}

/* A built-in row may be wrong about how the buffer is passed: by pointer alone. */
static enum fsc_ledger_find take_by_pointer(struct fsc_ledger *ledger, struct fsc_frame *frame,
					    struct buffer_words *words)
{
	enum fsc_ledger_find found;

	if (!frame->argument[0] || frame->argument[0] == words->pointer)
		return FSC_LEDGER_ABSENT;
	found = fsc_ledger_take(ledger, frame->argument[0], &frame->freed_entry);
	if (found != FSC_LEDGER_ABSENT) {
		words->pointer = frame->argument[0];
		words->length = 0;
		words->capacity = 0;
		words->has_capacity = false;
	}
	return found;
}

static inline uintptr_t by_value_of(const struct fsc_site *site, const struct fsc_frame *frame)
{
	return fsc_arch_by_value(frame, site->buffer.pointer.index / FSC_STRUCT_WORDS);
}

/* Read what a free function was given. false: it cannot be read. */
static inline bool given_words(const struct fsc_site *site, const struct fsc_frame *frame,
			       struct buffer_words *words)
{
	if (FSC_UNLIKELY(!site->by_value))
		return words_at(frame, &site->buffer, false, words);
	if (!FSC_ARCH_BY_VALUE_ON_STACK || FSC_UNLIKELY(!fsc_sites_fits(site, frame)))
		return words_in_memory(frame, by_value_of(site, frame), words);
	load_words(by_value_of(site, frame), words);
	return true;
}

static void keep(struct fsc_frame *frame, const struct buffer_words *words, uint8_t verdict)
{
	frame->verdict = verdict;
	frame->freed_pointer = words->pointer;
	frame->freed_length = words->length;
	frame->freed_capacity = words->capacity;
}

static const struct fsc_ledger_entry nothing_known; /* a literal might be made by memset() */

/* What was given is not live in the ledger. */
static __attribute__((noinline)) void
give_back_otherwise(struct fsc_thread *thread, struct fsc_frame *frame, struct buffer_words *words)
{
	struct fsc_site *site = frame->site;
	struct fsc_ledger *ledger = fsc_live->ledger;
	enum fsc_ledger_find found = FSC_LEDGER_ABSENT;
	bool given = is_buffer(words) ||
		     (words->pointer && site->buffer.length.from == FSC_FROM_NOWHERE);
	uint8_t verdict;

	if (given)
		found = fsc_ledger_take(ledger, words->pointer, &frame->freed_entry);
	if (found == FSC_LEDGER_ABSENT && site->built_in)
		found = take_by_pointer(ledger, frame, words);
	if (found == FSC_LEDGER_ABSENT) {
		if (!given)
			return;
		frame->freed_entry = nothing_known;
	}
	if (found == FSC_LEDGER_WAS_LIVE) {
		thread->cursor->counters[site->id].buffers++;
		verdict = judge(site, &frame->freed_entry, words);
	} else {
		verdict = judge_unknown(ledger, frame, found);
	}
	keep(frame, words, verdict);
	fsc_ledger_count(ledger, verdict);
}

void fsc_buffer_give_back(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	struct fsc_ledger *ledger = ledger_now();
	struct buffer_words words;
	uint8_t verdict;

	if (FSC_UNLIKELY(!ledger)) {
		fsc_live_lose(true);
		return;
	}
	if (!given_words(site, frame, &words))
		return;
	if (FSC_UNLIKELY(!is_buffer(&words) ||
			 fsc_ledger_take(ledger, words.pointer, &frame->freed_entry) !=
				 FSC_LEDGER_WAS_LIVE)) {
		struct buffer_words copy = words; /* so that the original can stay in registers */

		give_back_otherwise(thread, frame, &copy);
		return;
	}
	thread->cursor->counters[site->id].buffers++;
	verdict = judge(site, &frame->freed_entry, &words);
	keep(frame, &words, verdict);
	if (FSC_UNLIKELY(verdict != FSC_VERDICT_FREED))
		fsc_ledger_count(ledger, verdict);
}

static inline void fill_freed(struct fsc_buffer_freed_record *record, const struct fsc_frame *frame)
{
	/* A release and a plain free() are no calls. */
	record->call = frame->kind == FSC_FRAME_CALL ? frame->number : 0;
	record->pointer = frame->freed_pointer;
	record->length = frame->freed_length;
	record->capacity = frame->freed_capacity;
	record->made_call = frame->freed_entry.call;
	record->made_length = frame->freed_entry.length;
	record->made_capacity = frame->freed_entry.capacity;
	record->made_ticks = frame->freed_entry.start_ticks;
	record->made_ended_ticks = frame->freed_entry.end_ticks;
	record->made_tid = frame->freed_entry.tid;
	record->stack = frame->freed_entry.stack;
	record->made_site = frame->freed_entry.site;
	record->site = (uint16_t)frame->site->id;
	record->verdict = frame->verdict;
}

void fsc_buffer_add_freed(struct fsc_group *group, const struct fsc_frame *frame)
{
	fill_freed(FSC_GROUP_ADD(group, buffer_freed), frame);
}

void fsc_buffer_record_finding(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	struct fsc_buffer_freed_record *record;

	/* The library's own business is no finding, and an event for each might be one a call. */
	if (thread->cursor->profile && !fsc_buffer_is_finding(frame))
		return;
	record = fsc_record_begin(thread, FSC_EVENT_buffer_freed, sizeof(*record), frame->end_ticks,
				  true);
	if (!record)
		return;
	fill_freed(record, frame);
	fsc_record_end(thread->cursor, sizeof(*record));
}

void fsc_buffer_codec(struct fsc_site *site, struct fsc_frame *frame,
		      struct fsc_phase_record *record)
{
	/* A struct returned in memory; its capacity says nothing of the codec. */
	bool hidden = site->buffer.capacity.from == FSC_FROM_RETURN;
	uint64_t word;

	if (fsc_place_word(frame, site->message, hidden, &word))
		record->message = word;
	if (fsc_place_word(frame, site->buffer.pointer, hidden, &word))
		record->buffer = word;
	if (fsc_place_word(frame, site->buffer.length, hidden, &word)) {
		record->bytes = word;
		record->flags |= FSC_PHASE_BYTES;
	}
}
