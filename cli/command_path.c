/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/command_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool can_run(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode) && access(path, X_OK) == 0)
		return true;
	errno = EACCES;
	return false;
}

bool fsc_command_path_find(const char *command, char *path, size_t size)
{
	const char *folders = getenv("PATH");
	bool forbidden = false;

	if (strchr(command, '/'))
		return (size_t)snprintf(path, size, "%s", command) < size && can_run(path);
	if (!folders)
		folders = "/bin:/usr/bin"; /* execvp(3) */
	while (*command) {
		int length = (int)strcspn(folders, ":");

		/* An empty part is the folder where we stand. */
		if ((size_t)snprintf(path, size, "%.*s%s%s", length, folders, length ? "/" : "./",
				     command) < size &&
		    can_run(path))
			return true;
		forbidden |= errno == EACCES;
		if (!folders[length])
			break;
		folders += length + 1;
	}
	errno = forbidden ? EACCES : ENOENT;
	return false;
}
