/* SPDX-License-Identifier: MIT */
/*
 * A library is being opened by one thread, its slots are filled and not yet read-only, while
 * another looks a function up and is about to go through all objects. The library's resolver of an
 * indirect function holds the first one up and sees whether its slot stays as the loader filled it.
 * Built twice: as the program, and as that library (LIBRARY).
 *
 *   opening LIBRARY OPENED N    the N-th time that the looking one goes through the objects
 */
#include "faults.h"

#include <link.h>

int lib_add(int a, int b);
bool looked_on(void);
bool opening_touched;

#ifdef LIBRARY

typedef int add_function(int, int);

static add_function *volatile const slot = lib_add;

static int add(int a, int b)
{
	return slot(a, b);
}

/* Nothing of this object's may be called here that is bound later: it is built with -fno-plt. */
static add_function *resolve(void)
{
	const add_function *before = slot;

	opening_touched = looked_on() && slot != before;
	return add;
}

static int own_add(int a, int b) __attribute__((ifunc("resolve")));

int opened_add(int a, int b)
{
	return own_add(a, b);
}

#else

enum { WAIT_MS = 500 };

typedef int callback(struct dl_phdr_info *, size_t, void *);

static const char *path;
static pthread_t opener, looker;
static volatile bool armed, started, resolving, looked;
static int countdown;

static bool wait_for(const volatile bool *what)
{
	for (int i = 0; i < WAIT_MS && !*what; i++)
		usleep(1000);
	return *what;
}

/* Not for ever: who looks up waits for who opens. */
bool looked_on(void)
{
	resolving = true;
	wait_for(&looked);
	return true;
}

static void *open_it(void *argument)
{
	(void)argument;
	return open_library(path, RTLD_NOW);
}

static void start(void)
{
	if (started)
		return;
	started = true;
	EXPECT(!pthread_create(&opener, NULL, open_it, NULL));
	wait_for(&resolving);
}

int dl_iterate_phdr(callback *function, void *argument)
{
	static int (*next)(callback *, void *);
	int result;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "dl_iterate_phdr");
	if (!armed || !pthread_equal(pthread_self(), looker) || --countdown)
		return next(function, argument);
	start();
	result = next(function, argument);
	looked = true;
	return result;
}

int main(int argc, char **argv)
{
	int (*opened_add)(int, int);
	void *opened;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	path = argv[2];
	countdown = atoi(argv[3]);
	looker = pthread_self();
	armed = true;
	look_in(library, "lib_call");
	armed = false;
	start();
	pthread_join(opener, &opened);
	EXPECT(!opening_touched);
	*(void **)&opened_add = look_in(opened, "opened_add");
	EXPECT(opened_add(1, 2) == 3);
	return 0;
}

#endif
