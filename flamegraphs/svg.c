/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a frame's place needs the weight of all below it, and a file may nest deeply, so
 * nothing recurses: a parent's index is less than its children's. Begin at fsc_svg_write().
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "flamegraphs/folded_internal.h"
#include "flamegraphs/svg_internal.h"
#include "flamegraphs/xml_text.h"

enum { HEAD = 500, FOOT = 100 };

struct place {
	uint64_t weight; /* with all children's */
	uint64_t left;	 /* weight that stands left of it */
	enum fsc_svg_hue hue;
};

struct drawing {
	const struct fsc_folded *folded;
	const struct fsc_svg_options *options;
	struct place *places;
	uint64_t *taken; /* by frame: weight of the children that have their place */
	uint64_t whole;
	uint64_t width;	 /* of the root */
	uint32_t levels; /* drawn, the root's included */
};

static uint64_t clamp_width(unsigned int width_px)
{
	if (width_px < FSC_SVG_WIDTH_LEAST)
		width_px = FSC_SVG_WIDTH_LEAST;
	if (width_px > FSC_SVG_WIDTH_MAX)
		width_px = FSC_SVG_WIDTH_MAX;
	return (uint64_t)width_px * 10;
}

static uint64_t to_length(const struct drawing *drawing, uint64_t weight)
{
	return (uint64_t)((unsigned __int128)weight * drawing->width / drawing->whole);
}

static void weigh(struct drawing *drawing)
{
	const struct fsc_folded *folded = drawing->folded;

	for (uint32_t i = folded->frame_count; i-- > 0;) {
		drawing->places[i].weight += folded->frames[i].weight;
		if (i > 0)
			drawing->places[folded->frames[i].parent].weight +=
				drawing->places[i].weight;
	}
	drawing->whole = drawing->places[0].weight;
}

static enum fsc_svg_hue hue_of(const struct drawing *drawing, uint32_t frame)
{
	const struct fsc_frame *at = &drawing->folded->frames[frame];

	if (!strcmp(at->name, "host"))
		return FSC_SVG_HUE_HOST;
	if (!strcmp(at->name, "library"))
		return FSC_SVG_HUE_LIBRARY;
	return drawing->places[at->parent].hue;
}

static uint64_t width_of(const struct drawing *drawing, uint32_t frame)
{
	const struct place *place = &drawing->places[frame];

	return to_length(drawing, place->left + place->weight) - to_length(drawing, place->left);
}

static bool is_drawn(const struct drawing *drawing, uint32_t frame)
{
	return to_length(drawing, drawing->places[frame].weight) > 0;
}

/* Siblings stand in their order, and indices rise along it. */
static void arrange(struct drawing *drawing)
{
	const struct fsc_folded *folded = drawing->folded;

	drawing->levels = 1;
	for (uint32_t i = 1; i < folded->frame_count; i++) {
		const struct fsc_frame *frame = &folded->frames[i];
		struct place *place = &drawing->places[i];

		place->left = drawing->places[frame->parent].left + drawing->taken[frame->parent];
		place->hue = hue_of(drawing, i);
		drawing->taken[frame->parent] += place->weight;
		if (frame->depth + 1 > drawing->levels && is_drawn(drawing, i))
			drawing->levels = frame->depth + 1;
	}
}

static void write_key(const struct drawing *drawing, FILE *out)
{
	static const char *const keys[] = { "host", "library" };
	uint64_t x = drawing->width + FSC_SVG_MARGIN;

	for (size_t i = sizeof(keys) / sizeof(keys[0]); i-- > 0;) {
		x -= (strlen(keys[i]) + 1) * FSC_SVG_CHARACTER + 120;
		fprintf(out, "<g class=\"key\"><rect x=\"");
		fsc_svg_frame_write_tenths(x, out);
		fprintf(out, "\" y=\"14\" width=\"8\" height=\"8\" fill=\"%s\"/><text x=\"",
			i ? "rgb(240,160,70)" : "rgb(120,175,225)");
		fsc_svg_frame_write_tenths(x + 120, out);
		fprintf(out, "\" y=\"22\">%s</text></g>\n", keys[i]);
	}
}

static void write_head(const struct drawing *drawing, FILE *out)
{
	uint64_t width = (drawing->width + 2 * FSC_SVG_MARGIN) / 10;
	uint64_t height = (HEAD + FOOT + (uint64_t)drawing->levels * FSC_SVG_ROW) / 10;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%lu\" "
		"height=\"%lu\" viewBox=\"0 0 %lu %lu\">\n"
		"<style>text{font:12px monospace;fill:#000}.head{font-size:16px}"
		"g:hover>rect{stroke:#000;stroke-width:0.5}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fcfcf8\"/>\n",
		(unsigned long)width, (unsigned long)height, (unsigned long)width,
		(unsigned long)height);
	fputs("<text class=\"head\" x=\"10\" y=\"22\">", out);
	fsc_xml_text_write_cut(drawing->options->title, (drawing->width - 2000) / 100, out);
	fputs("</text>\n<text x=\"10\" y=\"40\">", out);
	if (drawing->options->subtitle)
		fsc_xml_text_write_cut(drawing->options->subtitle,
				       drawing->width / FSC_SVG_CHARACTER, out);
	fputs("</text>\n", out);
	write_key(drawing, out);
}

static void write_frame(const struct drawing *drawing, uint32_t frame, FILE *out)
{
	uint32_t level = drawing->folded->frames[frame].depth;
	struct fsc_svg_frame box = {
		.name = frame ? drawing->folded->frames[frame].name : "all",
		.unit = drawing->options->unit,
		.weight = drawing->places[frame].weight,
		.whole = drawing->whole,
		.x = FSC_SVG_MARGIN + to_length(drawing, drawing->places[frame].left),
		.y = HEAD + (uint64_t)(drawing->levels - 1 - level) * FSC_SVG_ROW,
		.width = width_of(drawing, frame),
		.hue = drawing->places[frame].hue,
	};

	fsc_svg_frame_write(&box, out);
}

static void write_frames(const struct drawing *drawing, FILE *out)
{
	uint32_t frame = 0;

	do {
		if (is_drawn(drawing, frame))
			write_frame(drawing, frame, out);
		frame = fsc_folded_next(drawing->folded, frame);
	} while (frame);
}

static void write_empty(FILE *out)
{
	fputs("<text x=\"10\" y=\"62\">nothing to draw: no time was recorded</text>\n", out);
}

enum fsc_status fsc_svg_write(const struct fsc_folded *folded,
			      const struct fsc_svg_options *options, FILE *out)
{
	struct drawing drawing = {
		.folded = folded,
		.options = options,
		.places = calloc(folded->frame_count, sizeof(*drawing.places)),
		.taken = calloc(folded->frame_count, sizeof(*drawing.taken)),
		.width = clamp_width(options->width_px) - 2 * (uint64_t)FSC_SVG_MARGIN,
		.levels = 1,
	};
	bool memory = drawing.places && drawing.taken;

	if (memory) {
		weigh(&drawing);
		if (drawing.whole)
			arrange(&drawing);
		write_head(&drawing, out);
		if (drawing.whole)
			write_frames(&drawing, out);
		else
			write_empty(out);
		fputs("</svg>\n", out);
	}
	free(drawing.places);
	free(drawing.taken);
	if (!memory)
		return FSC_E_NOMEM;
	return ferror(out) ? FSC_E_IO : FSC_OK;
}
