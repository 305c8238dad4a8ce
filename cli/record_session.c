/* SPDX-License-Identifier: MIT */
/*
 * The folder in memory that recorder and recorded share, and where libffiscope.so lies. What is
 * hard: LD_PRELOAD is split at spaces and colons, so a path with one of them is reached through a
 * link.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/machine.h"

#define LIBRARY_NAME "libffiscope.so"
#define LINK_NAME    "prefix"

static bool is_of_own_namespace(unsigned long long pid_namespace)
{
	struct stat status;

	return pid_namespace && stat("/proc/self/ns/pid", &status) == 0 &&
	       status.st_ino == pid_namespace;
}

/*
 * A recorder holds a lock on its folder from before it makes the control page until it ends. The
 * lock is seen from every namespace, the page says that it was there to be taken.
 */
static bool is_unlocked(const char *path)
{
	char control[PATH_MAX + sizeof(FSC_CONTROL_NAME) + 1];
	bool unlocked;
	int fd;

	snprintf(control, sizeof(control), "%s/%s", path, FSC_CONTROL_NAME);
	if (access(control, F_OK) != 0)
		return false;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unlocked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (fd >= 0)
		close(fd);
	return unlocked;
}

/*
 * Is that folder left from a process that was killed? A recorder's is ffiscope-<pid>-<16 hex
 * digits>. A program that recorded itself (standalone_folder.c) holds no lock; its name,
 * ffiscope-<pid>-<pid namespace>-<start>, says whose pid that is: in another namespace, of a
 * container that shares /dev/shm, it may live though it is not seen from here.
 */
static bool is_left_over(const char *path, const char *name)
{
	unsigned long long pid_namespace = 0;
	struct stat status;
	int pid = 0, end = 0;
	bool own;

	if (sscanf(name, "ffiscope-%d-%n", &pid, &end) != 1 || !end || pid <= 0 ||
	    lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
	    kill(pid, 0) == 0 || errno != ESRCH)
		return false;
	own = strchr(name + end, '-') != NULL;
	if (own && sscanf(name + end, "%llu-", &pid_namespace) != 1)
		return false;
	return own ? is_of_own_namespace(pid_namespace) : is_unlocked(path);
}

/* Memory of killed recorders and programs is given back by the next recorder. */
static void sweep(const char *parent)
{
	DIR *folder = opendir(parent);
	const struct dirent *entry;
	char path[PATH_MAX];

	while (folder && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
		if (is_left_over(path, entry->d_name))
			fsc_record_output_remove(path);
	}
	if (folder)
		closedir(folder);
}

static bool make_folder_in(struct fsc_record_session *session, const char *parent)
{
	uint64_t random = 0;

	if (!parent || *parent != '/')
		return false;
	for (int i = 0; i < 16; i++) {
		int length;

		(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
		length = snprintf(session->path, sizeof(session->path), "%s/ffiscope-%d-%016llx",
				  parent, (int)getpid(), (unsigned long long)random);
		if ((size_t)length >= sizeof(session->path))
			break;
		if (mkdir(session->path, 0700) == 0) {
			/* Held until this process ends: see is_left_over(). */
			int held = open(session->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			(void)flock(held, LOCK_SH);
			return true;
		}
		if (errno != EEXIST)
			break;
	}
	*session->path = '\0';
	return false;
}

static bool make_folder(struct fsc_record_session *session)
{
	const char *temporary = getenv("TMPDIR");

	sweep("/dev/shm");
	return make_folder_in(session, "/dev/shm") ||
	       make_folder_in(session, getenv("XDG_RUNTIME_DIR")) ||
	       make_folder_in(session, temporary ? temporary : "/tmp") ||
	       make_folder_in(session, "/tmp");
}

static bool make_control(struct fsc_record_session *session)
{
	char path[PATH_MAX];
	void *page;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", session->path, FSC_CONTROL_NAME);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* Allocated, not only sized: a full tmpfs must fail here, not with SIGBUS later. */
	if (posix_fallocate(fd, 0, FSC_PAGE) != 0) {
		close(fd);
		return false;
	}
	page = mmap(NULL, FSC_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return false;
	session->control = page;
	session->control->version = FSC_IMAGE_VERSION;
	session->control->machine = FSC_MACHINE_OWN;
	session->control->recorder_pid = (uint32_t)getpid();
	session->control->magic = FSC_SESSION_MAGIC;
	return true;
}

static bool cut_last_parts(char *path, int parts)
{
	for (; parts > 0; parts--) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

/* <prefix>/bin/ffiscope is running. */
static bool find_library(struct fsc_record_session *session)
{
	char *prefix = session->prefix;
	ssize_t length = readlink("/proc/self/exe", prefix, sizeof(session->prefix) - 1);
	int written;

	if (length <= 0)
		return false;
	prefix[length] = '\0';
	if (!cut_last_parts(prefix, 2))
		return false;
	written = snprintf(session->library, sizeof(session->library),
			   "%s/lib/" FSC_MACHINE_TRIPLET "/%s", prefix, LIBRARY_NAME);
	if ((size_t)written >= sizeof(session->library) || access(session->library, R_OK) != 0) {
		fsc_messages_say("cannot find %s beside this program: %s", LIBRARY_NAME,
				 session->library);
		return false;
	}
	return true;
}

/* The text for LD_PRELOAD. $LIB lets children of another width find theirs. */
static bool set_preload(struct fsc_record_session *session)
{
	bool multiarch = access("/lib/" FSC_MACHINE_TRIPLET "/libc.so.6", F_OK) == 0;
	const char *middle = multiarch ? "$LIB" : "lib/" FSC_MACHINE_TRIPLET;
	const char *prefix = session->prefix;
	char link[PATH_MAX];

	if (strpbrk(prefix, " :;$\n\t")) {
		snprintf(link, sizeof(link), "%s/" LINK_NAME, session->path);
		if (strpbrk(link, " :;$\n\t") || symlink(prefix, link) != 0) {
			fsc_messages_say("LD_PRELOAD cannot hold this path: %s", prefix);
			return false;
		}
		prefix = link;
	}
	return (size_t)snprintf(session->preload, sizeof(session->preload), "%s/%s/%s", prefix,
				middle, LIBRARY_NAME) < sizeof(session->preload);
}

bool fsc_record_session_create(struct fsc_record_session *session)
{
	memset(session, 0, sizeof(*session));
	if (!find_library(session))
		return false;
	if (!make_folder(session)) {
		fsc_messages_say("cannot make a folder in /dev/shm or /tmp: %s", strerror(errno));
		return false;
	}
	if (!make_control(session)) {
		fsc_messages_say("no memory to share in %s: %s", session->path, strerror(errno));
		fsc_record_session_destroy(session);
		return false;
	}
	if (!set_preload(session)) {
		fsc_record_session_destroy(session);
		return false;
	}
	return true;
}

void fsc_record_session_destroy(struct fsc_record_session *session)
{
	if (session->control)
		munmap(session->control, FSC_PAGE);
	session->control = NULL;
	if (*session->path)
		fsc_record_output_remove(session->path);
	*session->path = '\0';
}

bool fsc_record_session_put(const struct fsc_record_session *session, const char *name,
			    const char *text, size_t length)
{
	char path[PATH_MAX];
	bool whole;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", session->path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	whole = write(fd, text, length) == (ssize_t)length;
	return close(fd) == 0 && whole;
}

void fsc_record_session_environment(const struct fsc_record_session *session)
{
	const char *before = getenv("LD_PRELOAD");
	char *joined = NULL;

	if (before && *before && asprintf(&joined, "%s:%s", session->preload, before) > 0)
		setenv("LD_PRELOAD", joined, 1);
	else
		setenv("LD_PRELOAD", session->preload, 1);
	free(joined);
	setenv(fsc_options[FSC_OPTION_SESSION].variable, session->path, 1);
}
