/* SPDX-License-Identifier: MIT */
/* Texts for errors and warnings; nothing is hard here. */
#include "analyzers/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fsc_status fsc_error_set(struct fsc_error *error, enum fsc_status status, const char *file,
			      const char *format, ...)
{
	va_list args;

	if (!error)
		return status;
	*error = (struct fsc_error){ .status = status };
	if (file)
		snprintf(error->file, sizeof(error->file), "%s", file);
	va_start(args, format);
	vsnprintf(error->what, sizeof(error->what), format, args);
	va_end(args);
	return status;
}

void fsc_error_hint(struct fsc_error *error, const char *format, ...)
{
	va_list args;

	if (!error)
		return;
	va_start(args, format);
	vsnprintf(error->hint, sizeof(error->hint), format, args);
	va_end(args);
}

struct fsc_error *fsc_warnings_next(struct fsc_warnings *warnings)
{
	uint64_t place;

	if (!warnings)
		return NULL;
	place = __atomic_fetch_add(&warnings->count, 1, __ATOMIC_RELAXED);
	return place < FSC_WARNINGS_MAX ? &warnings->list[place] : NULL;
}

static int by_place(const void *left, const void *right)
{
	const struct fsc_error *a = left, *b = right;
	int order = strcmp(a->file, b->file);

	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

void fsc_warnings_order(struct fsc_warnings *warnings, uint64_t first)
{
	uint64_t end = warnings->count < FSC_WARNINGS_MAX ? warnings->count : FSC_WARNINGS_MAX;

	if (first < end)
		qsort(warnings->list + first, end - first, sizeof(*warnings->list), by_place);
}
