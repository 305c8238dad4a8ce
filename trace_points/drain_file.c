/* SPDX-License-Identifier: MIT */
/*
 * What is hard: in a program that drains itself the descriptor is not safe. The program may close
 * it at any moment and reuse its number, and nothing may then be done to the other file; or the
 * next look comes from a thread that has other descriptors. So no
 * system call changes a file through the descriptor, and what came through it counts only if it is
 * still ours afterwards. Begin reading at fsc_drain_file_look().
 */
#define _FILE_OFFSET_BITS 64 /* the image is larger than 2 GiB, also for a 32-bit process */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_points/drain_internal.h"

/* Does the descriptor stand for our file? *status describes the file that it stands for. */
static bool file_is_ours(const struct fsc_drain *drain, int fd, struct stat *status)
{
	return fd >= 0 && fstat(fd, status) == 0 && status->st_dev == drain->device &&
	       status->st_ino == drain->inode;
}

bool fsc_drain_file_look(struct fsc_drain *drain)
{
	struct stat status;

	if (!file_is_ours(drain, drain->fd, &status)) {
		int fd = open(drain->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

		if (!file_is_ours(drain, fd, &status)) {
			if (fd >= 0)
				close(fd);
			return false;
		}
		drain->fd = fd;
	}
	drain->file_bytes = (uint64_t)status.st_size;
	return drain->file_bytes >= FSC_ARENA_OFFSET;
}

/*
 * Map a part of the file. The program may close the descriptor and reuse its number at any moment,
 * so the look comes after: what is still ours then was ours when it was mapped. NULL: errno.
 */
static void *file_map(struct fsc_drain *drain, uint64_t offset, size_t bytes)
{
	struct stat status;

	errno = ENOENT;
	for (int tries = 0; tries < 2 && fsc_drain_file_look(drain); tries++) {
		void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, drain->fd,
				  (off_t)offset);

		if (base == MAP_FAILED)
			return NULL;
		if (file_is_ours(drain, drain->fd, &status))
			return base;
		munmap(base, bytes);
	}
	return NULL;
}

bool fsc_drain_piece_map(struct fsc_drain *drain, struct fsc_drain_piece *piece, uint64_t offset,
			 uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t delta = offset % page;
	uint64_t end;

	if (__builtin_add_overflow(offset, bytes, &end) || end > drain->file_bytes ||
	    bytes > SIZE_MAX - delta)
		return false;
	piece->base = file_map(drain, offset - delta, (size_t)(bytes + delta));
	if (!piece->base)
		return false;
	piece->length = (size_t)(bytes + delta);
	piece->data = (uint8_t *)piece->base + delta;
	return true;
}

void fsc_drain_piece_unmap(struct fsc_drain_piece *piece)
{
	if (piece->base)
		munmap(piece->base, piece->length);
	memset(piece, 0, sizeof(*piece));
}

void fsc_drain_piece_forget(const struct fsc_drain_piece *piece)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t skip = piece->data == piece->base ? 0 : page;

	if (piece->length > skip)
		(void)madvise((uint8_t *)piece->base + skip, piece->length - skip, MADV_REMOVE);
}

bool fsc_drain_read(struct fsc_drain *drain, uint64_t offset, size_t bytes)
{
	struct stat status;
	uint64_t end;

	if (bytes > sizeof(drain->scratch) ||
	    __builtin_add_overflow(offset, (uint64_t)bytes, &end) || end > drain->file_bytes)
		return false;
	for (int tries = 0; tries < 2 && fsc_drain_file_look(drain); tries++) {
		bool whole =
			pread(drain->fd, drain->scratch, bytes, (off_t)offset) == (ssize_t)bytes;

		if (file_is_ours(drain, drain->fd, &status))
			return whole;
	}
	return false;
}

int fsc_drain_file_open(struct fsc_drain *drain, const char *path)
{
	struct stat status;
	size_t length = strlen(path);

	if (length >= sizeof(drain->path))
		return ENAMETOOLONG;
	memcpy(drain->path, path, length + 1);
	drain->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (drain->fd < 0 || fstat(drain->fd, &status) != 0)
		return errno;
	drain->device = status.st_dev;
	drain->inode = status.st_ino;
	drain->file_bytes = (uint64_t)status.st_size;
	return S_ISREG(status.st_mode) && drain->file_bytes >= FSC_ARENA_OFFSET ? 0 : EINVAL;
}

void fsc_drain_let_go(struct fsc_drain *drain)
{
	struct stat status;

	if (file_is_ours(drain, drain->fd, &status))
		close(drain->fd);
	drain->fd = -1;
}

void fsc_drain_keep_open(struct fsc_drain *drain)
{
	enum { HIGH_DESCRIPTOR = 200 };
	int fd = fcntl(drain->fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);

	if (fd < 0)
		return;
	close(drain->fd);
	drain->fd = fd;
}
