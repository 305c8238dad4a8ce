/* SPDX-License-Identifier: MIT */
/*
 * json_internal.h - the fields of a JSON file, one by one, by name.
 *
 * In:     a file of at most FSC_JSON_BYTES_MAX bytes, nested at most FSC_JSON_DEPTH_MAX deep.
 * Out:    each scalar with its full name: "host.cpu", "command[]", "processes[].pid"; and a
 *         FSC_JSON_ITEM for each map that begins inside an array ("processes[]").
 * Cost:   the file in memory once.
 * Thread: no state.
 */
#ifndef ANALYZERS_JSON_INTERNAL_H
#define ANALYZERS_JSON_INTERNAL_H

#include "analyzers/status.h"

enum fsc_json_limit {
	FSC_JSON_BYTES_MAX = 64 << 20,
	FSC_JSON_DEPTH_MAX = 16,
	FSC_JSON_NAME_MAX = 512
};

enum fsc_json_kind { FSC_JSON_NULL, FSC_JSON_BOOL, FSC_JSON_INTEGER, FSC_JSON_TEXT, FSC_JSON_ITEM };

struct fsc_json_value {
	enum fsc_json_kind kind;
	int64_t integer;  /* FSC_JSON_INTEGER; FSC_JSON_BOOL: 0 or 1 */
	const char *text; /* FSC_JSON_TEXT; ends in NUL, borrowed for the call */
};

/* Called for each field; false stops reading with FSC_E_NOMEM. */
typedef bool fsc_json_field(void *arg, const char *name, const struct fsc_json_value *value);

/*
 * FSC_E_NOT_FOUND: no such file. FSC_E_FORMAT: not JSON from some place on; the fields before it
 * were delivered. FSC_E_LIMIT: too large or nested too deeply. FSC_E_IO, FSC_E_NOMEM.
 */
FSC_MUST_CHECK enum fsc_status fsc_json_read(const char *path, fsc_json_field *field, void *arg,
					     struct fsc_error *error);

#endif
