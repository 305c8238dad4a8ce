/* SPDX-License-Identifier: MIT */
/*
 * folded.h - a set of weighted stacks, and the text form that many tools read:
 * `root;...;leaf WEIGHT`, one stack a line.
 *
 * In:     stacks of names, root first; or folded text.
 * Out:    the stacks, each once with the sum of its weights, in the order of a walk from the root
 *         that takes names as they were first seen.
 * Cost:   memory for each different frame once; one hash lookup per frame added.
 * Thread: one object per thread.
 *
 * Names: `;` becomes `:`, control bytes become spaces, an empty name becomes `?`.
 */
#ifndef FLAMEGRAPHS_FOLDED_H
#define FLAMEGRAPHS_FOLDED_H

#include <stdint.h>
#include <stdio.h>

#include "analyzers/status.h"

enum fsc_folded_limit {
	FSC_FOLDED_DEPTH_MAX = 512,	  /* frames of a stack */
	FSC_FOLDED_FRAMES_MAX = 1 << 20,  /* different frames of a set */
	FSC_FOLDED_TEXT_MAX = 256 << 20,  /* bytes of all names */
	FSC_FOLDED_LINE_MAX = 1024 * 1024 /* bytes of a line that is read */
};

struct fsc_folded; /* opaque */

/*
 * FSC_OK: the caller owns *out and ends it with fsc_folded_destroy(). FSC_E_NOMEM: *out is NULL.
 */
FSC_MUST_CHECK enum fsc_status fsc_folded_create(struct fsc_folded **out);
void fsc_folded_destroy(struct fsc_folded *folded);

/*
 * Add weight to the stack of `depth` names (at least 1), root first; names are copied.
 * FSC_E_LIMIT: more than the limits above, or weights beyond 2^64 - 1. FSC_E_NOMEM. The set's
 * weights are as before then.
 */
FSC_MUST_CHECK enum fsc_status fsc_folded_add(struct fsc_folded *folded, const char *const *names,
					      size_t depth, uint64_t weight);

/* Sum of all weights. */
uint64_t fsc_folded_total(const struct fsc_folded *folded);

/* Write the text form; stacks of weight 0 are left out. FSC_E_IO: errno says why. */
FSC_MUST_CHECK enum fsc_status fsc_folded_write(const struct fsc_folded *folded, FILE *out);

/*
 * Add what stands in the file. name is for *error (may be NULL).
 * FSC_E_FORMAT: a line is not `stack WEIGHT`. FSC_E_LIMIT, FSC_E_NOMEM, FSC_E_IO. `folded` then
 * holds the lines before the one that *error names.
 */
FSC_MUST_CHECK enum fsc_status fsc_folded_read(struct fsc_folded *folded, FILE *in,
					       const char *name, struct fsc_error *error);

#endif
