/* SPDX-License-Identifier: MIT */
/*
 * Forks while another thread looks a function up, and is in the middle of going through all loaded
 * objects if somebody does that then: it is held up there. The child looks up and opens, too.
 */
#include "faults.h"

#include <link.h>

enum { ROUNDS = 10, HOLD_UP_US = 50000, CHILD_S = 20 };

typedef int callback(struct dl_phdr_info *, size_t, void *);

static callback *given;
static volatile bool inside, over;

static int hold_up(struct dl_phdr_info *info, size_t size, void *argument)
{
	if (!inside) {
		inside = true;
		usleep(HOLD_UP_US);
	}
	return given(info, size, argument);
}

int dl_iterate_phdr(callback *function, void *argument)
{
	static int (*next)(callback *, void *);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "dl_iterate_phdr");
	given = function;
	return next(hold_up, argument);
}

static void *look_up(void *argument)
{
	look_in(library, "lib_after");
	over = true;
	return argument;
}

static void child(const char *path)
{
	int (*lib_add)(int, int);

	alarm(CHILD_S);
	library = open_library(path, RTLD_NOW);
	GET(lib_add);
	EXPECT(lib_add(1, 2) == 3);
	fflush(stdout);
	_exit(3);
}

int main(int argc, char **argv)
{
	int status;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread;
		pid_t pid;

		inside = over = false;
		pthread_create(&thread, NULL, look_up, NULL);
		while (!inside && !over)
			usleep(100);
		pid = fork();
		if (!pid)
			child(argv[1]);
		waitpid(pid, &status, 0);
		pthread_join(thread, NULL);
		printf("%x\n", status);
		fflush(stdout);
	}
	return 0;
}
