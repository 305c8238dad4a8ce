/* SPDX-License-Identifier: MIT */
/* A frame is a box, its name where there is room, and a title. Begin at fsc_svg_frame_write(). */
#include <inttypes.h>
#include <string.h>

#include "flamegraphs/folded_internal.h"
#include "flamegraphs/svg_internal.h"
#include "flamegraphs/xml_text.h"

struct colour {
	unsigned int red;
	unsigned int green;
	unsigned int blue;
};

/* The darkest colour of each hue; a name adds up to `spread`. */
static const struct {
	struct colour base;
	struct colour spread;
} hues[] = {
	[FSC_SVG_HUE_NONE] = { { 165, 190, 140 }, { 30, 40, 30 } },
	[FSC_SVG_HUE_HOST] = { { 90, 150, 205 }, { 60, 55, 45 } },
	[FSC_SVG_HUE_LIBRARY] = { { 225, 120, 50 }, { 30, 80, 40 } },
};

static struct colour colour_of(const struct fsc_svg_frame *frame)
{
	uint32_t hash = fsc_folded_hash(FSC_FOLDED_HASH_SEED, frame->name, strlen(frame->name));
	struct colour base = hues[frame->hue].base, spread = hues[frame->hue].spread;

	return (struct colour){
		.red = base.red + hash % spread.red,
		.green = base.green + hash / 64 % spread.green,
		.blue = base.blue + hash / 4096 % spread.blue,
	};
}

void fsc_svg_frame_write_tenths(uint64_t value, FILE *out)
{
	fprintf(out, "%" PRIu64 ".%" PRIu64, value / 10, value % 10);
}

static void write_title(const struct fsc_svg_frame *frame, FILE *out)
{
	uint64_t per_10000 =
		(uint64_t)(((unsigned __int128)frame->weight * 10000 + frame->whole / 2) /
			   frame->whole);

	fputs("<title>", out);
	fsc_xml_text_write(frame->name, out);
	fprintf(out, ": %" PRIu64 " ", frame->weight);
	fsc_xml_text_write(frame->unit, out);
	fprintf(out, " (%" PRIu64 ".%02" PRIu64 " %%)</title>", per_10000 / 100, per_10000 % 100);
}

static void write_box(const struct fsc_svg_frame *frame, FILE *out)
{
	struct colour colour = colour_of(frame);

	fputs("<rect x=\"", out);
	fsc_svg_frame_write_tenths(frame->x, out);
	fputs("\" y=\"", out);
	fsc_svg_frame_write_tenths(frame->y, out);
	fputs("\" width=\"", out);
	fsc_svg_frame_write_tenths(frame->width, out);
	fputs("\" height=\"", out);
	fsc_svg_frame_write_tenths(FSC_SVG_BOX, out);
	fprintf(out, "\" fill=\"rgb(%u,%u,%u)\"/>", colour.red, colour.green, colour.blue);
}

static void write_name(const struct fsc_svg_frame *frame, FILE *out)
{
	uint64_t columns = frame->width / FSC_SVG_CHARACTER;

	if (columns < 3)
		return;
	fputs("<text x=\"", out);
	fsc_svg_frame_write_tenths(frame->x + 30, out);
	fputs("\" y=\"", out);
	fsc_svg_frame_write_tenths(frame->y + 120, out);
	fputs("\">", out);
	fsc_xml_text_write_cut(frame->name, columns - 1, out); /* 1: the space left and right */
	fputs("</text>", out);
}

void fsc_svg_frame_write(const struct fsc_svg_frame *frame, FILE *out)
{
	fputs("<g>", out);
	write_title(frame, out);
	write_box(frame, out);
	write_name(frame, out);
	fputs("</g>\n", out);
}
