/* SPDX-License-Identifier: MIT */
/* What is hard: names are any bytes, and browsers refuse a whole file for one of them. */
#include "flamegraphs/xml_text.h"

#include <stdbool.h>
#include <string.h>

#include "flamegraphs/utf8.h"

enum { COLUMNS_LEAST = 3 };

/* One character of a text; replacement stands for what cannot be shown. */
struct character {
	const char *bytes;
	size_t length; /* of bytes */
	size_t step;   /* in the text */
	unsigned int columns;
};

static struct character character_at(const char *text, size_t left)
{
	struct character character = { .bytes = text, .columns = 1 };
	uint32_t code = 0;

	character.length = character.step = fsc_utf8_decode(text, left, &code);
	if (character.step && fsc_utf8_printable(code)) {
		character.columns = fsc_utf8_columns(code);
		return character;
	}
	if (!character.step)
		character.step = 1;
	character.bytes = FSC_UTF8_REPLACEMENT;
	character.length = strlen(FSC_UTF8_REPLACEMENT);
	return character;
}

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

/* Write characters up to `columns` columns; returns whether all of the text was written. */
static bool write_columns(const char *text, size_t columns, FILE *out)
{
	size_t left = strlen(text);

	while (left > 0) {
		struct character character = character_at(text, left);
		const char *entity = entity_of(*character.bytes);

		if (character.columns > columns)
			return false;
		if (entity)
			fputs(entity, out);
		else
			fwrite(character.bytes, 1, character.length, out);
		columns -= character.columns;
		text += character.step;
		left -= character.step;
	}
	return true;
}

static bool fits(const char *text, size_t columns)
{
	size_t left = strlen(text);

	while (left > 0) {
		struct character character = character_at(text, left);

		if (character.columns > columns)
			return false;
		columns -= character.columns;
		text += character.step;
		left -= character.step;
	}
	return true;
}

void fsc_xml_text_write(const char *text, FILE *out)
{
	write_columns(text, SIZE_MAX, out);
}

void fsc_xml_text_write_cut(const char *text, size_t columns, FILE *out)
{
	if (fits(text, columns)) {
		write_columns(text, columns, out);
	} else if (columns >= COLUMNS_LEAST) {
		write_columns(text, columns - 1, out);
		fputs("\xE2\x80\xA6", out); /* U+2026 */
	}
}
