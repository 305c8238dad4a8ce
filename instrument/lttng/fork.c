/* SPDX-License-Identifier: MIT */
/*
 * What a program that forks would need liblttng-ust-fork.so for: a child has none of the tracer's
 * threads, and its descriptors are the parent's. Handlers of fork() do it here; a child that came
 * by a raw clone or vfork has no tracer until it execs.
 */
#include <lttng/ust-fork.h>
#include <pthread.h>
#include <signal.h>

/* One fork at a time: the tracer holds its own locks from before() to after(). */
static sigset_t signals;

static void before(void)
{
	sigset_t mine;

	lttng_ust_before_fork(&mine);
	signals = mine;
}

static void after_in_parent(void)
{
	sigset_t mine = signals;

	lttng_ust_after_fork_parent(&mine);
}

static void after_in_child(void)
{
	sigset_t mine = signals;

	lttng_ust_after_fork_child(&mine);
}

__attribute__((constructor)) static void start(void)
{
	(void)pthread_atfork(before, after_in_parent, after_in_child);
}
