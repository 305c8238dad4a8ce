/* SPDX-License-Identifier: MIT */
/*
 * A running process, as /proc shows it: nothing in it is stopped or touched. What is hard: its
 * files may be gone, or lie in another mount namespace. Begin at fsc_doctor_process().
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_internal.h"
#include "cli/messages.h"

enum { ENVIRONMENT_MAX = 4 << 20 /* bytes that are looked at */ };

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* The mapped path of a line of maps; NULL: it maps no file as code. */
static char *code_path(char *line)
{
	char *path = strchr(line, '/');

	line[strcspn(line, "\n")] = '\0';
	/* "55d0c7e00000-55d0c7e28000 r-xp 00000000 08:01 1234   /usr/bin/x" */
	return path && strlen(line) > 25 && strchr(line, 'x') < path && strstr(line, "xp ") ? path
											    : NULL;
}

static bool is_there(const struct fsc_doctor *doctor, const char *path)
{
	for (size_t i = 0; i < doctor->object_count; i++)
		if (!strcmp(doctor->objects[i].elf->path, path))
			return true;
	return false;
}

/* By the path that the process knows, not by the one that leads there from here. */
static void call_it(const struct fsc_doctor_object *object, const char *path)
{
	snprintf(object->elf->path, sizeof(object->elf->path), "%s", path);
}

/*
 * In a container the file lies below the process's own root, and that is where its rules see it. Of
 * another root in this mount namespace, maps shows paths from ours on (proc(5)).
 */
static void add_mapped(struct fsc_doctor *doctor, pid_t pid, const char *path)
{
	char link[64], root[PATH_MAX], inside[PATH_MAX];
	const struct fsc_doctor_object *object;
	struct fsc_error error;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/root", (int)pid);
	length = readlink(link, root, sizeof(root) - 1);
	root[length > 0 ? length : 0] = '\0';
	if (length > 1 && !strncmp(path, root, (size_t)length) && path[length] == '/')
		path += length;
	if (is_there(doctor, path) ||
	    snprintf(inside, sizeof(inside), "%s%s", link, path) >= (int)sizeof(inside))
		return;
	object = fsc_doctor_add_object(doctor, inside, path, &error);
	if (object)
		call_it(object, path);
	else
		fsc_doctor_unreadable(doctor, path, &error);
}

/* Does it have libffiscope.so? */
static bool add_maps(struct fsc_doctor *doctor, pid_t pid, const char *program, FILE *maps)
{
	char line[PATH_MAX + 128], last[PATH_MAX] = "";
	bool preloaded = false;

	while (fgets(line, sizeof(line), maps)) {
		const char *path = code_path(line);

		if (!path || !strcmp(path, last) || !strcmp(path, program))
			continue;
		snprintf(last, sizeof(last), "%s", path);
		if (strstr(path, "/libffiscope.so"))
			preloaded = true;
		else
			add_mapped(doctor, pid, path);
	}
	return preloaded;
}

/* Does its environment name a recording? Unknown: it cannot be read. */
static struct fsc_maybe names_recording(struct fsc_doctor *doctor, pid_t pid)
{
	FILE *from = open_proc(pid, "environ");
	char *text = malloc(ENVIRONMENT_MAX + 1);
	struct fsc_maybe named = FSC_UNKNOWN;
	size_t length = 0;

	if (from && text)
		length = fread(text, 1, ENVIRONMENT_MAX, from);
	if (!from || !text || ferror(from)) {
		fsc_doctor_find(doctor, FSC_DOCTOR_environment_unreadable, "%s", strerror(errno));
	} else {
		text[length] = '\0';
		named = fsc_known(0);
		for (const char *at = text; at < text + length; at += strlen(at) + 1)
			if (!strncmp(at, "FFISCOPE_SESSION=", 17) ||
			    !strncmp(at, "FFISCOPE_OUTPUT=", 16))
				named.value = 1;
	}
	if (from)
		fclose(from);
	free(text);
	return named;
}

/* The auxiliary vector is in the width of the process; elsewhere than here it is not read. */
static bool gained_rights(pid_t pid, const struct fsc_elf *elf)
{
	FILE *from = elf->bits == 8 * sizeof(void *) ? open_proc(pid, "auxv") : NULL;
	unsigned long pair[2] = { 1, 0 };
	bool gained = false;

	while (from && fread(pair, sizeof(pair), 1, from) == 1)
		gained |= pair[0] == AT_SECURE && pair[1];
	if (from)
		fclose(from);
	return gained;
}

static void look_at(struct fsc_doctor *doctor, pid_t pid, const char *program, FILE *maps)
{
	const struct fsc_elf *elf = doctor->objects[0].elf;
	bool possible = fsc_doctor_program(doctor, elf);
	bool preloaded = add_maps(doctor, pid, program, maps);
	struct fsc_maybe recorded = FSC_UNKNOWN;

	if (gained_rights(pid, elf)) {
		fsc_doctor_find(doctor, FSC_DOCTOR_secure_process, "%s", "");
		possible = false;
	}
	if (preloaded)
		recorded = names_recording(doctor, pid);
	if (possible && !preloaded)
		fsc_doctor_find(doctor, FSC_DOCTOR_not_preloaded, "%s", "");
	if (recorded.known && !recorded.value)
		fsc_doctor_find(doctor, FSC_DOCTOR_not_recorded, "%s", "");
	fsc_doctor_fact(doctor, "preloaded", "preloaded", "%s", preloaded ? "yes" : "no");
	if (possible)
		fsc_doctor_program_objects(doctor);
}

bool fsc_doctor_process(struct fsc_doctor *doctor, pid_t pid)
{
	char link[64], program[PATH_MAX];
	struct fsc_error error = { 0 };
	FILE *maps = open_proc(pid, "maps");
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, program, sizeof(program) - 1);
	program[length > 0 ? length : 0] = '\0';
	if (!maps || length <= 0) {
		fsc_messages_say("cannot look at process %d: %s", (int)pid,
				 errno == ENOENT ? "there is none" : strerror(errno));
	} else if (!fsc_doctor_add_object(doctor, link, "", &error)) {
		fsc_messages_error(&error);
		length = 0;
	} else {
		call_it(&doctor->objects[0], program);
		fsc_doctor_number(doctor, "pid", "process", fsc_known(pid), "");
		fsc_doctor_fact(doctor, "program", "program", "%s", program);
		fsc_doctor_fact(doctor, "kind", "kind", "%s",
				fsc_elf_kind_name(doctor->objects[0].elf->kind));
		look_at(doctor, pid, program, maps);
	}
	if (maps)
		fclose(maps);
	return maps && length > 0;
}
