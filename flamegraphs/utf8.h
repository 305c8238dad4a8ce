/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - characters of text that came from outside, which may be any bytes.
 *
 * In:     bytes.
 * Out:    code points and their bytes; what is malformed or would steer a terminal is told apart.
 * Cost:   no allocation.
 * Thread: any.
 */
#ifndef FLAMEGRAPHS_UTF8_H
#define FLAMEGRAPHS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands for a character that cannot be shown: U+FFFD, one column wide. */
#define FSC_UTF8_REPLACEMENT "\xEF\xBF\xBD"

/*
 * Bytes of the character at text (left bytes, at least 1) and its code point. 0: no well-formed
 * character stands there; *code is unchanged.
 */
size_t fsc_utf8_decode(const char *text, size_t left, uint32_t *code);

/*
 * May it be shown as it is? Not: controls, marks that turn the writing direction, noncharacters.
 */
bool fsc_utf8_printable(uint32_t code);

/* Columns on a terminal: 0, 1 or 2. */
unsigned int fsc_utf8_columns(uint32_t code);

/* One character of a text, or the replacement of what cannot be shown. */
struct fsc_utf8_character {
	const char *bytes;
	size_t length; /* of bytes */
	size_t step;   /* in the text */
	unsigned int columns;
};

/* The character at text (left bytes, at least 1). */
struct fsc_utf8_character fsc_utf8_next(const char *text, size_t left);

/* Columns of all characters up to the NUL. */
size_t fsc_utf8_text_columns(const char *text);

#endif
