/* SPDX-License-Identifier: MIT */
/* Which libffiscope.so lie beside this program: one folder for each architecture. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/doctor_internal.h"

/* The path of the next one; false: there is none. */
static bool next(const struct fsc_doctor *doctor, DIR *folder, char path[PATH_MAX])
{
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (*entry->d_name != '.' &&
		    snprintf(path, PATH_MAX, "%s/lib/%s/libffiscope.so", doctor->session.prefix,
			     entry->d_name) < PATH_MAX &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

static DIR *open_libraries(const struct fsc_doctor *doctor)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/lib", doctor->session.prefix);
	return doctor->has_session ? opendir(path) : NULL;
}

struct fsc_elf *fsc_doctor_preload_for(const struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	DIR *folder = open_libraries(doctor);
	struct fsc_elf *ours = NULL;
	char path[PATH_MAX];

	while (!ours && next(doctor, folder, path)) {
		if (fsc_elf_open(&ours, path, NULL) ||
		    (ours->machine == elf->machine && ours->bits == elf->bits))
			continue;
		fsc_elf_destroy(ours);
		ours = NULL;
	}
	if (folder)
		closedir(folder);
	return ours;
}

void fsc_doctor_preload_objects(struct fsc_doctor *doctor)
{
	DIR *folder = open_libraries(doctor);
	struct fsc_error error;
	char path[PATH_MAX];

	while (next(doctor, folder, path))
		if (!fsc_doctor_add_object(doctor, path, NULL, &error))
			fsc_doctor_unreadable(doctor, path, &error);
	if (folder)
		closedir(folder);
}
