/* SPDX-License-Identifier: MIT */
/*
 * What is hard: makes and takes run at once on any threads without a lock. A way belongs to whoever
 * moved its state byte to BUSY; nobody else writes it until the state is stored again (release).
 * Start reading at claim().
 */
#include "trace_points/ledger.h"

#include <stddef.h>

#include "trace_points/events.h"

/* The two buckets that a pointer may stand in. */
struct places {
	struct fsc_ledger_bucket *bucket[2];
	uint16_t *tags[2];
	uint16_t tag;
};

static inline struct places places_of(const struct fsc_ledger *ledger, uint64_t pointer)
{
	struct fsc_ledger *table = (struct fsc_ledger *)ledger;
	uint64_t hash = fsc_ledger_hash(pointer);
	uint32_t first = fsc_ledger_bucket_index(hash, 0),
		 second = fsc_ledger_bucket_index(hash, 1);

	return (struct places){ { &table->bucket[first], &table->bucket[second] },
				{ table->tags[first], table->tags[second] },
				fsc_ledger_tag(hash) };
}

static inline bool move_state(struct fsc_ledger_bucket *bucket, int way, uint8_t from, uint8_t to)
{
	return __atomic_compare_exchange_n(&bucket->state[way], &from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* The way that holds the pointer in one of the wanted states (a bit set), or -1. */
static inline int find_way(const struct fsc_ledger_bucket *bucket, uint64_t pointer,
			   unsigned wanted)
{
	for (int way = 0; way < FSC_LEDGER_WAYS; way++) {
		if (__atomic_load_n(&bucket->pointer[way], __ATOMIC_RELAXED) != pointer)
			continue;
		if (wanted >> __atomic_load_n(&bucket->state[way], __ATOMIC_ACQUIRE) & 1)
			return way;
	}
	return -1;
}

/* Make a way of one bucket ours (BUSY): one in that state, whatever its pointer. */
static int claim(struct fsc_ledger_bucket *bucket, uint8_t state)
{
	for (int way = 0; way < FSC_LEDGER_WAYS; way++)
		if (__atomic_load_n(&bucket->state[way], __ATOMIC_RELAXED) == state &&
		    move_state(bucket, way, state, FSC_LEDGER_BUSY))
			return way;
	return -1;
}

/* The way is ours: fill it and let go. */
static inline void store(const struct places *at, int choice, int way, uint64_t pointer,
			 const struct fsc_ledger_entry *entry)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];

	__atomic_store_n(&bucket->pointer[way], pointer, __ATOMIC_RELAXED);
	bucket->entry[way] = *entry;
	__atomic_store_n(&at->tags[choice][way], at->tag, __ATOMIC_RELAXED);
	__atomic_store_n(&bucket->state[way], FSC_LEDGER_LIVE, __ATOMIC_RELEASE);
}

enum { LIVE_OR_FREED = 1u << FSC_LEDGER_LIVE | 1u << FSC_LEDGER_FREED, NEVER_MADE = 3 };

/* The pointer's own old entry, if it has one: a pool or malloc gave the same address again. */
static int reuse(const struct places *at, int choice, uint64_t pointer,
		 const struct fsc_ledger_entry *entry)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];
	int way = find_way(bucket, pointer, LIVE_OR_FREED);
	int made = FSC_LEDGER_ENTERED;

	if (way < 0)
		return NEVER_MADE;
	if (!move_state(bucket, way, FSC_LEDGER_FREED, FSC_LEDGER_BUSY)) {
		if (!move_state(bucket, way, FSC_LEDGER_LIVE, FSC_LEDGER_BUSY))
			return NEVER_MADE;
		made = FSC_LEDGER_REPLACED;
	}
	store(at, choice, way, pointer, entry);
	return made;
}

/* A place that is empty, or else one whose last buffer was freed; the first bucket goes first. */
static __attribute__((noinline)) enum fsc_ledger_made
make_anew(struct fsc_ledger *ledger, const struct places *at, uint64_t pointer,
	  const struct fsc_ledger_entry *entry)
{
	for (int choice = 0; choice < 2; choice++) {
		int way = claim(at->bucket[choice], FSC_LEDGER_EMPTY);

		if (way < 0)
			way = claim(at->bucket[choice], FSC_LEDGER_FREED);
		if (way < 0)
			continue;
		if (choice)
			__atomic_store_n(&ledger->overflowed, 1, __ATOMIC_RELAXED);
		store(at, choice, way, pointer, entry);
		return FSC_LEDGER_ENTERED;
	}
	__atomic_fetch_add(&ledger->full, 1, __ATOMIC_RELAXED);
	return FSC_LEDGER_NO_ROOM;
}

enum fsc_ledger_made fsc_ledger_make(struct fsc_ledger *ledger, uint64_t pointer,
				     const struct fsc_ledger_entry *entry)
{
	struct places at = places_of(ledger, pointer);
	int made = reuse(&at, 0, pointer, entry);

	if (made == NEVER_MADE && __atomic_load_n(&ledger->overflowed, __ATOMIC_RELAXED))
		made = reuse(&at, 1, pointer, entry);
	return made == NEVER_MADE ? make_anew(ledger, &at, pointer, entry)
				  : (enum fsc_ledger_made)made;
}

static inline bool take_live(const struct places *at, int choice, uint64_t pointer,
			     struct fsc_ledger_entry *entry)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];
	int way = find_way(bucket, pointer, 1u << FSC_LEDGER_LIVE);

	if (way < 0 || !move_state(bucket, way, FSC_LEDGER_LIVE, FSC_LEDGER_BUSY))
		return false;
	*entry = bucket->entry[way];
	__atomic_store_n(&at->tags[choice][way], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&bucket->state[way], FSC_LEDGER_FREED, __ATOMIC_RELEASE);
	return true;
}

enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry)
{
	struct places at = places_of(ledger, pointer);

	if (take_live(&at, 0, pointer, entry))
		return FSC_LEDGER_WAS_LIVE;
	if (take_live(&at, 1, pointer, entry))
		return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++) {
		struct fsc_ledger_bucket *bucket = at.bucket[choice];
		int way = find_way(bucket, pointer, 1u << FSC_LEDGER_FREED);

		if (way < 0 || !move_state(bucket, way, FSC_LEDGER_FREED, FSC_LEDGER_BUSY))
			continue;
		*entry = bucket->entry[way];
		__atomic_store_n(&bucket->state[way], FSC_LEDGER_FREED, __ATOMIC_RELEASE);
		return FSC_LEDGER_WAS_FREED;
	}
	return FSC_LEDGER_ABSENT;
}

enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer)
{
	struct places at = places_of(ledger, pointer);

	for (int choice = 0; choice < 2; choice++)
		if (find_way(at.bucket[choice], pointer, 1u << FSC_LEDGER_LIVE) >= 0)
			return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++)
		if (find_way(at.bucket[choice], pointer, 1u << FSC_LEDGER_FREED) >= 0)
			return FSC_LEDGER_WAS_FREED;
	return FSC_LEDGER_ABSENT;
}

void fsc_ledger_count(struct fsc_ledger *ledger, uint32_t verdict)
{
	uint64_t *total = NULL;

	switch (verdict) {
	case FSC_VERDICT_FREED_TWICE:
		total = &ledger->freed_twice;
		break;
	case FSC_VERDICT_FREED_UNKNOWN:
		total = &ledger->freed_unknown;
		break;
	case FSC_VERDICT_SIZE_MISMATCH:
		total = &ledger->size_mismatch;
		break;
	case FSC_VERDICT_FOREIGN_FREE:
		total = &ledger->foreign_free;
		break;
	default:
		return;
	}
	__atomic_fetch_add(total, 1, __ATOMIC_RELAXED);
}
