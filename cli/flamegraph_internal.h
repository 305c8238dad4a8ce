/* SPDX-License-Identifier: MIT */
/*
 * flamegraph_internal.h - the parts of `ffiscope flamegraph`.
 *
 * In:     a recording, or a file of folded stacks.
 * Out:    a drawing on stdout or in a file.
 * Thread: one.
 */
#ifndef CLI_FLAMEGRAPH_INTERNAL_H
#define CLI_FLAMEGRAPH_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "analyzers/breakdown.h"
#include "cli/arguments.h"
#include "flamegraphs/folded.h"

extern const struct fsc_arguments fsc_flamegraph_arguments;

/*
 * Add a stack `entry_point;side;phase` per phase that was seen. A phase whose corrected time is
 * negative has no width: it is left out and counted in *left_out.
 */
FSC_MUST_CHECK enum fsc_status
fsc_flamegraph_add_phases(struct fsc_folded *folded, const struct fsc_breakdown_result *breakdown,
			  size_t *left_out);

#endif
