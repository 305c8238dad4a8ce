/* SPDX-License-Identifier: MIT */
/* What is hard: names are any bytes, and browsers refuse a whole file for one of them. */
#include "flamegraphs/xml_text.h"

#include <string.h>

#include "flamegraphs/utf8.h"

enum { COLUMNS_LEAST = 3 };

static const char *entity_of(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Write characters up to `columns` columns. */
static void write_columns(const char *text, size_t columns, FILE *out)
{
	size_t left = strlen(text);

	while (left > 0) {
		struct fsc_utf8_character character = fsc_utf8_next(text, left);
		const char *entity = entity_of(*character.bytes);

		if (character.columns > columns)
			return;
		if (entity)
			fputs(entity, out);
		else
			fwrite(character.bytes, 1, character.length, out);
		columns -= character.columns;
		text += character.step;
		left -= character.step;
	}
}

void fsc_xml_text_write(const char *text, FILE *out)
{
	write_columns(text, SIZE_MAX, out);
}

void fsc_xml_text_write_cut(const char *text, size_t columns, FILE *out)
{
	if (fsc_utf8_text_columns(text) <= columns) {
		write_columns(text, columns, out);
	} else if (columns >= COLUMNS_LEAST) {
		write_columns(text, columns - 1, out);
		fputs("\xE2\x80\xA6", out); /* U+2026 */
	}
}
