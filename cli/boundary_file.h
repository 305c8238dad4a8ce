/* SPDX-License-Identifier: MIT */
/*
 * boundary_file.h - a boundary file as a person gave it.
 *
 * In:     its path.
 * Out:    its text and its rows; what is wrong, in one line on stderr with line and column.
 */
#ifndef CLI_BOUNDARY_FILE_H
#define CLI_BOUNDARY_FILE_H

#include "ffi/boundary.h"

/* true: *text (*length bytes) is the caller's; rows (empty before) has its rows. false: said why.
 */
bool fsc_boundary_file_read(const char *path, struct fsc_boundary *rows, char **text,
			    size_t *length);

/* Are the globs of a list such that --entry and --exclude take them? name: who gave them. */
bool fsc_boundary_file_check_globs(const char *name, const char *list);

#endif
