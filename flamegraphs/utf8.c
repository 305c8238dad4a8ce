/* SPDX-License-Identifier: MIT */
/* What is hard: overlong forms and surrogates are not UTF-8. Begin at fsc_utf8_decode(). */
#include "flamegraphs/utf8.h"

#include <string.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/* Unicode 15: general category Cc, bidirectional controls, line separators, noncharacters. */
static const struct range unprintable[] = {
	{ 0x0000, 0x001F }, { 0x007F, 0x009F }, { 0x061C, 0x061C },
	{ 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 },
	{ 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xFFFE, 0xFFFF },
};

/* Unicode 15, the blocks of combining marks and invisible joiners that names contain. */
static const struct range no_column[] = {
	{ 0x0300, 0x036F }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200B, 0x200D },
	{ 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F },
};

/* Unicode 15, EastAsianWidth W and F, by blocks. */
static const struct range two_columns[] = {
	{ 0x1100, 0x115F },   { 0x2E80, 0x303E },   { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 },
	{ 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },   { 0xFF01, 0xFF60 }, { 0xFFE0, 0xFFE6 },
	{ 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD },
};

#define IN(ranges, code) in((ranges), sizeof(ranges) / sizeof((ranges)[0]), (code))

static bool in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

size_t fsc_utf8_decode(const char *text, size_t left, uint32_t *code)
{
	/* The least code point that needs so many bytes. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)text[0];
	size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	uint32_t value;

	if (length == 1) {
		*code = first;
		return 1;
	}
	if (first < 0xC2 || first > 0xF4 || left < length)
		return 0;
	value = first & (0x7FU >> length);
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | ((unsigned char)text[i] & 0x3FU);
	}
	if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return 0;
	*code = value;
	return length;
}

bool fsc_utf8_printable(uint32_t code)
{
	return !IN(unprintable, code);
}

unsigned int fsc_utf8_columns(uint32_t code)
{
	if (IN(no_column, code))
		return 0;
	return IN(two_columns, code) ? 2 : 1;
}

struct fsc_utf8_character fsc_utf8_next(const char *text, size_t left)
{
	uint32_t code = 0;
	size_t step = fsc_utf8_decode(text, left, &code);

	if (step && fsc_utf8_printable(code))
		return (struct fsc_utf8_character){ text, step, step, fsc_utf8_columns(code) };
	return (struct fsc_utf8_character){ FSC_UTF8_REPLACEMENT, strlen(FSC_UTF8_REPLACEMENT),
					    step ? step : 1, 1 };
}

size_t fsc_utf8_text_columns(const char *text)
{
	size_t left = strlen(text), columns = 0;

	while (left > 0) {
		struct fsc_utf8_character character = fsc_utf8_next(text, left);

		columns += character.columns;
		text += character.step;
		left -= character.step;
	}
	return columns;
}
