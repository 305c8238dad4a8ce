/* SPDX-License-Identifier: MIT */
/*
 * Which process an image is of. What is hard: its pid is a number of its own pid namespace, and in
 * another one it is somebody else's. Begin at fsc_record_process_find().
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_internal.h"

/* The inode of our pid namespace; 0: unknown. namespaces(7). */
static uint64_t own_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

/* Does that process have a file mapped whose path ends so? */
static bool has_mapped(const char *pid, const char *end)
{
	size_t end_length = strlen(end), room = 0;
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	ssize_t length;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!found && (length = getline(&line, &room, maps)) > 0) {
		if (line[length - 1] == '\n')
			length--;
		found = (size_t)length >= end_length &&
			memcmp(line + length - (ssize_t)end_length, end, end_length) == 0;
	}
	free(line);
	fclose(maps);
	return found;
}

/* Besides us. */
static uint32_t who_has_mapped(const char *end)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	uint32_t found = 0;

	while (processes && !found && (entry = readdir(processes))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid && pid != (uint32_t)getpid() && has_mapped(entry->d_name, end))
			found = pid;
	}
	if (processes)
		closedir(processes);
	return found;
}

uint32_t fsc_record_process_find(const struct fsc_record_session *session, const char *name,
				 const struct fsc_image *image)
{
	const char *folder = strrchr(session->path, '/');
	uint64_t own = own_namespace();
	char end[PATH_MAX];

	if (!own || !image->pid_namespace || image->pid_namespace == own)
		return image->pid;
	snprintf(end, sizeof(end), "%s/%s", folder ? folder : session->path, name);
	return who_has_mapped(end);
}
