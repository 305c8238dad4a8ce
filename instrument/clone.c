/* SPDX-License-Identifier: MIT */
/*
 * clone(2) as the program calls it. What is hard: a child that shares the caller's memory and is
 * given no thread-local storage of its own runs on the caller's, at the same time, and so on its
 * shadow stack and its ring. From then on neither of the two is recorded. Begin at clone().
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>

#include "given_up_internal.h"
#include "modules_internal.h"

#define FSC_EXPORT __attribute__((visibility("default")))

typedef int clone_function(int (*)(void *), void *, int, void *, ...);

static clone_function *find_real(void)
{
	uintptr_t found = fsc_modules_libc_symbol("clone");

	return (clone_function *)(found ? found : fsc_modules_next_symbol("clone", NULL));
}

/* The parent of a vfork-like child waits until it is gone. */
static bool shares_thread(int flags)
{
	return (flags & CLONE_VM) && !(flags & (CLONE_SETTLS | CLONE_VFORK));
}

/* The last three arguments may not be there: then the kernel, told by the flags, reads none. */
FSC_EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	static clone_function *real;
	struct fsc_given_up before;
	void *more[3];
	va_list list;
	int child;

	va_start(list, argument);
	for (int i = 0; i < 3; i++)
		more[i] = va_arg(list, void *);
	va_end(list);
	if (!__atomic_load_n(&real, __ATOMIC_RELAXED))
		__atomic_store_n(&real, find_real(), __ATOMIC_RELAXED);
	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	if (!shares_thread(flags))
		return real(function, stack, flags, argument, more[0], more[1], more[2]);
	before = fsc_given_up_begin(&fsc_thread, false);
	child = real(function, stack, flags, argument, more[0], more[1], more[2]);
	if (child < 0)
		fsc_given_up_end(&fsc_thread, &before);
	return child;
}
