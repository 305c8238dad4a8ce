/* SPDX-License-Identifier: MIT */
/*
 * What a command is, and whether libffiscope.so can come into it. The command is not run. Begin at
 * fsc_doctor_command().
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli/command_path.h"
#include "cli/doctor_internal.h"
#include "cli/messages.h"

enum {
	SCRIPTS_MAX = 5,      /* an interpreter may be a script: execve(2) */
	SCRIPT_LINE_MAX = 256 /* of a #! line, the same */
};

/* ---- scripts ---- */

/* The first line behind #!; false: it has none. */
static bool read_script(const char *path, char line[SCRIPT_LINE_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd >= 0 ? read(fd, line, SCRIPT_LINE_MAX - 1) : -1;

	if (fd >= 0)
		close(fd);
	line[got > 0 ? got : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return !strncmp(line, "#!", 2);
}

/*
 * The program that a #! line names: its first word, or what env(1) is told to find. false: there is
 * none; said why.
 */
static bool find_interpreter(char *line, char path[PATH_MAX])
{
	char *rest = line + 2, *word, *program = NULL;

	while ((word = strsep(&rest, " \t"))) {
		const char *last;

		if (!*word || (program && (*word == '-' || strchr(word, '='))))
			continue;
		if (program) {
			program = word;
			break;
		}
		program = word;
		last = strrchr(word, '/');
		if (strcmp(last ? last + 1 : word, "env") != 0)
			break;
	}
	if (program && fsc_command_path_find(program, path, PATH_MAX))
		return true;
	fsc_messages_say("cannot run %s: %s", program ? program : line,
			 program ? strerror(errno) : "the line names no program");
	return false;
}

/* From a script to the program that runs it. false: there is none; said why. */
static bool follow_scripts(struct fsc_doctor *doctor, char path[PATH_MAX])
{
	char line[SCRIPT_LINE_MAX];

	for (int i = 0; read_script(path, line); i++) {
		if (i == SCRIPTS_MAX) {
			fsc_messages_say("cannot run %s: its #! line leads from script to script, "
					 "more than %d of them",
					 path, SCRIPTS_MAX);
			return false;
		}
		fsc_doctor_find(doctor, FSC_DOCTOR_script, "%s (%s)", path, line);
		if (!find_interpreter(line, path))
			return false;
	}
	return true;
}

/* ---- the program's file ---- */

/* execve(2): not on a file system or in a process that does not let programs gain rights. */
static bool may_gain_rights(const char *path)
{
	struct statvfs place;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	       (statvfs(path, &place) != 0 || !(place.f_flag & ST_NOSUID));
}

static bool find_rights(struct fsc_doctor *doctor, const char *path)
{
	struct stat status;
	char value[64];

	if (stat(path, &status) != 0 || !may_gain_rights(path))
		return true;
	if (((status.st_mode & S_ISUID) && status.st_uid != geteuid()) ||
	    ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) &&
	     status.st_gid != getegid())) {
		fsc_doctor_find(doctor, FSC_DOCTOR_setuid, "%s", path);
		return false;
	}
	/* Root gains nothing by them: capabilities(7), "Capabilities and execution of programs". */
	if (geteuid() != 0 && getxattr(path, "security.capability", value, sizeof(value)) > 0) {
		fsc_doctor_find(doctor, FSC_DOCTOR_capabilities, "%s", path);
		return false;
	}
	return true;
}

static bool find_preloading(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	if (elf->kind == FSC_ELF_STATIC || elf->kind == FSC_ELF_STATIC_PIE) {
		fsc_doctor_find(doctor,
				elf->kind == FSC_ELF_STATIC ? FSC_DOCTOR_static_binary
							    : FSC_DOCTOR_static_pie,
				"%s", elf->path);
		return false;
	}
	if (strstr(elf->interpreter, "ld-musl")) {
		fsc_doctor_find(doctor, FSC_DOCTOR_musl, "%s", elf->path);
		return false;
	}
	return true;
}

/* Of a program that is still to be started: that of a running process was there for it. */
static bool find_loader(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	if (access(elf->interpreter, X_OK) == 0)
		return true;
	fsc_doctor_find(doctor, FSC_DOCTOR_no_loader, "%s: %s",
			*elf->interpreter ? elf->interpreter : "none is named", strerror(errno));
	return false;
}

bool fsc_doctor_program(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	struct fsc_elf *ours = fsc_doctor_preload_for(doctor, elf);
	bool good = true;
	char machine[32];

	if (!ours && doctor->has_session) {
		fsc_doctor_find(doctor, FSC_DOCTOR_wrong_architecture, "%s, %u bits",
				fsc_elf_machine_name(elf->machine, machine), elf->bits);
		good = false;
	}
	fsc_elf_destroy(ours);
	return find_preloading(doctor, elf) && good;
}

/* ---- what it brings ---- */

static bool imports(const struct fsc_elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->symbol_count; i++)
		if (!elf->symbols[i].defined && !strcmp(elf->symbols[i].name, name))
			return true;
	return false;
}

/* glibc defines dlsym and malloc for everyone; its loader has a malloc of its own. */
static bool is_libc(const struct fsc_doctor_object *object)
{
	return object->elf->glibc_defined.major != 0;
}

static void find_definitions(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	const struct fsc_elf *elf = object->elf;

	if (is_libc(object))
		return;
	if (fsc_elf_export(elf, "dlsym"))
		fsc_doctor_find(doctor, FSC_DOCTOR_own_dlsym, "%s", elf->path);
	if (fsc_elf_export(elf, "malloc"))
		fsc_doctor_find(doctor,
				*object->library ? FSC_DOCTOR_other_malloc : FSC_DOCTOR_own_malloc,
				"%s", elf->path);
	if (fsc_elf_needs(elf, FSC_RECORD_ASAN_RUNTIME))
		fsc_doctor_find(doctor, FSC_DOCTOR_sanitizer, "%s", elf->path);
}

/* The C library that the program would run with is not always this one's. */
static void find_glibc(struct fsc_doctor *doctor)
{
	struct fsc_elf *ours = fsc_doctor_preload_for(doctor, doctor->objects[0].elf);

	for (size_t i = 0; ours && i < doctor->object_count; i++) {
		const struct fsc_elf *elf = doctor->objects[i].elf;

		if (fsc_elf_export(elf, "gnu_get_libc_version") &&
		    fsc_elf_version_less(elf->glibc_defined, ours->glibc_needed))
			fsc_doctor_find(doctor, FSC_DOCTOR_glibc_too_old, "%u.%u, and %s is %u.%u",
					ours->glibc_needed.major, ours->glibc_needed.minor,
					elf->path, elf->glibc_defined.major,
					elf->glibc_defined.minor);
	}
	fsc_elf_destroy(ours);
}

/* A finding that names the files, but libc, that import one of two functions. false: none does. */
static bool find_importers(struct fsc_doctor *doctor, enum fsc_doctor_id id, const char *one,
			   const char *other)
{
	char names[FSC_DOCTOR_TEXT_MAX / 2] = "";
	size_t used = 0, more = 0;

	for (size_t i = 0; i < doctor->object_count; i++) {
		const struct fsc_elf *elf = doctor->objects[i].elf;
		const char *last = strrchr(elf->path, '/');

		if (is_libc(&doctor->objects[i]) || (!imports(elf, one) && !imports(elf, other)))
			continue;
		if (used < sizeof(names) / 2)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.100s",
						 used ? ", " : "", last ? last + 1 : elf->path);
		else
			more++;
	}
	if (more)
		fsc_doctor_find(doctor, id, "%s and %zu more", names, more);
	else if (used)
		fsc_doctor_find(doctor, id, "%s", names);
	return used != 0;
}

static void find_linked(struct fsc_doctor *doctor)
{
	char names[FSC_DOCTOR_TEXT_MAX / 2] = "";
	size_t used = 0, i;

	for (i = 0; i < doctor->linked_count && used < sizeof(names) / 2; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.80s",
					 used ? ", " : "", doctor->linked[i]);
	if (i < doctor->linked_count)
		fsc_doctor_find(doctor, FSC_DOCTOR_linked_without_row, "%s and %zu more", names,
				doctor->linked_count - i);
	else if (used)
		fsc_doctor_find(doctor, FSC_DOCTOR_linked_without_row, "%s", names);
}

void fsc_doctor_program_objects(struct fsc_doctor *doctor)
{
	bool slots = false;

	fsc_doctor_functions_find(doctor, false);
	find_glibc(doctor);
	for (size_t i = 0; i < doctor->object_count; i++) {
		const struct fsc_doctor_object *object = &doctor->objects[i];

		find_definitions(doctor, object);
		if (fsc_doctor_functions_of(doctor, object) &&
		    !fsc_rules_is_system(object->library))
			fsc_doctor_library_findings(doctor, object);
	}
	find_linked(doctor);
	for (size_t i = 0; i < doctor->function_count; i++)
		slots |= doctor->functions[i].slot_count > 0;
	if (!find_importers(doctor, FSC_DOCTOR_lookups_at_run_time, "dlsym", "dlvsym") && !slots &&
	    !doctor->partly_seen)
		fsc_doctor_find(doctor, FSC_DOCTOR_nothing_at_the_boundary, "%s", "");
	find_importers(doctor, FSC_DOCTOR_opens_at_run_time, "dlopen", "dlmopen");
}

/* ---- the command ---- */

static void add_facts(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	char machine[32];

	fsc_doctor_fact(doctor, "program", "program", "%s", elf->path);
	fsc_doctor_fact(doctor, "kind", "kind", "%s", fsc_elf_kind_name(elf->kind));
	fsc_doctor_fact(doctor, "machine", "machine", "%s",
			fsc_elf_machine_name(elf->machine, machine));
	fsc_doctor_number(doctor, "bits", "bits", fsc_known(elf->bits), "");
	fsc_doctor_fact(doctor, "loader", "loader", "%s", elf->interpreter);
}

/* The loader is started only when it is one of the system's. */
static bool is_trusted(const char *loader)
{
	char *real = realpath(loader, NULL);
	bool trusted = real && fsc_rules_is_system(real);

	free(real);
	return trusted;
}

static void look_at(struct fsc_doctor *doctor, const char *path,
		    const struct fsc_doctor_object *object)
{
	bool rights = find_rights(doctor, path);

	add_facts(doctor, object->elf);
	if (!fsc_doctor_program(doctor, object->elf) || !find_loader(doctor, object->elf) ||
	    !rights)
		return;
	if (is_trusted(object->elf->interpreter)) {
		fsc_doctor_loader_list(doctor, object->elf);
	} else {
		doctor->partly_seen = true;
		fsc_doctor_find(doctor, FSC_DOCTOR_foreign_loader, "%s", path);
	}
	fsc_doctor_program_objects(doctor);
}

bool fsc_doctor_command(struct fsc_doctor *doctor, char *const *command)
{
	const struct fsc_doctor_object *object;
	struct fsc_error error = { 0 };
	char path[PATH_MAX];

	if (!fsc_command_path_find(command[0], path, sizeof(path))) {
		fsc_messages_say("cannot run %s: %s", command[0], strerror(errno));
		return false;
	}
	if (!follow_scripts(doctor, path))
		return false;
	object = fsc_doctor_add_object(doctor, path, "", &error);
	if (!object && error.status == FSC_E_FORMAT && access(path, R_OK) == 0) {
		/* execvp(3) gives what the kernel does not take to the shell. */
		fsc_doctor_find(doctor, FSC_DOCTOR_shell_script, "%s", path);
		snprintf(path, sizeof(path), "/bin/sh");
		object = fsc_doctor_add_object(doctor, path, "", &error);
	}
	if (object)
		look_at(doctor, path, object);
	else
		fsc_messages_error(&error);
	return object != NULL;
}
