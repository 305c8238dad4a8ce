/* SPDX-License-Identifier: MIT */
/* Which cost an event takes; where it is taken is requests_probe_test.c's matter. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/probe_costs_internal.h"

static struct fsc_probe_costs costs;

/* Of each kind another cost: inner 100 * kind + 1, outer 100 * kind + 2; all but `without`. */
static void measured_all_but(int without)
{
	struct fsc_probe_cost measured[FSC_PROBE_KINDS] = { 0 };

	for (uint32_t kind = 0; kind < FSC_PROBE_KINDS; kind++)
		if ((int)kind != without)
			measured[kind] = (struct fsc_probe_cost){ true, 100 * kind + 1,
								  100 * kind + 2, 0, 0 };
	fsc_probe_costs_settle(&costs, measured);
}

static void check_call(struct fsc_probe_call call, enum fsc_probe_kind kind)
{
	struct fsc_probe_taken taken = fsc_probe_costs_call(&costs, &call);

	cr_assert_eq(taken.own_ps, 100 * (int)kind + 1, "kind %d", kind);
	cr_assert_eq(taken.outer_ps, 100 * (int)kind + 2, "kind %d", kind);
}

Test(probe_costs, a_call_costs_what_it_does_beside_being_timed)
{
	measured_all_but(-1);
	check_call((struct fsc_probe_call){ 0 }, FSC_PROBE_call);
	check_call((struct fsc_probe_call){ .made = true, .request_timed = true }, FSC_PROBE_made);
	check_call((struct fsc_probe_call){ .made = true }, FSC_PROBE_made_apart);
	check_call((struct fsc_probe_call){ .freed = true }, FSC_PROBE_freed);
	check_call((struct fsc_probe_call){ .nested = true, .made = true }, FSC_PROBE_nested);
}

Test(probe_costs, allocations_and_frees_stand_in_the_time_of_their_call)
{
	struct fsc_probe_taken taken;

	measured_all_but(-1);
	taken = fsc_probe_costs_call(&costs,
				     &(struct fsc_probe_call){ .allocations = 3, .frees = 2 });
	cr_assert_eq(taken.own_ps, costs.inner_ps[FSC_PROBE_call] +
					   3 * costs.outer_ps[FSC_PROBE_allocation] +
					   2 * costs.outer_ps[FSC_PROBE_release]);
	cr_assert_eq(taken.outer_ps, costs.outer_ps[FSC_PROBE_call]);
}

Test(probe_costs, a_call_with_something_inside_costs_more_around_it)
{
	struct fsc_probe_taken taken;

	measured_all_but(-1);
	taken = fsc_probe_costs_call(&costs, &(struct fsc_probe_call){ .encloses = true });
	cr_assert_eq(taken.own_ps, costs.inner_ps[FSC_PROBE_call]);
	cr_assert_eq(taken.outer_ps,
		     costs.outer_ps[FSC_PROBE_call] + costs.outer_ps[FSC_PROBE_enclosing]);
}

Test(probe_costs, a_phase_costs_by_who_made_it_and_where)
{
	struct fsc_event_phase phase = { .call = 7 };

	measured_all_but(-1);
	cr_assert_eq(fsc_probe_costs_phase(&costs, &phase).own_ps, 100 * FSC_PROBE_codec + 1);
	phase.call = 0;
	cr_assert_eq(fsc_probe_costs_phase(&costs, &phase).own_ps, 100 * FSC_PROBE_host_codec + 1);
	phase.flags = FSC_PHASE_FROM_MARK;
	cr_assert_eq(fsc_probe_costs_phase(&costs, &phase).outer_ps, 100 * FSC_PROBE_mark + 2);
}

Test(probe_costs, what_was_not_measured_costs_what_a_plain_call_does_or_nothing)
{
	measured_all_but(FSC_PROBE_freed);
	cr_assert_eq(costs.inner_ps[FSC_PROBE_freed], costs.inner_ps[FSC_PROBE_call]);
	measured_all_but(FSC_PROBE_mark);
	cr_assert_eq(costs.inner_ps[FSC_PROBE_mark], 0);
	measured_all_but(FSC_PROBE_call);
	cr_assert_eq(costs.inner_ps[FSC_PROBE_call], 0);
	cr_assert_neq(costs.inner_ps[FSC_PROBE_freed], 0);
}

static const struct fsc_probe_cost at_400[FSC_PROBE_KINDS] = {
	[FSC_PROBE_call] = { true, 20000, 10000, 300, 400 },
	[FSC_PROBE_freed] = { true, 22001, FSC_PROBE_PS_MAX, 0, 400 },
};

Test(probe_costs, on_a_slower_processor_probes_cost_more)
{
	struct fsc_probe_cost cost[FSC_PROBE_KINDS];

	memcpy(cost, at_400, sizeof(cost));
	cr_assert_eq(fsc_probe_costs_follow(cost, 600).value, 1500);
	cr_assert_eq(cost[FSC_PROBE_call].inner_ps, 30000);
	cr_assert_eq(cost[FSC_PROBE_call].outer_ps, 15000);
	cr_assert_eq(cost[FSC_PROBE_call].spread_ps, 450);
	cr_assert_eq(cost[FSC_PROBE_freed].inner_ps, 33002);
	cr_assert_eq(cost[FSC_PROBE_freed].outer_ps, FSC_PROBE_PS_MAX);
	cr_assert_not(cost[FSC_PROBE_mark].known);
}

Test(probe_costs, a_pace_that_cannot_be_changes_nothing)
{
	struct fsc_probe_cost cost[FSC_PROBE_KINDS];

	memcpy(cost, at_400, sizeof(cost));
	cr_assert_not(fsc_probe_costs_follow(cost, 0).known);
	cr_assert_not(fsc_probe_costs_follow(cost, 400000).known);
	cr_assert_eq(cost[FSC_PROBE_call].inner_ps, 20000);
	cost[FSC_PROBE_call].pace_ticks = 0;
	cr_assert_not(fsc_probe_costs_follow(cost, 400).known);
}
