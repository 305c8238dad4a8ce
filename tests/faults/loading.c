/* SPDX-License-Identifier: MIT */
/*
 * What dlsym says, and what it leaves in dlerror and errno. Built several times: PROGRAM, FIRST and
 * SECOND (both define the same names; the program is linked with both), DEEP (opened at run time),
 * ALLOCATOR (what a DEEP one of its own binds to).
 */
#include "faults.h"

#define VISIBLE __attribute__((visibility("default")))

static inline void say_error(const char *what)
{
	const char *error = dlerror();

	printf("%s: %s\n", what, error ? error : "none");
}

#ifdef ALLOCATOR
static char arena[1 << 16] __attribute__((aligned(16)));
static size_t used;
static int freed, foreign;

VISIBLE void *malloc(size_t size)
{
	used += (size + 15) & ~(size_t)15;
	return arena + used - ((size + 15) & ~(size_t)15);
}

VISIBLE void free(void *pointer)
{
	*((char *)pointer >= arena && (char *)pointer < arena + used ? &freed : &foreign) += 1;
}

VISIBLE void own_blocks(void);

VISIBLE void own_blocks(void)
{
	printf("own bytes %zu, freed %d, foreign %d\n", used, freed, foreign);
}

#elif defined(FIRST) || defined(SECOND) || defined(DEEP) || defined(LOCAL)

#if defined(FIRST)
#define NUMBER 1
#elif defined(SECOND)
#define NUMBER 2
#elif defined(DEEP)
#define NUMBER 3
#else
#define NUMBER 4
#endif
#define JOIN(a, b)  a##b
#define NAMED(a, b) JOIN(a, b)

VISIBLE int same_name(int chain);

/* The next one in the order of the objects, as a wrapper of a library's function does it. */
VISIBLE int same_name(int chain)
{
	int (*next)(int) = dlsym(RTLD_NEXT, "same_name");

	if (!next)
		say_error("next of same_name");
	return NUMBER + (chain && next ? 10 * next(chain) : 0);
}

VISIBLE int only_here(void);

VISIBLE int only_here(void)
{
	return 100 + NUMBER;
}

/* What this library finds with its own eyes. */
VISIBLE void NAMED(looks_, NUMBER)(void)
{
	int (*found)(int) = dlsym(RTLD_DEFAULT, "same_name");
	int (*here)(void) = dlsym(RTLD_DEFAULT, "only_here");
	void *missing;

	printf("library %d: default same_name %d", NUMBER, found ? found(0) : -1);
	printf(", only_here %d\n", here ? here() : -1);
	say_error("after default");
	missing = dlsym(RTLD_DEFAULT, "missing_everywhere");
	printf("missing %d\n", !!missing);
	say_error("default missing");
	missing = dlsym(RTLD_NEXT, "only_here");
	printf("next only_here %d\n", missing ? ((int (*)(void))missing)() : -1);
	say_error("next only_here");
	here = dlvsym(RTLD_DEFAULT, "printf", "GLIBC_2.2.5");
	printf("versioned printf %d\n", !!here);
	here = dlvsym(RTLD_DEFAULT, "printf", "GLIBC_99");
	say_error("wrong version");
	found = dlsym(RTLD_DEFAULT, "local_only");
	printf("local_only %d\n", found ? found(0) : -1);
	say_error("local_only");
}

#ifdef DEEP
VISIBLE void *deep_allocate(size_t size)
{
	char *made = malloc(size);

	made[0] = 1;
	return made;
}

VISIBLE void deep_free(void *pointer)
{
	free(pointer);
}

VISIBLE int deep_calls(const char *path, int times)
{
	int (*lib_add)(int, int) = dlsym(dlopen(path, RTLD_NOW), "lib_add");
	int sum = 0;

	for (int i = 0; i < times; i++)
		sum += lib_add(i, 1);
	return sum;
}
#endif

#ifdef LOCAL
VISIBLE int local_only(int unused)
{
	return 1000 + unused;
}
#endif

#ifdef SECOND
/* An IFUNC; one that resolves to NULL; data; thread-local data; a weak function of two names. */
static int chosen(void)
{
	return 42;
}

static void *resolve(void)
{
	return (void *)chosen;
}

static void *resolve_null(void)
{
	return NULL;
}

VISIBLE int second_ifunc(void) __attribute__((ifunc("resolve")));
VISIBLE int second_null(void) __attribute__((ifunc("resolve_null")));
VISIBLE int second_data[4] = { 5, 6, 7, 8 };
VISIBLE __thread int second_tls = 77;
VISIBLE int second_strong(void)
{
	return 9;
}
VISIBLE int second_weak(void) __attribute__((weak, alias("second_strong")));
VISIBLE const int second_table[2] = { 1, 2 };
#endif

#else

extern int second_data[4];
void looks_1(void);
void looks_2(void);

VISIBLE int in_program(void);

VISIBLE int in_program(void)
{
	return 55;
}

static void semantics(char **paths)
{
	int (*function)(void);
	int (*same)(int);
	int *data;
	void *handle, *other;

	same = dlsym(RTLD_DEFAULT, "same_name");
	printf("default %d\n", same(1));
	same = dlsym(RTLD_NEXT, "same_name");
	printf("next %d\n", same(1));
	function = dlsym(RTLD_DEFAULT, "in_program");
	printf("in_program %d, same address %d\n", function(), function == in_program);
	function = dlsym(RTLD_NEXT, "in_program");
	printf("next in_program %d\n", !!function);
	say_error("next in_program");
	looks_1();
	looks_2();

	handle = open_library(paths[1], RTLD_NOW);
	say_error("after dlopen");
	function = dlsym(handle, "no_such_name");
	printf("no_such_name %d\n", !!function);
	say_error("no_such_name");
	say_error("again");
	function = dlsym(handle, "no_such_name");
	function = dlsym(handle, "second_strong");
	say_error("failed, then found");
	printf("strong %d\n", function());
	same = dlsym(handle, "same_name");
	printf("handle %d\n", same(1));
	other = dlsym(handle, "same_name");
	printf("same twice %d\n", other == (void *)same);
	function = dlsym(handle, "second_weak");
	printf("weak %d\n", function());
	function = dlsym(handle, "second_ifunc");
	printf("ifunc %d\n", function());
	function = dlsym(handle, "second_null");
	printf("null %d\n", !!function);
	say_error("null");
	data = dlsym(handle, "second_data");
	printf("data %d, same address %d\n", data[2], data == second_data);
	data = dlsym(handle, "second_tls");
	printf("tls %d\n", *data);
	data = dlsym(handle, "second_table");
	printf("table %d\n", data[1]);
	function = dlvsym(handle, "second_strong", "VERS_1");
	printf("versioned %d\n", !!function);
	say_error("versioned");
	function = dlsym(handle, "");
	printf("empty %d\n", !!function);
	say_error("empty");
	handle = dlopen(NULL, RTLD_NOW);
	function = dlsym(handle, "in_program");
	printf("of the program %d\n", function());
	say_error("of the program");
	handle = dlopen("/no/such/library.so", RTLD_NOW);
	function = dlsym(RTLD_DEFAULT, "in_program");
	say_error("dlopen failed, then found");
	printf("dlclose %d\n", dlclose(open_library(paths[1], RTLD_NOW)));
}

static void *in_thread(void *argument)
{
	semantics(argument);
	return NULL;
}

static void deep(char **paths)
{
	int flags[] = { RTLD_NOW, RTLD_NOW | RTLD_DEEPBIND, RTLD_LAZY | RTLD_DEEPBIND };

	/* paths: program, second, deep, two copies of deep, local, the plain library */
	for (int i = 0; i < 3; i++) {
		void *handle = open_library(paths[2 + i], flags[i]);
		void (*looks)(void) = look_in(handle, "looks_3");
		void *(*deep_allocate)(size_t) = look_in(handle, "deep_allocate");
		void (*deep_free)(void *) = look_in(handle, "deep_free");
		int (*deep_calls)(const char *, int) = look_in(handle, "deep_calls");
		char *blocks[100];

		looks();
		for (int k = 0; k < 100; k++) {
			blocks[k] = deep_allocate(100);
			memset(blocks[k], k, 100);
		}
		for (int k = 0; k < 100; k += 2)
			deep_free(blocks[k]);
		for (int k = 1; k < 100; k += 2)
			free(blocks[k]);
		for (int k = 0; k < 100; k++)
			deep_free(malloc(64));
		printf("deep calls %d\n", deep_calls(paths[6], 40));
	}
}

/* paths: program, a deep library that is linked with an allocator */
static void owner(char **paths)
{
	void *handle = open_library(paths[1], RTLD_LAZY | RTLD_DEEPBIND);
	void *(*deep_allocate)(size_t) = look_in(handle, "deep_allocate");
	void (*deep_free)(void *) = look_in(handle, "deep_free");
	void (*own_blocks)(void) = look_in(handle, "own_blocks");

	for (int k = 0; k < 100; k++)
		deep_free(deep_allocate(100));
	own_blocks();
}

/* Another library, perhaps at the same address, behind the same name. */
static void reopen(char **paths)
{
	long sum = 0, calls = 0;
	void *places[2] = { NULL, NULL };
	long same = 0;

	for (int i = 0; i < 60; i++) {
		void *handle = open_library(paths[1 + i % 2], RTLD_NOW);
		int (*lib_add)(int, int) = look_in(handle, "lib_add");
		int (*lib_after)(int) = look_in(handle, "lib_after");
		int *inside = look_in(handle, "lib_inside");

		same += places[(i + 1) % 2] == inside;
		places[i % 2] = inside;
		for (int k = 0; k < 10; k++, calls++)
			sum += lib_add(k, i) + lib_after(k);
		if (dlclose(handle))
			puts("dlclose failed");
		if (dlopen(paths[1 + i % 2], RTLD_NOW | RTLD_NOLOAD))
			puts("still there");
	}
	SAY(sum), SAY(calls);
	TELL(same);
}

static void namespaces(char **paths)
{
	void *handle = dlmopen(LM_ID_NEWLM, paths[1], RTLD_NOW);
	int (*lib_add)(int, int);
	void *(*lib_allocate)(size_t);
	void (*lib_release)(void *);

	if (!handle) {
		say_error("dlmopen");
		return;
	}
	lib_add = look_in(handle, "lib_add");
	lib_allocate = look_in(handle, "lib_allocate");
	lib_release = look_in(handle, "lib_release");
	for (int i = 0; i < 100; i++)
		lib_release(lib_allocate(100));
	printf("other namespace %d\n", lib_add(3, 4));
	printf("dlclose %d\n", dlclose(handle));
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	if (!strcmp(argv[1], "semantics")) {
		semantics(argv + 1);
		pthread_create(&thread, NULL, in_thread, argv + 1);
		pthread_join(thread, NULL);
	} else if (!strcmp(argv[1], "deep")) {
		deep(argv + 1);
	} else if (!strcmp(argv[1], "owner")) {
		owner(argv + 1);
	} else if (!strcmp(argv[1], "namespaces")) {
		namespaces(argv + 1);
	} else {
		reopen(argv + 1);
	}
	return 11;
}
#endif
