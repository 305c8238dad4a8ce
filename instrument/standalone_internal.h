/* SPDX-License-Identifier: MIT */
/*
 * standalone_internal.h - recording without a record process: LD_PRELOAD and FFISCOPE_OUTPUT alone.
 *
 * A helper thread with all signals blocked drains the image into the output folder; what it had not
 * drained dies with the process. It is started with the image, anew in a forked child.
 */
#ifndef INSTRUMENT_STANDALONE_INTERNAL_H
#define INSTRUMENT_STANDALONE_INTERNAL_H

#include "thread_internal.h"
#include "trace_points/process_folder.h"

/* Make the output folder, and a session that no other process sees. NULL: it could not be made. */
struct fsc_session *fsc_standalone_start(void) FSC_HIDDEN;

/*
 * Make the folder in shared memory that the image's file lies in: with the image, so that a process
 * without calls leaves nothing. Remove it with all that is in it.
 */
bool fsc_standalone_make_folder(void) FSC_HIDDEN;
void fsc_standalone_remove_folder(void) FSC_HIDDEN;

/* Remove such folders of this user's processes that are gone. */
void fsc_standalone_sweep(void) FSC_HIDDEN;

/*
 * The recording's meta.json: this image is open; it is whole on disk. The recording is complete
 * when all that were opened are closed, so never when one was killed.
 */
void fsc_standalone_meta_open(const struct fsc_process_origin *origin) FSC_HIDDEN;
void fsc_standalone_meta_close(void) FSC_HIDDEN;

/* The image's file is complete: start the helper thread for it. */
void fsc_standalone_image(const char *image_path) FSC_HIDDEN;

/*
 * Before system calls are forbidden: what was recorded so far is drained, and the helper thread is
 * gone. What comes after that dies with the process. resume: they were not forbidden after all.
 */
void fsc_standalone_pause(void) FSC_HIDDEN;
void fsc_standalone_resume(void) FSC_HIDDEN;

/* exit() was reached: drain the rest, leave no memory behind. */
void fsc_standalone_end(void) FSC_HIDDEN;

#endif
