/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include "enter_buffer.h"
#include "trace_points/events.h"

static struct fsc_ledger *ledger;
static struct fsc_ledger_entry entry;

static void begin(void)
{
	ledger = calloc(1, sizeof(*ledger));
	entry = (struct fsc_ledger_entry){ .length = 10, .capacity = 16, .call = 1, .tid = 7 };
}

static void end(void)
{
	free(ledger);
}

TestSuite(ledger, .init = begin, .fini = end);

static uint64_t live_entries(void)
{
	uint64_t count = 0;

	for (int b = 0; b < FSC_LEDGER_BUCKETS; b++)
		for (int way = 0; way < FSC_LEDGER_WAYS; way++)
			count += fsc_ledger_live_pointer(&ledger->bucket[b], way) != 0;
	return count;
}

Test(ledger, what_was_made_is_taken_once_with_all_that_was_known)
{
	struct fsc_ledger_entry found = { 0 };

	cr_assert_eq(enter_buffer(ledger, 0x5000, &entry), FSC_LEDGER_ENTERED);
	cr_assert_eq(fsc_ledger_take(ledger, 0x5000, &found), FSC_LEDGER_WAS_LIVE);
	cr_assert_eq(found.capacity, 16);
	cr_assert_eq(found.tid, 7);
}

Test(ledger, a_second_take_sees_the_last_life)
{
	struct fsc_ledger_entry found = { 0 };

	enter_buffer(ledger, 0x5000, &entry);
	fsc_ledger_take(ledger, 0x5000, &found);
	found.length = 0;
	cr_assert_eq(fsc_ledger_take(ledger, 0x5000, &found), FSC_LEDGER_WAS_FREED);
	cr_assert_eq(found.length, 10);
}

Test(ledger, what_was_never_made_is_absent)
{
	struct fsc_ledger_entry found = { .length = 77 };

	cr_assert_eq(fsc_ledger_take(ledger, 0x5000, &found), FSC_LEDGER_ABSENT);
	cr_assert_eq(found.length, 77);
	cr_assert_eq(fsc_ledger_look(ledger, 0x5000), FSC_LEDGER_ABSENT);
	cr_assert_not(fsc_ledger_maybe_live(ledger, 0x5000));
}

Test(ledger, the_quick_test_never_denies_a_live_buffer)
{
	for (uint64_t i = 1; i <= 5000; i++)
		enter_buffer(ledger, i * 48, &entry);
	for (uint64_t i = 1; i <= 5000; i++)
		cr_assert(fsc_ledger_maybe_live(ledger, i * 48));
	for (uint64_t i = 1; i <= 5000; i++)
		fsc_ledger_take(ledger, i * 48, &entry);
	for (uint64_t i = 1; i <= 5000; i++)
		cr_assert_not(fsc_ledger_maybe_live(ledger, i * 48));
}

Test(ledger, an_address_lives_again_in_the_place_of_its_tombstone)
{
	struct fsc_ledger_entry found;

	for (uint64_t life = 1; life <= 1000; life++) {
		entry.call = life;
		cr_assert_eq(enter_buffer(ledger, 0x5000, &entry), FSC_LEDGER_ENTERED);
		cr_assert_eq(fsc_ledger_take(ledger, 0x5000, &found), FSC_LEDGER_WAS_LIVE);
		cr_assert_eq(found.call, life);
	}
	cr_assert_eq(ledger->full, 0);
	cr_assert_eq(live_entries(), 0);
}

Test(ledger, a_live_address_made_again_replaces_its_old_life)
{
	struct fsc_ledger_entry found;

	enter_buffer(ledger, 0x5000, &entry);
	entry.call = 2;
	cr_assert_eq(enter_buffer(ledger, 0x5000, &entry), FSC_LEDGER_REPLACED);
	cr_assert_eq(live_entries(), 1);
	fsc_ledger_take(ledger, 0x5000, &found);
	cr_assert_eq(found.call, 2);
	cr_assert_not(fsc_ledger_maybe_live(ledger, 0x5000));
}

Test(ledger, a_tombstone_knows_the_unknown_calls_before_it)
{
	struct fsc_ledger_entry found;

	ledger->unknown_calls = 7;
	enter_buffer(ledger, 0x5000, &entry);
	fsc_ledger_take(ledger, 0x5000, &found);
	ledger->unknown_calls = 8;
	cr_assert_eq(fsc_ledger_take(ledger, 0x5000, &found), FSC_LEDGER_WAS_FREED);
	cr_assert_eq(found.unknown_calls, 7);
}

Test(ledger, a_full_table_counts_what_it_could_not_enter)
{
	const uint64_t count = 2ull * FSC_LEDGER_BUCKETS * FSC_LEDGER_WAYS;
	uint64_t entered = 0;

	for (uint64_t i = 1; i <= count; i++)
		entered += enter_buffer(ledger, i * 64, &entry) == FSC_LEDGER_ENTERED;
	cr_assert_eq(ledger->full, count - entered);
	cr_assert_eq(live_entries(), entered);
	cr_assert_gt(entered, FSC_LEDGER_BUCKETS * FSC_LEDGER_WAYS * 9 / 10);
}

Test(ledger, tombstones_give_way_to_live_buffers)
{
	const uint64_t count = 1ull * FSC_LEDGER_BUCKETS * FSC_LEDGER_WAYS;
	struct fsc_ledger_entry found;
	uint64_t entered = 0;

	for (uint64_t i = 1; i <= count; i++) {
		enter_buffer(ledger, i * 64, &entry);
		fsc_ledger_take(ledger, i * 64, &found);
	}
	cr_assert_eq(ledger->full, 0);
	for (uint64_t i = 1; i <= count / 2; i++)
		entered += enter_buffer(ledger, (count + i) * 64, &entry) == FSC_LEDGER_ENTERED;
	cr_assert_eq(entered, count / 2);
}

Test(ledger, verdicts_are_counted_each_in_its_place)
{
	fsc_ledger_count(ledger, FSC_VERDICT_FREED);
	fsc_ledger_count(ledger, FSC_VERDICT_FREED_TWICE);
	fsc_ledger_count(ledger, FSC_VERDICT_FREED_UNKNOWN);
	fsc_ledger_count(ledger, FSC_VERDICT_FREED_UNKNOWN);
	fsc_ledger_count(ledger, FSC_VERDICT_SIZE_MISMATCH);
	fsc_ledger_count(ledger, FSC_VERDICT_FOREIGN_FREE);
	fsc_ledger_count(ledger, 12345);
	cr_assert_eq(ledger->freed_twice, 1);
	cr_assert_eq(ledger->freed_unknown, 2);
	cr_assert_eq(ledger->size_mismatch, 1);
	cr_assert_eq(ledger->foreign_free, 1);
}

enum { THREADS = 8, ROUNDS = 20000, KEPT = 100, OWN = 32 };

static uint64_t crowded[THREADS * OWN];

/* Addresses of a thread of its own, in the same two buckets as those of the others. */
static void *make_and_take(void *arg)
{
	uint64_t thread = (uint64_t)(uintptr_t)arg;
	struct fsc_ledger_entry mine = { .tid = (uint32_t)thread };
	uint64_t wrong = 0;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t pointer = crowded[round % OWN * THREADS + thread];
		struct fsc_ledger_entry found = { 0 };

		mine.call = round;
		wrong += enter_buffer(ledger, pointer, &mine) != FSC_LEDGER_ENTERED;
		wrong += fsc_ledger_take(ledger, pointer, &found) != FSC_LEDGER_WAS_LIVE;
		wrong += found.call != round || found.tid != thread;
	}
	for (uint64_t i = 0; i < KEPT; i++)
		enter_buffer(ledger, (i * THREADS + thread) * 16 + (1ull << 32), &mine);
	return (void *)(uintptr_t)wrong;
}

Test(ledger, threads_that_share_buckets_keep_exact_totals)
{
	pthread_t threads[THREADS];

	crowd(crowded, THREADS * OWN);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, make_and_take, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		cr_assert_eq(wrong, NULL, "thread %d: %zu", i, (size_t)(uintptr_t)wrong);
	}
	cr_assert_eq(ledger->full, 0);
	cr_assert_eq(live_entries(), THREADS * KEPT);
}

static void *take_all(void *arg)
{
	uint64_t taken = 0;

	(void)arg;
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct fsc_ledger_entry found;

		taken += fsc_ledger_take(ledger, i * 64, &found) == FSC_LEDGER_WAS_LIVE;
	}
	return (void *)(uintptr_t)taken;
}

Test(ledger, of_threads_that_take_the_same_buffer_one_gets_it)
{
	pthread_t threads[4];
	uint64_t taken = 0;

	for (uint64_t i = 1; i <= ROUNDS; i++)
		enter_buffer(ledger, i * 64, &entry);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_all, NULL);
	for (int i = 0; i < 4; i++) {
		void *count;

		pthread_join(threads[i], &count);
		taken += (uintptr_t)count;
	}
	cr_assert_eq(taken, ROUNDS);
	cr_assert_eq(live_entries(), 0);
}
