/* SPDX-License-Identifier: MIT */
/* What is hard: bytes, characters and columns are three things; utf8.h tells them apart. */
#include "cli/text.h"

#include <stdint.h>
#include <string.h>

#include "flamegraphs/utf8.h"

size_t fsc_text_columns(const char *text)
{
	return fsc_utf8_text_columns(text);
}

/* Characters up to `columns` columns; returns how many columns they have. */
static size_t write_columns(const char *text, size_t columns, FILE *out)
{
	size_t left = strlen(text), written = 0;

	while (left > 0) {
		struct fsc_utf8_character character = fsc_utf8_next(text, left);

		if (character.columns > columns - written)
			break;
		fwrite(character.bytes, 1, character.length, out);
		written += character.columns;
		text += character.step;
		left -= character.step;
	}
	return written;
}

void fsc_text_write(const char *text, FILE *out)
{
	write_columns(text, SIZE_MAX, out);
}

size_t fsc_text_write_cut(const char *text, size_t columns, FILE *out)
{
	size_t written;

	if (fsc_text_columns(text) <= columns)
		return write_columns(text, columns, out);
	if (!columns)
		return 0;
	written = write_columns(text, columns - 1, out);
	fputs("\xE2\x80\xA6", out); /* U+2026 */
	return written + 1;
}
