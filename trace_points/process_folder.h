/* SPDX-License-Identifier: MIT */
/*
 * process_folder.h - write the folder of one process image (recording.h).
 *
 * In:     packets of a drain (drain.h), facts about the process.
 * Out:    <recording>/<pid>-<n>/, made with the first packet; every file in it is valid at every
 *         moment: a packet stands whole in its stream file or not at all, other files are written
 *         under a name of their own and renamed.
 * Cost:   open, write, close for each packet; no descriptor is kept, nothing is allocated;
 * guest-safe (no malloc, no stdio, errno kept). Thread: one object, one caller at a time.
 */
#ifndef TRACE_POINTS_PROCESS_FOLDER_H
#define TRACE_POINTS_PROCESS_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "trace_points/clock.h"
#include "trace_points/drain.h"
#include "trace_points/image.h"

/* What the folder must know of the recording. Texts are copied. */
struct fsc_process_origin {
	const char *recording; /* folder, absolute: the program may change its directory */
	const char *hostname;
	uint64_t ticks_per_s;	    /* of the image's clock */
	struct fsc_clock_pair pair; /* any moment of this boot: ties ticks to CLOCK_REALTIME */
	uint8_t uuid[16];	    /* as given to fsc_drain_create() */
};

struct fsc_process_folder {
	char recording[PATH_MAX - 128]; /* room for the names that follow it */
	char path[PATH_MAX - 64];
	char hostname[256];
	struct fsc_process_origin origin; /* its texts are the two above */
	struct fsc_image image; /* the facts that do not change; number may grow: see packet() */
	uint32_t process;	/* the pid by our own numbers, the image's or set by the caller */
	bool own;		/* the folder is there, and this one's */
	bool made;		/* with all its files */
	bool spare;		/* some room is kept for what is written at the end */
	const char *boundary;	/* borrowed; NULL = none */
	size_t boundary_bytes;
	uint64_t overwritten_events; /* told by the caller: out of a full ring of packets */
};

/*
 * Prepare; nothing is written yet. boundary (its text, borrowed as long as the folder lives) may be
 * NULL. 0, or ENAMETOOLONG.
 */
int fsc_process_folder_init(struct fsc_process_folder *folder,
			    const struct fsc_process_origin *origin, const struct fsc_image *image,
			    const char *boundary, size_t boundary_bytes);

/*
 * Append a packet to its stream file: the `packet` of struct fsc_drain_output, arg being the
 * folder. The first one makes the folder with all its files; image.number becomes the number in its
 * name, a later one when an older process left a folder of that name. 0, or errno of what failed:
 * then the stream file is as it was. On a full disk the state stream still has the folder's spare
 * room: totals and losses are to be told whatever else found no place.
 */
int fsc_process_folder_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
			      uint64_t events);

/*
 * Write process.json anew, which is the last that is written, and give back the spare room. state:
 * see recording.h. 0, or errno; 0 and nothing when not made.
 */
int fsc_process_folder_describe(struct fsc_process_folder *folder,
				const struct fsc_drain_totals *totals, const char *state);

/* Copy /proc/<pid>/maps as it is now; the last copy stays when the process is gone. 0, or errno. */
int fsc_process_folder_maps(const struct fsc_process_folder *folder);

#endif
