/* SPDX-License-Identifier: MIT */
/* The library that most programs here call. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#ifndef SALT
#define SALT 0
#endif

/* What stands behind each call keeps it from being a jump. */
#define NO_TAIL __asm__ volatile("" ::: "memory")

/* proto2ffi_ is a built-in row: the pointers here must not be taken for a request. */
void proto2ffi_call(void (*function)(void *), void *argument)
{
	function(argument);
	NO_TAIL;
}

/* Like a function of the hidden style, but what it returns is nobody's struct. */
void *proto2ffi_same(void *argument)
{
	return argument;
}

void lib_call(void (*function)(void *), void *argument)
{
	function(argument);
	NO_TAIL;
}

int lib_add(int a, int b)
{
	return a + b + SALT;
}

int lib_after(int a)
{
	return a + 1;
}

/* Once around everything that a call of nothing does. */
void lib_nothing(void)
{
}

void *lib_thread(void *argument)
{
	return (char *)argument + 1;
}

int lib_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

volatile int lib_signals;

void lib_handler(int number)
{
	lib_signals += number;
}

int lib_errno(int found, int leave)
{
	int right = errno == found;

	errno = leave;
	return right;
}

void lib_spin(uint64_t ns)
{
	struct timespec now;
	uint64_t end = 0;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (!end)
			end = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ns;
		if ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec >= end)
			return;
	}
}

volatile int lib_inside;

/* Stay until somebody jumps out. */
void lib_stay(void)
{
	lib_inside = 1;
	for (;;)
		NO_TAIL;
}

void *lib_allocate(size_t size)
{
	char *made = malloc(size);

	made[0] = 1;
	return made;
}

void lib_release(void *pointer)
{
	free(pointer);
}

/* More than registers hold. */
long lib_sum(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}
