/* SPDX-License-Identifier: MIT */
/*
 * text.h - text from a recording, made fit for a terminal: names may be any bytes.
 *
 * In:     bytes up to a NUL.
 * Out:    UTF-8 without controls; U+FFFD stands for each character that cannot be shown. Columns
 *         are counted as a terminal counts them.
 * Cost:   one pass over the text.
 * Thread: any.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Columns of what fsc_text_write() writes. */
size_t fsc_text_columns(const char *text);

void fsc_text_write(const char *text, FILE *out);

/*
 * At most `columns` columns, the last of them an ellipsis where something is cut off. Returns how
 * many columns were written.
 */
size_t fsc_text_write_cut(const char *text, size_t columns, FILE *out);

#endif
