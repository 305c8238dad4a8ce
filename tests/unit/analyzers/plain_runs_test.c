/* SPDX-License-Identifier: MIT */
/* Whichever way events take, the rows are the same: a mark between calls makes each go its own. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/breakdown.h"
#include "reading.h"

static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % limit;
}

struct planter {
	struct reading *read;
	int slot;
	bool apart;
	uint64_t ticks;
	uint32_t number;
};

static void plant_call(struct planter *planter, uint16_t site, uint32_t ns, uint8_t flags)
{
	struct builder *builder = &planter->read->builder;

	planter->ticks += ns + 1 + random_below(500);
	BUILDER_PUT(builder, planter->slot, call, planter->ticks, .duration_ticks = ns,
		    .site = site, .number = ++planter->number, .flags = flags,
		    .request_bytes = random_below(90), .response_bytes = random_below(90));
	if (planter->apart)
		BUILDER_PUT(builder, planter->slot, mark, planter->ticks, .name = 900);
}

/* What ends a run: a phase of the host's, a nested call, a buffer that is freed. */
static void plant_other(struct planter *planter)
{
	struct builder *builder = &planter->read->builder;
	uint64_t ticks = planter->ticks;

	switch (random_below(5)) {
	case 0:
		BUILDER_PUT(builder, planter->slot, phase, ticks + 30, .duration_ticks = 20,
			    .phase = FSC_PHASE_ENCODE);
		break;
	case 1:
		BUILDER_PUT(builder, planter->slot, phase, ticks + 30, .duration_ticks = 20,
			    .phase = FSC_PHASE_DECODE);
		break;
	case 2:
		BUILDER_PUT(builder, planter->slot, call, ticks + 40, .duration_ticks = 15,
			    .site = HELLO_AGAIN, .number = planter->number + 2,
			    .parent = planter->number + 1, .flags = FSC_CALL_NESTED);
		BUILDER_PUT(builder, planter->slot, call, ticks + 60, .duration_ticks = 50,
			    .site = HELLO, .number = planter->number + 1, .child_calls = 1,
			    .children_ticks = 15);
		planter->number += 2;
		break;
	case 3:
		BUILDER_PUT(builder, planter->slot, call_made, ticks + 60, .duration_ticks = 30,
			    .site = HELLO, .number = ++planter->number, .allocated_ticks = 45,
			    .pointer = 4096, .capacity = 64, .allocations = 2,
			    .allocated_bytes = 99, .flags = FSC_CALL_BUFFER);
		BUILDER_PUT(builder, planter->slot, call_freed, ticks + 90, .duration_ticks = 9,
			    .site = GIVE_BACK, .number = planter->number + 1, .pointer = 4096,
			    .made_call = planter->number, .made_tid = 100 + planter->slot,
			    .made_ticks = 60, .made_ended_ticks = 30, .made_site = HELLO);
		planter->number++;
		break;
	default:
		builder_packet(builder, planter->slot);
		break;
	}
	planter->ticks += 100;
}

static void plant(struct reading *read, uint64_t from, bool apart)
{
	static const uint16_t sites[] = { HELLO,       HELLO,	    HELLO,     HELLO, HELLO, HELLO,
					  HELLO_AGAIN, HELLO_AGAIN, GIVE_BACK, POOL,  77 };

	seed = from;
	reading_begin(read);
	builder_site(&read->builder, HELLO_AGAIN, FSC_SITE_ENTRY, "say_more");
	BUILDER_PUT(&read->builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 12345,
		    .outer_ps = 20001);
	for (int slot = 0; slot < 3; slot++) {
		struct planter planter = {
			.read = read, .slot = slot, .apart = apart, .ticks = 20000
		};

		for (int i = 0; i < 3000; i++) {
			uint32_t ns = random_below(50) ? random_below(300) : random_below(9000);
			uint8_t flags = (uint8_t)(random_below(4) |
						  (random_below(9) ? FSC_CALL_CODECS : 0));

			if (random_below(40))
				plant_call(&planter, sites[random_below(11)], ns, flags);
			else
				plant_other(&planter);
		}
	}
	reading_built(read);
}

/* Rows without padding of their own: known flags and values, one by one. */
static void assert_same_times(const struct fsc_times *a, const struct fsc_times *b)
{
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(a->total_ns.value, b->total_ns.value);
	cr_assert_eq(a->raw_total_ns.value, b->raw_total_ns.value);
	cr_assert_eq(a->min_ns.value, b->min_ns.value);
	cr_assert_eq(a->p50_ns.value, b->p50_ns.value);
	cr_assert_eq(a->p99_ns.value, b->p99_ns.value);
	cr_assert_eq(a->p999_ns.value, b->p999_ns.value);
	cr_assert_eq(a->max_ns.value, b->max_ns.value);
}

static void assert_same_entry(const struct fsc_entry_row *a, const struct fsc_entry_row *b)
{
	cr_assert_str_eq(a->name, b->name);
	cr_assert_eq(a->calls, b->calls);
	cr_assert_eq(a->threads, b->threads);
	cr_assert_eq(a->self_ns.value, b->self_ns.value);
	cr_assert_eq(a->quantile_error_ns.value, b->quantile_error_ns.value);
	cr_assert_eq(a->request_bytes.known, b->request_bytes.known);
	cr_assert_eq(a->request_bytes.value, b->request_bytes.value);
	cr_assert_eq(a->response_bytes.value, b->response_bytes.value);
	cr_assert_eq(a->allocated_bytes.value, b->allocated_bytes.value);
	assert_same_times(&a->times, &b->times);
}

static void assert_same_request(const struct fsc_request_row *a, const struct fsc_request_row *b)
{
	assert_same_times(&a->times, &b->times);
	cr_assert_eq(a->slowest.count, b->slowest.count);
	cr_assert_eq(a->slowest.raw_mean_ns.value, b->slowest.raw_mean_ns.value);
	cr_assert_eq(a->warm_up.count, b->warm_up.count);
	cr_assert_eq(a->warm_up.mean_ns.value, b->warm_up.mean_ns.value);
	cr_assert_eq(a->later.mean_ns.value, b->later.mean_ns.value);
	cr_assert_eq(a->held_ns.value, b->held_ns.value);
}

static void assert_same(const struct fsc_breakdown_result *a, const struct fsc_breakdown_result *b)
{
	cr_assert_eq(a->entry_point_count, b->entry_point_count);
	cr_assert_eq(a->phase_count, b->phase_count);
	cr_assert_eq(a->request_count, b->request_count);
	cr_assert_eq(a->first_ns.value, b->first_ns.value);
	cr_assert_eq(a->last_ns.value, b->last_ns.value);
	cr_assert_eq(a->probes_added_ps.value, b->probes_added_ps.value);
	for (size_t i = 0; i < a->entry_point_count; i++)
		assert_same_entry(&a->entry_points[i], &b->entry_points[i]);
	for (size_t i = 0; i < a->request_count; i++)
		assert_same_request(&a->requests[i], &b->requests[i]);
	for (size_t i = 0; i < a->phase_count; i++) {
		cr_assert_str_eq(a->phases[i].phase, b->phases[i].phase);
		cr_assert_eq(a->phases[i].raw_per_request_ns.value,
			     b->phases[i].raw_per_request_ns.value);
		cr_assert_eq(a->phases[i].raw_per_slowest_ns.value,
			     b->phases[i].raw_per_slowest_ns.value);
		assert_same_times(&a->phases[i].times, &b->phases[i].times);
	}
}

Test(plain_runs, calls_counted_together_give_the_rows_of_calls_read_one_by_one)
{
	struct reading together, apart;

	for (uint64_t from = 1; from <= 20; from++) {
		plant(&together, from * 0x9e3779b97f4a7c15u, false);
		plant(&apart, from * 0x9e3779b97f4a7c15u, true);
		cr_assert_gt(together.result->calls, 6000);
		assert_same(together.result, apart.result);
		reading_end(&together);
		reading_end(&apart);
	}
}

Test(plain_runs, what_follows_the_last_call_of_a_run_still_joins_it)
{
	struct reading read;

	reading_begin(&read);
	reading_calls(&read, 0, HELLO, 100);
	BUILDER_PUT(&read.builder, 0, phase, 9000000, .duration_ticks = 40,
		    .phase = FSC_PHASE_DECODE);
	reading_built(&read);
	cr_assert_eq(read.result->requests[0].times.count, CALLS);
	cr_assert_eq(reading_phase(&read, "decode", FSC_SIDE_HOST)->times.raw_total_ns.value, 40);
	cr_assert_gt(read.result->requests[0].times.max_ns.value, 1000);
	reading_check_sum(&read);
	reading_end(&read);
}
