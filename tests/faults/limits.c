/* SPDX-License-Identifier: MIT */
/*
 * A program that takes from itself what the library lives on, before its first call (cold) or after
 * (warm): address space, descriptors, memory that is not locked, the user, the root folder, what is
 * mounted. Then it calls on new threads, on its own, and in a child.
 */
#include "faults.h"

#include <grp.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum { CALLS = 5000, THREADS = 4, THREAD_STACK = 1 << 17, ROOM = 1 << 20, NOBODY = 65534 };

static int (*lib_add)(int, int);
static long wrong;

static void *work(void *argument)
{
	for (int i = 0; i < CALLS; i++)
		if (lib_add(i, 1) != i + 1)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	return argument;
}

static bool limit(int what, rlim_t bytes)
{
	struct rlimit both = { bytes, bytes };

	return !setrlimit(what, &both);
}

static bool take_address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!file || fscanf(file, "%lu", &pages) != 1 || fclose(file))
		return false;
	return limit(RLIMIT_AS, pages * 4096 + ROOM);
}

/* Who is not root may do the rest in a user namespace of their own. */
static bool own_namespace(int flags)
{
	return !unshare(geteuid() ? flags | CLONE_NEWUSER : flags);
}

static bool take_away(const char *what, const char *folder)
{
	if (!strcmp(what, "address space"))
		return take_address_space();
	if (!strcmp(what, "descriptors"))
		return limit(RLIMIT_NOFILE, 0);
	if (!strcmp(what, "unlocked memory"))
		return limit(RLIMIT_MEMLOCK, ROOM) && !mlockall(MCL_FUTURE);
	if (!strcmp(what, "user"))
		return !setgroups(0, NULL) && !setgid(NOBODY) && !setuid(NOBODY);
	if (!strcmp(what, "root"))
		return own_namespace(0) && !chroot(folder) && !chdir("/");
	return own_namespace(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	pthread_attr_t small;
	int status = -1;
	pid_t pid;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	if (!strcmp(argv[3], "warm"))
		work(NULL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, THREAD_STACK);
	EXPECT(take_away(argv[2], argv[4]));
	for (int i = 0; i < THREADS; i++)
		EXPECT(!pthread_create(&threads[i], &small, work, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	work(NULL);
	SAY(wrong);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		work(NULL);
		_exit(wrong ? 4 : 3);
	}
	waitpid(pid, &status, 0);
	SAY(status);
	return 0;
}
