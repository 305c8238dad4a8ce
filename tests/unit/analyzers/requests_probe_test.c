/* SPDX-License-Identifier: MIT */
/* What measuring cost must be taken where it fell, and nowhere else. */
#include <criterion/criterion.h>

#include "planted.h"

static int64_t correction(const struct planted *got, size_t request, uint32_t id,
			  enum fsc_side side)
{
	const struct fsc_claim *found = planted_claim(got, request, id, side);

	return found ? found->correction_ps : -1;
}

/*
 * True times are planted, the probes' cost is added by hand: each probe has inner inside and half
 * of outer on each side. The correction must take away exactly that.
 */
Test(requests_probe, the_probe_cost_is_taken_where_it_fell)
{
	const int64_t inner = INNER_PS, outer = OUTER_PS;
	struct planted got;
	int64_t sum = 0;

	planted_begin(&got, true);
	planted_whole_request(&got);
	planted_finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY), inner);
	/* The call's own inner and both codecs' outer. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY), inner + 2 * outer);
	/* Half of the call's. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST), outer / 2);
	/* The other half, the host's decode, half of the free's. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST), 2 * outer);
	/* The half after the host's encode, which ended before the buffer was allocated. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST), outer / 2);
	for (size_t i = 0; i < got.request[0].claim_count; i++)
		sum += got.claims[0][i].correction_ps;
	/* Six probes, less the half before the first and the half after the last. */
	cr_assert_eq(sum, 6 * (inner + outer) - outer);
}

Test(requests_probe, a_parents_corrected_time_is_its_own_work_and_its_childrens)
{
	const int64_t own[3] = { 700000, 250000, 90000 }, cost = INNER_PS + OUTER_PS;
	int64_t raw[3];
	struct planted got;

	/* Three calls inside each other; ps. */
	raw[2] = own[2] + INNER_PS;
	raw[1] = own[1] + INNER_PS + raw[2] + OUTER_PS;
	raw[0] = own[0] + INNER_PS + raw[1] + OUTER_PS;
	planted_begin(&got, true);
	planted_nested(&got, 3, 2, 1200, 1300);
	planted_nested(&got, 2, 1, 1100, 1400);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_finish(&got);
	cr_assert_eq(raw[2] - got.call_correction_ps[3], own[2]);
	cr_assert_eq(raw[1] - got.call_correction_ps[2], own[1] + own[2]);
	cr_assert_eq(raw[0] - got.call_correction_ps[1], own[0] + own[1] + own[2]);
	cr_assert_eq(got.call_correction_ps[1], INNER_PS + 2 * cost);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 1000);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY), INNER_PS + 2 * cost);
}

Test(requests_probe, a_call_alone_loses_only_what_lies_inside_it)
{
	struct planted got;

	planted_begin(&got, true);
	planted_call(&got, ENTRY, 1, 1000, 1005, 0);
	planted_finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY), INNER_PS);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST), 0);
}

static const struct fsc_probe_cost different[FSC_PROBE_KINDS] = {
	[FSC_PROBE_call] = { true, 10000, 24000, 0, 0 },
	[FSC_PROBE_made] = { true, 11000, 40000, 0, 0 },
	[FSC_PROBE_freed] = { true, 12000, 50000, 0, 0 },
	[FSC_PROBE_nested] = { true, 13000, 60000, 0, 0 },
	[FSC_PROBE_codec] = { true, 14000, 70000, 0, 0 },
	[FSC_PROBE_host_codec] = { true, 15000, 80000, 0, 0 },
	[FSC_PROBE_enclosing] = { true, 0, 6000, 0, 0 },
	[FSC_PROBE_allocation] = { true, 0, 3000, 0, 0 },
	[FSC_PROBE_release] = { true, 0, 5000, 0, 0 },
	[FSC_PROBE_request] = { true, 0, 18000, 0, 0 },
};

static void begin_different(struct planted *got)
{
	planted_begin(got, true);
	planted_costs(got, different);
}

Test(requests_probe, each_kind_of_probe_is_taken_where_it_fell)
{
	struct planted got;
	int64_t sum = 0;

	begin_different(&got);
	planted_whole_request(&got);
	planted_finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST), 15000);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY), 14000);
	/* The call returned no buffer here; around both codecs. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY), 10000 + 2 * 70000);
	/* Half of what stands around the call, half of what timing the request buffer takes. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST), 30000 / 2 + 18000 / 2);
	/* The call's other half, the host's decode, half of the free's. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST),
		     30000 / 2 + 80000 + 50000 / 2);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY), 12000);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST), 80000 / 2 + 18000 / 2);
	for (size_t i = 0; i < got.request[0].claim_count; i++)
		sum += got.claims[0][i].correction_ps;
	/* All that was added, less the half before the first and the half after the last probe. */
	cr_assert_eq(sum, 10000 + 30000 + 2 * (14000 + 70000) + 2 * (15000 + 80000) + 12000 +
				  50000 + 18000 - 80000 / 2 - 50000 / 2);
}

Test(requests_probe, a_childs_allocations_are_taken_from_its_parents_too)
{
	struct planted got;

	begin_different(&got);
	planted_call_alloc(&got, 2, 4, 1);
	planted_nested(&got, 2, 1, 1100, 1400);
	planted_call_alloc(&got, 1, 2, 0);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_finish(&got);
	cr_assert_eq(got.call_correction_ps[2], 13000 + 4 * 3000 + 5000);
	cr_assert_eq(got.call_correction_ps[1], 10000 + 2 * 3000 + 13000 + 60000 + 4 * 3000 + 5000);
	/* Its own time lacks the child's time with all that is in it, but not what stands around.
	 */
	cr_assert_eq(got.self_correction_ps[1], 10000 + 2 * 3000 + 60000);
}

Test(requests_probe, a_phases_allocations_are_taken_once)
{
	struct planted got;

	begin_different(&got);
	planted_allocating_phase(&got, FSC_PHASE_DECODE, 1, 3, 1100, 1400);
	planted_call_alloc(&got, 1, 5, 0);
	planted_call(&got, ENTRY, 1, 1000, 2000, FSC_CALL_CODECS);
	planted_finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY), 14000 + 3 * 3000);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY),
		     10000 + 70000 + 2 * 3000);
	cr_assert_eq(got.call_correction_ps[1], 10000 + 14000 + 70000 + 5 * 3000);
}

Test(requests_probe, nothing_is_taken_while_the_cost_is_not_known)
{
	struct planted got;

	planted_begin(&got, false);
	planted_whole_request(&got);
	planted_finish(&got);
	for (size_t i = 0; i < got.request[0].claim_count; i++)
		cr_assert_eq(got.claims[0][i].correction_ps, 0);
}
