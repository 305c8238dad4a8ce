/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the one table of live buffers, in memory shared with the recorder.
 *
 * In:     a buffer is made (the response of a call) and taken (given back).
 * Out:    live entries, and for each free what was known of the buffer.
 * Cost:   no lock: one compare-and-swap to make, one to take; the test that every plain free() pays
 *         is two loads of tags when the pointer is not in the table.
 * Limits: FSC_LEDGER_BUCKETS * 7 buffers live at once; when the two buckets of a pointer are full
 *         the buffer is not entered and `full` counts it: findings are uncertain from then on.
 * Thread: any, and signal handlers; makes and takes of the same pointer are ordered by the program.
 *
 * A taken entry stays as FSC_LEDGER_FREED until its place is needed, so that a second free of the
 * same pointer is told apart from a pointer that was never seen. How many were made and freed is
 * counted by the callers, each in a counter of its own (image.h): one shared count would cost more
 * than the rest.
 */
#ifndef TRACE_POINTS_LEDGER_H
#define TRACE_POINTS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsc_ledger_limit {
	FSC_LEDGER_BUCKETS = 16384, /* a power of two */
	FSC_LEDGER_WAYS = 7
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
	uint32_t unknown_calls; /* of the ledger when it was freed */
};

/*
 * A way's word is its pointer and its state in one, so that one compare-and-swap takes this very
 * buffer: pointer << 2 | enum fsc_ledger_state. No user address needs the two highest bits (Linux,
 * Documentation/arch/x86/x86_64/5level-paging.rst; the tag that aarch64 may keep there is dropped).
 */
struct fsc_ledger_bucket {
	uint64_t word[FSC_LEDGER_WAYS];
	uint64_t reserved; /* what is searched lies in one cache line of its own */
	struct fsc_ledger_entry entry[FSC_LEDGER_WAYS];
	uint8_t reserved_end[56];
};

struct fsc_ledger {
	/* Atomic, and rare. */
	uint64_t full;
	uint64_t freed_twice;
	uint64_t freed_unknown;
	uint64_t size_mismatch;
	uint64_t foreign_free;
	uint64_t overflowed; /* 1 = some buffer stands in its second bucket */
	/*
	 * Calls that allocated and may have returned a buffer of which nothing is known. Since one
	 * such call a freed buffer's address may be another's: a free of it may be a first one.
	 */
	uint32_t unknown_calls;
	uint32_t reserved[3];
	/*
	 * One 16-bit tag for each way of each bucket, 0 = not live; written by the way's owner,
	 * read by every plain free(). Four tags are read as one word: the way's number is its place
	 * in it.
	 */
	uint16_t tags[FSC_LEDGER_BUCKETS][8];
	struct fsc_ledger_bucket bucket[FSC_LEDGER_BUCKETS];
};

_Static_assert(sizeof(struct fsc_ledger_entry) == 56, "ledger entry layout");
_Static_assert(sizeof(struct fsc_ledger_bucket) == 512, "ledger bucket layout");
_Static_assert(offsetof(struct fsc_ledger, tags) == 64, "ledger layout");
_Static_assert(offsetof(struct fsc_ledger, bucket) % 64 == 0, "ledger layout");

enum fsc_ledger_find { FSC_LEDGER_ABSENT, FSC_LEDGER_WAS_LIVE, FSC_LEDGER_WAS_FREED };

static inline uint64_t fsc_ledger_hash(uint64_t pointer)
{
	/* Fibonacci hashing; the low 4 bits of malloc's pointers carry nothing. */
	return (pointer >> 4) * 0x9E3779B97F4A7C15ull;
}

/* The pointer's first bucket (choice 0) or its other one. */
static inline uint32_t fsc_ledger_bucket_index(uint64_t hash, int choice)
{
	uint32_t index = (uint32_t)(hash >> 50) & (FSC_LEDGER_BUCKETS - 1);

	return choice ? index ^ (((uint32_t)(hash >> 36) & (FSC_LEDGER_BUCKETS - 1)) | 1) : index;
}

static inline uint16_t fsc_ledger_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 20) | 1;
}

/* Is one of the four 16-bit lanes equal to the tag? May say yes for a lane above an equal one only.
 */
static inline bool fsc_ledger_has_tag(uint64_t four, uint16_t tag)
{
	uint64_t zero = four ^ tag * 0x0001000100010001ull;

	return ((zero - 0x0001000100010001ull) & ~zero & 0x8000800080008000ull) != 0;
}

static inline bool fsc_ledger_bucket_maybe(const struct fsc_ledger *ledger, uint32_t index,
					   uint16_t tag)
{
	const uint64_t *four = (const uint64_t *)(const void *)ledger->tags[index];
	uint64_t low = __atomic_load_n(&four[0], __ATOMIC_RELAXED);
	uint64_t high = __atomic_load_n(&four[1], __ATOMIC_RELAXED);

	/* Nearly always nothing in the bucket is live. */
	return (low | high) && (fsc_ledger_has_tag(low, tag) || fsc_ledger_has_tag(high, tag));
}

/* May the pointer be live? false is certain. The cheap test of every free(). */
static inline bool fsc_ledger_maybe_live(const struct fsc_ledger *ledger, uint64_t pointer)
{
	uint64_t hash = fsc_ledger_hash(pointer);
	uint16_t tag = fsc_ledger_tag(hash);

	return fsc_ledger_bucket_maybe(ledger, fsc_ledger_bucket_index(hash, 0), tag) ||
	       (__atomic_load_n(&ledger->overflowed, __ATOMIC_RELAXED) &&
		fsc_ledger_bucket_maybe(ledger, fsc_ledger_bucket_index(hash, 1), tag));
}

enum fsc_ledger_made {
	FSC_LEDGER_ENTERED,
	FSC_LEDGER_REPLACED, /* it was live: given out again without a free that we saw */
	FSC_LEDGER_NO_ROOM   /* both buckets are full, counted in `full` */
};

/* A way that is the caller's alone, from fsc_ledger_open() to fsc_ledger_close(). */
struct fsc_ledger_place {
	struct fsc_ledger_entry *entry; /* to be filled */
	uint64_t *word;
	uint16_t *way_tag;
	uint64_t live_word;
	uint16_t tag;
};

/*
 * Enter a live buffer: fill place->entry, every field but unknown_calls, then close at once,
 * without a wait in between. FSC_LEDGER_NO_ROOM: there is nothing to fill or close.
 */
enum fsc_ledger_made fsc_ledger_open(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_place *place);
static inline void fsc_ledger_close(const struct fsc_ledger_place *place)
{
	__atomic_store_n(place->way_tag, place->tag, __ATOMIC_RELAXED);
	__atomic_store_n(place->word, place->live_word, __ATOMIC_RELEASE);
}

/*
 * Take a live buffer out. FSC_LEDGER_WAS_LIVE: *entry is what was known, this caller alone got it.
 * FSC_LEDGER_WAS_FREED: *entry is what was known of its last life, if the address is still its own.
 * FSC_LEDGER_ABSENT: *entry is untouched.
 */
enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry);

/* The pointer of a live way; 0: it is not live. */
static inline uint64_t fsc_ledger_live_pointer(const struct fsc_ledger_bucket *bucket, int way)
{
	uint64_t word = __atomic_load_n(&bucket->word[way], __ATOMIC_ACQUIRE);

	return (word & 3) == FSC_LEDGER_LIVE ? word >> 2 : 0;
}

/* Was this pointer a buffer before, live or freed? */
enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer);

/* Count a verdict (enum fsc_verdict of events.h) in the totals. */
void fsc_ledger_count(struct fsc_ledger *ledger, uint32_t verdict);

#endif
