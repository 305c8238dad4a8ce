/* SPDX-License-Identifier: MIT */
/* What is hard: bytes, characters and columns are three things. Begin at character_at(). */
#include "cli/text.h"

#include <stdint.h>
#include <string.h>

#include "flamegraphs/utf8.h"

struct character {
	const char *bytes;
	size_t length; /* of bytes */
	size_t step;   /* in the text */
	size_t columns;
};

static struct character character_at(const char *text, size_t left)
{
	uint32_t code = 0;
	size_t step = fsc_utf8_decode(text, left, &code);

	if (step && fsc_utf8_printable(code))
		return (struct character){ text, step, step, fsc_utf8_columns(code) };
	return (struct character){ FSC_UTF8_REPLACEMENT, strlen(FSC_UTF8_REPLACEMENT),
				   step ? step : 1, 1 };
}

size_t fsc_text_columns(const char *text)
{
	size_t left = strlen(text), columns = 0;

	while (left > 0) {
		struct character character = character_at(text, left);

		columns += character.columns;
		text += character.step;
		left -= character.step;
	}
	return columns;
}

/* Characters up to `columns` columns; returns how many columns they have. */
static size_t write_columns(const char *text, size_t columns, FILE *out)
{
	size_t left = strlen(text), written = 0;

	while (left > 0) {
		struct character character = character_at(text, left);

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
