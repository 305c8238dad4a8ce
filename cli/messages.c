/* SPDX-License-Identifier: MIT */
/* A line is put together first and written at once, so that it stays whole beside others. */
#include "cli/messages.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/text.h"

enum { LINE_MAX_BYTES = 2048 };

void fsc_messages_say(const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fflush(stdout);
	flockfile(stderr);
	fputs("ffiscope: ", stderr);
	fsc_text_write(line, stderr);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void fsc_messages_error(const struct fsc_error *error)
{
	char line[32] = "", offset[48] = "";
	const char *hint = error->hint;

	if (error->line)
		snprintf(line, sizeof(line), ":%" PRIu64, error->line);
	if (error->has_offset)
		snprintf(offset, sizeof(offset), ", byte %" PRIu64, error->offset);
	fsc_messages_say("%s%s%s%s%s%s%s%s", error->what, *error->file ? ": " : "", error->file,
			 line, offset, *hint ? " (" : "", hint, *hint ? ")" : "");
}

void fsc_messages_warnings(const struct fsc_warnings *warnings)
{
	uint64_t kept = warnings->count < FSC_WARNINGS_MAX ? warnings->count : FSC_WARNINGS_MAX;

	for (uint64_t i = 0; i < kept; i++)
		fsc_messages_error(&warnings->list[i]);
	if (warnings->count > kept)
		fsc_messages_say("%" PRIu64 " more of these", warnings->count - kept);
}
