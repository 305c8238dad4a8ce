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
