/* SPDX-License-Identifier: MIT */
/*
 * process_choice.h - a recording and the one process image of it that is to be shown: what all
 * commands that read a recording ask for.
 *
 * In:     a path, a pid and perhaps the number of its image, when to colour, as typed.
 * Out:    the recording, its warnings on stderr, the image.
 * Thread: one.
 */
#ifndef CLI_PROCESS_CHOICE_H
#define CLI_PROCESS_CHOICE_H

#include "analyzers/recording.h"
#include "cli/arguments.h"
#include "cli/output.h"

struct fsc_process_choice {
	const char *path;	 /* NULL: the default recording */
	uint32_t pid;		 /* 0: the image with most calls */
	char host[FSC_HOST_MAX]; /* "": any */
	bool has_image;		 /* of the pid's images, this one */
	uint32_t image;
	enum fsc_colour colour;
};

/*
 * For the tables of arguments.h: `into` is a struct that begins with a struct fsc_process_choice.
 * false: the value does not fit, or there is a path already.
 */
bool fsc_process_choice_take_path(void *into, const char *word);
bool fsc_process_choice_take_pid(void *into, const char *value);
bool fsc_process_choice_take_image(void *into, const char *value); /* [HOST:]PID[-N] */
bool fsc_process_choice_take_colour(void *into, const char *value);

#define FSC_PROCESS_CHOICE_PID(what)                                      \
	{                                                                 \
		"pid", 'p', FSC_ARGUMENT_NEEDED, "[HOST:]PID[-N]",        \
			what "; PID-N: its image N; HOST: of which host", \
			fsc_process_choice_take_image                     \
	}

/*
 * The word by which fsc_process_choice_take_image() finds that image: its pid, and -N where another
 * image has the same; before them the host where the recording is of several.
 */
enum { FSC_PROCESS_CHOICE_WORD = FSC_HOST_MAX + 24 };
const char *fsc_process_choice_word(char word[FSC_PROCESS_CHOICE_WORD],
				    const struct fsc_recording *recording,
				    const struct fsc_process *process);

/*
 * Open the recording and find the image; *process is NULL when no image made an event.
 * FSC_OK: the caller owns *recording. Else it is NULL and the person was told why.
 */
FSC_MUST_CHECK enum fsc_status fsc_process_choice_open(const struct fsc_process_choice *choice,
						       struct fsc_recording **recording,
						       const struct fsc_process **process);

#endif
