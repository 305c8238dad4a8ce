/* SPDX-License-Identifier: MIT */
/*
 * merge_internal.h - the options of `ffiscope merge`, for its manual page's test.
 */
#ifndef CLI_MERGE_INTERNAL_H
#define CLI_MERGE_INTERNAL_H

#include "cli/arguments.h"

extern const struct fsc_arguments fsc_merge_arguments;

#endif
