/* SPDX-License-Identifier: MIT */
/* What is hard: text from outside is any bytes, JSON is UTF-8. Begin at utf8_length(). */
#include "trace_points/json_writer.h"

#include <string.h>

enum { DIGITS_MAX = 20, DECIMALS_MAX = 18 };

void fsc_json_init(struct fsc_json *json, char *buffer, size_t size, fsc_json_flush *flush,
		   void *arg)
{
	memset(json, 0, sizeof(*json));
	json->buffer = buffer;
	json->size = size;
	json->flush = flush;
	json->arg = arg;
}

static void flush_buffer(struct fsc_json *json)
{
	if (json->failed || json->used == 0)
		return;
	if (!json->flush || !json->flush(json->arg, json->buffer, json->used))
		json->failed = true;
	else
		json->used = 0;
}

static void put(struct fsc_json *json, const char *text, size_t length)
{
	while (length > 0 && !json->failed) {
		size_t room = json->size - json->used;
		size_t part = length < room ? length : room;

		memcpy(json->buffer + json->used, text, part);
		json->used += part;
		text += part;
		length -= part;
		if (length > 0)
			flush_buffer(json);
		if (length > 0 && json->size == 0)
			json->failed = true;
	}
}

static void put_word(struct fsc_json *json, const char *word)
{
	put(json, word, strlen(word));
}

static void put_line_break(struct fsc_json *json)
{
	if (json->line_break)
		put_word(json, "\n");
	json->line_break = false;
}

/* The comma that a new member or element of the present container needs. */
static void begin_item(struct fsc_json *json)
{
	uint64_t bit = (uint64_t)1 << (json->depth % FSC_JSON_DEPTH_MAX);

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->filled & bit)
		put_word(json, ",");
	put_line_break(json);
	json->filled |= bit;
}

static void open_container(struct fsc_json *json, const char *bracket)
{
	begin_item(json);
	put_word(json, bracket);
	if (json->depth + 1 >= FSC_JSON_DEPTH_MAX) {
		json->failed = true;
		return;
	}
	json->depth++;
	json->filled &= ~((uint64_t)1 << json->depth);
}

static void close_container(struct fsc_json *json, const char *bracket)
{
	if (json->depth == 0) {
		json->failed = true;
		return;
	}
	json->depth--;
	put_line_break(json);
	put_word(json, bracket);
}

void fsc_json_object_begin(struct fsc_json *json)
{
	open_container(json, "{");
}

void fsc_json_object_end(struct fsc_json *json)
{
	close_container(json, "}");
}

void fsc_json_array_begin(struct fsc_json *json)
{
	open_container(json, "[");
}

void fsc_json_array_end(struct fsc_json *json)
{
	close_container(json, "]");
}

/*
 * Bytes of the well-formed UTF-8 character at text, 0 when there is none. Ranges of the second
 * byte: Unicode 15, table 3-7.
 */
static size_t utf8_length(const unsigned char *text, size_t left)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xC2 || text[0] > 0xF4)
		return 0;
	length = text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
	if (text[0] == 0xE0)
		low = 0xA0;
	else if (text[0] == 0xED)
		high = 0x9F;
	else if (text[0] == 0xF0)
		low = 0x90;
	else if (text[0] == 0xF4)
		high = 0x8F;
	if (left < length || text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (text[i] < 0x80 || text[i] > 0xBF)
			return 0;
	return length;
}

static void put_control(struct fsc_json *json, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
	static const char named[] = "\bb\tt\nn\ff\rr";

	for (size_t i = 0; i + 1 < sizeof(named); i += 2)
		if ((unsigned char)named[i] == byte) {
			escape[1] = named[i + 1];
			put(json, escape, 2);
			return;
		}
	put(json, escape, sizeof(escape));
}

static void put_quoted(struct fsc_json *json, const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at = 0;

	put_word(json, "\"");
	while (at < length) {
		size_t step = utf8_length(bytes + at, length - at);

		if (step == 0) {
			put_word(json, "\xEF\xBF\xBD"); /* U+FFFD */
			step = 1;
		} else if (bytes[at] < 0x20 || bytes[at] == 0x7F) {
			put_control(json, bytes[at]);
		} else {
			if (bytes[at] == '"' || bytes[at] == '\\')
				put_word(json, "\\");
			put(json, text + at, step);
		}
		at += step;
	}
	put_word(json, "\"");
}

void fsc_json_key(struct fsc_json *json, const char *name)
{
	begin_item(json);
	put_quoted(json, name, strlen(name));
	put_word(json, ":");
	json->after_key = true;
}

void fsc_json_text(struct fsc_json *json, const char *text, size_t length)
{
	begin_item(json);
	put_quoted(json, text, length);
}

void fsc_json_string(struct fsc_json *json, const char *text)
{
	if (!text)
		fsc_json_null(json);
	else
		fsc_json_text(json, text, strlen(text));
}

/* Digits of value, at least `least` of them, right-aligned; returns where they begin. */
static const char *digits_of(uint64_t value, unsigned int least, char digits[DIGITS_MAX + 1])
{
	char *at = digits + DIGITS_MAX;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
		if (least > 0)
			least--;
	} while (value > 0 || least > 0);
	return at;
}

static void put_number(struct fsc_json *json, bool negative, uint64_t value, unsigned int decimals)
{
	char digits[DIGITS_MAX + 1];
	const char *text = digits_of(value, decimals + 1, digits);
	size_t whole = strlen(text) - decimals;

	begin_item(json);
	if (negative)
		put_word(json, "-");
	put(json, text, whole);
	if (decimals > 0) {
		put_word(json, ".");
		put(json, text + whole, decimals);
	}
}

void fsc_json_u64(struct fsc_json *json, uint64_t value)
{
	put_number(json, false, value, 0);
}

void fsc_json_i64(struct fsc_json *json, int64_t value)
{
	fsc_json_decimal(json, value, 0);
}

void fsc_json_decimal(struct fsc_json *json, int64_t value, unsigned int decimals)
{
	if (decimals > DECIMALS_MAX) {
		json->failed = true;
		return;
	}
	put_number(json, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, decimals);
}

void fsc_json_bool(struct fsc_json *json, bool value)
{
	begin_item(json);
	put_word(json, value ? "true" : "false");
}

void fsc_json_null(struct fsc_json *json)
{
	begin_item(json);
	put_word(json, "null");
}

void fsc_json_newline(struct fsc_json *json)
{
	json->line_break = true;
}

void fsc_json_member_string(struct fsc_json *json, const char *name, const char *text)
{
	fsc_json_key(json, name);
	fsc_json_string(json, text);
}

void fsc_json_member_u64(struct fsc_json *json, const char *name, uint64_t value)
{
	fsc_json_key(json, name);
	fsc_json_u64(json, value);
}

void fsc_json_member_i64(struct fsc_json *json, const char *name, int64_t value)
{
	fsc_json_key(json, name);
	fsc_json_i64(json, value);
}

void fsc_json_member_bool(struct fsc_json *json, const char *name, bool value)
{
	fsc_json_key(json, name);
	fsc_json_bool(json, value);
}

void fsc_json_member_null(struct fsc_json *json, const char *name)
{
	fsc_json_key(json, name);
	fsc_json_null(json);
}

void fsc_json_member_decimal(struct fsc_json *json, const char *name, int64_t value,
			     unsigned int decimals)
{
	fsc_json_key(json, name);
	fsc_json_decimal(json, value, decimals);
}

bool fsc_json_finish(struct fsc_json *json)
{
	if (json->depth != 0)
		json->failed = true;
	put_word(json, "\n");
	if (json->flush)
		flush_buffer(json);
	return !json->failed;
}
