/* SPDX-License-Identifier: MIT */
/* What a drain makes of an image that a wild store, or somebody else, has damaged. */
#include "fake_image.h"

#include <errno.h>

static struct fake_image fake;
static struct fake_output output;
static struct fsc_drain *drain;
static struct fsc_ring *ring;
static struct fsc_ring *sound; /* of another thread: it must come through whatever happens */

static void begin(void)
{
	fake_create(&fake);
	fake_site_add(&fake, "entry", fake_module(&fake, "/opt/fake/libfake.so"));
	memset(&output, 0, sizeof(output));
	drain = fake_drain(&fake, &output);
	ring = fake_ring(&fake, 0, NULL, 4800);
	sound = fake_ring(&fake, 1, NULL, 4800);
}

static void end(void)
{
	fsc_drain_destroy(drain);
	free(output.bytes);
	fake_destroy(&fake);
}

TestSuite(drain_damage, .init = begin, .fini = end);

/* Drain to the end; the other thread's 5 calls are there. Returns what was lost. */
static uint64_t lost_after_finish(void)
{
	struct fsc_drain_totals totals;

	fake_calls(&fake, sound, 5);
	fsc_drain_poll(drain, true);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, 1, FSC_EVENT_call, NULL), 5);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_loss, NULL), 1);
	fsc_drain_totals(drain, &totals);
	return totals.lost_events;
}

static uint8_t *record_at(uint64_t position)
{
	return (uint8_t *)(ring + 1) + position;
}

Test(drain_damage, an_unknown_id_gives_up_what_follows_it)
{
	uint32_t id = 999;

	fake_calls(&fake, ring, 10);
	memcpy(record_at(4 * 48), &id, sizeof(id));
	cr_assert_geq(lost_after_finish(), 6);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 4);
}

Test(drain_damage, a_head_beyond_the_ring_gives_it_up)
{
	fake_calls(&fake, ring, 10);
	ring->head = 1ull << 60;
	cr_assert_geq(lost_after_finish(), 10);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 0);
}

Test(drain_damage, a_head_that_ran_backwards_gives_it_up)
{
	fake_calls(&fake, ring, 10);
	fsc_drain_poll(drain, true);
	ring->head = 48;
	cr_assert_gt(lost_after_finish(), 0);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 10);
}

Test(drain_damage, a_record_that_crosses_the_head_is_not_taken)
{
	fake_calls(&fake, ring, 10);
	ring->head -= 8;
	cr_assert_gt(lost_after_finish(), 0);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 9);
}

Test(drain_damage, a_record_of_the_far_future_gives_the_ring_up)
{
	uint64_t ticks = UINT64_MAX - 5;

	fake_calls(&fake, ring, 2);
	memcpy(record_at(48 + 4), &ticks, sizeof(ticks));
	cr_assert_gt(lost_after_finish(), 0);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 1);
	cr_assert_eq(fake_packet(&output, 0, 0)->end_ticks, 2000);
}

Test(drain_damage, a_ring_offset_outside_the_file_is_not_followed)
{
	fake.slots[0].ring = 1ull << 62;
	cr_assert_geq(lost_after_finish(), 1);
}

Test(drain_damage, a_ring_offset_inside_the_fixed_part_is_not_followed)
{
	fake.slots[0].ring = 64;
	cr_assert_geq(lost_after_finish(), 1);
}

Test(drain_damage, a_ring_that_reaches_beyond_the_file_is_not_mapped)
{
	ring->capacity = 1u << 29;
	cr_assert_geq(lost_after_finish(), 1);
}

Test(drain_damage, a_capacity_of_zero_is_not_divided_by)
{
	fake_calls(&fake, ring, 2);
	ring->capacity = 0;
	cr_assert_geq(lost_after_finish(), 1);
}

Test(drain_damage, a_chain_that_leads_back_ends)
{
	fake_calls(&fake, ring, 2);
	ring->next = fake.slots[0].ring;
	cr_assert_geq(lost_after_finish(), 1);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 2);
}

Test(drain_damage, the_ring_after_a_bad_one_is_read_again)
{
	uint32_t id = 999;
	struct fsc_ring *second;

	fake_calls(&fake, ring, 3);
	memcpy(record_at(0), &id, sizeof(id));
	second = fake_ring(&fake, 0, ring, 4800);
	fake_calls(&fake, second, 7);
	cr_assert_geq(lost_after_finish(), 3);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 7);
}

Test(drain_damage, impossible_counts_are_bounded)
{
	struct fsc_drain_totals totals;

	fake_calls(&fake, ring, 1);
	fake.image->slot_count = UINT32_MAX;
	fake.image->site_count = UINT32_MAX;
	fake.image->module_count = UINT32_MAX;
	fake.image->string_bytes = UINT32_MAX;
	fake.image->ledger_offset = UINT64_MAX - 10;
	fake.slots[0].counters = UINT64_MAX - 63;
	fake.slots[0].counter_limit = UINT32_MAX;
	ring->dropped = UINT64_MAX;
	fsc_drain_finish(drain);
	fsc_drain_totals(drain, &totals);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 1);
	cr_assert_eq(totals.lost_events, 0);
	cr_assert_lt(output.used, 1u << 20);
}

Test(drain_damage, a_file_cut_short_ends_the_recording_without_a_signal)
{
	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	cr_assert_eq(truncate(fake.path, 4096), 0);
	cr_assert_eq(fsc_drain_poll(drain, true), 0);
	fsc_drain_finish(drain);
	cr_assert_eq(fsc_drain_image(drain)->pid, 77);
}

Test(drain_damage, a_file_that_is_no_image_is_refused)
{
	struct fsc_drain_output sink = { fake_output_packet, &output };
	int error = 0;

	fake.image->magic = 1;
	cr_assert_null(fsc_drain_create(fake.path, fake_uuid, &sink, &error));
	cr_assert_eq(error, EINVAL);
	cr_assert_null(fsc_drain_create("/dev/shm/no such file", fake_uuid, &sink, &error));
	cr_assert_eq(error, ENOENT);
	cr_assert_null(fsc_drain_create("/dev/null", fake_uuid, &sink, &error));
	cr_assert_eq(error, EINVAL);
}

Test(drain_damage, random_bytes_never_get_the_better_of_it)
{
	srand(1);
	fake_calls(&fake, ring, 90);
	for (int round = 0; round < 200; round++) {
		uint8_t *slots = fake.map + FSC_SLOTS_OFFSET;

		for (int i = 0; i < 20; i++) {
			((uint8_t *)ring)[rand() % 5000] = (uint8_t)rand();
			slots[rand() % 32] = (uint8_t)rand();
		}
		fsc_drain_poll(drain, round % 2);
	}
	fake_calls(&fake, sound, 5);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, 1, FSC_EVENT_call, NULL), 5);
}
