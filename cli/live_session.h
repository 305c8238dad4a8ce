/* SPDX-License-Identifier: MIT */
/*
 * live_session.h - the session that a running process is recorded in, found by the process.
 *
 * In:     a pid; what the process has mapped says where its image lies (trace_points/image.h).
 * Out:    the image's file and header, and the session's control page.
 * Cost:   one pass over the process's mappings.
 * Thread: one object per thread.
 */
#ifndef CLI_LIVE_SESSION_H
#define CLI_LIVE_SESSION_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace_points/image.h"

struct fsc_live_session {
	char folder[PATH_MAX];		   /* of the session */
	char image_path[PATH_MAX];	   /* as we reach it */
	int image_fd;			   /* of the image, read-only */
	const struct fsc_session *control; /* mapped; NULL: it is gone */
	struct fsc_image *image;	   /* its header, mapped for writing; NULL: not asked for */
};

/* The pid that a word says. false: it says none. */
bool fsc_live_session_parse_pid(const char *word, uint32_t *pid);

/*
 * Find it. writable: the image's header is shared with the process. The image is checked: its
 * header is one of this version. true: end it with fsc_live_session_close(). false: said why.
 */
bool fsc_live_session_open(struct fsc_live_session *live, uint32_t pid, bool writable);
void fsc_live_session_close(struct fsc_live_session *live);

#endif
