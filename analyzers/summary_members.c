/* SPDX-License-Identifier: MIT */
/* What stands in a summary's file, once: a member's name in JSON is its name in the struct. */
#include <stddef.h>

#include "analyzers/summary_internal.h"

#define MEMBER(kind, type, name)                                                         \
	{                                                                                \
#name, offsetof(struct type, name), sizeof(((struct type *)NULL)->name), \
			FSC_MEMBER_##kind                                                \
	}
/* A member of a struct inside. */
#define WITHIN(kind, type, within, name)                                              \
	{                                                                             \
#name, offsetof(struct type, within.name),                            \
			sizeof(((struct type *)NULL)->within.name), FSC_MEMBER_##kind \
	}
#define END       \
	{         \
		0 \
	}

const struct fsc_member fsc_members_recording[] = {
	MEMBER(MAYBE, fsc_recording, complete),
	MEMBER(MAYBE, fsc_recording, start_ns),
	MEMBER(MAYBE, fsc_recording, end_ns),
	MEMBER(MAYBE, fsc_recording, exit_status),
	MEMBER(TEXT, fsc_recording, machine),
	MEMBER(TEXT, fsc_recording, clock_mode),
	MEMBER(MAYBE, fsc_recording, seen_loaded),
	MEMBER(MAYBE, fsc_recording, seen_lookups),
	MEMBER(MAYBE, fsc_recording, seen_wrapped),
	MEMBER(MAYBE, fsc_recording, seen_refused),
	MEMBER(MAYBE, fsc_recording, seen_pool_exhausted),
	MEMBER(TEXT, fsc_recording, limited),
	END,
};

const struct fsc_member fsc_members_process[] = {
	MEMBER(U32, fsc_process, pid),
	MEMBER(U32, fsc_process, image),
	MEMBER(TEXT, fsc_process, host),
	MEMBER(MAYBE, fsc_process, parent),
	MEMBER(STATE, fsc_process, state),
	MEMBER(TEXT, fsc_process, exe),
	MEMBER(MAYBE, fsc_process, finished),
	MEMBER(MAYBE, fsc_process, allocations),
	MEMBER(MAYBE, fsc_process, codecs),
	MEMBER(TEXT, fsc_process, machine),
	MEMBER(TEXT, fsc_process, clock_mode),
	MEMBER(TEXT, fsc_process, sink),
	MEMBER(MAYBE, fsc_process, profile_missed),
	MEMBER(MAYBE, fsc_process, calls),
	MEMBER(MAYBE, fsc_process, lost_events),
	MEMBER(MAYBE, fsc_process, lost_findings),
	MEMBER(MAYBE, fsc_process, overwritten_events),
	END,
};

const struct fsc_member fsc_members_facts[] = {
	WITHIN(U64, fsc_breakdown_facts, loss, events),
	WITHIN(U64, fsc_breakdown_facts, loss, findings),
	WITHIN(U64, fsc_breakdown_facts, loss, overwritten),
	WITHIN(U64, fsc_breakdown_facts, loss, skipped_events),
	WITHIN(U64, fsc_breakdown_facts, loss, damaged_streams),
	WITHIN(BOOL, fsc_breakdown_facts, loss, uncounted),
	MEMBER(U64, fsc_breakdown_facts, forgotten_calls),
	MEMBER(BOOL, fsc_breakdown_facts, partial),
	MEMBER(BOOL, fsc_breakdown_facts, profile),
	MEMBER(BOOL, fsc_breakdown_facts, fast),
	MEMBER(MAYBE, fsc_breakdown_facts, step_ns),
	MEMBER(I64, fsc_breakdown_facts, residual_ns),
	MEMBER(MAYBE, fsc_breakdown_facts, first_ns),
	MEMBER(MAYBE, fsc_breakdown_facts, last_ns),
	MEMBER(MAYBE, fsc_breakdown_facts, added_ps),
	MEMBER(MAYBE, fsc_breakdown_facts, growth_ns),
	MEMBER(BOOL, fsc_breakdown_facts, probes_differ),
	MEMBER(MAYBE, fsc_breakdown_facts, pace_permille),
	END,
};

const struct fsc_member fsc_members_probe[] = {
	MEMBER(BOOL, fsc_probe_cost, known),
	MEMBER(U32, fsc_probe_cost, inner_ps),
	MEMBER(U32, fsc_probe_cost, outer_ps),
	MEMBER(U32, fsc_probe_cost, spread_ps),
	END,
};

#define KIND_u64 FSC_MEMBER_U64
#define KIND_i64 FSC_MEMBER_I64
const struct fsc_member fsc_members_row[] = {
	MEMBER(BOOL, fsc_gathered, is_free),
	MEMBER(U32, fsc_gathered, flags),
	MEMBER(I64, fsc_gathered, correction_max_ps),
#define FSC_GATHERED(type, name) \
	{ #name, offsetof(struct fsc_gathered, name), sizeof(uint64_t), KIND_##type },
#include "analyzers/gathered.def"
#undef FSC_GATHERED
	END,
};

const struct fsc_member fsc_members_estimate[] = {
	MEMBER(U64, fsc_estimate, count),
	MEMBER(U64, fsc_estimate, weights),
	END,
};

const struct fsc_member fsc_members_wide[] = {
	MEMBER(U64, fsc_estimate, sum),
	MEMBER(U64, fsc_estimate, open),
	MEMBER(U64, fsc_estimate, open_sum),
	MEMBER(U64, fsc_estimate, open_square),
	END,
};

const struct fsc_member fsc_members_cell[] = {
	MEMBER(I64, fsc_cell, correction_ps),
	MEMBER(U64, fsc_cell, allocations),
	MEMBER(U64, fsc_cell, allocated_bytes),
	END,
};

const struct fsc_member fsc_members_histogram[] = {
	MEMBER(U64, fsc_histogram, count),
	MEMBER(U64, fsc_histogram, zero_count),
	MEMBER(I64, fsc_histogram, sum),
	MEMBER(I64, fsc_histogram, min),
	MEMBER(I64, fsc_histogram, max),
	MEMBER(U64, fsc_histogram, dropped),
	END,
};

const struct fsc_member fsc_members_line[] = {
	MEMBER(U64, fsc_slowest_line, count),
	MEMBER(I64, fsc_slowest_line, least_ns),
	MEMBER(I64, fsc_slowest_line, raw_ns),
	END,
};
