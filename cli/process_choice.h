/* SPDX-License-Identifier: MIT */
/*
 * process_choice.h - a recording and the one process image of it that is to be shown.
 *
 * In:     a path, a pid as typed.
 * Out:    the recording, its warnings on stderr, the image.
 * Thread: one.
 */
#ifndef CLI_PROCESS_CHOICE_H
#define CLI_PROCESS_CHOICE_H

#include "analyzers/recording.h"

struct fsc_process_choice {
	const char *path; /* NULL: the default recording */
	uint32_t pid;	  /* 0: the image with most calls */
};

/* A pid in digits. false: it is none. */
bool fsc_process_choice_parse_pid(const char *text, uint32_t *pid);

/*
 * Open the recording and find the image; *process is NULL when no image made an event.
 * FSC_OK: the caller owns *recording. Else it is NULL and the person was told why.
 */
FSC_MUST_CHECK enum fsc_status fsc_process_choice_open(const struct fsc_process_choice *choice,
						       struct fsc_recording **recording,
						       const struct fsc_process **process);

#endif
