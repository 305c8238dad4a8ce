/* SPDX-License-Identifier: MIT */
/*
 * system_internal.h - the system calls that the library makes in someone else's program.
 *
 * They go to the kernel directly: errno stays, nothing is a cancellation point, and no other
 * preload's open() or mmap() is called. Results below 0 are negative errno values.
 */
#ifndef INSTRUMENT_SYSTEM_INTERNAL_H
#define INSTRUMENT_SYSTEM_INTERNAL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "arch.h"
#include "trace_points/clock.h"
#include "trace_points/image.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, include/uapi/asm-generic/mman-common.h */
#endif

/* A 64-bit number as a system call takes it: in one argument, or in two of a 32-bit process. */
#if __SIZEOF_LONG__ == 8
#define SYSTEM_WIDE(value) (long)(value)
#define SYSTEM_NONE	   , 0
#define SYS_ftruncate64	   SYS_ftruncate
#define SYS_geteuid32	   SYS_geteuid
#else
#define SYSTEM_WIDE(value) (long)(value), (long)((value) >> 32)
#define SYSTEM_NONE
#endif

/*
 * How many filters of system calls that may end it for one the program has installed, atomic: not 0
 * means that none is made any more, and each fails with EPERM. See sandbox.c.
 */
extern uint32_t fsc_system_forbidden __attribute__((visibility("hidden")));

/* NOLINTNEXTLINE(readability-function-size): the kernel's own signature */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	if (__builtin_expect(__atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED) != 0, 0))
		return -EPERM;
	return fsc_arch_syscall6(number, a, b, c, d, e, f);
}

static inline long system_open(const char *path, int flags, int mode)
{
	return system_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC | O_LARGEFILE, mode,
			   0, 0);
}

static inline void system_close(long fd)
{
	system_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long system_read(long fd, void *buffer, size_t bytes)
{
	return system_call(SYS_read, fd, (long)buffer, (long)bytes, 0, 0, 0);
}

static inline long system_write_at(long fd, const void *bytes, size_t length, uint64_t offset)
{
	return system_call(SYS_pwrite64, fd, (long)bytes, (long)length,
			   SYSTEM_WIDE(offset) SYSTEM_NONE, 0);
}

/* Lock a whole file against other processes, without waiting. Closing it ends that. */
static inline long system_lock(long fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return system_call(SYS_fcntl, fd, F_SETLK, (long)&whole, 0, 0, 0);
}

static inline long system_rename(const char *from, const char *to)
{
	return system_call(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0, 0);
}

static inline void system_unlink(const char *path)
{
	system_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

static inline long system_make_folder(const char *path)
{
	return system_call(SYS_mkdirat, AT_FDCWD, (long)path, 0700, 0, 0, 0);
}

static inline void system_remove_folder(const char *path)
{
	system_call(SYS_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR, 0, 0, 0);
}

/* Entries of a folder, as struct dirent64; bytes that were filled, 0 at the end. */
static inline long system_list(long fd, void *buffer, size_t bytes)
{
	return system_call(SYS_getdents64, fd, (long)buffer, (long)bytes, 0, 0, 0);
}

/* Is that path, no link followed, this user's? */
static inline bool system_owns(const char *path)
{
	struct statx status = { .stx_mask = 0 };

	return system_call(SYS_statx, AT_FDCWD, (long)path, AT_SYMLINK_NOFOLLOW, STATX_UID,
			   (long)&status, 0) == 0 &&
	       status.stx_mask & STATX_UID &&
	       status.stx_uid == (uint32_t)system_call(SYS_geteuid32, 0, 0, 0, 0, 0, 0);
}

/* The inode of this process's pid namespace, 0 = unknown. namespaces(7). */
static inline uint64_t system_pid_namespace(void)
{
	struct statx status = { .stx_mask = 0 };

	return system_call(SYS_statx, AT_FDCWD, (long)"/proc/self/ns/pid", 0, STATX_INO,
			   (long)&status, 0) == 0
		       ? status.stx_ino
		       : 0;
}

static inline long system_truncate(long fd, uint64_t bytes)
{
	return system_call(SYS_ftruncate64, fd, SYSTEM_WIDE(bytes) SYSTEM_NONE, 0, 0, 0);
}

static inline long system_allocate(long fd, uint64_t offset, uint64_t bytes)
{
	return system_call(SYS_fallocate, fd, 0, SYSTEM_WIDE(offset),
			   SYSTEM_WIDE(bytes) SYSTEM_NONE SYSTEM_NONE);
}

/* NULL on error. */
static inline void *system_map(long fd, uint64_t offset, size_t bytes)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
#ifdef SYS_mmap2 /* of a 32-bit process: counts pages of 4096 bytes on every architecture */
	long result = system_call(SYS_mmap2, 0, (long)bytes, PROT_READ | PROT_WRITE, flags, fd,
				  (long)(offset / 4096));
#else
	long result = system_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, flags, fd,
				  (long)offset);
#endif

	return result < 0 && result > -FSC_PAGE ? NULL : (void *)result;
}

static inline void system_unmap(void *address, size_t bytes)
{
	system_call(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0);
}

static inline long system_advise(void *address, size_t bytes, int advice)
{
	return system_call(SYS_madvise, (long)address, (long)bytes, advice, 0, 0, 0);
}

static inline long system_protect(void *address, size_t bytes, int protection)
{
	return system_call(SYS_mprotect, (long)address, (long)bytes, protection, 0, 0, 0);
}

static inline uint32_t system_pid(void)
{
	return (uint32_t)system_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline uint32_t system_parent(void)
{
	return (uint32_t)system_call(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static inline uint32_t system_tid(void)
{
	return (uint32_t)system_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static inline long system_thread_signal(uint32_t pid, uint32_t tid, int signal)
{
	return system_call(SYS_tgkill, pid, tid, signal, 0, 0, 0);
}

/* Also when it is a zombie, or another user's. */
static inline bool system_process_exists(uint32_t pid)
{
	return system_call(SYS_kill, pid, 0, 0, 0, 0, 0) != -ESRCH;
}

static inline void system_yield(void)
{
	system_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/* A wait for another thread. It begins as all zero. */
struct system_wait {
	uint64_t begin_ns;
	uint32_t turns;
};

/*
 * Let others run; false once the wait has lasted that long. Where system calls are forbidden the
 * clock may be one, and so turns are counted: some 20 ms.
 */
static inline bool system_wait(struct system_wait *wait, uint64_t most_ns)
{
	const uint32_t most_turns = 1 << 24;
	uint64_t now;

	if (__atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED))
		return ++wait->turns < most_turns;
	now = fsc_clock_monotonic_ns();
	if (!wait->begin_ns)
		wait->begin_ns = now;
	system_yield();
	return now - wait->begin_ns <= most_ns;
}

static inline long system_link_text(const char *path, char *buffer, size_t bytes)
{
	return system_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)bytes, 0, 0);
}

/*
 * Can the 8 bytes at that address (rounded down to 8) be read? The kernel is asked with a
 * sigprocmask that changes nothing: it copies the set before it finds `how` invalid, so EFAULT
 * means no and EINVAL means yes. Anything else is no answer (seccomp), which is no. mincore would
 * call a PROT_NONE page mapped.
 */
static inline bool system_readable(uintptr_t address)
{
	return system_call(SYS_rt_sigprocmask, -1, (long)(address & ~(uintptr_t)7), 0, 8, 0, 0) ==
	       -EINVAL;
}

/*
 * Can that word be written? The kernel is asked to OR nothing into its first 4 bytes, atomically,
 * and to wake nobody who waits for it (futex(2), FUTEX_WAKE_OP): EFAULT means no.
 */
static inline bool system_writable(uintptr_t *word)
{
	uint32_t other = 0;
	long or_nothing = FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0);

	return system_call(SYS_futex, (long)&other, FUTEX_WAKE_OP_PRIVATE, 0, 0, (long)word,
			   or_nothing) >= 0;
}

/* A set of signals as the kernel has it: bit n - 1 is signal n. */
static inline uint64_t system_signal_bit(int signal)
{
	return 1ull << (signal - 1);
}

/* Block exactly these in this thread. before may be NULL. */
static inline bool system_signal_mask(uint64_t mask, uint64_t *before)
{
	return system_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)before, 8, 0, 0) ==
	       0;
}

/* Those that wait for this thread to unblock them, its own and the process's. */
static inline uint64_t system_signals_pending(void)
{
	uint64_t pending = 0;

	system_call(SYS_rt_sigpending, (long)&pending, 8, 0, 0, 0, 0);
	return pending;
}

/* Take one of them away, the thread's own first, without waiting. */
static inline void system_signal_take(uint64_t signals)
{
	struct timespec at_once = { 0, 0 };

	system_call(SYS_rt_sigtimedwait, (long)&signals, 0, (long)&at_once, 8, 0, 0);
}

static inline uint64_t system_file_limit(void)
{
	struct rlimit64 limit = { RLIM64_INFINITY, RLIM64_INFINITY };

	system_call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0);
	return limit.rlim_cur;
}

#endif
