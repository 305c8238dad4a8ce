/* SPDX-License-Identifier: MIT */
/*
 * What is hard: pids are numbers of a namespace, and a folder may be seen from elsewhere. The
 * process's own mappings know the way: the file that it has mapped is its image. Begin at
 * fsc_live_session_open().
 */
#include "cli/live_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/messages.h"

/* Does that line of maps end with the path of an image? Then it begins at the answer. */
static const char *image_in(char *line)
{
	char *path = strchr(line, '/');
	size_t length, suffix = strlen(FSC_IMAGE_SUFFIX);

	if (!path)
		return NULL;
	length = strcspn(path, "\n");
	path[length] = '\0';
	if (length < suffix || strcmp(path + length - suffix, FSC_IMAGE_SUFFIX) != 0)
		return NULL;
	return strstr(path, "/ffiscope-") ? path : NULL;
}

/* The image that a process has mapped. false: said why. */
static bool find_image(uint32_t pid, char path[PATH_MAX])
{
	char maps_path[64], *line = NULL;
	const char *found = NULL;
	size_t room = 0;
	FILE *maps;

	snprintf(maps_path, sizeof(maps_path), "/proc/%u/maps", pid);
	maps = fopen(maps_path, "re");
	while (maps && !found && getline(&line, &room, maps) > 0)
		found = image_in(line);
	if (found)
		snprintf(path, PATH_MAX, "%s", found);
	else if (!maps && errno == ENOENT)
		fsc_messages_say("there is no process %u", pid);
	else if (!maps || ferror(maps))
		fsc_messages_say("process %u cannot be looked at: %s", pid, strerror(errno));
	else
		fsc_messages_say("process %u is not recorded, or made no call yet: start it with "
				 "ffiscope record",
				 pid);
	free(line);
	if (maps)
		fclose(maps);
	return found != NULL;
}

/* The image by its path, or as the process reaches it: it may live in another root. */
static bool open_image(struct fsc_live_session *live, uint32_t pid, const char *path)
{
	snprintf(live->image_path, sizeof(live->image_path), "/proc/%u/root%.4000s", pid, path);
	live->image_fd = open(live->image_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (live->image_fd >= 0)
		return true;
	snprintf(live->image_path, sizeof(live->image_path), "%s", path);
	live->image_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (live->image_fd < 0)
		fsc_messages_say("%s: %s", path, strerror(errno));
	return live->image_fd >= 0;
}

static bool check_image(const struct fsc_live_session *live)
{
	struct fsc_image image;
	struct stat status;

	if (pread(live->image_fd, &image, sizeof(image), 0) == (ssize_t)sizeof(image) &&
	    image.magic == FSC_IMAGE_MAGIC && image.version == FSC_IMAGE_VERSION &&
	    fstat(live->image_fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size >= (off_t)FSC_ARENA_OFFSET)
		return true;
	fsc_messages_say("%s is not an image of this version", live->image_path);
	return false;
}

/* Without it an image can be read all the same: its recorder is gone. */
static void map_control(struct fsc_live_session *live)
{
	char path[PATH_MAX + sizeof(FSC_CONTROL_NAME) + 1];
	void *control;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", live->folder, FSC_CONTROL_NAME);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	control = mmap(NULL, FSC_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	live->control = control == MAP_FAILED ? NULL : control;
}

/* The descriptor stays one for reading: nothing else is to be written. false: said why. */
static bool map_image(struct fsc_live_session *live)
{
	int fd = open(live->image_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	void *image = MAP_FAILED;

	if (fd >= 0)
		image = mmap(NULL, FSC_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED)
		fsc_messages_say("%s cannot be written: %s", live->image_path, strerror(errno));
	else
		live->image = image;
	if (fd >= 0)
		close(fd);
	return live->image;
}

bool fsc_live_session_parse_pid(const char *word, uint32_t *pid)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !value || value > INT32_MAX)
		return false;
	*pid = (uint32_t)value;
	return true;
}

bool fsc_live_session_open(struct fsc_live_session *live, uint32_t pid, bool writable)
{
	char path[PATH_MAX];

	*live = (struct fsc_live_session){ .image_fd = -1 };
	if (!find_image(pid, path) || !open_image(live, pid, path))
		return false;
	if (!check_image(live) || (writable && !map_image(live))) {
		fsc_live_session_close(live);
		return false;
	}
	snprintf(live->folder, sizeof(live->folder), "%s", live->image_path);
	*strrchr(live->folder, '/') = '\0';
	map_control(live);
	return true;
}

void fsc_live_session_close(struct fsc_live_session *live)
{
	if (live->control)
		munmap((void *)live->control, FSC_PAGE);
	if (live->image)
		munmap(live->image, FSC_PAGE);
	if (live->image_fd >= 0)
		close(live->image_fd);
	*live = (struct fsc_live_session){ .image_fd = -1 };
}
