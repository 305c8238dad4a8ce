/* SPDX-License-Identifier: MIT */
/*
 * Programs that filter their own system calls (seccomp(2)). A filter that ends the program, or
 * hands the call to somebody, would do so for a call of ours; so before such a filter comes, we
 * make our last one. What cannot be recorded from then on is counted. arch/<cpu>/sandbox.S hands
 * over what may concern us: all else, vfork among it, leaves by a jump and finds nothing of ours on
 * its stack. Begin at fsc_sandbox_syscall().
 */
#include "sandbox_internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "given_up_internal.h"
#include "modules_internal.h"
#include "standalone_internal.h"
#include "system_internal.h"
#include "thread_internal.h"

uint32_t fsc_system_forbidden;

enum {
	FILTER_WORDS_MAX = 4096,  /* BPF_MAXINSNS */
	TURN_WAIT_NS = 2000000000 /* longer than fsc_standalone_pause() takes */
};

typedef long syscall_function(long number, ...);
typedef int prctl_function(int option, ...);

uintptr_t fsc_sandbox_real_syscall, fsc_sandbox_real_prctl;

_Static_assert(SANDBOX_SET_SECCOMP == PR_SET_SECCOMP && SANDBOX_SET_TSC == PR_SET_TSC &&
		       SYSTEM_SECCOMP == SYS_seccomp && SYSTEM_PRCTL == SYS_prctl,
	       "numbers that assembly compares with");

/* The next definition in the program's scope; before the start found by the first call. */
static uintptr_t real_of(uintptr_t *real, const char *name)
{
	uintptr_t found = __atomic_load_n(real, __ATOMIC_ACQUIRE);

	if (found)
		return found;
	found = fsc_modules_next_symbol(name, NULL);
	__atomic_store_n(real, found, __ATOMIC_RELEASE);
	return found;
}

/* What was done before a system call, to be undone when it fails. */
struct preparation {
	bool forbids;
	bool has_turn;
	bool gives_up;
	struct fsc_given_up before;
};

/* Can the program's memory be read there? The kernel will tell it when it cannot. */
static bool readable(const void *begin, size_t bytes)
{
	uintptr_t last = (uintptr_t)begin + bytes - 1;

	for (uintptr_t at = (uintptr_t)begin; at < last; at = (at | (FSC_PAGE - 1)) + 1)
		if (!system_readable(at))
			return false;
	return system_readable(last);
}

/*
 * May the filter do anything but let a call pass or fail? Yes, when it cannot be looked at; no,
 * when the kernel refuses it: with NULL it is asked what it can do (libseccomp does).
 */
static bool may_end(const struct sock_fprog *filter)
{
	if (!filter)
		return false;
	if (!readable(filter, sizeof(*filter)))
		return true;
	if (!filter->filter || !filter->len || filter->len > FILTER_WORDS_MAX)
		return false;
	if (!readable(filter->filter, filter->len * sizeof(*filter->filter)))
		return true;
	for (unsigned int i = 0; i < filter->len; i++) {
		const struct sock_filter *word = &filter->filter[i];
		uint32_t action = word->k & SECCOMP_RET_ACTION_FULL;

		if (BPF_CLASS(word->code) != BPF_RET)
			continue;
		if (BPF_RVAL(word->code) != BPF_K ||
		    (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG &&
		     action != SECCOMP_RET_ERRNO))
			return true;
	}
	return false;
}

/*
 * One thread at a time, until it is known what became of its filter: another's would take from this
 * one the system calls with which it waits for the helper thread. The wait is bounded: who has the
 * turn may have been ended.
 */
static bool take_turn(void)
{
	struct system_wait wait = { 0 };
	uint32_t nobody = 0;

	while (!__atomic_compare_exchange_n(&fsc_live->sandboxing, &nobody, 1, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (!system_wait(&wait, TURN_WAIT_NS))
			return false;
		nobody = 0;
	}
	return true;
}

static void forbid(struct preparation *done)
{
	done->forbids = true;
	done->has_turn = take_turn();
	fsc_standalone_pause();
	__atomic_fetch_add(&fsc_system_forbidden, 1, __ATOMIC_RELAXED);
}

/*
 * With its clock, this thread: strict mode takes the cycle counter away, too (Linux,
 * kernel/seccomp.c), and the system's clock may be a system call.
 */
static void forbid_clock(struct preparation *done)
{
	done->gives_up = true;
	done->before = fsc_given_up_begin(&fsc_thread, true);
	forbid(done);
}

static void prepare_filter(struct preparation *done, unsigned long mode, const void *filter)
{
	bool system_clock = fsc_clock_mode_now == FSC_CLOCK_SYSTEM;

	if (mode == SECCOMP_MODE_STRICT)
		forbid_clock(done);
	else if (mode == SECCOMP_MODE_FILTER && may_end(filter))
		system_clock ? forbid_clock(done) : forbid(done);
}

static bool is_about_us(unsigned long option, unsigned long a)
{
	return option == PR_SET_SECCOMP || (option == PR_SET_TSC && a == PR_TSC_SIGSEGV);
}

static void prepare_prctl(struct preparation *done, unsigned long option, unsigned long a,
			  const void *b)
{
	if (option == PR_SET_SECCOMP)
		prepare_filter(done, a, b);
	else
		forbid_clock(done);
}

/* When the system call failed, all is as it was. What another thread forbade stays so. */
static void end_preparation(const struct preparation *done, bool failed)
{
	if (failed && done->forbids &&
	    __atomic_sub_fetch(&fsc_system_forbidden, 1, __ATOMIC_RELAXED) == 0)
		fsc_standalone_resume();
	if (failed && done->gives_up)
		fsc_given_up_end(&fsc_thread, &done->before);
	if (done->has_turn)
		__atomic_store_n(&fsc_live->sandboxing, 0, __ATOMIC_RELEASE);
}

/* seccomp(2) in the words of prctl(2). */
static unsigned long mode_of(long operation)
{
	switch (operation) {
	case SECCOMP_SET_MODE_STRICT:
		return SECCOMP_MODE_STRICT;
	case SECCOMP_SET_MODE_FILTER:
		return SECCOMP_MODE_FILTER;
	default:
		return SECCOMP_MODE_DISABLED;
	}
}

/*
 * seccomp(2) tells by its thread id which other thread has filters that do not go with this one;
 * then there is no new filter. Otherwise what is above 0 is a descriptor.
 */
static bool failed(long number, long flags, long result)
{
	return result < 0 ||
	       (result > 0 && number == SYS_seccomp && (flags & SECCOMP_FILTER_FLAG_TSYNC) &&
		!(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER));
}

/* NOLINTNEXTLINE(readability-function-size): the system call's own signature */
long fsc_sandbox_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	syscall_function *real = (syscall_function *)real_of(&fsc_sandbox_real_syscall, "syscall");
	struct preparation done = { 0 };
	long result;

	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	if (number == SYS_seccomp)
		prepare_filter(&done, mode_of(a), (const void *)c);
	else if (number == SYS_prctl && is_about_us((unsigned long)a, (unsigned long)b))
		prepare_prctl(&done, (unsigned long)a, (unsigned long)b, (const void *)c);
	result = real(number, a, b, c, d, e, f);
	end_preparation(&done, failed(number, b, result));
	return result;
}

int fsc_sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
		      unsigned long d)
{
	prctl_function *real = (prctl_function *)real_of(&fsc_sandbox_real_prctl, "prctl");
	struct preparation done = { 0 };
	int result;

	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	if (is_about_us((unsigned long)option, a))
		prepare_prctl(&done, (unsigned long)option, a, (const void *)b);
	result = real(option, a, b, c, d);
	end_preparation(&done, result < 0);
	return result;
}

void fsc_sandbox_start(void)
{
	(void)real_of(&fsc_sandbox_real_syscall, "syscall");
	(void)real_of(&fsc_sandbox_real_prctl, "prctl");
}
