/* SPDX-License-Identifier: MIT */
/*
 * The malloc family. What is hard: it runs before the constructor, in every thread and signal
 * handler, and outside calls it may cost no more than a test; what it forwards to is the next
 * definition in the program's scope (a sanitizer's, jemalloc's, else libc's), found with loads
 * alone. Begin at malloc().
 */
#include "allocation_internal.h"

#include <malloc.h>
#include <stdlib.h>

#include "buffer_hooks_internal.h"
#include "detail_internal.h"
#include "modules_internal.h"
#include "record_internal.h"
#include "session_internal.h"
#include "shadow_internal.h"

#define FSC_EXPORT __attribute__((visibility("default")))

/* ---- what lies underneath ---- */

#define FSC_ALLOCATION(name, result, parameters, arguments) static result first_##name parameters;
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION

/* The real functions; until the first call of any, functions that find them. */
static struct {
#define FSC_ALLOCATION(name, result, parameters, arguments) result(*name) parameters;
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
} real = {
#define FSC_ALLOCATION(name, result, parameters, arguments) first_##name,
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
};

/*
 * Under a sanitizer a block's size must not be asked: of a pointer that is no block it would end
 * the program with another message than the free that follows. What is freed is counted without its
 * bytes then.
 */
static bool sizes_known = true;

static void find_real(void)
{
	uintptr_t found;

	if (fsc_modules_next_symbol("__asan_init", NULL) ||
	    fsc_modules_next_symbol("__tsan_init", NULL))
		sizes_known = false;

#define FSC_ALLOCATION(name, result, parameters, arguments) \
	found = fsc_modules_next_symbol(#name, NULL);       \
	if (found)                                          \
		__atomic_store_n(&real.name, (result(*) parameters)found, __ATOMIC_RELEASE);
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
}

#define FSC_ALLOCATION(name, result, parameters, arguments) \
	static result first_##name parameters               \
	{                                                   \
		find_real();                                \
		return real.name arguments;                 \
	}
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION

uintptr_t fsc_allocation_own(const char *name)
{
	struct fsc_dynamic dynamic;

	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (map->l_addr == fsc_modules_own_base()) {
			fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
			return fsc_modules_symbol(&dynamic, name, NULL);
		}
	return 0;
}

uintptr_t fsc_allocation_replacement(const char *name, uintptr_t value)
{
#define FSC_ALLOCATION(function, result, parameters, arguments)                  \
	if (value == (uintptr_t)real.function && fsc_text_same(name, #function)) \
		return value == fsc_modules_libc_symbol(name) ? fsc_allocation_own(name) : 0;
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
	return 0;
}

/* ---- what the thread is told ---- */

/* The host allocated outside any call: remember it while learning, time it when watched. */
static void noted_outside(struct fsc_thread *thread, uintptr_t pointer, uintptr_t bytes,
			  uintptr_t caller)
{
	struct fsc_memory *memory = thread->memory;

	if (FSC_UNLIKELY(thread->allocation_mode & FSC_ALLOCATION_LEARN)) {
		uint32_t i = memory->outside_count++ % FSC_OUTSIDE_BLOCKS;

		memory->outside[i] = (struct fsc_recent_block){ pointer, bytes };
		memory->outside_caller[i] = caller;
	}
	if (thread->watched[0] == caller || thread->watched[1] == caller) {
		memory->timed = (struct fsc_recent_block){ pointer, bytes };
		memory->timed_ticks = fsc_record_now();
	}
}

static inline __attribute__((always_inline)) void noted(struct fsc_thread *thread, void *block,
							size_t bytes, void *caller)
{
	uint32_t mode = thread->allocation_mode;

	if (!block || thread->busy || !fsc_record_allocation_mask)
		return;
	if (mode & FSC_ALLOCATION_COUNT) {
		thread->totals.allocations++;
		thread->totals.allocated_bytes += bytes;
	}
	if (FSC_LIKELY(mode & FSC_ALLOCATION_CALL))
		thread->memory->recent[thread->recent_count++ % FSC_RECENT_BLOCKS] =
			(struct fsc_recent_block){ (uintptr_t)block, bytes };
	else
		noted_outside(thread, (uintptr_t)block, bytes, (uintptr_t)caller);
}

static void noted_free(struct fsc_thread *thread, void *block)
{
	if (!block || thread->busy)
		return;
	thread->totals.frees++;
	if (sizes_known)
		thread->totals.freed_bytes += real.malloc_usable_size(block);
}

/*
 * A plain free() or realloc() of a pointer that may be live in the ledger: a foreign free, or the
 * library's own business inside a call. here: the frame of the function that the program called.
 */
static __attribute__((noinline, cold)) void plain_free(uintptr_t pointer, uintptr_t here)
{
	struct fsc_thread *thread = &fsc_thread;
	struct fsc_ledger *ledger = fsc_live->ledger;
	struct fsc_frame frame;
	bool inside;

	if (fsc_ledger_look(ledger, pointer) != FSC_LEDGER_WAS_LIVE)
		return;
	if (fsc_record_is_timeless() || thread->refused == FSC_REFUSED_FOR_GOOD ||
	    (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, here))) {
		fsc_live_lose(true);
		return;
	}
	fsc_thread_begin_work(thread, here);
	if (thread->depth)
		fsc_shadow_heal(thread, here);
	inside = (thread->allocation_mode & FSC_ALLOCATION_CALL) ||
		 fsc_detail_is_inside(thread, here + FSC_ARCH_WORD);
	if ((thread->cursor->counter_limit || fsc_attach_thread(thread)) &&
	    fsc_ledger_take(ledger, pointer, &frame.freed_entry) == FSC_LEDGER_WAS_LIVE) {
		thread->cursor->counters[FSC_COUNTER_ELSEWHERE].buffers++;
		frame.kind = FSC_FRAME_PHASE; /* no call */
		frame.site = &fsc_sites[0];
		frame.verdict = inside ? FSC_VERDICT_LIBRARY : FSC_VERDICT_FOREIGN_FREE;
		frame.freed_pointer = pointer;
		frame.freed_length = 0;
		frame.freed_capacity = 0;
		frame.end_ticks = fsc_record_now();
		fsc_ledger_count(ledger, frame.verdict);
		fsc_buffer_record_finding(thread, &frame);
	}
	fsc_thread_end_work(thread);
}

static inline bool maybe_buffer(const void *block)
{
	const struct fsc_ledger *ledger = fsc_live->ledger;

	return FSC_UNLIKELY(ledger != NULL) && fsc_ledger_maybe_live(ledger, (uintptr_t)block);
}

/*
 * Has the thread any interest in this allocation? Outside calls, once it is known who allocates
 * requests, only in theirs.
 */
static inline bool interested(const struct fsc_thread *thread, const void *caller)
{
	uint32_t mode = thread->allocation_mode;

	return mode && (mode != FSC_ALLOCATION_WATCH || thread->watched[0] == (uintptr_t)caller ||
			thread->watched[1] == (uintptr_t)caller);
}

/*
 * A reallocation counts as one free and one allocation. The ledger is told before, because
 * afterwards the old address may be another thread's.
 */
static inline __attribute__((always_inline)) void *reallocated(void *block, size_t bytes,
							       void *caller)
{
	struct fsc_thread *thread = &fsc_thread;
	bool counted = (thread->allocation_mode & FSC_ALLOCATION_COUNT) && block && !thread->busy;
	size_t old_bytes = counted && sizes_known ? real.malloc_usable_size(block) : 0;
	void *moved;

	if (FSC_UNLIKELY(block && maybe_buffer(block)))
		plain_free((uintptr_t)block, (uintptr_t)__builtin_frame_address(0));
	if (FSC_LIKELY(!interested(thread, caller)))
		return real.realloc(block, bytes);
	moved = real.realloc(block, bytes);
	if (counted && (moved || !bytes)) {
		thread->totals.frees++;
		thread->totals.freed_bytes += old_bytes;
	}
	noted(thread, moved, bytes, caller);
	return moved;
}

/* ---- the exported functions ---- */

FSC_EXPORT void *malloc(size_t bytes)
{
	struct fsc_thread *thread = &fsc_thread;
	void *block;

	if (FSC_LIKELY(!interested(thread, __builtin_return_address(0))))
		return real.malloc(bytes);
	block = real.malloc(bytes);
	noted(thread, block, bytes, __builtin_return_address(0));
	return block;
}

FSC_EXPORT void *calloc(size_t count, size_t bytes)
{
	struct fsc_thread *thread = &fsc_thread;
	void *block;

	if (FSC_LIKELY(!interested(thread, __builtin_return_address(0))))
		return real.calloc(count, bytes);
	block = real.calloc(count, bytes);
	noted(thread, block, count * bytes, __builtin_return_address(0));
	return block;
}

FSC_EXPORT void free(void *block)
{
	struct fsc_thread *thread = &fsc_thread;

	if (FSC_UNLIKELY(maybe_buffer(block)))
		plain_free((uintptr_t)block, (uintptr_t)__builtin_frame_address(0));
	if (FSC_UNLIKELY(thread->allocation_mode & FSC_ALLOCATION_COUNT))
		noted_free(thread, block);
	real.free(block);
}

FSC_EXPORT void *realloc(void *block, size_t bytes)
{
	return reallocated(block, bytes, __builtin_return_address(0));
}

FSC_EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
	size_t total;

	/* The real one fails with ENOMEM. */
	if (__builtin_mul_overflow(count, bytes, &total))
		return real.reallocarray(block, count, bytes);
	return reallocated(block, total, __builtin_return_address(0));
}

static void *aligned(void *block, size_t bytes, void *caller)
{
	struct fsc_thread *thread = &fsc_thread;

	if (FSC_UNLIKELY(thread->allocation_mode))
		noted(thread, block, bytes, caller);
	return block;
}

FSC_EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
	return aligned(real.aligned_alloc(alignment, bytes), bytes, __builtin_return_address(0));
}

FSC_EXPORT void *memalign(size_t alignment, size_t bytes)
{
	return aligned(real.memalign(alignment, bytes), bytes, __builtin_return_address(0));
}

FSC_EXPORT void *valloc(size_t bytes)
{
	return aligned(real.valloc(bytes), bytes, __builtin_return_address(0));
}

FSC_EXPORT void *pvalloc(size_t bytes)
{
	return aligned(real.pvalloc(bytes), bytes, __builtin_return_address(0));
}

FSC_EXPORT int posix_memalign(void **block, size_t alignment, size_t bytes)
{
	int result = real.posix_memalign(block, alignment, bytes);

	if (result == 0)
		aligned(*block, bytes, __builtin_return_address(0));
	return result;
}
