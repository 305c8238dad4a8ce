/* SPDX-License-Identifier: MIT */
/* What is hard: nothing that is not a recording may ever be renamed or removed. Begin at check().
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/recording.h"

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
	static const char *const words[] = { "{", "\"schema\"", ":", "\"" FSC_META_FAMILY };
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

static bool check(struct fsc_record_output *output)
{
	const char *shown = output->shown;
	char old[PATH_MAX];
	struct stat status;

	snprintf(old, sizeof(old), "%s.old", output->target);
	if (lstat(output->target, &status) != 0)
		return true;
	if (is_recording(output->target)) {
		output->replace = true;
		if (lstat(old, &status) != 0 || is_recording(old) || is_empty_folder(old))
			return true;
		fsc_messages_say("%s.old is in the way and is no recording; move it", shown);
		return false;
	}
	if (S_ISDIR(status.st_mode) && is_empty_folder(output->target))
		return true;
	fsc_messages_say("%s exists and is no recording; choose another folder with -o", shown);
	return false;
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
		return false;
	}
	return true;
}

void fsc_record_output_settle(struct fsc_record_output *output)
{
	char old[PATH_MAX];

	snprintf(old, sizeof(old), "%s.old", output->target);
	if (output->replace) {
		if (is_recording(old) || is_empty_folder(old))
			fsc_record_output_remove(old);
		rename(output->target, old);
	}
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
