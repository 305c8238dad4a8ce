/* SPDX-License-Identifier: MIT */
/*
 * Sampling. What is hard: each call is to have the same chance (a fixed step would beat with
 * programs that repeat themselves), without a random number for each; and what belongs to one
 * request shares one decision, though it begins before the call. Built like the hot path, which it
 * is a part of. Begin at fsc_detail_choose().
 */
#include "detail_internal.h"

#include "buffer_hooks_internal.h"
#include "record_internal.h"
#include "system_internal.h"

enum {
	/* After so many calls left out a thread looks whether the image says something new. */
	AT_ONCE_MAX = 4096,
	/* So many calls with a frame without anything inside, before one is left out without. */
	FRAMED_FIRST = 64
};

/* 32 bits (Marsaglia, "Xorshift RNGs", with Vigna's multiplier). */
static uint64_t random_next(struct fsc_memory *memory)
{
	uint64_t state = memory->random;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	memory->random = state;
	return (state * 0x2545F4914F6CDD1Dull) >> 32;
}

/*
 * The calls of a site on a thread are taken in blocks of one_in; of each block one is recorded,
 * any with the same chance.
 */
static void draw(struct fsc_thread *thread, struct fsc_counter *counter)
{
	uint64_t one_in = thread->cursor->one_in, place;

	if (one_in == FSC_SAMPLE_NONE) {
		counter->beyond_left = AT_ONCE_MAX;
		return;
	}
	place = (random_next(thread->memory) * one_in) >> 32;
	counter->beyond_left = counter->block_left + place;
	counter->block_left = one_in - 1 - place;
	counter->due = 1;
}

static bool is_chosen(struct fsc_thread *thread, uint32_t site)
{
	struct fsc_counter *counter = &thread->cursor->counters[site];
	bool chosen = false;

	if (counter->unframed_left > 0) {
		counter->unframed_left--;
		return false;
	}
	while (counter->framed_left <= 0) {
		uint64_t next = counter->beyond_left;

		if (next) {
			counter->framed_left = next < AT_ONCE_MAX ? (int64_t)next : AT_ONCE_MAX;
			counter->beyond_left = next - (uint64_t)counter->framed_left;
			break;
		}
		chosen = counter->due;
		counter->due = 0;
		draw(thread, counter);
		if (chosen)
			return true;
	}
	counter->framed_left--;
	return false;
}

static uint64_t take_up_outside(void *argument)
{
	fsc_detail_take_up(argument);
	return 0;
}

/* Does this thread record everything, as the image says now? Between two outermost calls. */
static bool records_all(struct fsc_thread *thread)
{
	if (fsc_detail_changed(thread->cursor))
		fsc_arch_call_outside(take_up_outside, thread);
	return thread->cursor->one_in == 1;
}

/*
 * Whatever runs inside a call of a site must find a frame there. A call that a parent process began
 * may have no counter here.
 */
static void note_inner(struct fsc_thread *thread)
{
	struct fsc_site *around = &fsc_sites[thread->shadow[thread->depth - 1].site];
	struct fsc_counter *counter;

	around->wants_frame = true;
	if (around->id >= thread->cursor->counter_limit)
		return;
	counter = &thread->cursor->counters[around->id];
	counter->framed_left += counter->unframed_left;
	counter->unframed_left = 0;
}

/*
 * May the site's calls go without a frame? Not where buffers cross, and not before some had one and
 * nothing was seen inside. Where no thunk can do it early a frame's cost is paid already: it stays
 * as long as there is a ledger, which wants to know what is freed inside.
 */
static bool goes_unframed(struct fsc_site *site)
{
	if (site->framed < FRAMED_FIRST) {
		site->framed++;
		return false;
	}
	return site->kind == FSC_SITE_ENTRY && site->carries != FSC_CARRIES && !site->wants_frame &&
	       (FSC_ARCH_LEAVES_OUT_EARLY || !fsc_live->ledger);
}

/* The next request's decision: taken already by what came before its call, or now. */
static bool next_is_chosen(struct fsc_thread *thread, uint32_t site)
{
	if (thread->attention & (FSC_ATTENTION_RECORD | FSC_ATTENTION_LEAVE_OUT))
		return thread->attention & FSC_ATTENTION_RECORD;
	return is_chosen(thread, site);
}

/* Counted, and that is all. arch/<cpu>/thunk.S does the same where it can. */
static void pass(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	struct fsc_counter *counter = &thread->cursor->counters[frame->site->id];

	counter->unframed_left += counter->framed_left;
	counter->framed_left = 0;
	counter->calls++;
	counter->sampled_out++;
	thread->cursor->number++;
	thread->memory->unframed = fsc_arch_stack_arguments(frame) - 1;
	thread->memory->unframed_return = *thread->memory->unframed;
}

enum fsc_detail_choice fsc_detail_choose(struct fsc_thread *thread, const struct fsc_frame *frame,
					 bool outermost)
{
	struct fsc_site *site = frame->site;
	bool chosen;

	if (!outermost) {
		note_inner(thread);
		return thread->memory->left_out ? FSC_DETAIL_LEAVE_OUT : FSC_DETAIL_RECORD;
	}
	if (records_all(thread) || site->kind == FSC_SITE_FREE)
		return FSC_DETAIL_RECORD;
	chosen = next_is_chosen(thread, site->id);
	thread->attention = chosen ? FSC_ATTENTION_RECORDED : 0;
	if (chosen)
		return FSC_DETAIL_RECORD;
	if (!goes_unframed(site))
		return FSC_DETAIL_LEAVE_OUT;
	pass(thread, frame);
	return FSC_DETAIL_PASS;
}

/* On the host's side: an encode is the next call's, and opens its request; a decode the last's. */
static bool wants_host_phase(struct fsc_thread *thread, uint32_t site, bool is_decode)
{
	if (records_all(thread))
		return true;
	if (is_decode)
		return thread->attention & FSC_ATTENTION_RECORDED;
	if (!(thread->attention & (FSC_ATTENTION_RECORD | FSC_ATTENTION_LEAVE_OUT)))
		thread->attention |=
			is_chosen(thread, site) ? FSC_ATTENTION_RECORD : FSC_ATTENTION_LEAVE_OUT;
	return thread->attention & FSC_ATTENTION_RECORD;
}

bool fsc_detail_wants_codec(struct fsc_thread *thread, uint32_t site, uint32_t phase)
{
	if (!fsc_detail_in_call(thread))
		return wants_host_phase(thread, site, phase == FSC_PHASE_DECODE);
	note_inner(thread);
	return !thread->memory->left_out;
}

static uint64_t is_decode_outside(void *argument)
{
	return fsc_sites_is_text(*(const uint32_t *)argument, "decode");
}

bool fsc_detail_wants_mark(struct fsc_thread *thread, uint32_t name)
{
	if (fsc_detail_in_call(thread)) {
		note_inner(thread);
		return !thread->memory->left_out;
	}
	return wants_host_phase(thread, FSC_COUNTER_ELSEWHERE,
				fsc_arch_call_outside(is_decode_outside, &name));
}

/* With the call that made the buffer; where that is not known, with the last one. */
static bool wants_free(const struct fsc_thread *thread, const struct fsc_frame *frame)
{
	if (thread->cursor->one_in == 1)
		return true;
	if (frame->freed_pointer && frame->freed_entry.tid)
		return !(frame->freed_entry.flags & FSC_MADE_UNRECORDED);
	return thread->attention & FSC_ATTENTION_RECORDED;
}

void fsc_detail_begin(struct fsc_thread *thread, struct fsc_frame *frame, bool outermost,
		      enum fsc_detail_choice choice)
{
	bool left_out = choice == FSC_DETAIL_LEAVE_OUT;

	if (outermost && frame->site->kind == FSC_SITE_FREE)
		left_out = !wants_free(thread, frame);
	if (outermost)
		thread->memory->left_out = left_out;
	frame->left_out = left_out;
	if (left_out)
		frame->tid = ~frame->tid;
}

void fsc_detail_finish(struct fsc_thread *thread, struct fsc_frame *frame,
		       const struct fsc_allocation_totals *mine, bool nested)
{
	struct fsc_site *site = frame->site;
	struct fsc_counter *counter = &thread->cursor->counters[site->id];
	struct fsc_crossing crossing = { nested ? FSC_CALL_NESTED : 0, 0, 0, 0 };
	struct fsc_group group;

	if (site->kind == FSC_SITE_FREE)
		return;
	if (mine->allocations && site->carries != FSC_CARRIES) {
		fsc_buffer_unknown_call(site);
		site->wants_frame = true;
	}
	if (!fsc_buffer_may_carry(thread, frame))
		return;
	fsc_group_begin_left_out(&group, thread, frame->end_ticks);
	fsc_buffer_crossed(&group, frame, &crossing);
	counter->request_bytes += crossing.request_bytes;
	counter->response_bytes += crossing.response_bytes;
}

bool fsc_detail_is_inside(const struct fsc_thread *thread, uintptr_t here)
{
	const struct fsc_memory *memory = thread->memory;
	uintptr_t place = memory ? (uintptr_t)memory->unframed : 0;

	return FSC_ARCH_LEAVES_OUT_EARLY && place > here && system_readable(place) &&
	       *memory->unframed == memory->unframed_return;
}
