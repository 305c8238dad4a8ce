/* SPDX-License-Identifier: MIT */
/*
 * top_internal.h - the parts of `ffiscope top`: samples of a running image, in which order they are
 * shown, and their two forms.
 *
 * In:     the image's shared memory, mapped read-only; its program goes on meanwhile.
 * Out:    stdout.
 * Thread: one.
 */
#ifndef CLI_TOP_INTERNAL_H
#define CLI_TOP_INTERNAL_H

#include "analyzers/lttng_live.h"
#include "analyzers/status.h"
#include "cli/arguments.h"
#include "cli/live_session.h"
#include "cli/output.h"

struct fsc_top_row {
	const char *name;    /* borrowed from the sample's mapping, within its bounds */
	const char *library; /* path; "" = unknown */
	uint16_t site;
	uint8_t kind; /* enum fsc_site_kind */
	uint64_t calls;
	uint64_t completed;
	uint64_t ticks;
	uint64_t bytes; /* that crossed, both ways */
	uint64_t live;	/* buffers */
	struct fsc_maybe calls_per_s;
	struct fsc_maybe mean_ns;
	struct fsc_maybe p50_ns; /* quantiles: of the profile sink alone */
	struct fsc_maybe p99_ns;
};

struct fsc_top_sample {
	struct fsc_image image; /* a copy of its header */
	uint64_t time_ns;	/* when it was taken; CLOCK_MONOTONIC */
	uint64_t ticks_per_s;
	struct fsc_maybe interval_ns; /* since the sample before */
	struct fsc_maybe calls_per_s;
	uint64_t calls;
	uint64_t live;
	uint64_t threads; /* slots that have an owner */
	struct fsc_top_row *rows;
	size_t row_count;
	const char *url; /* of a live session of LTTng; then `image` is none. NULL: an image */
	struct fsc_lttng_live_sample session;
	const uint8_t *map; /* of the file */
	size_t map_bytes;
};

/* FSC_E_NOMEM, FSC_E_IO. Ends with fsc_top_sample_fini(), also then. */
FSC_MUST_CHECK enum fsc_status fsc_top_sample_take(struct fsc_top_sample *sample,
						   const struct fsc_live_session *live);
/* The same of a live session. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_top_sample_of_session(struct fsc_top_sample *sample,
							 const struct fsc_lttng_live *live,
							 const char *url);
void fsc_top_sample_fini(struct fsc_top_sample *sample);

/* Rates, from what an earlier sample of the same image counted. */
void fsc_top_sample_compare(struct fsc_top_sample *sample, const struct fsc_top_sample *before);

/* What the rows are sorted by, most first: a letter that is typed, or a word. */
enum fsc_top_key {
	FSC_TOP_CALLS,
	FSC_TOP_RATE,
	FSC_TOP_MEAN,
	FSC_TOP_P99,
	FSC_TOP_BYTES,
	FSC_TOP_LIVE,
	FSC_TOP_KEYS
};

const char *fsc_top_key_name(enum fsc_top_key key);
/* FSC_TOP_KEYS: it is none. */
enum fsc_top_key fsc_top_key_of_word(const char *word);
enum fsc_top_key fsc_top_key_of_letter(char letter);

void fsc_top_sort(struct fsc_top_sample *sample, enum fsc_top_key key);

/* At most that many lines; 0 = all. */
void fsc_top_screen_write(const struct fsc_top_sample *sample, enum fsc_top_key key, size_t lines,
			  const struct fsc_output *output);
void fsc_top_json_write(const struct fsc_top_sample *sample, const struct fsc_output *output);

/* ---- top_terminal.c ---- */

/* Keys one by one, the alternate screen, no cursor. false: stdout or stdin is no terminal. */
bool fsc_top_terminal_begin(void);

/* As it was before. */
void fsc_top_terminal_end(void);

/* Lines of the screen. */
size_t fsc_top_terminal_lines(void);

enum fsc_top_wake { FSC_TOP_TIMEOUT, FSC_TOP_TYPED, FSC_TOP_RESIZED, FSC_TOP_STOP };

/* Wait that long at most. *letter: what was typed. */
enum fsc_top_wake fsc_top_terminal_wait(uint64_t timeout_ns, char *letter);

extern const struct fsc_arguments fsc_top_arguments;

#endif
