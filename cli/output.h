/* SPDX-License-Identifier: MIT */
/*
 * output.h - stdout as a place for reports: its width, its colours, and whether all of it arrived.
 *
 * In:     text, styles.
 * Out:    stdout. A closed pipe is a write error like a full disk, not a signal.
 * Thread: one.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "trace_points/json_writer.h"

enum fsc_colour { FSC_COLOUR_AUTO, FSC_COLOUR_ALWAYS, FSC_COLOUR_NEVER };
enum fsc_style {
	FSC_STYLE_PLAIN,
	FSC_STYLE_TITLE,
	FSC_STYLE_DIM,
	FSC_STYLE_HOST,
	FSC_STYLE_LIBRARY,
	FSC_STYLE_ALARM
};

enum fsc_output_limit { FSC_OUTPUT_WIDTH_LEAST = 80, FSC_OUTPUT_WIDTH_MAX = 400 };

struct fsc_output {
	FILE *stream;
	bool colour;
	bool cut;	    /* long names are cut to fit: a terminal would wrap them */
	unsigned int width; /* columns, within the limits above */
};

/* "auto", "always", "never". false: none of these. */
bool fsc_output_parse_colour(const char *word, enum fsc_colour *colour);

/*
 * Make stdout ready: SIGPIPE is ignored from here on, and the descriptors 0 to 2 are taken, so that
 * no file of ours becomes stdout by accident. auto: colour on a terminal, unless NO_COLOR is not
 * empty or TERM is dumb. Width: the terminal's, else COLUMNS, else 100.
 */
void fsc_output_init(struct fsc_output *output, enum fsc_colour colour);

/* false: something did not arrive; one line on stderr says why. */
bool fsc_output_finish(struct fsc_output *output);

/* Styles last until FSC_STYLE_PLAIN; without colour they write nothing. */
void fsc_output_style(const struct fsc_output *output, enum fsc_style style);

/*
 * `label` in the first columns, the text beside it, wrapped at blanks to the width. An empty label
 * goes on under the text of the one before.
 */
__attribute__((format(printf, 3, 4))) void
fsc_output_fact(const struct fsc_output *output, const char *label, const char *format, ...);

/* The same, with the text in FSC_STYLE_ALARM. */
__attribute__((format(printf, 3, 4))) void
fsc_output_alarm(const struct fsc_output *output, const char *label, const char *format, ...);

/* A bare line in FSC_STYLE_TITLE, with an empty line before it. */
void fsc_output_heading(const struct fsc_output *output, const char *text);

/* For fsc_json_init(): arg is the FILE. */
fsc_json_flush fsc_output_flush_json;

#endif
