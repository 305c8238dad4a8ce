/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/boundary_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/messages.h"

static bool read_file(const char *path, char **text, size_t *length)
{
	FILE *from = fopen(path, "re");

	*text = malloc(FSC_BOUNDARY_FILE_MAX + 1);
	if (!from || !*text) {
		fsc_messages_say("cannot read %s: %s", path, strerror(errno));
		if (from)
			fclose(from);
		return false;
	}
	*length = fread(*text, 1, FSC_BOUNDARY_FILE_MAX + 1, from);
	if (ferror(from) || *length > FSC_BOUNDARY_FILE_MAX) {
		fsc_messages_say("cannot read %s: %s", path,
				 ferror(from) ? strerror(errno)
					      : "larger than a boundary file may be");
		fclose(from);
		return false;
	}
	fclose(from);
	return true;
}

bool fsc_boundary_file_read(const char *path, struct fsc_boundary *rows, char **text,
			    size_t *length)
{
	struct fsc_boundary_error error;

	if (read_file(path, text, length)) {
		if (fsc_boundary_parse(rows, *text, *length, &error))
			return true;
		fsc_messages_say("%s:%u:%u: %s (%s)", path, error.line, error.column, error.message,
				 error.hint ? error.hint : "see ffi/example.boundary");
	}
	free(*text);
	*text = NULL;
	return false;
}

bool fsc_boundary_file_check_globs(const char *name, const char *list)
{
	struct fsc_boundary_error error;

	if (fsc_boundary_check_globs(list, &error))
		return true;
	fsc_messages_say("%s: %s (%s): '%s'", name, error.message, error.hint, list);
	return false;
}
