/* SPDX-License-Identifier: MIT */
/*
 * output_file.h - a file that appears under its name when it is whole.
 *
 * In:     a path; what is written to the stream.
 * Out:    the file; what was there before stays until then, and if something goes wrong.
 * Thread: one.
 */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Fields are its own. */
struct fsc_output_file {
	FILE *stream;
	const char *path;
	char *hidden; /* name until then; NULL: what is there is no plain file and is written to */
};

/* false: the person was told why. */
bool fsc_output_file_open(struct fsc_output_file *file, const char *path);
bool fsc_output_file_close(struct fsc_output_file *file, bool keep);

#endif
