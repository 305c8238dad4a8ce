/* SPDX-License-Identifier: MIT */
/*
 * What is hard: makes and takes run at once on any threads without a lock. A way belongs to whoever
 * moved its state byte to BUSY; nobody else writes it until the state is stored again (release).
 * Start reading at claim().
 */
#include "trace_points/ledger.h"

#include <stddef.h>

#include "trace_points/events.h"

static struct fsc_ledger_bucket *bucket_of(const struct fsc_ledger *ledger, uint64_t pointer,
					   int choice)
{
	uint32_t hash = fsc_ledger_hash(pointer);

	/* The second choice comes from other bits of the hash, and never equals the first. */
	if (choice)
		hash ^= ((hash >> 14) | 1) & (FSC_LEDGER_BUCKETS - 1);
	return (struct fsc_ledger_bucket *)&ledger->bucket[hash & (FSC_LEDGER_BUCKETS - 1)];
}

static void filter_add(struct fsc_ledger *ledger, uint64_t pointer, int change)
{
	uint8_t *cell = &ledger->filter[fsc_ledger_hash(pointer) & (FSC_LEDGER_FILTER - 1)];
	uint8_t old = __atomic_load_n(cell, __ATOMIC_RELAXED);

	do {
		if (old == UINT8_MAX || (old == 0 && change < 0))
			return; /* saturated: only ever says "maybe" from now on */
	} while (!__atomic_compare_exchange_n(cell, &old, (uint8_t)(old + change), false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static bool move_state(struct fsc_ledger_bucket *bucket, int way, uint8_t from, uint8_t to)
{
	return __atomic_compare_exchange_n(&bucket->state[way], &from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* The way that holds the pointer in one of the wanted states (a bit set), or -1. */
static int find_way(const struct fsc_ledger_bucket *bucket, uint64_t pointer, unsigned wanted)
{
	for (int way = 0; way < FSC_LEDGER_WAYS; way++) {
		uint8_t state = __atomic_load_n(&bucket->state[way], __ATOMIC_ACQUIRE);

		if ((wanted >> state & 1) &&
		    __atomic_load_n(&bucket->pointer[way], __ATOMIC_RELAXED) == pointer)
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

static int live_ways(const struct fsc_ledger_bucket *bucket)
{
	int count = 0;

	for (int way = 0; way < FSC_LEDGER_WAYS; way++)
		count += __atomic_load_n(&bucket->state[way], __ATOMIC_RELAXED) == FSC_LEDGER_LIVE;
	return count;
}

static void store(struct fsc_ledger_bucket *bucket, int way, uint64_t pointer,
		  const struct fsc_ledger_entry *entry)
{
	__atomic_store_n(&bucket->pointer[way], pointer, __ATOMIC_RELAXED);
	bucket->entry[way] = *entry;
	__atomic_store_n(&bucket->state[way], FSC_LEDGER_LIVE, __ATOMIC_RELEASE);
}

/* The pointer's own old entry, if it has one: a pool or malloc gave the same address again. */
static bool reuse(struct fsc_ledger *ledger, uint64_t pointer, const struct fsc_ledger_entry *entry)
{
	for (int choice = 0; choice < 2; choice++) {
		struct fsc_ledger_bucket *bucket = bucket_of(ledger, pointer, choice);
		int way = find_way(bucket, pointer, 1u << FSC_LEDGER_LIVE | 1u << FSC_LEDGER_FREED);

		if (way < 0)
			continue;
		if (move_state(bucket, way, FSC_LEDGER_FREED, FSC_LEDGER_BUSY)) {
			filter_add(ledger, pointer, 1);
		} else if (move_state(bucket, way, FSC_LEDGER_LIVE, FSC_LEDGER_BUSY)) {
			__atomic_fetch_add(&ledger->freed, 1, __ATOMIC_RELAXED);
		} else {
			continue;
		}
		store(bucket, way, pointer, entry);
		return true;
	}
	return false;
}

bool fsc_ledger_make(struct fsc_ledger *ledger, uint64_t pointer,
		     const struct fsc_ledger_entry *entry)
{
	static const uint8_t order[] = { FSC_LEDGER_EMPTY, FSC_LEDGER_FREED };
	struct fsc_ledger_bucket *bucket[2] = { bucket_of(ledger, pointer, 0),
						bucket_of(ledger, pointer, 1) };
	int first;

	__atomic_fetch_add(&ledger->made, 1, __ATOMIC_RELAXED);
	if (reuse(ledger, pointer, entry))
		return true;
	first = live_ways(bucket[1]) < live_ways(bucket[0]);
	for (int o = 0; o < 2; o++)
		for (int b = 0; b < 2; b++) {
			int way = claim(bucket[first ^ b], order[o]);

			if (way < 0)
				continue;
			filter_add(ledger, pointer, 1);
			store(bucket[first ^ b], way, pointer, entry);
			return true;
		}
	__atomic_fetch_add(&ledger->full, 1, __ATOMIC_RELAXED);
	return false;
}

enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry)
{
	for (int choice = 0; choice < 2; choice++) {
		struct fsc_ledger_bucket *bucket = bucket_of(ledger, pointer, choice);
		int way = find_way(bucket, pointer, 1u << FSC_LEDGER_LIVE);

		if (way < 0 || !move_state(bucket, way, FSC_LEDGER_LIVE, FSC_LEDGER_BUSY))
			continue;
		*entry = bucket->entry[way];
		__atomic_store_n(&bucket->state[way], FSC_LEDGER_FREED, __ATOMIC_RELEASE);
		filter_add(ledger, pointer, -1);
		__atomic_fetch_add(&ledger->freed, 1, __ATOMIC_RELAXED);
		return FSC_LEDGER_WAS_LIVE;
	}
	for (int choice = 0; choice < 2; choice++) {
		struct fsc_ledger_bucket *bucket = bucket_of(ledger, pointer, choice);
		int way = find_way(bucket, pointer, 1u << FSC_LEDGER_FREED);

		if (way < 0)
			continue;
		*entry = bucket->entry[way];
		return FSC_LEDGER_WAS_FREED;
	}
	return FSC_LEDGER_ABSENT;
}

enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer)
{
	for (int choice = 0; choice < 2; choice++)
		if (find_way(bucket_of(ledger, pointer, choice), pointer, 1u << FSC_LEDGER_LIVE) >= 0)
			return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++)
		if (find_way(bucket_of(ledger, pointer, choice), pointer, 1u << FSC_LEDGER_FREED) >= 0)
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
