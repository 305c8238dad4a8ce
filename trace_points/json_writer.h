/* SPDX-License-Identifier: MIT */
/*
 * json_writer.h - JSON text, written as it comes: objects, arrays, keys, values.
 *
 * In:     begin/end, keys and values in document order; commas and escapes are put by the writer.
 * Out:    text in the caller's buffer, handed to `flush` whenever that is full.
 * Cost:   no allocation, no stdio, no locale, errno untouched: it also runs inside a profiled
 *         program.
 * Thread: one object, one caller at a time.
 *
 *   struct fsc_json json;
 *   fsc_json_init(&json, buffer, sizeof(buffer), flush, arg);
 *   fsc_json_object_begin(&json);
 *   fsc_json_key(&json, "pid");
 *   fsc_json_u64(&json, 42);
 *   fsc_json_member_string(&json, "exe", path);
 *   fsc_json_object_end(&json);
 *   if (!fsc_json_finish(&json)) ...
 */
#ifndef TRACE_POINTS_JSON_WRITER_H
#define TRACE_POINTS_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsc_json_limit { FSC_JSON_DEPTH_MAX = 64 };

/* Takes length bytes of text; false: it could not, nothing more is written from then on. */
typedef bool fsc_json_flush(void *arg, const char *text, size_t length);

/* Fields are the writer's own. */
struct fsc_json {
	char *buffer;
	size_t size;
	size_t used;
	fsc_json_flush *flush;
	void *arg;
	uint64_t filled; /* bit d: the container at depth d has a member */
	uint32_t depth;
	bool after_key;
	bool line_break; /* due before the next item */
	bool failed;
};

/*
 * Begin a document. buffer (size bytes) is the caller's and must live until finish. flush may be
 * NULL: then the whole document must fit the buffer, and `used` is its length after finish.
 */
void fsc_json_init(struct fsc_json *json, char *buffer, size_t size, fsc_json_flush *flush,
		   void *arg);

void fsc_json_object_begin(struct fsc_json *json);
void fsc_json_object_end(struct fsc_json *json);
void fsc_json_array_begin(struct fsc_json *json);
void fsc_json_array_end(struct fsc_json *json);

void fsc_json_key(struct fsc_json *json, const char *name);

/* Text up to its NUL; NULL becomes null. Bytes that are not UTF-8 become U+FFFD. */
void fsc_json_string(struct fsc_json *json, const char *text);

/* length bytes of text, NULs included. */
void fsc_json_text(struct fsc_json *json, const char *text, size_t length);

void fsc_json_u64(struct fsc_json *json, uint64_t value);
void fsc_json_i64(struct fsc_json *json, int64_t value);
void fsc_json_bool(struct fsc_json *json, bool value);
void fsc_json_null(struct fsc_json *json);

/* value / 10^decimals, all decimals written: (12345, 4) is 1.2345. decimals is 0 to 18. */
void fsc_json_decimal(struct fsc_json *json, int64_t value, unsigned int decimals);

/* The next member, element or closing bracket stands on a line of its own. */
void fsc_json_newline(struct fsc_json *json);

/* Key and value in one. */
void fsc_json_member_string(struct fsc_json *json, const char *name, const char *text);
void fsc_json_member_u64(struct fsc_json *json, const char *name, uint64_t value);
void fsc_json_member_i64(struct fsc_json *json, const char *name, int64_t value);
void fsc_json_member_bool(struct fsc_json *json, const char *name, bool value);
void fsc_json_member_null(struct fsc_json *json, const char *name);
void fsc_json_member_decimal(struct fsc_json *json, const char *name, int64_t value,
			     unsigned int decimals);

/*
 * End the document with a line break and flush what is left. false: the document is not whole (the
 * buffer was too small, flush failed, or more than FSC_JSON_DEPTH_MAX levels).
 */
bool fsc_json_finish(struct fsc_json *json);

#endif
