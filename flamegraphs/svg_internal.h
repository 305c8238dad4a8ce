/* SPDX-License-Identifier: MIT */
/*
 * svg_internal.h - one frame of an SVG flamegraph. Lengths are tenths of a pixel: whole numbers
 * give the same file everywhere.
 */
#ifndef FLAMEGRAPHS_SVG_INTERNAL_H
#define FLAMEGRAPHS_SVG_INTERNAL_H

#include "flamegraphs/svg.h"

enum fsc_svg_hue { FSC_SVG_HUE_NONE, FSC_SVG_HUE_HOST, FSC_SVG_HUE_LIBRARY };

/* Geometry in tenths of a pixel; a monospace character of 12 px is 7.2 px wide. */
enum fsc_svg_metric {
	FSC_SVG_CHARACTER = 72,
	FSC_SVG_ROW = 170,
	FSC_SVG_BOX = 160,
	FSC_SVG_MARGIN = 100
};

/* A frame as it stands in the picture. */
struct fsc_svg_frame {
	const char *name;
	const char *unit;
	uint64_t weight;
	uint64_t whole; /* weight of the whole picture, more than 0 */
	uint64_t x;
	uint64_t y;
	uint64_t width;
	enum fsc_svg_hue hue;
};

void fsc_svg_frame_write(const struct fsc_svg_frame *frame, FILE *out);

/* `value` tenths as "12.3". */
void fsc_svg_frame_write_tenths(uint64_t value, FILE *out);

#endif
