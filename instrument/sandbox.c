/* SPDX-License-Identifier: MIT */
/*
 * Programs that filter their own system calls (seccomp(2)). A filter that ends the program, or
 * hands the call to somebody, would do so for a call of ours; so before such a filter comes, we
 * make our last one. What cannot be recorded from then on is counted. What is hard: these two
 * functions stand for every system call that the program makes by hand, vfork among them, so they
 * leave no frame on the way. Begin at fsc_sandbox_syscall().
 */
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "attach_internal.h"
#include "modules_internal.h"
#include "system_internal.h"
#include "thread_internal.h"

#define FSC_EXPORT __attribute__((visibility("default")))

bool fsc_system_forbidden;

enum { FILTER_WORDS_MAX = 4096 }; /* BPF_MAXINSNS */

typedef long syscall_function(long number, ...);
typedef int prctl_function(int option, ...);

static uintptr_t real_syscall, real_prctl;

/* The next definition in the program's scope; found at the first call, which leaves by the slow
 * path. */
static uintptr_t real_of(uintptr_t *real, const char *name)
{
	uintptr_t found = __atomic_load_n(real, __ATOMIC_ACQUIRE);

	if (found)
		return found;
	found = fsc_modules_next_symbol(name, NULL);
	__atomic_store_n(real, found, __ATOMIC_RELEASE);
	return found;
}

/* May the filter do anything but let a call pass or fail? */
static bool may_end(const struct sock_fprog *filter)
{
	if (!filter || !filter->filter)
		return false; /* the kernel refuses it */
	for (unsigned int i = 0; i < filter->len && i < FILTER_WORDS_MAX; i++) {
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

/* Linux, kernel/seccomp.c: strict mode takes the thread's cycle counter away, too. */
static void forbid_clock(void)
{
	fsc_attach_give_up(&fsc_thread);
	fsc_system_forbidden = true;
}

static void prepare_filter(unsigned long mode, const void *filter)
{
	if (mode == SECCOMP_MODE_STRICT)
		forbid_clock();
	else if (mode == SECCOMP_MODE_FILTER && may_end(filter))
		fsc_system_forbidden = true;
}

static bool is_about_us(unsigned long option, unsigned long a)
{
	return option == PR_SET_SECCOMP || (option == PR_SET_TSC && a == PR_TSC_SIGSEGV);
}

static void prepare_prctl(unsigned long option, unsigned long a, const void *b)
{
	if (option == PR_SET_SECCOMP)
		prepare_filter(a, b);
	else
		forbid_clock();
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

/* NOLINTNEXTLINE(readability-function-size): the system call's own signature */
static __attribute__((noinline, cold)) long slow_syscall(long number, long a, long b, long c,
							 long d, long e, long f)
{
	syscall_function *real = (syscall_function *)real_of(&real_syscall, "syscall");
	bool before = fsc_system_forbidden;
	long result;

	if (number == SYS_seccomp)
		prepare_filter(mode_of(a), (const void *)c);
	else if (number == SYS_prctl && is_about_us((unsigned long)a, (unsigned long)b))
		prepare_prctl((unsigned long)a, (unsigned long)b, (const void *)c);
	else
		return real(number, a, b, c, d, e, f);
	result = real(number, a, b, c, d, e, f);
	if (result < 0)
		fsc_system_forbidden = before;
	return result;
}

static __attribute__((noinline, cold)) int slow_prctl(int option, unsigned long a, unsigned long b,
						      unsigned long c, unsigned long d)
{
	prctl_function *real = (prctl_function *)real_of(&real_prctl, "prctl");
	bool before = fsc_system_forbidden;
	int result;

	if (!is_about_us((unsigned long)option, a))
		return real(option, a, b, c, d);
	prepare_prctl((unsigned long)option, a, (const void *)b);
	result = real(option, a, b, c, d);
	if (result < 0)
		fsc_system_forbidden = before;
	return result;
}

/* syscall(2), with as many arguments as any system call has. */
FSC_EXPORT long fsc_sandbox_syscall(long number, long a, long b, long c, long d, long e,
				    long f) __asm__("syscall");
/* NOLINTNEXTLINE(readability-function-size): the system call's own signature */
long fsc_sandbox_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	uintptr_t real = __atomic_load_n(&real_syscall, __ATOMIC_ACQUIRE);

	if (FSC_UNLIKELY(!real || number == SYS_seccomp || number == SYS_prctl))
		return slow_syscall(number, a, b, c, d, e, f);
	return ((syscall_function *)real)(number, a, b, c, d, e, f);
}

/* prctl(2) */
FSC_EXPORT int fsc_sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
				 unsigned long d) __asm__("prctl");
int fsc_sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
		      unsigned long d)
{
	uintptr_t real = __atomic_load_n(&real_prctl, __ATOMIC_ACQUIRE);

	if (FSC_UNLIKELY(!real || is_about_us((unsigned long)option, a)))
		return slow_prctl(option, a, b, c, d);
	return ((prctl_function *)real)(option, a, b, c, d);
}
