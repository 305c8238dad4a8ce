/* SPDX-License-Identifier: MIT */
/*
 * lttng_child_internal.h - a process in which babeltrace2 runs.
 *
 * In:     a function.
 * Out:    its value as the exit status.
 * Cost:   fork(); private memory of it is limited.
 * Thread: the caller has no other.
 */
#ifndef ANALYZERS_LTTNG_CHILD_INTERNAL_H
#define ANALYZERS_LTTNG_CHILD_INTERNAL_H

#include <sys/types.h>

/*
 * Start a child that runs the function, writes to no stderr, and ends with its parent. Returns its
 * pid, for waitpid(); -1: errno says why there is none.
 */
pid_t fsc_lttng_child_start(int (*run)(void *arg), void *arg);

#endif
