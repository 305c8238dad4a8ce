/* SPDX-License-Identifier: MIT */
/*
 * A program that lets nothing but the end and a sleep through, on all its threads at once, then
 * calls, sleeps and exits. Or tries to, and the kernel refuses: another thread has a filter of its
 * own. Or only asks whether it could. Or each of its threads takes a filter at the same moment, in
 * many children, and looks which signals it blocks then.
 *
 *   filtered LIBRARY ends|refused|asks|each
 */
#include "faults.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { BEFORE = 10, AFTER = 5000, ASLEEP_NS = 50000000, TURNS = 400 };
enum { QUESTIONS = 6, CHILDREN = 20, NAMES_BYTES = 256 };

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

/* The names of all threads' folders, one behind the other. */
static void names_of_threads(char names[NAMES_BYTES])
{
	DIR *folder = opendir("/proc/self/task");

	names[0] = '\0';
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		strncat(names, entry->d_name, NAMES_BYTES - strlen(names) - 1);
		strncat(names, " ", NAMES_BYTES - strlen(names) - 1);
	}
	closedir(folder);
}

/* As libseccomp finds out which flags there are; no thread comes or goes for it. */
static int asks(void)
{
	char before[NAMES_BYTES], after[NAMES_BYTES];
	int wrong = 0;

	names_of_threads(before);
	for (unsigned int i = 0; i < QUESTIONS; i++)
		wrong += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1u << i, NULL) != -1;
	names_of_threads(after);
	wrong += strcmp(before, after) != 0;
	wrong += wrong_of(AFTER);
	SAY(wrong);
	return 0;
}

/* A filter that ends who asks for a session; how many signals are blocked afterwards. */
static void *filter_this_thread(void *blocked)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };
	sigset_t mask;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	pthread_barrier_wait(&barrier);
	*(int *)blocked = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	for (int number = 1; number < 32; number++)
		*(int *)blocked += sigismember(&mask, number) == 1;
	return NULL;
}

static int child(void)
{
	int blocked[2] = { 0 };
	pthread_t threads[2];

	if (wrong_of(BEFORE))
		return 100;
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, filter_this_thread, &blocked[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return blocked[0] + blocked[1];
}

static int each(void)
{
	int wrong = 0;

	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0)
			exit(child());
		waitpid(pid, &status, 0);
		wrong += status != 0;
	}
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
	if (!strcmp(argv[2], "asks"))
		return asks();
	if (!strcmp(argv[2], "each"))
		return each();
	if (filter_all_threads())
		return 5;
	if (wrong_of(AFTER))
		exit(6);
	sleep_bare();
	exit(7);
}
