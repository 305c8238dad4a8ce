/* SPDX-License-Identifier: MIT */
/* What a drain writes of the image itself: names, clock, totals and the buffers still live. */
#include "drain_fixture.h"
#include "enter_buffer.h"

TestSuite(drain_state, .init = begin, .fini = end, .timeout = 60);

Test(drain_state, names_are_written_before_the_calls_that_use_them)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const struct fsc_packet_header *first;
	const void *site = NULL;

	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	first = (const struct fsc_packet_header *)output.bytes;
	cr_assert_eq(first->slot, FSC_STATE_SLOT);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, &site), 1);
	cr_assert_leq(((const struct fsc_site_record *)site)->ticks,
		      fake_packet(&output, 0, 0)->begin_ticks);
	cr_assert_eq(((const struct fsc_site_record *)site)->site, 1);
	cr_assert_eq(((const struct fsc_site_record *)site)->name,
		     fsc_image_string_id(fake_site(&fake, 1)->name));
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_module, NULL), 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_string, NULL), 2);
}

Test(drain_state, a_site_wrapped_later_is_written_once)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	fake_site_add(&fake, "later", 1);
	fsc_drain_poll(drain, false);
	fsc_drain_poll(drain, false);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, NULL), 2);
}

Test(drain_state, what_is_told_again_is_whole_and_closed_by_the_image)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const void *image = NULL, *clock = NULL;

	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	for (uint64_t round = 1; round <= 2; round++) {
		fsc_drain_tell(drain);
		cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, NULL), 1 + round);
		cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_module, NULL),
			     1 + round);
		/* Two names of the image, and each time its executable. */
		cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_string, NULL),
			     2 + 3 * round);
		cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_image, &image), round);
	}
	(void)fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_clock, &clock);
	cr_assert_eq(((const struct fsc_image_record *)image)->ticks,
		     ((const struct fsc_clock_record *)clock)->ticks);
	cr_assert_eq(((const struct fsc_image_record *)image)->exe, FSC_STRING_EXE);
	cr_assert_eq(((const struct fsc_image_record *)image)->state, fake.image->state);
}

Test(drain_state, totals_that_are_told_again_are_not_added_up)
{
	struct fsc_counter *counters;

	(void)fake_ring(&fake, 0, NULL, 4096);
	fake.slots[0].counters = fake_piece(&fake, 64 * sizeof(*counters));
	fake.slots[0].counter_limit = 64;
	counters = (struct fsc_counter *)(fake.map + fake.slots[0].counters);
	counters[1].calls = 5;
	fsc_drain_tell(drain);
	fsc_drain_tell(drain);
	cr_assert_eq(totals().calls, 5);
}
static const struct fsc_probe_cost costs[FSC_PROBE_KINDS] = {
	[FSC_PROBE_call] = { true, 21500, 14000, 300, 400 },
	[FSC_PROBE_freed] = { true, 22000, 31000, 400, 0 },
};

Test(drain_state, names_that_the_output_refused_are_written_later)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	fsc_drain_set_probe_costs(drain, costs);
	output.refuse_state = ENOSPC;
	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	cr_assert_null(fake_packet(&output, FSC_STATE_SLOT, 0));
	output.refuse_state = 0;
	fsc_drain_poll(drain, false);
	cr_assert_eq(fake_packet(&output, FSC_STATE_SLOT, 0)->sequence, 0);
	cr_assert_geq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_clock, NULL), 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_probe_cost, NULL), 2);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_string, NULL), 2);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_module, NULL), 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, NULL), 1);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, NULL), 1);
	cr_assert_eq(totals().lost_events, 0);
}

Test(drain_state, more_names_than_a_packet_holds_wait_for_the_output)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	output.refuse_state = ENOSPC;
	fake_calls(&fake, ring, 1);
	for (int i = 1; i < FSC_SITES_MAX - 1; i++) {
		char name[32];

		snprintf(name, sizeof(name), "entry_%d", i);
		fake_site_add(&fake, name, 1);
		if (i % 100 == 0)
			fsc_drain_poll(drain, true);
	}
	output.refuse_state = 0;
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, NULL), FSC_SITES_MAX - 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_string, NULL), FSC_SITES_MAX);
	cr_assert_eq(totals().lost_events, 0);
}

Test(drain_state, a_state_stream_that_is_refused_to_the_end_counts_as_lost)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	output.refuse_state = ENOSPC;
	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	cr_assert_eq(totals().lost_events, 0, "there is time until the end");
	fsc_drain_finish(drain);
	cr_assert_geq(totals().lost_events, 5); /* clock, texts, module, site */
}

Test(drain_state, a_long_string_goes_on_in_further_parts)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const struct fsc_string_record *part;
	char text[251];
	const void *last = NULL;

	memset(text, 'x', sizeof(text));
	text[250] = '\0';
	fake_string(&fake, text);
	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_string, &last), 2 + 3);
	part = last;
	cr_assert_eq(part->part, 2);
	cr_assert_eq(part->parts, 3);
	cr_assert_eq(strnlen(part->text, sizeof(part->text)), 250 - (2 * 104));
}

Test(drain_state, a_flag_that_changed_is_written_again_at_the_end)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const void *site = NULL;

	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	fake_site(&fake, 1)->flags |= FSC_SITE_PROVEN;
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site, &site), 2);
	cr_assert_eq(((const struct fsc_site_record *)site)->flags,
		     FSC_SITE_BUILT_IN | FSC_SITE_PROVEN);
}

Test(drain_state, the_clock_is_tied_at_the_start_and_at_the_end)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const struct fsc_clock_record *first;
	const void *last = NULL;

	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	first = (const void *)(fake_packet(&output, FSC_STATE_SLOT, 0) + 1);
	cr_assert_eq(first->id, FSC_EVENT_clock);
	cr_assert_eq(first->ticks, 1000);
	cr_assert_eq(first->monotonic_ns, 500);
	cr_assert_geq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_clock, &last), 2);
	cr_assert_gt(((const struct fsc_clock_record *)last)->ticks, 1000);
}

Test(drain_state, the_probe_costs_are_written_once_they_are_known)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const void *cost = NULL;

	fsc_drain_set_probe_costs(drain, costs);
	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_probe_cost, &cost), 2);
	cr_assert_eq(((const struct fsc_probe_cost_record *)cost)->kind, FSC_PROBE_freed);
	cr_assert_eq(((const struct fsc_probe_cost_record *)cost)->outer_ps, 31000);
}

Test(drain_state, totals_come_from_the_counters)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_counter *counters;
	const void *total = NULL;

	fake.slots[0].counters = fake_piece(&fake, 64 * sizeof(*counters));
	counters = (struct fsc_counter *)(fake.map + fake.slots[0].counters);
	fake.slots[0].counter_limit = 64;
	counters[1].calls = 1234567;
	counters[1].completed = 1234560;
	counters[1].unwound = 7;
	counters[1].ticks = 99;
	counters[1].sampled_out = 1000;
	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	cr_assert_eq(totals().calls, 1234567);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_total, &total), 1);
	cr_assert_eq(((const struct fsc_site_total_record *)total)->unwound, 7);
	cr_assert_eq(((const struct fsc_site_total_record *)total)->total_ticks, 99);
	cr_assert_eq(((const struct fsc_site_total_record *)total)->sampled_out, 1000);
	cr_assert_eq(((const struct fsc_site_total_record *)total)->tid, 1000);
}

Test(drain_state, buffers_in_the_ledger_are_written_at_the_end)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_ledger_entry entry = { .length = 10, .capacity = 16, .call = 3, .site = 1 };
	struct fsc_ledger *ledger;
	const void *total = NULL;
	const void *live = NULL;
	struct fsc_counter *counters;

	fake.slots[0].counters = fake_piece(&fake, 64 * sizeof(*counters));
	fake.slots[0].counter_limit = 64;
	counters = (struct fsc_counter *)(fake.map + fake.slots[0].counters);
	counters[1].buffers = 1000;
	counters[FSC_COUNTER_ELSEWHERE].buffers = 990;
	fake.image->ledger_offset = fake_piece(&fake, sizeof(*ledger));
	ledger = (struct fsc_ledger *)(fake.map + fake.image->ledger_offset);
	for (uint64_t i = 1; i <= 1000; i++)
		enter_buffer(ledger, i * 64, &entry);
	for (uint64_t i = 1; i <= 990; i++)
		fsc_ledger_take(ledger, i * 64, &entry);
	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_buffer_live, &live), 10);
	cr_assert_eq(((const struct fsc_buffer_live_record *)live)->capacity, 16);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_ledger_total, &total), 1);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->made, 1000);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->freed, 990);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->live, 10);
}

Test(drain_state, live_buffers_without_room_do_not_take_the_totals_with_them)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_ledger_entry entry = { .length = 10, .site = 1 };
	const struct fsc_counter counter = { .calls = 7, .buffers = 2000 };
	struct fsc_ledger *ledger;
	const void *total = NULL, *loss = NULL;

	fake.slots[0].counters = fake_piece(&fake, 64 * sizeof(counter));
	fake.slots[0].counter_limit = 64;
	memcpy(fake.map + fake.slots[0].counters + sizeof(counter), &counter, sizeof(counter));
	fake.image->ledger_offset = fake_piece(&fake, sizeof(*ledger));
	ledger = (struct fsc_ledger *)(fake.map + fake.image->ledger_offset);
	for (uint64_t i = 1; i <= 2000; i++)
		enter_buffer(ledger, i * 64, &entry);
	output.room_left = 4096;
	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_total, NULL), 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_ledger_total, &total), 1);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->live, 2000);
	cr_assert_eq(totals().lost_events +
			     fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_buffer_live, NULL),
		     2000);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_loss, &loss), 1);
	cr_assert_eq(((const struct fsc_loss_record *)loss)->events, totals().lost_events);
}

Test(drain_state, buffers_without_a_ledger_have_no_place)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_counter *counters;
	const void *total = NULL;

	fake.slots[0].counters = fake_piece(&fake, 64 * sizeof(*counters));
	fake.slots[0].counter_limit = 64;
	counters = (struct fsc_counter *)(fake.map + fake.slots[0].counters);
	counters[1].buffers = 7;
	fake_calls(&fake, ring, 1);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_ledger_total, &total), 1);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->made, 7);
	cr_assert_eq(((const struct fsc_ledger_total_record *)total)->full, 7);
}

Test(drain_state, a_clock_pair_tells_the_pace_of_the_processor)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	const void *found = NULL;
	struct fsc_clock_record last;

	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	fake.image->pace_ticks = 1900;
	fake.image->pace_count = 3;
	fake.image->growth_ticks = 77;
	fsc_drain_finish(drain);
	cr_assert_geq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_clock, &found), 2);
	memcpy(&last, found, sizeof(last));
	cr_assert_eq(last.pace_ticks, 1900);
	cr_assert_eq(last.pace_count, 3);
	cr_assert_eq(last.growth_ticks, 77);
}
