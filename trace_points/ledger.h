/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the one table of live buffers, in memory shared with the recorder.
 *
 * In:     a buffer is made (the response of a call) and taken (given back).
 * Out:    exact totals, live entries, and for each free a verdict.
 * Cost:   no lock: one compare-and-swap to make, one to take; the test that every plain free() pays
 *         is one byte load from filter[] when the pointer is not in the table.
 * Limits: FSC_LEDGER_BUCKETS * 7 buffers live at once; when the two buckets of a pointer are full
 *         the buffer is not entered and `full` counts it: findings are uncertain from then on.
 * Thread: any, and signal handlers; makes and takes of the same pointer are ordered by the program.
 *
 * A taken entry stays as FSC_LEDGER_FREED until its place is needed, so that a second free of the
 * same pointer is told apart from a pointer that was never seen.
 */
#ifndef TRACE_POINTS_LEDGER_H
#define TRACE_POINTS_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

enum fsc_ledger_limit {
	FSC_LEDGER_BUCKETS = 16384, /* a power of two */
	FSC_LEDGER_WAYS = 7,
	FSC_LEDGER_FILTER = 65536 /* bytes; a power of two */
};

enum fsc_ledger_state {
	FSC_LEDGER_EMPTY = 0,
	FSC_LEDGER_BUSY = 1, /* being written */
	FSC_LEDGER_LIVE = 2,
	FSC_LEDGER_FREED = 3
};

/* What is known of a buffer beside its pointer. Times are ticks of the image's clock. */
struct fsc_ledger_entry {
	uint64_t length;
	uint64_t capacity;
	uint64_t call; /* number of the making call on its thread */
	uint64_t start_ticks;
	uint64_t end_ticks;
	uint32_t tid;
	uint32_t stack;
	uint16_t site;
	uint16_t flags;
	uint32_t reserved;
};

struct fsc_ledger_bucket {
	uint64_t pointer[FSC_LEDGER_WAYS];
	uint8_t state[8]; /* enum fsc_ledger_state of each way; the last is unused */
	struct fsc_ledger_entry entry[FSC_LEDGER_WAYS];
};

struct fsc_ledger {
	uint64_t made;	/* all totals atomic */
	uint64_t freed; /* taken, by whatever verdict */
	uint64_t full;
	uint64_t freed_twice;
	uint64_t freed_unknown;
	uint64_t size_mismatch;
	uint64_t foreign_free;
	uint64_t reserved;
	uint8_t filter[FSC_LEDGER_FILTER]; /* live buffers per hash; stays at 255 once it got there */
	struct fsc_ledger_bucket bucket[FSC_LEDGER_BUCKETS];
};

_Static_assert(sizeof(struct fsc_ledger_entry) == 56, "ledger entry layout");
_Static_assert(sizeof(struct fsc_ledger_bucket) == 456, "ledger bucket layout");

enum fsc_ledger_find { FSC_LEDGER_ABSENT, FSC_LEDGER_WAS_LIVE, FSC_LEDGER_WAS_FREED };

static inline uint32_t fsc_ledger_hash(uint64_t pointer)
{
	/* Fibonacci hashing; the low 4 bits of malloc's pointers carry nothing. */
	return (uint32_t)(((pointer >> 4) * 0x9E3779B97F4A7C15ull) >> 32);
}

/* May the pointer be live? false is certain. The cheap test of every free(). */
static inline bool fsc_ledger_maybe_live(const struct fsc_ledger *ledger, uint64_t pointer)
{
	uint32_t slot = fsc_ledger_hash(pointer) & (FSC_LEDGER_FILTER - 1);

	return __atomic_load_n(&ledger->filter[slot], __ATOMIC_RELAXED) != 0;
}

/*
 * Enter a live buffer. If the pointer is already live (the library handed it out again without a
 * free that we saw), its entry is replaced and the old one counts as freed. false: both buckets are
 * full, counted in `full`.
 */
bool fsc_ledger_make(struct fsc_ledger *ledger, uint64_t pointer,
		     const struct fsc_ledger_entry *entry);

/*
 * Take a live buffer out. FSC_LEDGER_WAS_LIVE: *entry is what was known, this caller alone got it.
 * FSC_LEDGER_WAS_FREED: *entry is what was known of its last life. FSC_LEDGER_ABSENT: *entry is
 * untouched. Counts `freed` in the first case only.
 */
enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry);

/* Was this pointer a buffer before, live or freed? */
enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer);

/* Count a verdict (enum fsc_verdict of events.h) in the totals. */
void fsc_ledger_count(struct fsc_ledger *ledger, uint32_t verdict);

#endif
