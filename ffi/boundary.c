/* SPDX-License-Identifier: MIT */
/*
 * boundary.c - a parser that runs inside foreign programs before main: it reads a text that need
 * not end in NUL, allocates nothing and calls nothing. Begin at fsc_boundary_parse(); a row is
 * read word by word (parse_row), a field by the table `fields`.
 */
#include "ffi/boundary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to read: of the file, of a line, of a word. */
struct span {
	const char *at;
	const char *end;
};

struct parser {
	struct fsc_boundary_row *row; /* the row being filled; not counted in row_count yet */
	struct fsc_boundary_error *error;
	const char *line_start;
	uint32_t line;	/* from 1 */
	uint32_t given; /* one bit per field that this row gave */
};

struct field {
	const char *key; /* with its '=' */
	bool (*parse)(struct parser *parser, struct span *value);
	uint32_t kinds; /* one bit per enum fsc_row_kind that may have it */
};

static bool fail(struct parser *parser, const char *at, const char *message, const char *hint)
{
	parser->error->line = parser->line;
	parser->error->column = (uint32_t)(at - parser->line_start) + 1;
	parser->error->message = message;
	parser->error->hint = hint;
	return false;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* If the span begins with literal, step over it. */
static bool skip(struct span *span, const char *literal)
{
	const char *at = span->at;

	for (; *literal != '\0'; literal++, at++) {
		if (at == span->end || *at != *literal)
			return false;
	}
	span->at = at;
	return true;
}

static bool is_whole(struct span span, const char *literal)
{
	return skip(&span, literal) && span.at == span.end;
}

static void clear(void *memory, size_t bytes)
{
	unsigned char *at = memory;

	while (bytes-- > 0)
		*at++ = 0;
}

/* Cut the next word off the line. "\ " does not end a word. false: no word is left. */
static bool next_word(struct span *line, struct span *word)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
	word->at = line->at;
	while (line->at < line->end && !is_blank(*line->at)) {
		if (*line->at == '\\' && line->at + 1 < line->end)
			line->at++;
		line->at++;
	}
	word->end = line->at;
	return word->at < word->end && *word->at != '#';
}

/* Decimal digits up to max; too large a number stays at the digits for the error's column. */
static bool parse_number(struct span *span, uint32_t max, uint32_t *number)
{
	const char *start = span->at;
	uint32_t value = 0;

	while (span->at < span->end && is_digit(*span->at)) {
		value = value * 10 + (uint32_t)(*span->at - '0');
		if (value > max) {
			span->at = start;
			return false;
		}
		span->at++;
	}
	*number = value;
	return span->at > start;
}

static bool parse_arg(struct parser *parser, struct span *span, uint8_t from,
		      struct fsc_place *place)
{
	const char *start = span->at;
	uint32_t index;

	if (!skip(span, "arg"))
		return fail(parser, start, "an argument was expected here",
			    "write arg0 for the first argument, arg1 for the second ...");
	if (!parse_number(span, FSC_BOUNDARY_ARG_MAX, &index))
		return fail(parser, start, "not an argument number", "write arg0 up to arg31");
	place->from = from;
	place->index = (uint8_t)index;
	return true;
}

static bool parse_comma(struct parser *parser, struct span *span, const char *hint)
{
	if (skip(span, ","))
		return true;
	return fail(parser, span->at, "a ',' and one more place are missing here", hint);
}

static bool parse_end(struct parser *parser, const struct span *span)
{
	if (span->at == span->end)
		return true;
	return fail(parser, span->at, "the field should end here",
		    "put a space between two fields");
}

static void place_words(struct fsc_buffer_place *buffer, uint8_t from, int first, bool capacity)
{
	buffer->pointer = (struct fsc_place){ .from = from, .index = (uint8_t)first };
	buffer->length = (struct fsc_place){ .from = from, .index = (uint8_t)(first + 1) };
	if (capacity)
		buffer->capacity = (struct fsc_place){ from, (uint8_t)(first + 2) };
}

/* "argN", or "argN:int" where the other half of the register is anything. */
static bool parse_size(struct parser *parser, struct span *value, struct fsc_place *place)
{
	if (!parse_arg(parser, value, FSC_FROM_ARG, place))
		return false;
	if (skip(value, ":int"))
		place->from = FSC_FROM_INT;
	return true;
}

static bool parse_request(struct parser *parser, struct span *value)
{
	struct fsc_buffer_place *request = &parser->row->request;

	return parse_arg(parser, value, FSC_FROM_ARG, &request->pointer) &&
	       parse_comma(parser, value, "request=POINTER,LENGTH, such as request=arg0,arg1") &&
	       parse_size(parser, value, &request->length);
}

/* One "*argN" of an out-pointer response. */
static bool parse_pointed(struct parser *parser, struct span *value, struct fsc_place *place)
{
	if (!skip(value, "*"))
		return fail(parser, value->at, "this is not a way to return a response",
			    "ret{ptr,len,cap}, ret{ptr,len}, *argN,*argN[,*argN] or none");
	if (!parse_arg(parser, value, FSC_FROM_POINTED, place))
		return false;
	place->index *= FSC_STRUCT_WORDS;
	return true;
}

static bool parse_response(struct parser *parser, struct span *value)
{
	struct fsc_boundary_row *row = parser->row;

	if (is_whole(*value, "none")) {
		row->response_style = FSC_RESPONSE_NONE;
		return skip(value, "none");
	}
	if (skip(value, "ret{ptr,len,cap}")) {
		row->response_style = FSC_RESPONSE_HIDDEN;
		place_words(&row->response, FSC_FROM_RETURN, 0, true);
		return true;
	}
	if (skip(value, "ret{ptr,len}")) {
		row->response_style = FSC_RESPONSE_REGISTERS;
		place_words(&row->response, FSC_FROM_RETURN, 0, false);
		return true;
	}
	row->response_style = FSC_RESPONSE_OUT;
	if (!parse_pointed(parser, value, &row->response.pointer) ||
	    !parse_comma(parser, value,
			 "response=*POINTER,*LENGTH, such as response=*arg2,*arg3") ||
	    !parse_pointed(parser, value, &row->response.length))
		return false;
	return !skip(value, ",") || parse_pointed(parser, value, &row->response.capacity);
}

/* "argN", "*argN", "ret", or "-" for a part that cannot be seen. */
static bool parse_codec_place(struct parser *parser, struct span *value, struct fsc_place *place)
{
	if (skip(value, "-"))
		return true;
	if (value->at < value->end && *value->at == '*')
		return parse_pointed(parser, value, place);
	if (skip(value, "ret")) {
		place->from = FSC_FROM_RETURN;
		return true;
	}
	return parse_arg(parser, value, FSC_FROM_ARG, place);
}

/* POINTER,LENGTH, or a struct that begins with both: behind a pointer, or returned in memory. */
static bool parse_codec_buffer(struct parser *parser, struct span *value)
{
	struct fsc_buffer_place *buffer = &parser->row->buffer;

	if (skip(value, "ret{ptr,len,cap}")) {
		place_words(buffer, FSC_FROM_RETURN, 0, true);
		return true;
	}
	if (!parse_codec_place(parser, value, &buffer->pointer))
		return false;
	if (buffer->pointer.from == FSC_FROM_POINTED && skip(value, "{ptr,len}")) {
		place_words(buffer, FSC_FROM_POINTED, buffer->pointer.index, false);
		return true;
	}
	if (!parse_comma(parser, value, "buffer=POINTER,LENGTH; '-' for a part not seen") ||
	    !parse_codec_place(parser, value, &buffer->length))
		return false;
	if (buffer->length.from == FSC_FROM_ARG && skip(value, ":int"))
		buffer->length.from = FSC_FROM_INT;
	return true;
}

/* After "argN": a struct by value, in two registers or (24 bytes) in memory. */
static bool parse_struct(struct parser *parser, struct span *value, const char *start)
{
	struct fsc_buffer_place *buffer = &parser->row->buffer;

	if (skip(value, "{ptr,len,cap}")) {
		place_words(buffer, FSC_FROM_BY_VALUE, buffer->pointer.index * FSC_STRUCT_WORDS,
			    true);
		return true;
	}
	if (!skip(value, "{ptr,len}"))
		return fail(parser, value->at, "not a buffer struct", "{ptr,len,cap} or {ptr,len}");
	if (buffer->pointer.index >= FSC_BOUNDARY_ARG_MAX)
		return fail(parser, start, "not an argument number",
			    "{ptr,len} takes two arguments: write arg0 up to arg30");
	buffer->length.from = FSC_FROM_ARG;
	buffer->length.index = (uint8_t)(buffer->pointer.index + 1);
	return true;
}

static bool parse_buffer(struct parser *parser, struct span *value)
{
	struct fsc_buffer_place *buffer = &parser->row->buffer;
	const char *start = value->at;

	if (parser->row->kind == FSC_ROW_ENCODE || parser->row->kind == FSC_ROW_DECODE)
		return parse_codec_buffer(parser, value);
	if (!parse_arg(parser, value, FSC_FROM_ARG, &buffer->pointer))
		return false;
	if (value->at < value->end && *value->at == '{')
		return parse_struct(parser, value, start);
	if (skip(value, ",") && !parse_size(parser, value, &buffer->length))
		return false;
	return !skip(value, ",") || parse_size(parser, value, &buffer->capacity);
}

static bool parse_message(struct parser *parser, struct span *value)
{
	if (skip(value, "ret")) {
		parser->row->message.from = FSC_FROM_RETURN;
		return true;
	}
	return parse_arg(parser, value, FSC_FROM_ARG, &parser->row->message);
}

static bool parse_stack(struct parser *parser, struct span *value)
{
	const char *start = value->at;
	uint32_t bytes;

	if (!parse_number(value, FSC_BOUNDARY_STACK_MAX, &bytes) || bytes % 4 != 0)
		return fail(parser, start, "not a size of stack arguments",
			    "bytes, a multiple of 4, from 0 to 4096");
	parser->row->stack_bytes = (int32_t)bytes;
	return true;
}

/* Take a whole word as a glob. An open '[' would match only itself: surely a slip. */
static bool parse_glob(struct parser *parser, struct span *value, char *glob)
{
	const char *start = value->at;
	const char *open = NULL;
	size_t length = (size_t)(value->end - start);

	if (length == 0)
		return fail(parser, start, "a name is missing here", "a name or a glob: my_lib_*");
	if (length >= FSC_BOUNDARY_GLOB_MAX)
		return fail(parser, start, "this name is too long", "at most 127 bytes");
	for (; value->at < value->end; value->at++) {
		char byte = *value->at;

		if (byte == '\\' && !open && value->at + 1 < value->end)
			*glob++ = *value->at++;
		else if (byte == '[' && !open)
			open = value->at;
		else if (byte == ']' && open && value->at > open + 1 + (open[1] == '!'))
			open = NULL;
		*glob++ = *value->at;
	}
	*glob = '\0';
	return !open || fail(parser, open, "a '[' without its ']'", "write \\[ for the letter '['");
}

static bool parse_library(struct parser *parser, struct span *value)
{
	return parse_glob(parser, value, parser->row->library);
}

static bool parse_free_name(struct parser *parser, struct span *value)
{
	return parse_glob(parser, value, parser->row->free_name);
}

enum kind_bit {
	ON_ENTRY = 1u << FSC_ROW_ENTRY,
	ON_FREE = 1u << FSC_ROW_FREE,
	ON_ACQUIRE = 1u << FSC_ROW_ACQUIRE,
	ON_RELEASE = 1u << FSC_ROW_RELEASE,
	ON_CODEC = 1u << FSC_ROW_ENCODE | 1u << FSC_ROW_DECODE,
	ON_ALL = ON_ENTRY | ON_FREE | ON_ACQUIRE | ON_RELEASE | ON_CODEC
};

static const struct field fields[] = {
	{ "library=", parse_library, ON_ALL },
	{ "request=", parse_request, ON_ENTRY },
	{ "response=", parse_response, ON_ENTRY | ON_ACQUIRE },
	{ "buffer=", parse_buffer, ON_FREE | ON_RELEASE | ON_CODEC },
	{ "message=", parse_message, ON_CODEC },
	{ "free=", parse_free_name, ON_ENTRY | ON_ACQUIRE },
	{ "stack=", parse_stack, ON_ALL },
};

static bool parse_field(struct parser *parser, struct span word)
{
	const char *start = word.at;

	for (uint32_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!skip(&word, fields[i].key))
			continue;
		if (!(fields[i].kinds & 1u << parser->row->kind))
			return fail(
				parser, start, "a row of this kind has no such field",
				"request= is for entry; response= and free= for entry, acquire; "
				"buffer= for free, release, codecs; message= for codecs");
		if (parser->given & 1u << i)
			return fail(parser, start, "this field was given before", "keep one");
		parser->given |= 1u << i;
		return fields[i].parse(parser, &word) && parse_end(parser, &word);
	}
	return fail(parser, start, "unknown field",
		    "library=, request=, response=, buffer=, message=, free= or stack=");
}

static bool parse_kind(struct parser *parser, struct span word)
{
	static const char *const names[] = {
		[FSC_ROW_ENTRY] = "entry",     [FSC_ROW_FREE] = "free",
		[FSC_ROW_ACQUIRE] = "acquire", [FSC_ROW_RELEASE] = "release",
		[FSC_ROW_ENCODE] = "encode",   [FSC_ROW_DECODE] = "decode",
	};

	for (uint32_t kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++) {
		if (is_whole(word, names[kind])) {
			parser->row->kind = (uint8_t)kind;
			return true;
		}
	}
	return fail(parser, word.at, "unknown kind of row",
		    "entry, free, acquire, release, encode or decode");
}

/* A row that gives back or takes a buffer says nothing without the buffer's place. */
static bool check_complete(struct parser *parser, const char *start)
{
	const struct fsc_boundary_row *row = parser->row;

	if ((row->kind == FSC_ROW_FREE || row->kind == FSC_ROW_RELEASE) &&
	    row->buffer.pointer.from == FSC_FROM_NOWHERE)
		return fail(parser, start, "this row must say which buffer it gives back",
			    "add buffer=arg0{ptr,len,cap}, buffer=arg0{ptr,len} or buffer=arg0");
	if (row->kind == FSC_ROW_ACQUIRE && row->response.pointer.from == FSC_FROM_NOWHERE)
		return fail(parser, start, "this row must say where the buffer comes out",
			    "add response=ret{ptr,len,cap}, ret{ptr,len} or *argN,*argN");
	return true;
}

static bool parse_row(struct parser *parser, struct span line, struct span word)
{
	const char *start = word.at;

	if (!parse_kind(parser, word))
		return false;
	if (!next_word(&line, &word))
		return fail(parser, word.at, "the function's name is missing",
			    "write a name or a glob: my_lib_*");
	if (!parse_glob(parser, &word, parser->row->name))
		return false;
	while (next_word(&line, &word)) {
		if (!parse_field(parser, word))
			return false;
	}
	return check_complete(parser, start);
}

/* Cut one line off the text (without its LF or CRLF) and refuse bytes that no text has. */
static bool next_line(struct parser *parser, struct span *text, struct span *line)
{
	line->at = text->at;
	line->end = text->at;
	while (line->end < text->end && *line->end != '\n')
		line->end++;
	text->at = line->end < text->end ? line->end + 1 : line->end;
	if (line->end > line->at && line->end[-1] == '\r')
		line->end--;
	for (const char *at = line->at; at < line->end; at++) {
		unsigned char byte = (unsigned char)*at;

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return fail(parser, at, "a control character",
				    "a boundary file is plain text");
	}
	return true;
}

static void open_row(struct parser *parser, struct fsc_boundary_row *row)
{
	clear(row, sizeof(*row));
	row->stack_bytes = -1;
	row->line = parser->line;
	parser->row = row;
	parser->given = 0;
}

/* A byte of a glob that stands for itself alone. */
static bool is_literal(char byte)
{
	return byte != '\0' && byte != '*' && byte != '?' && byte != '[' && byte != '\\';
}

/* The row behind the last one is complete. */
static void count_row(struct fsc_boundary *boundary)
{
	struct fsc_boundary_row *row = &boundary->rows[boundary->row_count];

	for (const char *at = row->name; *at; at++)
		row->last = is_literal(*at) && *at != ']' ? *at : '\0';
	row->shared = 0;
	if (boundary->row_count++ > 0)
		while (is_literal(row->name[row->shared]) &&
		       row->name[row->shared] == row[-1].name[row->shared])
			row->shared++;
}

bool fsc_boundary_parse(struct fsc_boundary *boundary, const char *text, size_t length,
			struct fsc_boundary_error *error)
{
	struct parser parser = { .error = error, .line_start = text, .line = 1 };
	struct span rest = { text, text + length };
	struct span line;
	struct span word;

	clear(error, sizeof(*error));
	if (length > FSC_BOUNDARY_FILE_MAX)
		return fail(&parser, text, "the boundary file is too large", "at most 1 MiB");
	for (; rest.at < rest.end; parser.line++) {
		parser.line_start = rest.at;
		if (!next_line(&parser, &rest, &line))
			return false;
		if (!next_word(&line, &word))
			continue;
		if (boundary->row_count >= FSC_BOUNDARY_ROWS_MAX)
			return fail(&parser, word.at, "too many rows", "at most 256; use globs");
		open_row(&parser, &boundary->rows[boundary->row_count]);
		if (!parse_row(&parser, line, word))
			return false;
		count_row(boundary);
	}
	return true;
}

void fsc_boundary_add_built_in(struct fsc_boundary *boundary)
{
#define FSC_BUILT_IN(row) row "\n"
	static const char text[] =
#include "ffi/built_in.def"
		;
#undef FSC_BUILT_IN
	uint32_t first = boundary->row_count;
	struct fsc_boundary_error error;

	/* Only a full boundary can fail here: the unit tests parse every built-in row. */
	(void)fsc_boundary_parse(boundary, text, sizeof(text) - 1, &error);
	for (uint32_t i = first; i < boundary->row_count; i++) {
		boundary->rows[i].built_in = true;
		boundary->rows[i].line = 0;
	}
}

bool fsc_boundary_add_entry(struct fsc_boundary *boundary, const char *glob)
{
	struct fsc_boundary_error error;
	struct parser parser = { .error = &error, .line_start = glob };
	struct span value = { glob, glob };

	while (*value.end != '\0')
		value.end++;
	if (boundary->row_count >= FSC_BOUNDARY_ROWS_MAX)
		return false;
	open_row(&parser, &boundary->rows[boundary->row_count]);
	if (!parse_glob(&parser, &value, parser.row->name))
		return false;
	count_row(boundary);
	return true;
}

bool fsc_boundary_check_globs(const char *list, struct fsc_boundary_error *error)
{
	struct parser parser = { .error = error, .line_start = list, .line = 1 };
	struct span rest = { list, list };
	char glob[FSC_BOUNDARY_GLOB_MAX];
	struct span line;

	clear(error, sizeof(*error));
	while (*rest.end != '\0')
		rest.end++;
	for (; rest.at < rest.end; parser.line++) {
		parser.line_start = rest.at;
		if (!next_line(&parser, &rest, &line) ||
		    (line.at < line.end && !parse_glob(&parser, &line, glob)))
			return false;
	}
	return true;
}

bool fsc_boundary_has_name(const struct fsc_boundary *boundary, const char *name)
{
	uint32_t agreed = 0; /* bytes that name begins with as the row before */
	char last = '\0';

	for (const char *at = name; *at; at++)
		last = *at;
	for (uint32_t i = 0; i < boundary->row_count; i++) {
		const struct fsc_boundary_row *row = &boundary->rows[i];

		if (agreed < row->shared)
			continue; /* it differs from both in the same byte */
		agreed = row->shared;
		while (is_literal(row->name[agreed]) && row->name[agreed] == name[agreed])
			agreed++;
		if (!is_literal(row->name[agreed]) && (!row->last || row->last == last) &&
		    fsc_glob_match(row->name + agreed, name + agreed))
			return true;
	}
	return false;
}

const struct fsc_boundary_row *fsc_boundary_find(const struct fsc_boundary *boundary,
						 const char *name, const char *library)
{
	for (uint32_t i = 0; i < boundary->row_count; i++) {
		const struct fsc_boundary_row *row = &boundary->rows[i];

		if (!fsc_glob_match(row->name, name))
			continue;
		if (row->library[0] == '\0')
			return row;
		if (library && fsc_glob_match_path(row->library, library))
			return row;
	}
	return NULL;
}
