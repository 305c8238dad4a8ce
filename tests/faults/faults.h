/* SPDX-License-Identifier: MIT */
/*
 * What every program of tests/faults begins with: open the library that is the first argument, look
 * its functions up, say numbers. What must be the same without ffiscope goes to stdout; what is
 * counted against the clock goes to stderr.
 */
#ifndef FAULTS_H
#define FAULTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *library;

static inline void *look_in(void *handle, const char *name)
{
	void *found = dlsym(handle, name);

	if (!found) {
		printf("no %s: %s\n", name, dlerror());
		exit(99);
	}
	return found;
}

static inline void *open_library(const char *path, int flags)
{
	void *handle = dlopen(path, flags);

	if (!handle) {
		printf("cannot open: %s\n", dlerror());
		exit(98);
	}
	return handle;
}

/* GET(f): f, a pointer to function, is what the library has under that name. */
#define GET(name)  (*(void **)&name = look_in(library, #name))
#define SAY(name)  printf(#name "=%ld\n", (long)(name))
#define TELL(name) fprintf(stderr, #name "=%ld\n", (long)(name))
#define EXPECT(condition) \
	((condition) ? (void)0 : (void)printf("line %d: not %s\n", __LINE__, #condition))

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
