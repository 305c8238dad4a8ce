/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a built-in row only suggests where buffers are. A response counts when it proves
 * itself: its pointer lies in a block allocated inside this very call (or was in the ledger before:
 * a pool), and the way it was returned fits. Begin at fsc_buffer_crossed().
 */
#include "buffer_hooks_internal.h"

#include "record_internal.h"

struct buffer_words {
	uint64_t pointer;
	uint64_t length;
	uint64_t capacity;
	bool has_capacity;
};

static bool load(struct fsc_thread *thread, const struct fsc_frame *frame, uint64_t address,
		 uint64_t *word)
{
	if (!fsc_record_readable_range(thread, frame, address, 8))
		return false;
	*word = *(const uint64_t *)address;
	return true;
}

/* The index-th integer argument as the row counts it; hidden: the hidden pointer stands first. */
static bool argument(struct fsc_thread *thread, const struct fsc_frame *frame, uint32_t index,
		     uint64_t *word)
{
	if (FSC_LIKELY(index < FSC_ARCH_ARGUMENT_REGISTERS)) {
		*word = frame->argument[index];
		return true;
	}
	return load(
		thread, frame,
		(uint64_t)(fsc_arch_stack_arguments(frame) + index - FSC_ARCH_ARGUMENT_REGISTERS),
		word);
}

static bool word_at(struct fsc_thread *thread, const struct fsc_frame *frame,
		    struct fsc_place place, bool hidden, uint64_t *word)
{
	switch (place.from) {
	case FSC_FROM_ARG:
		return argument(thread, frame, place.index + hidden, word);
	case FSC_FROM_POINTED:
		return argument(thread, frame, place.index + hidden, word) &&
		       load(thread, frame, *word, word);
	case FSC_FROM_RETURN:
		if (hidden)
			return load(thread, frame, frame->result[0] + 8u * place.index, word);
		if (place.index > 1)
			return false;
		*word = frame->result[place.index];
		return true;
	case FSC_FROM_BY_VALUE:
		return load(thread, frame,
			    (uint64_t)(fsc_arch_stack_arguments(frame) + place.index), word);
	default:
		return false;
	}
}

/*
 * The common shapes, a struct of 24 bytes in memory that is checked once: through the hidden
 * pointer, or by value on the stack. NULL: another shape, or not readable.
 */
static inline const uint64_t *struct_in_memory(struct fsc_thread *thread,
					       const struct fsc_frame *frame,
					       const struct fsc_buffer_place *place, bool hidden)
{
	uintptr_t address;

	if (place->capacity.from != place->pointer.from || place->capacity.index != 2 ||
	    place->length.index != 1)
		return NULL;
	if (place->pointer.from == FSC_FROM_RETURN && hidden)
		address = frame->result[0];
	else if (place->pointer.from == FSC_FROM_BY_VALUE)
		address = (uintptr_t)fsc_arch_stack_arguments(frame);
	else
		return NULL;
	return fsc_record_readable_range(thread, frame, address, 24) ? (const uint64_t *)address
								     : NULL;
}

static bool words_at(struct fsc_thread *thread, const struct fsc_frame *frame,
		     const struct fsc_buffer_place *place, bool hidden, struct buffer_words *words)
{
	const uint64_t *memory = struct_in_memory(thread, frame, place, hidden);

	words->has_capacity = place->capacity.from != FSC_FROM_NOWHERE;
	if (FSC_LIKELY(memory != NULL)) {
		words->pointer = memory[0];
		words->length = memory[1];
		words->capacity = memory[2];
		return true;
	}
	words->length = 0;
	words->capacity = 0;
	if (!word_at(thread, frame, place->pointer, hidden, &words->pointer))
		return false;
	if (place->length.from != FSC_FROM_NOWHERE &&
	    !word_at(thread, frame, place->length, hidden, &words->length))
		return false;
	return !words->has_capacity ||
	       word_at(thread, frame, place->capacity, hidden, &words->capacity);
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
	uint32_t count = memory->recent_count - frame->recent_start;

	for (uint32_t i = 1; i <= FSC_RECENT_BLOCKS && i <= count; i++) {
		const struct fsc_recent_block *block =
			&memory->recent[(memory->recent_count - i) % FSC_RECENT_BLOCKS];
		uint64_t offset = words->pointer - block->pointer;

		if (offset < block->bytes && words->length <= block->bytes - offset)
			return true;
	}
	return false;
}

static const struct fsc_buffer_place hidden_place = { { FSC_FROM_RETURN, 0 },
						      { FSC_FROM_RETURN, 1 },
						      { FSC_FROM_RETURN, 2 } };
static const struct fsc_buffer_place registers_place = { { FSC_FROM_RETURN, 0 },
							 { FSC_FROM_RETURN, 1 },
							 { FSC_FROM_NOWHERE, 0 } };

/* Can it be a struct of 24 bytes: the hidden pointer came back, and what it points to fits? */
static bool looks_hidden(struct fsc_thread *thread, const struct fsc_frame *frame,
			 struct buffer_words *words)
{
	return frame->result[0] && frame->result[0] == frame->argument[0] &&
	       words_at(thread, frame, &hidden_place, true, words) &&
	       words->length <= words->capacity;
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
 * The style of a built-in row's response when nothing is proven yet: this call may prove it, and
 * then the site says so to all later ones.
 */
static __attribute__((noinline)) uint8_t guess_style(struct fsc_thread *thread,
						     struct fsc_site *site, struct fsc_frame *frame)
{
	struct buffer_words words = { 0, 0, 0, false };
	uint8_t style = FSC_RESPONSE_UNSAID;

	if (looks_hidden(thread, frame, &words))
		style = FSC_RESPONSE_HIDDEN;
	else if (words_at(thread, frame, &registers_place, false, &words))
		style = FSC_RESPONSE_REGISTERS;
	if (is_buffer(&words) && (allocated_inside(thread, frame, &words) || was_buffer(&words) ||
				  (!fsc_record_allocation_mask && style == FSC_RESPONSE_HIDDEN))) {
		site->response_style = style;
		site->response = style == FSC_RESPONSE_HIDDEN ? hidden_place : registers_place;
		site->flags |= FSC_SITE_PROVEN;
		site->proven = true;
		publish_flags(site);
		return style;
	}
	/* An error response of a function that was never seen to succeed: {NULL, 0, 0}. */
	return style == FSC_RESPONSE_HIDDEN && !is_buffer(&words) ? style : FSC_RESPONSE_UNSAID;
}

static uint64_t ledger_outside(void *argument_unused)
{
	(void)argument_unused;
	return (uint64_t)fsc_attach_ledger();
}

static struct fsc_ledger *ledger_now(void)
{
	struct fsc_ledger *ledger = fsc_live->ledger;

	if (FSC_LIKELY(ledger != NULL))
		return ledger;
	return (struct fsc_ledger *)fsc_arch_call_outside(ledger_outside, NULL);
}

static void made(struct fsc_thread *thread, struct fsc_site *site, const struct fsc_frame *frame,
		 const struct buffer_words *words)
{
	struct fsc_ledger *ledger = ledger_now();
	struct fsc_ledger_entry entry = {
		.length = words->length,
		.capacity = words->capacity,
		.call = frame->number,
		.start_ticks = frame->start_ticks,
		.end_ticks = frame->end_ticks,
		.tid = thread->cursor->tid,
		.stack = 0,
		.site = (uint16_t)site->id,
		.flags = site->response_style,
	};
	struct fsc_buffer_made_record *record;
	struct fsc_counter *counters = thread->cursor->counters;
	enum fsc_ledger_made entered;

	counters[site->id].buffers++;
	if (FSC_UNLIKELY(!ledger)) {
		fsc_live_lose(true); /* whether it is given back will not be known */
		return;
	}
	entered = fsc_ledger_make(ledger, words->pointer, &entry);
	if (FSC_UNLIKELY(entered == FSC_LEDGER_REPLACED))
		counters[FSC_COUNTER_ELSEWHERE].buffers++;
	if (FSC_UNLIKELY(entered == FSC_LEDGER_NO_ROOM))
		return;
	record = FSC_RECORD_BEGIN(thread, buffer_made, frame->end_ticks);
	if (!record)
		return;
	record->call = frame->number;
	record->pointer = words->pointer;
	record->length = words->length;
	record->capacity = words->capacity;
	record->stack = 0;
	record->site = (uint16_t)site->id;
	record->flags = 0;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static void find_request(struct fsc_thread *thread, const struct fsc_site *site,
			 struct fsc_frame *frame, bool hidden, struct fsc_crossing *crossing)
{
	struct buffer_words words;

	if (!words_at(thread, frame, &site->request, hidden, &words))
		return;
	crossing->flags |= FSC_CALL_REQUEST;
	crossing->request = words.pointer;
	crossing->request_bytes = words.length;
}

static bool in_block(const struct fsc_recent_block *block, uint64_t address)
{
	return address - block->pointer < block->bytes;
}

static void record_request_buffer(struct fsc_thread *thread, const struct fsc_frame *frame,
				  uint64_t request)
{
	struct fsc_request_buffer_record *record =
		FSC_RECORD_BEGIN(thread, request_buffer, frame->end_ticks);

	if (!record)
		return;
	record->call = frame->number;
	record->allocated_ticks = thread->memory->timed_ticks;
	record->pointer = request;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

/* Watch the return address that allocated the request, if it is one of the last blocks. */
static bool learn(struct fsc_thread *thread, uint64_t request)
{
	struct fsc_memory *memory = thread->memory;

	for (uint32_t i = 0; i < FSC_OUTSIDE_BLOCKS; i++) {
		if (!in_block(&memory->outside[i], request))
			continue;
		thread->watched[1] = thread->watched[0];
		thread->watched[0] = memory->outside[i].caller;
		return true;
	}
	return false;
}

enum { GIVE_UP_LEARNING = 64 /* outermost calls whose request was no recent block */ };

/*
 * When was the request buffer allocated? The last block from a watched address, if it is that one.
 * Else find out who allocates requests: remember blocks until one turns up as a request.
 */
static void tie_request(struct fsc_thread *thread, const struct fsc_frame *frame, uint64_t request)
{
	struct fsc_memory *memory = thread->memory;

	if (in_block(&memory->timed, request) && memory->timed_ticks <= frame->start_ticks) {
		record_request_buffer(thread, frame, request);
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
static bool owned(struct fsc_thread *thread, const struct fsc_site *site,
		  const struct fsc_frame *frame, const struct buffer_words *words)
{
	if (!is_buffer(words))
		return false;
	return !site->built_in || allocated_inside(thread, frame, words) ||
	       !fsc_record_allocation_mask || was_buffer(words);
}

void fsc_buffer_crossed(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame,
			struct fsc_crossing *crossing)
{
	uint8_t style = site->response_style;
	struct buffer_words words;
	bool hidden, known;

	if (FSC_UNLIKELY(site->built_in && !site->proven && style != FSC_RESPONSE_NONE)) {
		style = guess_style(thread, site, frame);
		if (style == FSC_RESPONSE_UNSAID)
			return;
	}
	hidden = style == FSC_RESPONSE_HIDDEN;
	known = style > FSC_RESPONSE_NONE && (!hidden || frame->result[0] == frame->argument[0]) &&
		words_at(thread, frame, hidden ? &hidden_place : &site->response, hidden, &words);
	if (site->request.pointer.from != FSC_FROM_NOWHERE && (known || !site->built_in))
		find_request(thread, site, frame, hidden, crossing);
	if (!frame->parent_call && crossing->request &&
	    thread->memory->unmatched < GIVE_UP_LEARNING)
		tie_request(thread, frame, crossing->request);
	if (!known)
		return;
	crossing->flags |= FSC_CALL_RESPONSE;
	crossing->response_bytes = words.pointer ? words.length : 0;
	if (owned(thread, site, frame, &words)) {
		made(thread, site, frame, &words);
		crossing->flags |= FSC_CALL_BUFFER;
	}
}

void fsc_buffer_acquired(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	struct buffer_words words;
	bool hidden = site->response_style == FSC_RESPONSE_HIDDEN;

	if (site->response_style > FSC_RESPONSE_NONE &&
	    words_at(thread, frame, &site->response, hidden, &words) && is_buffer(&words))
		made(thread, site, frame, &words);
}

static uint8_t judge(const struct fsc_site *site, const struct fsc_frame *frame,
		     enum fsc_ledger_find found, const struct buffer_words *words)
{
	const struct fsc_ledger_entry *entry = &frame->freed_entry;
	bool style_known =
		!site->built_in || words->has_capacity == (entry->flags == FSC_RESPONSE_HIDDEN);

	if (found == FSC_LEDGER_WAS_FREED)
		return FSC_VERDICT_FREED_TWICE;
	if (found == FSC_LEDGER_ABSENT)
		return fsc_live->image->forked ? FSC_VERDICT_INHERITED : FSC_VERDICT_FREED_UNKNOWN;
	if (style_known && site->buffer.length.from != FSC_FROM_NOWHERE && words->length &&
	    words->length != entry->length)
		return FSC_VERDICT_SIZE_MISMATCH;
	if (style_known && words->has_capacity && entry->flags == FSC_RESPONSE_HIDDEN &&
	    words->capacity != entry->capacity)
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

void fsc_buffer_give_back(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	struct fsc_ledger *ledger = ledger_now();
	struct buffer_words words;
	enum fsc_ledger_find found = FSC_LEDGER_ABSENT;
	bool given;

	if (FSC_UNLIKELY(!ledger)) {
		fsc_live_lose(true);
		return;
	}
	if (!words_at(thread, frame, &site->buffer, false, &words))
		return;
	given = is_buffer(&words);
	if (given)
		found = fsc_ledger_take(ledger, words.pointer, &frame->freed_entry);
	if (FSC_UNLIKELY(found == FSC_LEDGER_ABSENT)) {
		if (site->built_in)
			found = take_by_pointer(ledger, frame, &words);
		if (found == FSC_LEDGER_ABSENT && !given)
			return;
		if (found == FSC_LEDGER_ABSENT)
			frame->freed_entry = (struct fsc_ledger_entry){ 0 };
	}
	if (FSC_LIKELY(found == FSC_LEDGER_WAS_LIVE))
		thread->cursor->counters[site->id].buffers++;
	frame->verdict = judge(site, frame, found, &words);
	frame->freed_pointer = words.pointer;
	frame->freed_length = words.length;
	frame->freed_capacity = words.capacity;
	if (frame->verdict != FSC_VERDICT_FREED)
		fsc_ledger_count(ledger, frame->verdict);
}

static void record_freed(struct fsc_thread *thread, const struct fsc_frame *frame, uint16_t site,
			 uint64_t call)
{
	bool finding = frame->verdict >= FSC_VERDICT_FREED_TWICE &&
		       frame->verdict <= FSC_VERDICT_FOREIGN_FREE;
	struct fsc_buffer_freed_record *record = fsc_record_begin(
		thread, FSC_EVENT_buffer_freed, sizeof(*record), frame->end_ticks, finding);

	if (!record)
		return;
	record->call = call;
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
	record->site = site;
	record->verdict = frame->verdict;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

void fsc_buffer_record_freed(struct fsc_thread *thread, struct fsc_site *site,
			     struct fsc_frame *frame)
{
	record_freed(thread, frame, (uint16_t)site->id,
		     frame->kind == FSC_FRAME_CALL ? frame->number : 0);
}

void fsc_buffer_codec(struct fsc_site *site, struct fsc_frame *frame,
		      struct fsc_phase_record *record)
{
	struct fsc_thread *thread = &fsc_thread;
	uint64_t word;

	if (word_at(thread, frame, site->message, false, &word))
		record->message = word;
	if (word_at(thread, frame, site->buffer.pointer, false, &word))
		record->buffer = word;
	if (word_at(thread, frame, site->buffer.length, false, &word))
		record->bytes = word;
}

void fsc_buffer_plain_free(uint64_t pointer)
{
	struct fsc_thread *thread = &fsc_thread;
	struct fsc_ledger *ledger = fsc_live->ledger;
	struct fsc_frame frame;

	if (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, (uintptr_t)&frame)) {
		if (fsc_ledger_look(ledger, pointer) == FSC_LEDGER_WAS_LIVE)
			fsc_live_lose(true);
		return;
	}
	thread->busy = (uintptr_t)&frame;
	if (fsc_ledger_look(ledger, pointer) == FSC_LEDGER_WAS_LIVE &&
	    (thread->cursor->counter_limit || fsc_attach_thread(thread)) &&
	    fsc_ledger_take(ledger, pointer, &frame.freed_entry) == FSC_LEDGER_WAS_LIVE) {
		thread->cursor->counters[FSC_COUNTER_ELSEWHERE].buffers++;
		frame.verdict = thread->allocation_mode & FSC_ALLOCATION_CALL
					? FSC_VERDICT_LIBRARY
					: FSC_VERDICT_FOREIGN_FREE;
		frame.freed_pointer = pointer;
		frame.freed_length = 0;
		frame.freed_capacity = 0;
		frame.end_ticks = fsc_record_now();
		fsc_ledger_count(ledger, frame.verdict);
		record_freed(thread, &frame, 0, 0);
	}
	thread->busy = 0;
}
