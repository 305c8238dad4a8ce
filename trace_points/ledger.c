/* SPDX-License-Identifier: MIT */
/*
 * What is hard: makes and takes run at once on any threads without a lock. A way belongs to whoever
 * swapped its word to BUSY; nobody else writes it until the word is stored again (release). Start
 * reading at open_anew().
 */
#include "trace_points/ledger.h"

#include <stddef.h>

#include "trace_points/events.h"

/* One of the two buckets that a pointer may stand in. */
struct home {
	struct fsc_ledger_bucket *bucket;
	uint16_t *tags;
	uint16_t tag;
};

static inline struct home home_of(const struct fsc_ledger *ledger, uint64_t pointer, int choice)
{
	struct fsc_ledger *table = (struct fsc_ledger *)ledger;
	uint64_t hash = fsc_ledger_hash(pointer);
	uint32_t index = fsc_ledger_bucket_index(hash, choice);

	return (struct home){ &table->bucket[index], table->tags[index], fsc_ledger_tag(hash) };
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
static inline void give(const struct home *home, int way, uint64_t pointer,
			struct fsc_ledger_place *place)
{
	place->entry = &home->bucket->entry[way];
	place->word = &home->bucket->word[way];
	place->way_tag = &home->tags[way];
	place->live_word = word_of(pointer, FSC_LEDGER_LIVE);
	place->tag = home->tag;
}

/* Make the way that holds the pointer in that state the caller's. */
static inline bool take_way(const struct home *home, uint64_t pointer, enum fsc_ledger_state state,
			    struct fsc_ledger_place *place)
{
	int way = find_way(home->bucket, word_of(pointer, state));

	if (way < 0 ||
	    !swap(home->bucket, way, word_of(pointer, state), word_of(pointer, FSC_LEDGER_BUSY)))
		return false;
	give(home, way, pointer, place);
	return true;
}

/* A way of any pointer in that state. */
static bool take_any(const struct home *home, uint64_t pointer, enum fsc_ledger_state state,
		     struct fsc_ledger_place *place)
{
	for (int way = 0; way < FSC_LEDGER_WAYS; way++) {
		uint64_t word = __atomic_load_n(&home->bucket->word[way], __ATOMIC_RELAXED);

		if ((word & 3) == state &&
		    swap(home->bucket, way, word, word_of(pointer, FSC_LEDGER_BUSY))) {
			give(home, way, pointer, place);
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
	const struct home homes[2] = { home_of(ledger, pointer, 0), home_of(ledger, pointer, 1) };

	if (take_way(&homes[1], pointer, FSC_LEDGER_FREED, place))
		return FSC_LEDGER_ENTERED;
	for (int choice = 0; choice < 2; choice++)
		if (take_way(&homes[choice], pointer, FSC_LEDGER_LIVE, place))
			return FSC_LEDGER_REPLACED;
	for (int choice = 0; choice < 2; choice++) {
		if (!take_any(&homes[choice], pointer, FSC_LEDGER_EMPTY, place) &&
		    !take_any(&homes[choice], pointer, FSC_LEDGER_FREED, place))
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
	const struct home home = home_of(ledger, pointer, 0);

	/* malloc or a pool gave the same address again. */
	if (take_way(&home, pointer, FSC_LEDGER_FREED, place))
		return FSC_LEDGER_ENTERED;
	return open_anew(ledger, pointer, place);
}

static inline enum fsc_ledger_find take_from(struct fsc_ledger *ledger, const struct home *home,
					     uint64_t pointer, struct fsc_ledger_entry *entry)
{
	struct fsc_ledger_place place;

	if (!take_way(home, pointer, FSC_LEDGER_LIVE, &place))
		return FSC_LEDGER_ABSENT;
	*entry = *place.entry;
	place.entry->unknown_calls = __atomic_load_n(&ledger->unknown_calls, __ATOMIC_RELAXED);
	__atomic_store_n(place.way_tag, 0, __ATOMIC_RELAXED);
	__atomic_store_n(place.word, word_of(pointer, FSC_LEDGER_FREED), __ATOMIC_RELEASE);
	return FSC_LEDGER_WAS_LIVE;
}

/* From the second bucket, or a buffer that was freed before. */
static __attribute__((noinline)) enum fsc_ledger_find
take_otherwise(struct fsc_ledger *ledger, uint64_t pointer, struct fsc_ledger_entry *entry)
{
	const struct home homes[2] = { home_of(ledger, pointer, 0), home_of(ledger, pointer, 1) };
	struct fsc_ledger_place place;

	if (take_from(ledger, &homes[1], pointer, entry))
		return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++) {
		if (!take_way(&homes[choice], pointer, FSC_LEDGER_FREED, &place))
			continue;
		*entry = *place.entry;
		__atomic_store_n(place.word, word_of(pointer, FSC_LEDGER_FREED), __ATOMIC_RELEASE);
		return FSC_LEDGER_WAS_FREED;
	}
	return FSC_LEDGER_ABSENT;
}

enum fsc_ledger_find fsc_ledger_take(struct fsc_ledger *ledger, uint64_t pointer,
				     struct fsc_ledger_entry *entry)
{
	const struct home home = home_of(ledger, pointer, 0);

	if (take_from(ledger, &home, pointer, entry))
		return FSC_LEDGER_WAS_LIVE;
	return take_otherwise(ledger, pointer, entry);
}

enum fsc_ledger_find fsc_ledger_look(const struct fsc_ledger *ledger, uint64_t pointer)
{
	const struct home homes[2] = { home_of(ledger, pointer, 0), home_of(ledger, pointer, 1) };

	for (int choice = 0; choice < 2; choice++)
		if (find_way(homes[choice].bucket, word_of(pointer, FSC_LEDGER_LIVE)) >= 0)
			return FSC_LEDGER_WAS_LIVE;
	for (int choice = 0; choice < 2; choice++)
		if (find_way(homes[choice].bucket, word_of(pointer, FSC_LEDGER_FREED)) >= 0)
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
