/* SPDX-License-Identifier: MIT */
/* Processes made inside a call, and a daemon that closes everything. */
#include "faults.h"
#include "ffiscope.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>

extern char **environ;
static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static char **arguments;
static pid_t child;
static int files[20];

static void add(int times)
{
	for (int i = 0; i < times; i++)
		EXPECT(lib_add(i, 1) == i + 1);
}

static void forks(void *argument)
{
	child = fork();
	(void)argument;
}

/* The child returns out of the call that it was forked in. */
static int fork_inside(bool at_once)
{
	int status = 0;

	add(10);
	lib_call(forks, NULL);
	if (!child) {
		add(50);
		lib_call(forks, NULL); /* and again */
		if (!child) {
			add(70);
			_exit(9);
		}
		waitpid(child, &status, 0);
		printf("grandchild %x\n", status);
		fflush(stdout);
		if (at_once)
			_exit(7);
		exit(7);
	}
	waitpid(child, &status, 0);
	printf("child %x\n", status);
	add(20);
	return 6;
}

/* The child decodes in the call that it was forked in, and makes calls of its own later. */
static void forks_and_decodes(void *argument)
{
	uint32_t decode = ffiscope_name("decode");

	forks(argument);
	if (child)
		return;
	ffiscope_phase_begin(decode);
	usleep(1000);
	ffiscope_phase_end(decode);
}

static int decode_in_child(void)
{
	int status = 0;

	add(10);
	lib_call(forks_and_decodes, NULL);
	if (!child) {
		add(50);
		_exit(9);
	}
	waitpid(child, &status, 0);
	printf("child %x\n", status);
	return 6;
}

static void vforks(void *argument)
{
	const char *program = argument;

	child = vfork();
	if (!child) {
		execl(program, program, arguments[1], "add", "33", (char *)NULL);
		_exit(77);
	}
}

static void spawns(void *argument)
{
	char *command[] = { argument, arguments[1], (char *)"add", (char *)"33", NULL };

	if (posix_spawn(&child, argument, NULL, NULL, command, environ))
		child = 0;
}

static int start_inside(void (*start)(void *))
{
	static char none[] = "/no/such/program";
	int status = 0;

	for (int i = 0; i < 3; i++) {
		add(10);
		lib_call(start, i == 1 ? none : arguments[0]);
		if (child > 0)
			waitpid(child, &status, 0);
		printf("child %x\n", status);
		status = 0;
		fflush(stdout);
	}
	return 8;
}

/* Below a storage of its own that a child of clone() gets, anything may lie. */
static struct {
	unsigned char below[65536];
	uint64_t storage[512];
} foreign;

static int without_storage(void *argument)
{
	(void)argument;
	for (int i = 0; i < 5; i++)
		if (lib_add(i, 1) != i + 1)
			_exit(1);
	_exit(3);
}

/* The child runs in our memory, on a stack and a thread-local storage of its own. */
static int clone_for_a_moment(void)
{
	static _Alignas(16) char stack[65536];
	int status = 0;

	add(10);
	memset(foreign.below, 0xff, sizeof(foreign.below));
	child = clone(without_storage, stack + sizeof(stack),
		      CLONE_VM | CLONE_VFORK | CLONE_SETTLS | SIGCHLD, NULL, NULL, foreign.storage,
		      NULL);
	EXPECT(child > 0 && waitpid(child, &status, 0) == child);
	printf("child %x\n", status);
	add(20);
	return 4;
}

/* Where descriptors may have lain now lie files of ours: nobody may write there. */
static void reopen(const char *folder)
{
	char path[4096];

	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/file%d", folder, i);
		files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	}
}

static bool untouched(void)
{
	struct stat found;

	for (int i = 0; i < 20; i++)
		if (fstat(files[i], &found) || found.st_size || lseek(files[i], 0, SEEK_CUR) ||
		    (fcntl(files[i], F_GETFL) & O_ACCMODE) != O_RDWR)
			return false;
	return true;
}

static int daemonize(const char *folder, bool really)
{
	char path[4096];
	FILE *out;

	add(100);
	if (really) {
		if (fork())
			_exit(0);
		setsid();
		if (fork())
			_exit(0);
	}
	close_range(really ? 0 : 3, ~0U, 0);
	reopen(folder);
	add(100000);
	if (untouched())
		add(5);
	usleep(1200000); /* a drain comes by every second */
	add(7);
	snprintf(path, sizeof(path), "%s/said", folder);
	out = fopen(path, "w");
	fprintf(out, "untouched=%d\n", untouched());
	fclose(out);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argv[2];

	(void)argc;
	arguments = argv;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add);
	if (!strcmp(what, "fork"))
		return fork_inside(false);
	if (!strcmp(what, "fork_exit"))
		return fork_inside(true);
	if (!strcmp(what, "decode"))
		return decode_in_child();
	if (!strcmp(what, "vfork"))
		return start_inside(vforks);
	if (!strcmp(what, "spawn"))
		return start_inside(spawns);
	if (!strcmp(what, "clone"))
		return clone_for_a_moment();
	if (!strcmp(what, "daemon"))
		return daemonize(argv[3], true);
	if (!strcmp(what, "closes"))
		return daemonize(argv[3], false);
	add(atoi(argv[3]));
	return 2;
}
