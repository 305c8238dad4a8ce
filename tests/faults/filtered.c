/* SPDX-License-Identifier: MIT */
/*
 * A program that lets nothing but the end and a sleep through, on all its threads at once, then
 * calls, sleeps and exits. Or tries to, and the kernel refuses: another thread has a filter of its
 * own.
 *
 *   filtered LIBRARY ends|refused
 */
#include "faults.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BEFORE = 10, AFTER = 5000, ASLEEP_NS = 50000000, TURNS = 400 };

static int (*lib_add)(int, int);
static pthread_barrier_t barrier;

static int wrong_of(int calls)
{
	int wrong = 0;

	for (int i = 0; i < calls; i++)
		wrong += lib_add(i, 1) != i + 1;
	return wrong;
}

static void sleep_bare(void)
{
	struct timespec wait = { 0, ASLEEP_NS };

	syscall(SYS_nanosleep, &wait, NULL);
}

static int threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	int count = 0;

	for (struct dirent *entry; folder && (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

#define PASS(name)                                             \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static long filter_all_threads(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		PASS(nanosleep),
		PASS(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
}

static void *with_a_filter(void *failed)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { 1, &pass };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	*(bool *)failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *calls(void *wrong)
{
	*(int *)wrong += wrong_of(AFTER);
	return NULL;
}

/* A thread more that we may have, to drain, is there again afterwards. */
static int refused(void)
{
	int before, wrong = 0;
	pthread_t other;
	bool failed;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, with_a_filter, &failed);
	pthread_barrier_wait(&barrier);
	before = threads();
	if (failed || filter_all_threads() <= 0)
		return 3;
	for (int i = 0; i < TURNS && threads() != before; i++)
		sleep_bare();
	wrong += threads() != before;
	pthread_barrier_wait(&barrier);
	pthread_join(other, NULL);
	pthread_create(&other, NULL, calls, &wrong);
	pthread_join(other, NULL);
	SAY(wrong);
	return 0;
}

int main(int argc, char **argv)
{
	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_add);
	if (wrong_of(BEFORE))
		return 4;
	if (!strcmp(argv[2], "refused"))
		return refused();
	if (filter_all_threads())
		return 5;
	if (wrong_of(AFTER))
		exit(6);
	sleep_bare();
	exit(7);
}
