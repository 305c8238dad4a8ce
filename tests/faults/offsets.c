/* SPDX-License-Identifier: MIT */
/*
 * A function with stack arguments, called with the caller's frame at every place within a page, on
 * the main thread's stack and on a thread's. Once every place was used, the system call that asks
 * whether memory can be read answers no: who knows the stack has no need to ask.
 */
#include "faults.h"

#ifdef LIBRARY

long lib_sum(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j);

long lib_sum(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

#else

#include <alloca.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { PAGE = 4096, STEP = 16, SUM = 385 };

static long (*lib_sum)(long, long, long, long, long, long, long, long, long, long);
static long wrong;

static __attribute__((noinline)) void call_from(size_t bytes)
{
	volatile char *room = alloca(bytes);

	room[0] = 0;
	wrong += lib_sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) != SUM;
	room[bytes - 1] = 0;
}

static void call_from_everywhere(void)
{
	for (size_t bytes = STEP; bytes <= PAGE; bytes += STEP)
		call_from(bytes);
}

/* rt_sigprocmask with a `how` that does not exist fails with EFAULT, whatever it points to. */
static int forbid_questions(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)-1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EFAULT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void *run(void *argument)
{
	call_from_everywhere();
	EXPECT(forbid_questions());
	call_from_everywhere();
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_sum);
	if (strcmp(argv[2], "main") == 0)
		run(NULL);
	else if (pthread_create(&thread, NULL, run, NULL) == 0)
		pthread_join(thread, NULL);
	SAY(wrong);
	return 0;
}

#endif
