/* SPDX-License-Identifier: MIT */
/* C++ exceptions through wrapped calls, caught at every level. */
#include "faults.h"

#include <stdexcept>
#include <string>

static void (*proto2ffi_call)(void (*)(void *), void *);
static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static long calls, unwound, destroyed, caught, sum;

struct work {
	int left;    /* levels below this one */
	int catcher; /* the level that catches */
	int level;
};

struct witness {
	~witness()
	{
		destroyed++;
	}
};

static void level(void *argument);

static void enter(work inner)
{
	calls++;
	if (inner.level % 2)
		proto2ffi_call(level, &inner);
	else
		lib_call(level, &inner);
}

static void level(void *argument)
{
	work inner = *static_cast<work *>(argument);
	witness here;

	inner.level++;
	if (!inner.left--)
		throw std::runtime_error("level " + std::to_string(inner.level));
	if (inner.level != inner.catcher)
		return enter(inner);
	try {
		enter(inner);
	} catch (const std::runtime_error &error) {
		int bottom = std::stoi(error.what() + 6);
		caught++;
		sum += bottom;
		unwound += bottom - inner.level;
	}
}

int main(int, char **argv)
{
	long adds = 0;

	library = open_library(argv[1], RTLD_NOW);
	GET(proto2ffi_call);
	GET(lib_call);
	GET(lib_add);
	for (int i = 0; i < 2000; i++) {
		work outer = { i % 7, i / 7 % 5, 0 };
		try {
			enter(outer);
		} catch (const std::exception &error) {
			int bottom = std::stoi(error.what() + 6);
			caught++;
			sum += bottom;
			unwound += bottom;
		}
		EXPECT(lib_add(i, 1) == i + 1);
		adds++;
	}
	SAY(calls), SAY(unwound), SAY(adds), SAY(destroyed), SAY(caught), SAY(sum);
	fflush(stdout);
	if (argv[2]) /* nobody catches this one */
		lib_call([](void *) { throw 7; }, NULL);
	return 3;
}
