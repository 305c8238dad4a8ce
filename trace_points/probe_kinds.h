/* SPDX-License-Identifier: MIT */
/*
 * probe_kinds.h - the kinds of probe_kinds.def, and what one of them costs.
 *
 * Thread: any; constants.
 */
#ifndef TRACE_POINTS_PROBE_KINDS_H
#define TRACE_POINTS_PROBE_KINDS_H

#include <stdbool.h>
#include <stdint.h>

enum fsc_probe_kind {
#define FSC_PROBE(number, name, otherwise, what) FSC_PROBE_##name = (number),
#include "trace_points/probe_kinds.def"
#undef FSC_PROBE
	FSC_PROBE_KINDS
};

enum fsc_probe_limit { FSC_PROBE_PS_MAX = 1000000000 /* 1 ms: no probe costs that much */ };

/* Thousandths of ns. */
struct fsc_probe_cost {
	bool known;
	uint32_t inner_ps;
	uint32_t outer_ps;
	uint32_t spread_ps;
	uint32_t pace_ticks; /* fsc_clock_pace_ticks() when it was measured; 0 = not known */
};

/* Name of a kind. */
static inline const char *fsc_probe_kind_name(enum fsc_probe_kind kind)
{
	static const char *const names[] = {
#define FSC_PROBE(number, name, otherwise, what) [number] = #name,
#include "trace_points/probe_kinds.def"
#undef FSC_PROBE
	};

	return names[kind];
}

#endif
