/* SPDX-License-Identifier: MIT */
/*
 * svg.h - a flamegraph as one SVG file: no script, no font, nothing fetched.
 *
 * In:     a set of stacks (folded.h).
 * Out:    SVG 1.1. The root is at the bottom; a frame's width is its weight, what stands right of
 *         its children is its own. Each frame tells name, weight and percent when pointed at.
 *         Frames named `host` and `library`, and what they carry, have a hue of their own; within a
 *         hue the colour depends on the name alone. Frames under a tenth of a pixel are left out.
 * Cost:   32 bytes per frame; one pass.
 * Thread: the set is only read.
 */
#ifndef FLAMEGRAPHS_SVG_H
#define FLAMEGRAPHS_SVG_H

#include "flamegraphs/folded.h"

enum fsc_svg_limit { FSC_SVG_WIDTH_LEAST = 300, FSC_SVG_WIDTH_MAX = 20000 };

/* Texts may be any bytes. */
struct fsc_svg_options {
	const char *title;
	const char *subtitle;  /* NULL = none */
	const char *unit;      /* of the weights: "ns" */
	unsigned int width_px; /* kept within the limits above */
};

/* FSC_E_IO: errno says why. FSC_E_NOMEM: nothing was written. */
FSC_MUST_CHECK enum fsc_status fsc_svg_write(const struct fsc_folded *folded,
					     const struct fsc_svg_options *options, FILE *out);

#endif
