/* SPDX-License-Identifier: MIT */
/*
 * Children in which one system call is forbidden after they looked up what they call: it fails with
 * EPERM or ENOSYS, or ends the child, whoever makes it. Each child calls on its main thread, enough
 * that rings grow, and on a thread that waited for its first call until then; its exit status says
 * what was wrong.
 *
 *   sandbox LIBRARY warm|cold ERRNO    warm: the child has called before the filter comes; ERRNO 0:
 *                                      it is ended
 */
#include "faults.h"
#include "forbid.h"

enum { CALLS = 3000, EDGE = 4096, STEP = 16, SUM = 385 };

/*
 * All that the library and its helper thread ask of the kernel; but futex, without which glibc ends
 * the process.
 */
static const struct {
	long number;
	const char *name;
} forbidden[] = {
#define CALL(name)                \
	{                         \
		SYS_##name, #name \
	}
	CALL(openat),	  CALL(close),		CALL(read),
	CALL(fallocate),  CALL(ftruncate),	CALL(mmap),
	CALL(munmap),	  CALL(madvise),	CALL(mprotect),
	CALL(renameat2),  CALL(unlinkat),	CALL(getpid),
	CALL(getppid),	  CALL(gettid),		CALL(sched_yield),
	CALL(readlinkat), CALL(rt_sigprocmask), CALL(prlimit64),
	CALL(prctl),	  CALL(clock_gettime),	CALL(pwrite64),
	CALL(fcntl),	  CALL(mkdirat),	CALL(getdents64),
	CALL(statx),	  CALL(geteuid),	CALL(kill),
	CALL(getrandom),  CALL(rt_sigpending),	CALL(rt_sigtimedwait),
	CALL(uname),	  CALL(getcwd),		CALL(nanosleep),
	CALL(writev),	  CALL(rename),		CALL(mkdir),
	CALL(open),	  CALL(unlink),		CALL(pread64),
	CALL(newfstatat), CALL(tgkill),
#undef CALL
};

static int (*lib_add)(int, int);
static long (*lib_sum)(long, long, long, long, long, long, long, long, long, long);
static pthread_barrier_t barrier;

static __attribute__((noinline)) bool sum_from(size_t bytes)
{
	volatile char *room = __builtin_alloca(bytes);

	room[0] = 0;
	return lib_sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == SUM && !room[0];
}

static bool calls_are_right(void)
{
	bool right = true;

	for (int i = 0; i < CALLS; i++)
		right &= lib_add(i, 1) == i + 1;
	for (size_t bytes = STEP; bytes <= EDGE; bytes += STEP)
		right &= sum_from(bytes);
	return right;
}

static void *on_thread(void *right)
{
	pthread_barrier_wait(&barrier); /* what glibc asks for a new thread is asked */
	pthread_barrier_wait(&barrier);
	*(bool *)right = calls_are_right();
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

static void child(long number, int error, bool warm)
{
	bool right = true, right_too = false;
	pthread_t thread;

	GET(lib_add), GET(lib_sum);
	if (warm)
		right &= lib_add(1, 2) == 3;
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, on_thread, &right_too))
		_exit(3);
	pthread_barrier_wait(&barrier);
	if (!forbid(number, error))
		_exit(4);
	errno = 77;
	right &= calls_are_right() && errno == 77;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	_exit(!right + 2 * !right_too);
}

int main(int argc, char **argv)
{
	bool warm = !strcmp(argv[2], "warm");
	int status;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
		pid_t pid = fork();

		if (!pid)
			child(forbidden[i].number, atoi(argv[3]), warm);
		waitpid(pid, &status, 0);
		if (status)
			printf("line %d: not %s: %x\n", __LINE__, forbidden[i].name, status);
	}
	SAY(warm);
	return 0;
}
