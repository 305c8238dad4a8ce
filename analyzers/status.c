/* SPDX-License-Identifier: MIT */
/* Texts for errors and warnings; nothing is hard here. */
#include "analyzers/status.h"

#include <stdarg.h>
#include <stdio.h>

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
	if (!warnings || warnings->count++ >= FSC_WARNINGS_MAX)
		return NULL;
	return &warnings->list[warnings->count - 1];
}
