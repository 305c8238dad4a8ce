/* SPDX-License-Identifier: MIT */
/*
 * Preloaded behind us, so that its constructor runs before ours: it allocates, looks functions up
 * and takes so many keys for thread-local data that ours is a late one.
 */
#include "faults.h"

enum { KEYS = 40, BLOCKS = 1000 };

static void *blocks[BLOCKS];

__attribute__((constructor)) static void start(void)
{
	pthread_key_t key;

	for (int i = 0; i < KEYS; i++)
		EXPECT(!pthread_key_create(&key, NULL));
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc((size_t)i + 1);
	EXPECT(dlsym(RTLD_DEFAULT, "malloc") && dlsym(RTLD_NEXT, "malloc"));
	EXPECT(!dlsym(RTLD_DEFAULT, "no_such_function") && dlerror());
	puts("early");
	fflush(stdout);
}

__attribute__((destructor)) static void end(void)
{
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}
