/* SPDX-License-Identifier: MIT */
/*
 * The folder in shared memory that a process without a recorder keeps its image in. What is hard:
 * a process that is killed, execs or leaves by _exit cannot remove its own, so that the others do
 * it, and these must never take one that is still used. Begin at fsc_standalone_sweep().
 */
#include <dirent.h>
#include <errno.h>

#include "session_internal.h"
#include "standalone_internal.h"
#include "system_internal.h"
#include "trace_points/clock.h"

#define PARENT "/dev/shm"
#define PREFIX "ffiscope-"

enum { LISTING_BYTES = 2048, PATH_BYTES = FSC_PATH_BYTES + sizeof(((struct dirent64 *)0)->d_name) };

/*
 * What the folder's name says: PREFIX <pid>-<pid namespace>-<start in ns>. A pid means nothing
 * without its namespace: containers may share one /dev/shm. A recorder's folder has two parts only.
 */
struct owner {
	uint64_t pid;
	uint64_t pid_namespace; /* its inode; 0 = unknown */
	uint64_t start_ns;
};

/* Digits up to `end`, which is stepped over. false: there is something else. */
static bool read_number(const char **text, char end, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	if (at == *text || *at != end)
		return false;
	*text = at + 1;
	return true;
}

static bool read_owner(const char *name, struct owner *owner)
{
	for (const char *prefix = PREFIX; *prefix; prefix++, name++)
		if (*name != *prefix)
			return false;
	return read_number(&name, '-', &owner->pid) &&
	       read_number(&name, '-', &owner->pid_namespace) &&
	       read_number(&name, '\0', &owner->start_ns);
}

/*
 * visit() each entry of a folder by its path: should the program close our descriptor and open
 * something else under its number meanwhile, then the names that are read lead nowhere.
 */
static void each_entry(const char *folder, void (*visit)(const char *path, const char *name))
{
	_Alignas(struct dirent64) char listing[LISTING_BYTES];
	char path[PATH_BYTES];
	long fd = system_open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	long bytes;

	if (fd < 0)
		return;
	while ((bytes = system_list(fd, listing, sizeof(listing))) > 0) {
		for (long at = 0; at < bytes;) {
			const struct dirent64 *entry = (const struct dirent64 *)(listing + at);
			const char *const parts[] = { folder, "/", entry->d_name, NULL };

			fsc_text_join(path, sizeof(path), parts);
			visit(path, entry->d_name);
			at += entry->d_reclen;
		}
	}
	system_close(fd);
}

static void remove_file(const char *path, const char *name)
{
	if (name[0] != '.')
		system_unlink(path);
}

static void remove_folder(const char *path)
{
	each_entry(path, remove_file);
	system_remove_folder(path);
}

/*
 * Of this process id, but not the present one: it was left by exec, or by an earlier process of
 * that id. What its rings still held is lost, as it was when their process went.
 */
static bool is_left_over(const char *path, const struct owner *owner)
{
	return owner->pid_namespace && owner->pid_namespace == system_pid_namespace() &&
	       !fsc_text_same(path, fsc_settings.session) &&
	       (owner->pid == system_pid() || !system_process_exists((uint32_t)owner->pid)) &&
	       system_owns(path);
}

static void sweep_one(const char *path, const char *name)
{
	struct owner owner;

	if (read_owner(name, &owner) && is_left_over(path, &owner))
		remove_folder(path);
}

void fsc_standalone_sweep(void)
{
	each_entry(PARENT, sweep_one);
}

bool fsc_standalone_make_folder(void)
{
	char pid[21], pid_namespace[21], start[21];
	const char *const name[] = { PARENT, "/",
				     PREFIX, fsc_text_number(pid, system_pid()),
				     "-",    fsc_text_number(pid_namespace, system_pid_namespace()),
				     "-",    fsc_text_number(start, fsc_clock_monotonic_ns()),
				     NULL };

	fsc_text_join(fsc_settings.session, sizeof(fsc_settings.session), name);
	return system_make_folder(fsc_settings.session) == 0;
}

void fsc_standalone_remove_folder(void)
{
	remove_folder(fsc_settings.session);
}
