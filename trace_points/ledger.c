/* SPDX-License-Identifier: MIT */
/*
 * What is hard: makes and takes run at once on any threads without a lock. A way belongs to whoever
 * swapped its word to BUSY; nobody else writes it until the word is stored again (release). Start
 * reading at open_anew().
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

static inline uint64_t word_of(uint64_t pointer, enum fsc_ledger_state state)
{
	return pointer << 2 | state;
}

static inline bool swap(struct fsc_ledger_bucket *bucket, int way, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(&bucket->word[way], &from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* The way that holds that word, or -1. */
static inline int find_way(const struct fsc_ledger_bucket *bucket, uint64_t word)
{
	for (int way = 0; way < FSC_LEDGER_WAYS; way++)
		if (__atomic_load_n(&bucket->word[way], __ATOMIC_RELAXED) == word)
			return way;
	return -1;
}

/* The way is the caller's. */
static inline void give(const struct places *at, int choice, int way, uint64_t pointer,
			struct fsc_ledger_place *place)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];

	place->entry = &bucket->entry[way];
	place->word = &bucket->word[way];
	place->way_tag = &at->tags[choice][way];
	place->live_word = word_of(pointer, FSC_LEDGER_LIVE);
	place->tag = at->tag;
}

/* Make a way that holds that word the caller's. */
static inline bool take_way(const struct places *at, int choice, uint64_t pointer,
			    enum fsc_ledger_state state, struct fsc_ledger_place *place)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];
	int way = find_way(bucket, word_of(pointer, state));

	if (way < 0 ||
	    !swap(bucket, way, word_of(pointer, state), word_of(pointer, FSC_LEDGER_BUSY)))
		return false;
	give(at, choice, way, pointer, place);
	return true;
}

/* A way of any pointer in that state. */
static bool take_any(const struct places *at, int choice, uint64_t pointer,
		     enum fsc_ledger_state state, struct fsc_ledger_place *place)
{
	struct fsc_ledger_bucket *bucket = at->bucket[choice];

	for (int way = 0; way < FSC_LEDGER_WAYS; way++) {
		uint64_t word = __atomic_load_n(&bucket->word[way], __ATOMIC_RELAXED);

		if ((word & 3) == state &&
		    swap(bucket, way, word, word_of(pointer, FSC_LEDGER_BUSY))) {
			give(at, choice, way, pointer, place);
			return true;
		}
	}
	return false;
}

/*
 * Anything but the pointer's own freed way in its first bucket: that in its second one, a live one,
 * an empty place, or else one whose last buffer was freed.
 */
static __attribute__((noinline)) enum fsc_ledger_made
open_anew(struct fsc_ledger *ledger, uint64_t pointer, struct fsc_ledger_place *place)
{
	struct places at = places_of(ledger, pointer);

	if (take_way(&at, 1, pointer, FSC_LEDGER_FREED, place))
		return FSC_LEDGER_ENTERED;
	for (int choice = 0; choice < 2; choice++)
		if (take_way(&at, choice, pointer, FSC_LEDGER_LIVE, place))
			return FSC_LEDGER_REPLACED;
	for (int choice = 0; choice < 2; choice++) {
		if (!take_any(&at, choice, pointer, FSC_LEDGER_EMPTY, place) &&
		    !take_any(&at, choice, pointer, FSC_LEDGER_FREED, place))
			continue;
		if (choice)
			__atomic_store_n(&ledger->overflowed, 1, __ATOMIC_RELAXED);
		return FSC_LEDGER_ENTERED;
	}
	__atomic_fetch_add(&ledger->full, 1, __ATOMIC_RELAXED);
	return FSC_LEDGER_NO_ROOM;
}

enum fsc_ledger_made fsc_ledger_open(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_place *place)
{
	struct places at = places_of(ledger, pointer);

	/* malloc or a pool gave the same address again. */
	if (take_way(&at, 0, pointer, FSC_LEDGER_FREED, place))
		return FSC_LEDGER_ENTERED;
	return open_anew(ledger, pointer, place);
}

enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry)
{
	struct places at = places_of(ledger, pointer);
	struct fsc_ledger_place place;

	for (int choice = 0; choice < 2; choice++) {
		if (!take_way(&at, choice, pointer, FSC_LEDGER_LIVE, &place))
			continue;
		*entry = *place.entry;
		place.entry->unknown_calls =
			__atomic_load_n(&ledger->unknown_calls, __ATOMIC_RELAXED);
		__atomic_store_n(place.way_tag, 0, __ATOMIC_RELAXED);
		__atomic_store_n(place.word, word_of(pointer, FSC_LEDGER_FREED), __ATOMIC_RELEASE);
		return FSC_LEDGER_WAS_LIVE;
	}
	for (int choice = 0; choice < 2; choice++) {
		if (!take_way(&at, choice, pointer, FSC_LEDGER_FREED, &place))
			continue;
		*entry = *place.entry;
		__atomic_store_n(place.word, word_of(pointer, FSC_LEDGER_FREED), __ATOMIC_RELEASE);
		return FSC_LEDGER_WAS_FREED;
	}
	return FSC_LEDGER_ABSENT;
}

enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer)
{
	struct places at = places_of(ledger, pointer);

	for (int choice = 0; choice < 2; choice++)
		if (find_way(at.bucket[choice], word_of(pointer, FSC_LEDGER_LIVE)) >= 0)
			return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++)
		if (find_way(at.bucket[choice], word_of(pointer, FSC_LEDGER_FREED)) >= 0)
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
