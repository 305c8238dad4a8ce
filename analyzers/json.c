/* SPDX-License-Identifier: MIT */
/*
 * yajl calls back for every token; the name of the field at hand is kept as one text that grows and
 * shrinks with the nesting (struct reader). Begin reading at fsc_json_read().
 */
#include "analyzers/json_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

struct level {
	size_t name_length; /* of the name of the map or array */
	bool is_array;
};

struct reader {
	fsc_json_field *field;
	void *arg;
	char name[FSC_JSON_NAME_MAX];
	struct level levels[FSC_JSON_DEPTH_MAX];
	size_t depth;
	enum fsc_status failed; /* why a callback stopped the parser */
};

static int stop(struct reader *reader, enum fsc_status status)
{
	reader->failed = status;
	return 0;
}

static struct level *top(struct reader *reader)
{
	return reader->depth ? &reader->levels[reader->depth - 1] : NULL;
}

static int deliver(struct reader *reader, const struct fsc_json_value *value)
{
	struct level *level = top(reader);

	if (level && level->is_array)
		reader->name[level->name_length] = '\0';
	return reader->field(reader->arg, reader->name, value) ? 1 : stop(reader, FSC_E_NOMEM);
}

static int on_null(void *arg)
{
	return deliver(arg, &(struct fsc_json_value){ .kind = FSC_JSON_NULL });
}

static int on_bool(void *arg, int value)
{
	return deliver(arg,
		       &(struct fsc_json_value){ .kind = FSC_JSON_BOOL, .integer = value != 0 });
}

static int on_number(void *arg, const char *digits, size_t length)
{
	struct fsc_json_value value = { .kind = FSC_JSON_INTEGER };
	char text[64], *end;

	if (length >= sizeof(text))
		return on_null(arg);
	memcpy(text, digits, length);
	text[length] = '\0';
	errno = 0;
	value.integer = strtoll(text, &end, 10);
	/* A fraction or what does not fit is as good as unknown. */
	if (*end || errno)
		return on_null(arg);
	return deliver(arg, &value);
}

static int on_string(void *arg, const unsigned char *bytes, size_t length)
{
	char *text = malloc(length + 1);
	int go_on;

	if (!text)
		return stop(arg, FSC_E_NOMEM);
	memcpy(text, bytes, length);
	text[length] = '\0';
	go_on = deliver(arg, &(struct fsc_json_value){ .kind = FSC_JSON_TEXT, .text = text });
	free(text);
	return go_on;
}

static int on_key(void *arg, const unsigned char *key, size_t length)
{
	struct reader *reader = arg;
	size_t at = top(reader) ? top(reader)->name_length : 0;
	const char *dot = at ? "." : "";
	int written;

	if (length >= sizeof(reader->name))
		return stop(reader, FSC_E_LIMIT);
	written = snprintf(reader->name + at, sizeof(reader->name) - at, "%s%.*s", dot, (int)length,
			   (const char *)key);
	if (written < 0 || (size_t)written >= sizeof(reader->name) - at)
		return stop(reader, FSC_E_LIMIT);
	return 1;
}

static int push(struct reader *reader, bool is_array)
{
	size_t length;

	if (reader->depth == FSC_JSON_DEPTH_MAX)
		return stop(reader, FSC_E_LIMIT);
	if (top(reader) && top(reader)->is_array)
		reader->name[top(reader)->name_length] = '\0';
	length = strlen(reader->name);
	if (is_array) {
		if (length + 3 > sizeof(reader->name))
			return stop(reader, FSC_E_LIMIT);
		memcpy(reader->name + length, "[]", 3);
		length += 2;
	}
	reader->levels[reader->depth++] = (struct level){ length, is_array };
	return 1;
}

static int pop(void *arg)
{
	struct reader *reader = arg;

	if (reader->depth)
		reader->depth--;
	return 1;
}

static int on_map(void *arg)
{
	struct reader *reader = arg;
	struct level *level = top(reader);

	if (level && level->is_array &&
	    !deliver(reader, &(struct fsc_json_value){ .kind = FSC_JSON_ITEM }))
		return 0;
	return push(reader, false);
}

static int on_array(void *arg)
{
	return push(arg, true);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map,
	.yajl_map_key = on_key,
	.yajl_end_map = pop,
	.yajl_start_array = on_array,
	.yajl_end_array = pop,
};

static enum fsc_status parse(struct reader *reader, const unsigned char *text, size_t size,
			     const char *path, struct fsc_error *error)
{
	yajl_handle handle = yajl_alloc(&callbacks, NULL, reader);
	enum fsc_status status = FSC_OK;
	yajl_status parsed;

	if (!handle)
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	parsed = yajl_parse(handle, text, size);
	if (parsed == yajl_status_ok)
		parsed = yajl_complete_parse(handle);
	if (parsed == yajl_status_client_canceled && reader->failed == FSC_E_LIMIT)
		status = fsc_error_set(error, FSC_E_LIMIT, path, "nested too deeply");
	else if (parsed == yajl_status_client_canceled)
		status = fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	else if (parsed != yajl_status_ok)
		status = fsc_error_set(
			error, FSC_E_FORMAT, path,
			"not valid JSON from here on; what stands before it was read");
	if (status && error) {
		error->has_offset = true;
		error->offset = yajl_get_bytes_consumed(handle);
	}
	yajl_free(handle);
	return status;
}

/* The whole file; the caller frees *out. */
static enum fsc_status slurp(int fd, const char *path, unsigned char **out, size_t *size,
			     struct fsc_error *error)
{
	unsigned char *text;
	struct stat info;
	ssize_t got;

	if (fstat(fd, &info) || !S_ISREG(info.st_mode))
		return fsc_error_set(error, FSC_E_IO, path, "not a regular file");
	if (info.st_size > FSC_JSON_BYTES_MAX)
		return fsc_error_set(error, FSC_E_LIMIT, path, "too large to be read");
	text = malloc((size_t)info.st_size + 1);
	if (!text)
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	for (*size = 0; *size < (size_t)info.st_size; *size += (size_t)got) {
		got = read(fd, text + *size, (size_t)info.st_size - *size);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	*out = text;
	return FSC_OK;
}

enum fsc_status fsc_json_read(const char *path, fsc_json_field *field, void *arg,
			      struct fsc_error *error)
{
	struct reader reader = { .field = field, .arg = arg };
	unsigned char *text = NULL;
	enum fsc_status status;
	size_t size = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fsc_error_set(error, errno == ENOENT ? FSC_E_NOT_FOUND : FSC_E_IO, path,
				     "cannot be opened: %s", strerror(errno));
	status = slurp(fd, path, &text, &size, error);
	close(fd);
	if (!status)
		status = parse(&reader, text, size, path, error);
	free(text);
	return status;
}
