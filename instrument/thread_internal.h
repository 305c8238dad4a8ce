/* SPDX-License-Identifier: MIT */
/*
 * thread_internal.h - what the library keeps per thread, and where a forked child stops trusting
 * it.
 *
 * struct fsc_thread    one small initial-exec TLS block; copied by fork like all private memory.
 * struct fsc_cursor    where the thread writes; lives in memory that every kind of fork zeroes
 *                      (MADV_WIPEONFORK), so that a child can never write into its parent's ring:
 *                      zero means "make a new one".
 * struct fsc_live      the same for the process: zero means "this image has not attached yet".
 * struct fsc_memory    the bulky rest; private, kept by a child because the calls that it is inside
 * of are kept too.
 *
 * Nothing here takes a lock. A signal handler that interrupts a hook finds `busy` set and passes
 * through unseen (counted as skipped).
 */
#ifndef INSTRUMENT_THREAD_INTERNAL_H
#define INSTRUMENT_THREAD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_internal.h"
#include "trace_points/events.h"
#include "trace_points/image.h"
#include "trace_points/ledger.h"

#define FSC_HIDDEN	__attribute__((visibility("hidden")))
/* What every call reads and nobody writes: together, in one cache line. */
#define FSC_HOT_DATA	__attribute__((section("fsc_hot")))
#define FSC_LIKELY(x)	__builtin_expect(!!(x), 1)
#define FSC_UNLIKELY(x) __builtin_expect(!!(x), 0)

enum fsc_thread_limit {
	FSC_SHADOW_FIRST = 128,	  /* frames; grows by mapping a larger array */
	FSC_SHADOW_MAX = 1 << 20, /* deeper calls pass unseen, counted as skipped */
	FSC_RECENT_BLOCKS = 32,	  /* allocated inside calls; a power of two */
	FSC_OUTSIDE_BLOCKS = 8,	  /* allocated by the host; a power of two */
	FSC_MARK_PHASES = 16, /* ffiscope_begin() nested deeper than this is counted, not timed */
	FSC_WATCHED_ADDRESSES = 2,
	FSC_FINDING_RESERVE = 512, /* bytes of a ring that only bad verdicts may use */
	FSC_GROUP_BYTES = 256	   /* at least what one call leaves: see call_hooks.c */
};

struct fsc_cursor {
	_Alignas(64) uint8_t *at; /* next record */
	uint8_t *end;		  /* of what may be written without asking */
	struct fsc_ring *ring;
	struct fsc_counter *counters;
	uint32_t counter_limit; /* sites below this have a counter; 0 = not attached */
	uint32_t owner;		/* pid of the image; 0 = not attached */
	uint64_t number;	/* of the last call that began on this thread */
	uint64_t last_ticks;	/* of the last record */
	uint64_t ring_offset;	/* in the image file */
	uint64_t ring_bytes;	/* of its mapping */
	uint32_t slot;
	uint32_t tid;
	uint32_t no_growth;   /* 1 = there was no memory for a larger ring: not asked for again */
	uint32_t no_counters; /* the same of more counters */
	/* Of the profile sink (profile_internal.h); else NULL. */
	uint8_t *profile;	 /* the image's region */
	uint32_t *profile_cells; /* by site: places of the slot's cells in it */
	uint32_t no_profile;	 /* 1 = there was no room for more of them: not asked for again */
	uint32_t direct;	 /* sink lttng: records are told from `at` when whole, none stays */
	/* ---- which calls leave more than counts: detail.c ---- */
	uint32_t plain_limit;	 /* counter_limit while all calls do, else 0 */
	uint32_t unframed_bytes; /* sites at lower offsets may be left out without a frame */
	uint32_t detail_change;	 /* of struct fsc_session, as this thread took it up */
	uint32_t one_in;	 /* ... and what it said */
	/* ---- a line that no plain call touches ---- */
	_Alignas(64) uint64_t paced; /* head of the ring when the processor's pace was last noted */
};

_Static_assert(offsetof(struct fsc_cursor, paced) <= 128, "at most two cache lines before it");

/*
 * One open frame. All that others need to know of it stands here: the frame's own memory may be
 * gone, when it was left without its end.
 */
struct fsc_shadow {
	struct fsc_frame *frame; /* only its address means something, unless it is a mark's */
	uint32_t site;
	uint8_t kind; /* enum fsc_frame_kind */
	bool is_mark; /* the frame lies in struct fsc_memory, not on the stack */
	bool saved;   /* `before` holds something */
	uint8_t phase_depth;
	uint64_t number; /* of the call; of a phase: of the call it runs inside, 0 = none */
	/* Of a lone frame nothing below need be set: see struct fsc_thread. */
	uint32_t call;			     /* 1 + place of the call it runs inside; 0 = none */
	uint16_t phase;			     /* enum fsc_phase_id of a codec; else 0 */
	uint16_t deep_marks;		     /* begun with this on top, and too deep to be timed */
	uint32_t child_calls;		     /* made from inside it */
	uint32_t inner_count;		     /* calls and phases directly inside it */
	uint32_t probes;		     /* calls and phases inside it, at whatever depth */
	uint32_t own_phases;		     /* of a call: that lie in no call inside it */
	uint64_t children_ticks;	     /* time of the child calls */
	uint64_t inner_ticks;		     /* time of the calls and phases directly inside it */
	struct fsc_allocation_totals before; /* what its parent had counted when it began */
};

/* A block that the thread got from an allocator. */
struct fsc_recent_block {
	uint64_t pointer;
	uint64_t bytes;
};

enum fsc_profile_limit {
	FSC_PROFILE_PHASES = 8, /* told apart within one call; the last takes the others */
	FSC_PROFILE_DEPTHS = 8	/* of phases in phases, for whose allocations each counts once */
};

struct fsc_profile_phase {
	uint32_t phase; /* enum fsc_phase_id or a string id; 0 = several */
	uint64_t count; /* how often it ran */
	uint64_t inner_count;
	uint64_t ticks; /* without what ran inside */
	struct fsc_allocation_totals mine;
};

/* Of the profile sink: what ended inside an outermost call that is open. */
struct fsc_profile_pending {
	uint64_t call;	 /* its number; 0 = none */
	uint64_t probes; /* calls and phases */
	bool codecs;	 /* a codec ran */
	uint32_t phase_count;
	struct fsc_profile_phase phase[FSC_PROFILE_PHASES];
	struct fsc_allocation_totals nested;			/* of the calls inside */
	struct fsc_allocation_totals inner[FSC_PROFILE_DEPTHS]; /* of phases, by depth */
};

struct fsc_memory {
	struct fsc_memory *next; /* in the list of unused ones */
	struct fsc_cursor *cursor;
	/* Of the last call that was left out without a frame: see fsc_detail_is_inside(). */
	const uintptr_t *unframed; /* where its return address lies; at offset MEMORY_UNFRAMED */
	uintptr_t unframed_return;
	uint64_t random; /* of sampling: state of a generator; not 0 once it is used */
	bool left_out;	 /* sampling left the open outermost call out, and with it all inside */
	_Alignas(64) struct fsc_shadow first_shadow[FSC_SHADOW_FIRST];
	struct fsc_recent_block recent[FSC_RECENT_BLOCKS];
	struct fsc_recent_block outside[FSC_OUTSIDE_BLOCKS];
	uintptr_t outside_caller[FSC_OUTSIDE_BLOCKS]; /* return addresses of these allocations */
	uint32_t outside_count; /* ever; the newest is at (count - 1) % FSC_OUTSIDE_BLOCKS */
	uintptr_t stack_begin;	/* of the thread's own stack, at or below its lowest address */
	uintptr_t stack_known; /* from this page to stack_top is the thread's own stack; 0 = none */
	uint32_t stack_questions; /* asked of the kernel to find that out */
	uint32_t unmatched; /* outermost calls in a row whose request was not a recent block */
	struct fsc_recent_block timed; /* the last block from a watched address ... */
	uint64_t timed_ticks;	       /* ... and when it was made */
	uint32_t mark_count;	       /* open ffiscope_begin(), of mark[] */
	struct fsc_profile_pending pending;
	uint8_t no_room[FSC_GROUP_BYTES]; /* where a group goes that finds no room */
	struct fsc_frame mark[FSC_MARK_PHASES];
};

enum fsc_allocation_mode {
	FSC_ALLOCATION_COUNT = 1 << 0, /* inside a call or phase */
	FSC_ALLOCATION_LEARN = 1 << 1, /* outside: remember who allocates */
	FSC_ALLOCATION_WATCH = 1 << 2, /* outside: time the watched addresses */
	FSC_ALLOCATION_CALL = 1 << 3   /* inside a call */
};

/* FSC_ALLOCATION_COUNT when allocation hooks are on, else 0. */
extern uint32_t fsc_record_allocation_mask FSC_HIDDEN;

#define FSC_REFUSED_FOR_GOOD UINT32_MAX

struct fsc_thread {
	uintptr_t busy;		   /* the frame whose hook runs, 0 = none; at offset THREAD_BUSY */
	struct fsc_cursor *cursor; /* never NULL; of no use to anyone until memory is there */
	struct fsc_memory *memory;
	struct fsc_shadow *shadow;
	uintptr_t depth;
	uint32_t shadow_limit;
	uint32_t allocation_mode;
	struct fsc_allocation_totals totals;	  /* of the innermost open frame */
	uintptr_t watched[FSC_WATCHED_ADDRESSES]; /* return addresses that made request buffers */
	uintptr_t stack_top;			  /* end of the thread's own stack */
	uint32_t refused; /* attaching failed before: owner pid of that image, or ..._FOR_GOOD */
	uint32_t recent_count; /* ever of recent[]; the newest is at (count - 1) % FSC_RECENT_BLOCKS
				*/
	/*
	 * The outermost call while it is a lone one: alone on the shadow stack, and no other call
	 * was made inside it. Says nothing when the shadow stack is empty.
	 */
	struct fsc_frame *lone;
	/*
	 * May a thunk read the cycle counter when its function returns? At offset THREAD_COUNTER
	 * (x86). A thread that gave the counter away inside a call must not, nor one that never
	 * attached: a fiber may have come to it.
	 */
	uint32_t has_counter;
	uint32_t attention; /* enum fsc_attention, at offset THREAD_ATTENTION */
};

/* What sampling has decided about the calls to come; 0 = nothing. */
enum fsc_attention {
	FSC_ATTENTION_RECORD = 1 << 0,	  /* the next outermost call is recorded */
	FSC_ATTENTION_LEAVE_OUT = 1 << 1, /* it is left out */
	FSC_ATTENTION_RECORDED = 1 << 2	  /* the last one was recorded */
};

_Static_assert(sizeof(struct fsc_thread) <= 128, "the TLS block is small");

extern __thread struct fsc_thread fsc_thread __attribute__((tls_model("initial-exec"))) FSC_HIDDEN;

/* Of the process image; lies in a page of its own that fork zeroes. */
struct fsc_live {
	uint32_t state; /* atomic: enum fsc_live_state */
	uint32_t owner; /* pid */
	struct fsc_image *image;
	struct fsc_ledger *ledger; /* NULL until the first buffer */
	uint8_t *profile;	   /* the profile sink's region of the image; else NULL */
	uint32_t registry_lock;	   /* atomic: 1 = taken */
	uint32_t ledger_lock;	   /* atomic */
	uint32_t forking;	   /* atomic: threads in fork */
	uintptr_t visitor;	   /* atomic: who looks at the slots, or forks: relocations.c */
	uint32_t ledger_refused;   /* there was no memory for one: not asked for again */
	uint32_t free_slot_hint;   /* no slot below this one was free when last looked */
	uint32_t draining;	   /* standalone, atomic: 1 = someone drains */
	uint32_t finished;	   /* standalone: the image is complete on disk */
	uint32_t sandboxing;	   /* atomic: 1 = a thread installs a filter of system calls */
	uint32_t helper; /* standalone, atomic: the helper's thread id, 0 = it may not be */
};

enum fsc_live_state {
	FSC_LIVE_NONE,
	FSC_LIVE_ATTACHING,
	FSC_LIVE_READY,
	FSC_LIVE_OFF /* refused, or the session stopped */
};

extern struct fsc_live *fsc_live FSC_HIDDEN;

/*
 * Between these two a signal handler's calls pass unseen. The compiler moves nothing across; the
 * processor delivers signals between instructions.
 */
static inline void fsc_thread_begin_work(struct fsc_thread *thread, uintptr_t here)
{
	thread->busy = here;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void fsc_thread_end_work(struct fsc_thread *thread)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->busy = 0;
}

/* Count an event that no ring can count: the thread has none, or may not write just now. */
static inline void fsc_live_lose(bool finding)
{
	struct fsc_image *image = fsc_live->image;

	if (!image)
		return;
	__atomic_fetch_add(&image->lost_events, 1, __ATOMIC_RELAXED);
	if (finding)
		__atomic_fetch_add(&image->lost_findings, 1, __ATOMIC_RELAXED);
}

/*
 * Is that frame certainly no longer running, seen from a frame at `here` on this thread? Stacks
 * grow down, so on one stack everything at or below here is gone. A frame on the thread's own stack
 * is not judged from above that stack's top: that is a signal or fiber stack.
 */
static inline bool fsc_thread_frame_dead(const struct fsc_thread *thread, uintptr_t frame,
					 uintptr_t here)
{
	return frame <= here && !(here >= thread->stack_top && frame < thread->stack_top);
}

/* ---- attach.c: slow paths, called through fsc_arch_call_outside() ---- */

/* Give the thread everything it needs to record: memory, cursor, slot, ring, counters. */
bool fsc_attach_thread(struct fsc_thread *thread) FSC_HIDDEN;

/* Make counters for at least that site. */
bool fsc_attach_counters(struct fsc_thread *thread, uint32_t site) FSC_HIDDEN;

/* A larger shadow stack. false: stay with this one. */
bool fsc_attach_grow_shadow(struct fsc_thread *thread) FSC_HIDDEN;

/* The image's ledger, made on first use; NULL when there is no memory for one. */
struct fsc_ledger *fsc_attach_ledger(void) FSC_HIDDEN;

/* ---- arch ---- */

/* Call ordinary code from a hook with the vector registers saved. */
uint64_t fsc_arch_call_outside(uint64_t (*function)(void *), void *argument) FSC_HIDDEN;

/* CLOCK_MONOTONIC ns; 0 when that is not to be known. Ordinary code. */
uint64_t fsc_system_clock_now(void *unused) FSC_HIDDEN;

/*
 * The same from a thunk; 0 also when that is not the thread's clock. A thread whose clock can be
 * read no more is given up with its open calls, that one among them.
 */
uint64_t fsc_arch_system_ticks(void) FSC_HIDDEN;

extern uint32_t fsc_clock_mode_now FSC_HIDDEN;
extern const char fsc_arch_stubs[] FSC_HIDDEN;

#endif
