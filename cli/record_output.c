/* SPDX-License-Identifier: MIT */
/*
 * What is hard: nothing that is not a recording, and none that is being made, may ever be renamed
 * or removed. Begin at check().
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/recording.h"

#define OLD_SUFFIX ".old"

/* What follows `expected` and the white space (RFC 8259, section 2) before it; NULL: it is not
 * there.
 */
static const char *after(const char *text, const char *expected)
{
	size_t length = strlen(expected);

	text += strspn(text, " \t\r\n");
	return strncmp(text, expected, length) == 0 ? text + length : NULL;
}

/* meta.json begins with its schema. Other programs have files of that name too. */
static bool is_recording(const char *path)
{
	static const char *const words[] = { "{", "\"schema\"", ":", ("\"" FSC_META_FAMILY) };
	char meta[PATH_MAX + 16], text[128] = "";
	const char *at = text;
	FILE *from;

	snprintf(meta, sizeof(meta), "%s/%s", path, FSC_META_NAME);
	from = fopen(meta, "re");
	if (!from)
		return false;
	text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
	fclose(from);
	for (size_t i = 0; at && i < sizeof(words) / sizeof(words[0]); i++)
		at = after(at, words[i]);
	return at != NULL;
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	int entries = 0;

	if (!folder)
		return false;
	while (readdir(folder))
		entries++;
	closedir(folder);
	return entries <= 2; /* . and .. */
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

void fsc_record_output_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Append text; false: too long. */
static bool add(char *to, size_t size, const char *text)
{
	size_t used = strlen(to);

	return (size_t)snprintf(to + used, size - used, "%s", text) < size - used;
}

/* %p is our pid, %h the host, %e the command's name. */
static bool expand(char *to, size_t size, const char *pattern, const char *command)
{
	const char *slash = strrchr(command, '/');
	char host[256] = "", pid[16];
	bool fits = true;

	gethostname(host, sizeof(host) - 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	*to = '\0';
	for (const char *at = pattern; *at; at++) {
		char literal[2] = { *at, '\0' };
		const char *text = literal;

		if (*at == '%' && at[1] && strchr("phe%", at[1])) {
			at++;
			text = *at == 'p' ? pid : *at == 'h' ? host : *at == 'e' ? command : "%";
			if (*at == 'e' && slash)
				text = slash + 1;
		}
		fits = fits && add(to, size, text);
	}
	while (strlen(to) > 1 && to[strlen(to) - 1] == '/')
		to[strlen(to) - 1] = '\0';
	return fits && *to;
}

/* Make target absolute: the recorder may outlive nothing, but messages and drains use one path. */
static bool absolute(const char *path, char *to, size_t size)
{
	char here[PATH_MAX];
	int length;

	if (*path == '/')
		length = snprintf(to, size, "%s", path);
	else if (getcwd(here, sizeof(here)))
		length = snprintf(to, size, "%s/%s", here, path);
	else
		return false;
	return (size_t)length < size;
}

enum place { PLACE_FREE, PLACE_RECORDING, PLACE_IN_USE, PLACE_FOREIGN };

/*
 * A recorder holds a lock on its folder as long as it lives. false: another one does. *lock is -1
 * where the file system has no locks.
 */
static bool take_lock(const char *path, int *lock)
{
	*lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0 || flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return true;
	close(*lock);
	*lock = -1;
	return false;
}

static void drop_lock(int *lock)
{
	if (*lock >= 0)
		close(*lock);
	*lock = -1;
}

/* What lies there? Of a recording *lock is taken, so that nobody begins to write into it. */
static enum place look(const char *path, int *lock)
{
	struct stat status;

	*lock = -1;
	if (lstat(path, &status) != 0 || (S_ISDIR(status.st_mode) && is_empty_folder(path)))
		return PLACE_FREE;
	if (!is_recording(path))
		return PLACE_FOREIGN;
	return take_lock(path, lock) ? PLACE_RECORDING : PLACE_IN_USE;
}

static bool may_use(enum place place, const char *shown, const char *suffix)
{
	if (place == PLACE_IN_USE)
		fsc_messages_say("%s%s is being recorded now; choose another folder with -o", shown,
				 suffix);
	if (place == PLACE_FOREIGN && *suffix)
		fsc_messages_say("%s%s is in the way and is no recording; move it", shown, suffix);
	else if (place == PLACE_FOREIGN)
		fsc_messages_say("%s exists and is no recording; choose another folder with -o",
				 shown);
	return place == PLACE_FREE || place == PLACE_RECORDING;
}

static void old_path(const struct fsc_record_output *output, char old[PATH_MAX])
{
	snprintf(old, PATH_MAX, "%s" OLD_SUFFIX, output->target);
}

/* The older recording stays locked until it is moved: only one recorder may move it. */
static bool check(struct fsc_record_output *output)
{
	enum place place = look(output->target, &output->older_lock);
	char old[PATH_MAX];
	int lock;
	bool good = may_use(place, output->shown, "");

	output->replace = place == PLACE_RECORDING;
	if (!good || !output->replace)
		return good;
	old_path(output, old);
	good = may_use(look(old, &lock), output->shown, OLD_SUFFIX);
	drop_lock(&lock);
	if (!good)
		drop_lock(&output->older_lock);
	return good;
}

bool fsc_record_output_make(struct fsc_record_output *output, const char *pattern,
			    const char *command)
{
	char *shown = output->shown;

	memset(output, 0, sizeof(*output));
	if (!expand(shown, sizeof(output->shown), pattern, command) ||
	    !absolute(shown, output->target, sizeof(output->target))) {
		fsc_messages_say("the output folder's name is empty or too long");
		return false;
	}
	if (!check(output))
		return false;
	snprintf(output->path, sizeof(output->path), "%s.new-%d", output->target, (int)getpid());
	if (mkdir(output->path, 0700) != 0) {
		fsc_messages_say("cannot make the folder %s: %s", shown, strerror(errno));
		*output->path = '\0';
		drop_lock(&output->older_lock);
		return false;
	}
	/* Held until this process ends; the folder may be renamed meanwhile. */
	(void)take_lock(output->path, &output->lock);
	return true;
}

/* Move the older recording out of the way, if what lies at .old may go. */
static void keep_older(struct fsc_record_output *output)
{
	char old[PATH_MAX];
	enum place place;
	int lock;

	old_path(output, old);
	place = look(old, &lock);
	if (place == PLACE_FREE || place == PLACE_RECORDING)
		fsc_record_output_remove(old);
	drop_lock(&lock);
	rename(output->target, old);
	drop_lock(&output->older_lock);
}

void fsc_record_output_settle(struct fsc_record_output *output)
{
	if (output->replace)
		keep_older(output);
	/* rename(2) takes the place of an empty folder. */
	if (rename(output->path, output->target) == 0)
		snprintf(output->path, sizeof(output->path), "%s", output->target);
	else {
		fsc_messages_say("cannot rename to %s: %s; the recording stays in %s",
				 output->target, strerror(errno), output->path);
		snprintf(output->shown, sizeof(output->shown), "%.*s",
			 (int)sizeof(output->shown) - 1, output->path);
	}
}
