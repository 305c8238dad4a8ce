/* SPDX-License-Identifier: MIT */
/* Nothing is hard here; which kind of probe an event had is told by what it says of itself. */
#include "analyzers/probe_costs_internal.h"

enum { OTHERWISE_nothing = -1, OTHERWISE_call = FSC_PROBE_call };

void fsc_probe_costs_settle(struct fsc_probe_costs *costs,
			    const struct fsc_probe_cost measured[FSC_PROBE_KINDS])
{
	static const int otherwise[] = {
#define FSC_PROBE(number, name, instead, what) [number] = OTHERWISE_##instead,
#include "trace_points/probe_kinds.def"
#undef FSC_PROBE
	};

	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++) {
		int from = measured[kind].known ? kind : otherwise[kind];
		bool any = from >= 0 && measured[from].known;

		costs->inner_ps[kind] = any ? measured[from].inner_ps : 0;
		costs->outer_ps[kind] = any ? measured[from].outer_ps : 0;
	}
}

static uint32_t scaled(uint32_t ps, uint64_t numerator, uint64_t denominator)
{
	uint64_t value = (ps * numerator + denominator / 2) / denominator;

	return value < FSC_PROBE_PS_MAX ? (uint32_t)value : FSC_PROBE_PS_MAX;
}

struct fsc_maybe fsc_probe_costs_follow(struct fsc_probe_cost measured[FSC_PROBE_KINDS],
					uint64_t pace_ticks)
{
	enum { TIMES_MAX = 8, PERMILLE = 1000 };
	uint64_t before = measured[FSC_PROBE_call].pace_ticks;

	if (!before || pace_ticks > before * TIMES_MAX || pace_ticks < before / TIMES_MAX)
		return FSC_UNKNOWN;
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++) {
		struct fsc_probe_cost *cost = &measured[kind];

		cost->inner_ps = scaled(cost->inner_ps, pace_ticks, before);
		cost->outer_ps = scaled(cost->outer_ps, pace_ticks, before);
		cost->spread_ps = scaled(cost->spread_ps, pace_ticks, before);
	}
	return fsc_known((int64_t)(pace_ticks * PERMILLE / before));
}

static enum fsc_probe_kind kind_of_call(const struct fsc_probe_call *call)
{
	if (call->nested)
		return FSC_PROBE_nested;
	if (call->freed)
		return FSC_PROBE_freed;
	if (!call->made)
		return FSC_PROBE_call;
	return call->request_timed ? FSC_PROBE_made : FSC_PROBE_made_apart;
}

struct fsc_probe_taken fsc_probe_costs_call(const struct fsc_probe_costs *costs,
					    const struct fsc_probe_call *call)
{
	enum fsc_probe_kind kind = kind_of_call(call);
	struct fsc_probe_taken taken = { costs->inner_ps[kind], costs->outer_ps[kind] };

	taken.own_ps += (int64_t)call->allocations * costs->outer_ps[FSC_PROBE_allocation] +
			(int64_t)call->frees * costs->outer_ps[FSC_PROBE_release];
	if (call->encloses)
		taken.outer_ps += costs->outer_ps[FSC_PROBE_enclosing];
	return taken;
}

struct fsc_probe_taken fsc_probe_costs_phase(const struct fsc_probe_costs *costs,
					     const struct fsc_event_phase *phase)
{
	enum fsc_probe_kind kind = FSC_PROBE_host_codec;

	if (phase->flags & FSC_PHASE_FROM_MARK)
		kind = FSC_PROBE_mark;
	else if (phase->call)
		kind = FSC_PROBE_codec;
	return (struct fsc_probe_taken){ costs->inner_ps[kind], costs->outer_ps[kind] };
}
