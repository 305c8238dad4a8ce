/* SPDX-License-Identifier: MIT */
/*
 * Slow paths of a thread: its memory, its slot, its rings. They run inside hooks (through
 * fsc_arch_call_outside), so they take no lock, call no libc function that allocates, and leave
 * errno alone. Lists that several threads share are stacks with a tag against ABA. Begin at
 * fsc_attach_thread().
 */
#include <errno.h>
#include <pthread.h>

#include "attach_internal.h"
#include "detail_internal.h"
#include "given_up_internal.h"
#include "lttng_sink_internal.h"
#include "pace_internal.h"
#include "profile_internal.h"
#include "record_internal.h"
#include "session_internal.h"
#include "shadow_internal.h"
#include "sites_internal.h"
#include "system_internal.h"

enum {
	MEMORY_PER_CHUNK = 8,
	RING_FIRST_BYTES = 16 * 1024,
	PROFILE_RING_BYTES = 1 << 20, /* of findings that a ring of the profile sink ever takes */
	RING_FAST_GROWTH_BYTES = 256 * 1024, /* up to here a ring grows 16 times, then 4 times */
	COUNTERS_FIRST_BYTES = FSC_SITES_STEP * sizeof(struct fsc_counter)
};

_Static_assert(offsetof(struct fsc_thread, busy) == THREAD_BUSY, "thread layout");
#ifdef THREAD_COUNTER /* not yet on aarch64, where kernels from 6.12 on can take it away, too */
_Static_assert(offsetof(struct fsc_thread, has_counter) == THREAD_COUNTER, "thread layout");
#endif

static struct fsc_cursor no_cursor; /* of threads that have not attached: all zero */

__thread struct fsc_thread fsc_thread
	__attribute__((tls_model("initial-exec"))) = { .cursor = &no_cursor };
FSC_HOT_DATA uint32_t fsc_record_allocation_mask;

/* glibc: end of the main thread's stack (rtld, GLIBC_2.2.5). */
extern void *__libc_stack_end;

static pthread_key_t thread_key;
static bool have_key;

/* Unused fsc_memory blocks: a pointer with a 16-bit tag in its top bits. */
static uint64_t unused_memory;

enum { TAG_SHIFT = 48 };

static struct fsc_memory *untag(uint64_t tagged)
{
	return (struct fsc_memory *)(uintptr_t)(tagged & ((1ull << TAG_SHIFT) - 1));
}

static void memory_put(struct fsc_memory *memory)
{
	uint64_t old = __atomic_load_n(&unused_memory, __ATOMIC_RELAXED);
	uint64_t tagged;

	do {
		memory->next = untag(old);
		tagged = (uintptr_t)memory | (((old >> TAG_SHIFT) + 1) << TAG_SHIFT);
	} while (!__atomic_compare_exchange_n(&unused_memory, &old, tagged, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

static struct fsc_memory *memory_get(void)
{
	uint64_t old = __atomic_load_n(&unused_memory, __ATOMIC_ACQUIRE);
	uint64_t tagged;

	do {
		struct fsc_memory *top = untag(old);

		if (!top)
			return NULL;
		tagged = (uintptr_t)top->next | (((old >> TAG_SHIFT) + 1) << TAG_SHIFT);
	} while (!__atomic_compare_exchange_n(&unused_memory, &old, tagged, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_ACQUIRE));
	return untag(old);
}

/* Blocks are never unmapped: a list head read by another thread must stay readable. */
static struct fsc_memory *memory_new_chunk(void)
{
	struct fsc_memory *chunk = system_map(-1, 0, MEMORY_PER_CHUNK * sizeof(*chunk));
	struct fsc_cursor *cursors = system_map(-1, 0, FSC_PAGE);

	_Static_assert(MEMORY_PER_CHUNK * sizeof(*cursors) <= FSC_PAGE, "cursors of a chunk fit");
	if (!chunk || !cursors || system_advise(cursors, FSC_PAGE, MADV_WIPEONFORK) != 0)
		return NULL;
	for (int i = 0; i < MEMORY_PER_CHUNK; i++) {
		chunk[i].cursor = &cursors[i];
		if (i > 0)
			memory_put(&chunk[i]);
	}
	return chunk;
}

static bool take_memory(struct fsc_thread *thread)
{
	struct fsc_memory *memory = memory_get();
	bool is_main = system_tid() == system_pid();

	if (!memory)
		memory = memory_new_chunk();
	if (!memory)
		return false;
	thread->recent_count = 0;
	memory->outside_count = 0;
	memory->stack_known = 0;
	memory->stack_begin = is_main ? 0 : fsc_arch_stack_begin();
	memory->stack_questions = 0;
	memory->unmatched = 0;
	thread->watched[0] = thread->watched[1] = 0;
	memory->timed.bytes = 0;
	memory->mark_count = 0;
	memory->unframed = NULL;
	for (int i = 0; i < FSC_OUTSIDE_BLOCKS; i++)
		memory->outside[i].bytes = 0;
	thread->memory = memory;
	thread->shadow = memory->first_shadow;
	thread->shadow_limit = FSC_SHADOW_FIRST;
	thread->depth = 0;
	thread->stack_top = is_main ? (uintptr_t)__libc_stack_end : fsc_arch_thread_pointer();
	thread->cursor = memory->cursor;
	return true;
}

bool fsc_attach_grow_shadow(struct fsc_thread *thread)
{
	uint32_t limit = thread->shadow_limit * 2;
	struct fsc_shadow *larger;

	if (limit > FSC_SHADOW_MAX)
		return false;
	larger = system_map(-1, 0, (size_t)limit * sizeof(*larger));
	if (!larger)
		return false;
	for (uint32_t i = 0; i < thread->depth; i++)
		larger[i] = thread->shadow[i];
	if (thread->shadow != thread->memory->first_shadow)
		system_unmap(thread->shadow, thread->shadow_limit * sizeof(*larger));
	thread->shadow = larger;
	thread->shadow_limit = limit;
	return true;
}

/* ---- slots ---- */

static struct fsc_slot *slots(void)
{
	return (struct fsc_slot *)((char *)fsc_live->image + FSC_SLOTS_OFFSET);
}

struct fsc_slot_mapping fsc_slot_mappings[FSC_SLOTS_MAX];

static bool slot_take(struct fsc_slot *slot)
{
	uint32_t state = FSC_SLOT_FREE;

	return __atomic_compare_exchange_n(&slot->state, &state, FSC_SLOT_OWNED, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A slot whose thread is gone without its destructor (a raw clone, a cancelled key). */
static bool slot_take_from_dead(struct fsc_slot *slot)
{
	uint32_t tid = __atomic_load_n(&slot->tid, __ATOMIC_RELAXED);

	return tid && system_thread_signal(fsc_live->owner, tid, 0) == -ESRCH &&
	       __atomic_compare_exchange_n(&slot->tid, &tid, 0, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* That one if it is free, else any. */
static int64_t claim_slot(uint32_t wanted)
{
	struct fsc_image *image = fsc_live->image;
	uint32_t used = __atomic_load_n(&image->slot_count, __ATOMIC_RELAXED);
	uint32_t first = __atomic_load_n(&fsc_live->free_slot_hint, __ATOMIC_RELAXED);

	if (wanted < used && slot_take(&slots()[wanted]))
		return wanted;
	for (uint32_t i = first; i < used; i++)
		if (slot_take(&slots()[i])) {
			__atomic_store_n(&fsc_live->free_slot_hint, i + 1, __ATOMIC_RELAXED);
			return i;
		}
	while (used < FSC_SLOTS_MAX)
		if (__atomic_compare_exchange_n(&image->slot_count, &used, used + 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			if (slot_take(&slots()[used]))
				return used;
			used++;
		}
	for (uint32_t i = 0; i < FSC_SLOTS_MAX; i++)
		if (slot_take(&slots()[i]) || slot_take_from_dead(&slots()[i]))
			return i;
	return -1;
}

void fsc_attach_release_slot(uint32_t slot)
{
	uint32_t hint = __atomic_load_n(&fsc_live->free_slot_hint, __ATOMIC_RELAXED);

	while (slot < hint &&
	       !__atomic_compare_exchange_n(&fsc_live->free_slot_hint, &hint, slot, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	__atomic_store_n(&slots()[slot].state, FSC_SLOT_FREE, __ATOMIC_RELEASE);
}

/* ---- rings ---- */

static void ring_init(struct fsc_ring *ring, uint64_t bytes, uint32_t tid)
{
	ring->capacity = (uint32_t)(bytes - sizeof(*ring)) & ~3u;
	ring->tid = tid;
}

/* Write into that ring from its start. */
static void ring_adopt(struct fsc_cursor *cursor, struct fsc_ring *ring, uint64_t offset,
		       uint64_t bytes)
{
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];

	cursor->ring = ring;
	cursor->ring_offset = offset;
	cursor->ring_bytes = bytes;
	cursor->at = cursor->end = (uint8_t *)(ring + 1);
	cursor->direct = 0;
	cursor->paced = ring->head - FSC_PACE_BYTES; /* due */
	mapping->ring = ring;
	mapping->ring_offset = offset;
	mapping->ring_bytes = bytes;
}

/* A first piece: counters and a ring in one mapping. */
static bool first_piece(struct fsc_cursor *cursor, struct fsc_slot *slot)
{
	uint64_t offset;
	char *piece = fsc_session_map_piece(COUNTERS_FIRST_BYTES + RING_FIRST_BYTES, &offset);
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];
	struct fsc_ring *ring;

	if (!piece)
		return false;
	ring = (struct fsc_ring *)(piece + COUNTERS_FIRST_BYTES);
	ring_init(ring, RING_FIRST_BYTES, cursor->tid);
	ring_adopt(cursor, ring, offset + COUNTERS_FIRST_BYTES, RING_FIRST_BYTES);
	mapping->counters = (struct fsc_counter *)piece;
	mapping->counter_limit = FSC_SITES_STEP;
	mapping->locked = mapping->asked = mapping->left = 0;
	mapping->lost_events = mapping->lost_findings = 0;
	__atomic_store_n(&mapping->owner, cursor->owner, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->counters, offset, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->counter_limit, FSC_SITES_STEP, __ATOMIC_RELEASE);
	/* What goes to LTTng is none of the drain's. */
	if (fsc_settings.sink != FSC_SINK_LTTNG)
		__atomic_store_n(&slot->ring, cursor->ring_offset, __ATOMIC_RELEASE);
	return true;
}

/* A ring that follows the present one. The old one is the recorder's from here on. */
static bool next_ring(struct fsc_cursor *cursor, uint64_t bytes)
{
	struct fsc_ring *old = cursor->ring;
	uint64_t old_bytes = cursor->ring_bytes;
	uint64_t offset;
	struct fsc_ring *ring = fsc_session_map_piece(bytes, &offset);

	if (!ring)
		return false;
	ring_init(ring, bytes, cursor->tid);
	ring_adopt(cursor, ring, offset, bytes);
	__atomic_store_n(&old->next, offset, __ATOMIC_RELEASE);
	system_unmap(old, old_bytes);
	return true;
}

/* The ring of the slot's last owner: ours if it is drained, else followed by a new one. */
static bool inherit_ring(struct fsc_cursor *cursor)
{
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];
	struct fsc_ring *ring = mapping->ring;

	ring_adopt(cursor, ring, mapping->ring_offset, mapping->ring_bytes);
	if (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == ring->head) {
		ring->tid = cursor->tid;
		return true;
	}
	return next_ring(cursor, RING_FIRST_BYTES);
}

static bool take_slot(struct fsc_cursor *cursor, uint32_t wanted)
{
	int64_t index = claim_slot(wanted);
	struct fsc_slot_mapping *mapping;
	struct fsc_slot *slot;

	if (index < 0)
		return false;
	slot = &slots()[index];
	mapping = &fsc_slot_mappings[index];
	cursor->slot = (uint32_t)index;
	cursor->tid = system_tid();
	cursor->owner = fsc_live->owner;
	cursor->number = 0;
	cursor->last_ticks = 0;
	cursor->detail_change = 0;
	cursor->one_in = 1;
	cursor->unframed_bytes = 0;
	slot->tid = cursor->tid;
	if (mapping->owner == cursor->owner ? !inherit_ring(cursor) : !first_piece(cursor, slot)) {
		fsc_attach_release_slot(cursor->slot);
		cursor->owner = 0;
		return false;
	}
	cursor->counters = mapping->counters;
	if (fsc_live->profile)
		fsc_profile_attach(cursor, slot);
	fsc_pace_note(cursor);
	/* Last: a signal handler may jump out of here, and then the thread is not attached. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	cursor->counter_limit = mapping->counter_limit;
	cursor->plain_limit = fsc_detail_changed(cursor) ? 0 : cursor->counter_limit;
	return true;
}

bool fsc_attach_counters(struct fsc_thread *thread, uint32_t site)
{
	struct fsc_cursor *cursor = thread->cursor;
	struct fsc_slot_mapping *mapping = &fsc_slot_mappings[cursor->slot];
	struct fsc_slot *slot = &slots()[cursor->slot];
	uint32_t limit = cursor->counter_limit;
	bool plain = cursor->plain_limit != 0, unframed = cursor->unframed_bytes != 0;
	struct fsc_counter *larger;
	uint64_t offset;

	if (cursor->no_counters)
		return false;
	while (limit <= site)
		limit *= 2;
	larger = fsc_session_map_piece(limit * sizeof(*larger), &offset);
	cursor->no_counters = !larger;
	if (!larger)
		return false;
	/* Meanwhile a signal handler's calls are counted with the site: see pass_unseen(). */
	cursor->counter_limit = cursor->plain_limit = cursor->unframed_bytes = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < mapping->counter_limit; i++)
		larger[i] = cursor->counters[i];
	__atomic_store_n(&slot->counters, offset, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->counter_limit, limit, __ATOMIC_RELEASE);
	mapping->counters = cursor->counters = larger;
	mapping->counter_limit = limit;
	if (cursor->profile)
		fsc_profile_grow(cursor, slot, limit);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	cursor->counter_limit = limit;
	cursor->plain_limit = plain ? limit : 0;
	cursor->unframed_bytes = unframed ? limit * SITE_BYTES : 0;
	if (thread->refused == FSC_REFUSED_FOR_GOOD)
		fsc_given_up_close(thread);
	return cursor->counter_limit != 0;
}

uint64_t fsc_attach_grown(uint64_t bytes, uint64_t most)
{
	uint64_t next = bytes < RING_FAST_GROWTH_BYTES ? bytes * 16 : bytes * 4;

	return next > most ? most : next;
}

/*
 * How far may be written: not beyond where the pace is to be noted, and where a change of what is
 * recorded is seen; what is kept for findings only as far as this record needs it.
 */
static uint64_t end_of_room(uint64_t contiguous, uint64_t unused, uint32_t bytes)
{
	uint64_t room = unused > FSC_FINDING_RESERVE ? unused - FSC_FINDING_RESERVE : 0;

	if (room > FSC_PACE_BYTES)
		room = FSC_PACE_BYTES;
	if (room < bytes)
		room = bytes;
	return room < contiguous ? room : contiguous;
}

/* Place `at` for a record of that size, or say that the ring is full. */
static void *room_in_ring(struct fsc_cursor *cursor, uint32_t bytes, uint32_t reserve)
{
	struct fsc_ring *ring = cursor->ring;
	uint8_t *data = (uint8_t *)(ring + 1);
	uint64_t used = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	uint64_t unused = ring->capacity - used;
	uint64_t position = ring->head % ring->capacity;
	uint64_t contiguous = ring->capacity - position;

	if (unused < bytes + reserve)
		return NULL;
	if (contiguous < bytes) {
		if (unused < contiguous + bytes + reserve)
			return NULL;
		*(uint32_t *)(data + position) = FSC_EVENT_GAP;
		unused -= contiguous;
		__atomic_store_n(&ring->head, ring->head + contiguous, __ATOMIC_RELEASE);
		position = 0;
		contiguous = ring->capacity;
	}
	cursor->at = data + position;
	cursor->end = cursor->at + end_of_room(contiguous, unused, bytes);
	return cursor->at;
}

/*
 * The profile sink tells findings alone, and not without end. What may be written is just this
 * record: a call still finds no room.
 */
static uint64_t room_for_finding(struct fsc_cursor *cursor, const struct fsc_record_room *room)
{
	if (!room->finding || cursor->ring->head >= PROFILE_RING_BYTES ||
	    !room_in_ring(cursor, room->bytes, 0)) {
		cursor->at = cursor->end;
		return 0;
	}
	cursor->end = cursor->at + room->bytes;
	return (uintptr_t)cursor->at;
}

uint64_t fsc_record_make_room(void *argument)
{
	struct fsc_record_room *room = argument;
	struct fsc_cursor *cursor = room->thread->cursor;
	uint32_t reserve = room->finding ? 0 : FSC_FINDING_RESERVE;
	void *at;

	if (fsc_settings.sink == FSC_SINK_LTTNG)
		return fsc_lttng_make_room(cursor, room->bytes);
	if (cursor->profile)
		return room_for_finding(cursor, room);
	if (fsc_detail_changed(cursor))
		cursor->plain_limit = 0; /* the next call asks */
	at = room_in_ring(cursor, room->bytes, reserve);
	if (!at && !cursor->no_growth && cursor->ring_bytes < fsc_settings.ring_max_bytes &&
	    !__atomic_load_n(&fsc_session->stop, __ATOMIC_RELAXED)) {
		cursor->no_growth = !next_ring(
			cursor, fsc_attach_grown(cursor->ring_bytes, fsc_settings.ring_max_bytes));
		at = room_in_ring(cursor, room->bytes, reserve);
	}
	if (!at)
		cursor->at = cursor->end;
	else if (cursor->ring->head - cursor->paced >= FSC_PACE_BYTES)
		fsc_pace_note(cursor);
	return (uintptr_t)at;
}

/* ---- threads ---- */

/* Runs when a thread ends, also by pthread_exit or cancellation inside a call. */
void fsc_attach_end(void *argument)
{
	struct fsc_thread *thread = argument;
	struct fsc_memory *memory = thread->memory;

	thread->busy = (uintptr_t)&memory;
	thread->allocation_mode = 0;
	thread->has_counter = false;
	if (memory) {
		thread->stack_top = 0; /* every frame may be judged: all are gone */
		fsc_shadow_heal(thread, UINTPTR_MAX);
		if (thread->shadow != memory->first_shadow)
			system_unmap(thread->shadow,
				     thread->shadow_limit * sizeof(*thread->shadow));
		/* First: whether we are busy is not asked where calls go without a frame. */
		thread->cursor->unframed_bytes = 0;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (thread->cursor->owner && thread->cursor->owner == fsc_live->owner &&
		    (fsc_settings.sink != FSC_SINK_LTTNG || fsc_lttng_leave(thread->cursor)))
			fsc_attach_release_slot(thread->cursor->slot);
		thread->cursor->owner = 0;
		thread->cursor->counter_limit = 0;
		thread->cursor->plain_limit = 0;
		thread->cursor = &no_cursor;
		thread->memory = NULL;
		thread->depth = 0;
		thread->lone = NULL;
		memory_put(memory);
	}
	thread->busy = 0;
}

/*
 * qemu-user takes MADV_WIPEONFORK and does nothing. A child of fork() is put right here; one of a
 * raw clone is not, under such an emulator. Elsewhere the memory is zero by now, or this process's:
 * a handler of the program's may have called before.
 */
static void forked(void)
{
	if (!fsc_live->state || fsc_live->owner == system_pid())
		return;
	*fsc_live = (struct fsc_live){ 0 };
	if (fsc_thread.cursor != &no_cursor)
		*fsc_thread.cursor = (struct fsc_cursor){ 0 };
}

void fsc_attach_start(void)
{
	(void)pthread_atfork(NULL, NULL, forked);
	have_key = pthread_key_create(&thread_key, fsc_attach_end) == 0;
}

bool fsc_attach_to_slot(struct fsc_thread *thread, uint32_t wanted_slot)
{
	int saved = errno;
	bool attached = false;

	if (thread->depth)
		fsc_shadow_disown(thread);
	/* It would be one without a number, and perhaps without a clock: see sandbox.c. */
	if (__atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED) && fsc_live->owner)
		return false;
	if (thread->refused == FSC_REFUSED_FOR_GOOD ||
	    (fsc_live->owner && thread->refused == fsc_live->owner))
		return false;
	if (fsc_session_attach_image() && (thread->memory || take_memory(thread))) {
		/* Also when there is no slot: fsc_attach_end() gives the memory back. */
		if (have_key)
			pthread_setspecific(thread_key, thread);
		thread->has_counter = fsc_clock_mode_now != FSC_CLOCK_SYSTEM;
		thread->memory->pending.call = 0;
		thread->memory->random = 0;
		thread->memory->left_out = false;
		thread->attention = 0;
		attached = take_slot(thread->cursor, wanted_slot);
	}
	if (thread->refused == FSC_REFUSED_FOR_GOOD) { /* meanwhile, by a signal handler */
		fsc_given_up_close(thread);
		attached = false;
	}
	if (!attached && fsc_live->image && thread->refused != FSC_REFUSED_FOR_GOOD)
		thread->refused = fsc_live->owner;
	errno = saved;
	return attached;
}

bool fsc_attach_thread(struct fsc_thread *thread)
{
	return fsc_attach_to_slot(thread, FSC_SLOTS_MAX);
}
