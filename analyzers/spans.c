/* SPDX-License-Identifier: MIT */
/* A breakdown's phases are already what a drawing needs; unseen ones are left out. */
#include "analyzers/spans.h"

void fsc_spans_walk(const struct fsc_breakdown_result *breakdown,
		    bool (*visit)(void *arg, const struct fsc_span *span), void *arg)
{
	for (size_t i = 0; i < breakdown->phase_count; i++) {
		const struct fsc_phase_row *phase = &breakdown->phases[i];
		const struct fsc_entry_row *entry = &breakdown->entry_points[phase->entry_point];
		struct fsc_span span = {
			.entry_point = entry->name,
			.library = entry->library,
			.side = phase->side,
			.phase = phase->phase,
			.total_ns = phase->times.total_ns.value,
			.count = phase->times.count,
			.allocations = phase->allocations,
			.allocated_bytes = phase->allocated_bytes,
		};

		if (phase->times.count && !visit(arg, &span))
			return;
	}
}
