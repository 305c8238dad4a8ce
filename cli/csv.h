/* SPDX-License-Identifier: MIT */
/*
 * csv.h - rows of a table as CSV, RFC 4180.
 *
 * In:     fields, left to right.
 * Out:    fields with quotes where they need them, rows that end with CRLF; what is not known is
 *         an empty field.
 * Thread: as the stream.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include <stdio.h>

#include "analyzers/status.h"

/* A row as it is written; begin with { .out = stream }. */
struct fsc_csv {
	FILE *out;
	bool begun; /* the row at hand has a field */
};

void fsc_csv_text(struct fsc_csv *csv, const char *text);
void fsc_csv_count(struct fsc_csv *csv, uint64_t value);
void fsc_csv_maybe(struct fsc_csv *csv, struct fsc_maybe number);

/* millionths, as a number with six decimals. */
void fsc_csv_share(struct fsc_csv *csv, struct fsc_maybe share_ppm);

/* One field that holds all texts, with a blank between them. */
void fsc_csv_list(struct fsc_csv *csv, const char *const *texts, size_t count);

void fsc_csv_end_row(struct fsc_csv *csv);

#endif
