/* SPDX-License-Identifier: MIT */
/*
 * A thread with a table of descriptors of its own opens the library and looks a function up; in the
 * other threads' table another file has each of the numbers that are free in its.
 */
#include "faults.h"

#include <fcntl.h>

enum { FILES = 32 };

static pthread_barrier_t barrier;
static const char *path;

static void *look_up(void *argument)
{
	int (*lib_add)(int, int);

	EXPECT(!unshare(CLONE_FILES));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	library = open_library(path, RTLD_NOW);
	GET(lib_add);
	EXPECT(lib_add(1, 2) == 3);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	path = argv[1];
	pthread_barrier_init(&barrier, NULL, 2);
	EXPECT(!pthread_create(&thread, NULL, look_up, NULL));
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < FILES; i++)
		EXPECT(open("/dev/null", O_RDONLY) >= 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return 0;
}
