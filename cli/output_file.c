/* SPDX-License-Identifier: MIT */
/* What is hard: a full disk must not leave half a file where a whole one was. */
#include "cli/output_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/messages.h"

/* Pipes and devices are written to as they are. */
static bool is_special(const char *path)
{
	struct stat status;

	return !stat(path, &status) && !S_ISREG(status.st_mode);
}

bool fsc_output_file_open(struct fsc_output_file *file, const char *path)
{
	*file = (struct fsc_output_file){ .path = path };
	if (!is_special(path) && asprintf(&file->hidden, "%s.%d.part", path, (int)getpid()) < 0) {
		file->hidden = NULL;
		fsc_messages_say("no memory");
		return false;
	}
	file->stream = fopen(file->hidden ? file->hidden : path, "we");
	if (file->stream)
		return true;
	fsc_messages_say("cannot write: %s: %s", path, strerror(errno));
	free(file->hidden);
	return false;
}

bool fsc_output_file_close(struct fsc_output_file *file, bool keep)
{
	bool written = !ferror(file->stream);

	if (fclose(file->stream))
		written = false;
	if (written && keep && file->hidden && rename(file->hidden, file->path))
		written = false;
	if (!written)
		fsc_messages_say("cannot write: %s: %s", file->path, strerror(errno));
	if (file->hidden && (!written || !keep))
		unlink(file->hidden);
	free(file->hidden);
	return written;
}
