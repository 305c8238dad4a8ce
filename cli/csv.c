/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/csv.h"

#include <inttypes.h>
#include <string.h>

static void begin_field(struct fsc_csv *csv)
{
	if (csv->begun)
		fputc(',', csv->out);
	csv->begun = true;
}

/* Inside quotes. */
static void write_doubled(struct fsc_csv *csv, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', csv->out);
		fputc(*text, csv->out);
	}
}

void fsc_csv_text(struct fsc_csv *csv, const char *text)
{
	begin_field(csv);
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, csv->out);
		return;
	}
	fputc('"', csv->out);
	write_doubled(csv, text);
	fputc('"', csv->out);
}

void fsc_csv_count(struct fsc_csv *csv, uint64_t value)
{
	begin_field(csv);
	fprintf(csv->out, "%" PRIu64, value);
}

void fsc_csv_maybe(struct fsc_csv *csv, struct fsc_maybe number)
{
	begin_field(csv);
	if (number.known)
		fprintf(csv->out, "%" PRId64, number.value);
}

void fsc_csv_end_row(struct fsc_csv *csv)
{
	fputs("\r\n", csv->out);
	csv->begun = false;
}

void fsc_csv_share(struct fsc_csv *csv, struct fsc_maybe share_ppm)
{
	bool negative = share_ppm.value < 0;
	uint64_t ppm = negative ? 0 - (uint64_t)share_ppm.value : (uint64_t)share_ppm.value;

	begin_field(csv);
	if (share_ppm.known)
		fprintf(csv->out, "%s%" PRIu64 ".%06" PRIu64, negative ? "-" : "", ppm / 1000000,
			ppm % 1000000);
}

void fsc_csv_list(struct fsc_csv *csv, const char *const *texts, size_t count)
{
	begin_field(csv);
	if (!count)
		return;
	fputc('"', csv->out);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputc(' ', csv->out);
		write_doubled(csv, texts[i]);
	}
	fputc('"', csv->out);
}
