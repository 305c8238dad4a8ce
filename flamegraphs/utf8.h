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

#endif
