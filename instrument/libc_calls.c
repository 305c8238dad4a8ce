/* SPDX-License-Identifier: MIT */
/*
 * What the code of trace_points/ that is built into this library asks of the C library, and init.c.
 * C lets a program have functions of its own by the names that POSIX gives to these, and another
 * preload may have put its own in their place; here each is a hidden one of ours, which asks the
 * kernel or the C library itself. None is a cancellation point. Nothing else is hard.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h> /* rename() only */
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "modules_internal.h"
#include "system_internal.h"

#ifndef SYS_fstat64 /* of 64-bit processes */
#define SYS_fstat64 SYS_fstat
#define SYS_fcntl64 SYS_fcntl
#endif

static long answer(long result)
{
	if (result >= 0 || result < -FSC_PAGE)
		return result;
	errno = (int)-result;
	return -1;
}

int open64(const char *path, int flags, ...)
{
	/* Only the mode may follow, and files that are made here are their owner's. */
	return (int)answer(system_open(path, flags, 0600));
}

int fcntl64(int fd, int command, ...)
{
	va_list more;
	long argument;

	va_start(more, command);
	argument = va_arg(more, long);
	va_end(more);
	return (int)answer(system_call(SYS_fcntl64, fd, command, argument, 0, 0, 0));
}

int close(int fd)
{
	system_close(fd);
	return 0;
}

ssize_t read(int fd, void *buffer, size_t bytes)
{
	return answer(system_read(fd, buffer, bytes));
}

ssize_t pread64(int fd, void *buffer, size_t bytes, off64_t offset)
{
	return answer(system_call(SYS_pread64, fd, (long)buffer, (long)bytes,
				  SYSTEM_WIDE((uint64_t)offset) SYSTEM_NONE, 0));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return answer(system_call(SYS_writev, fd, (long)parts, count, 0, 0, 0));
}

int fstat64(int fd, struct stat64 *status)
{
	return (int)answer(system_call(SYS_fstat64, fd, (long)status, 0, 0, 0, 0));
}

int ftruncate64(int fd, off64_t bytes)
{
	return (int)answer(system_truncate(fd, (uint64_t)bytes));
}

int mkdir(const char *path, mode_t mode)
{
	(void)mode; /* 0700 everywhere */
	return (int)answer(system_make_folder(path));
}

int rename(const char *from, const char *to)
{
	return (int)answer(system_rename(from, to));
}

int unlink(const char *path)
{
	return (int)answer(system_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0));
}

/* Readable and writable memory: of a file shared with others, or of nobody else's. */
void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
	void *memory = system_map(fd, (uint64_t)offset, bytes);

	(void)address, (void)protection, (void)flags;
	if (memory)
		return memory;
	errno = ENOMEM;
	return MAP_FAILED;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return mmap64(address, bytes, protection, flags, fd, offset);
}

int munmap(void *memory, size_t bytes)
{
	system_unmap(memory, bytes);
	return 0;
}

int madvise(void *memory, size_t bytes, int advice)
{
	return (int)answer(system_advise(memory, bytes, advice));
}

/* glibc's own function of that name, found once. */
static uintptr_t libcs(uintptr_t *known, const char *name)
{
	uintptr_t found = __atomic_load_n(known, __ATOMIC_RELAXED);

	if (!found) {
		found = fsc_modules_libc_symbol(name);
		__atomic_store_n(known, found, __ATOMIC_RELAXED);
	}
	return found;
}

/*
 * Where the vDSO has no clock, or the kernel's clock source is none for it, this is a system call:
 * once those are forbidden nobody knows what time it is.
 */
int clock_gettime(clockid_t id, struct timespec *now)
{
	static uintptr_t known;
	uintptr_t found = libcs(&known, "clock_gettime");

	*now = (struct timespec){ 0, 0 };
	if (found && !__atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED))
		return ((int (*)(clockid_t, struct timespec *))found)(id, now);
	return (int)answer(system_call(SYS_clock_gettime, id, (long)now, 0, 0, 0, 0));
}

unsigned long getauxval(unsigned long type)
{
	static uintptr_t known;
	uintptr_t found = libcs(&known, "getauxval");

	return found ? ((unsigned long (*)(unsigned long))found)(type) : 0;
}

long sysconf(int name)
{
	(void)name; /* _SC_PAGESIZE */
	return (long)getauxval(AT_PAGESZ);
}

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument)
{
	static uintptr_t known;
	uintptr_t found = libcs(&known, "dl_iterate_phdr");
	int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

	if (!found)
		return 0;
	real = (int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *))found;
	return real(visit, argument);
}
