/* SPDX-License-Identifier: MIT */
/*
 * control_internal.h - the options of `ffiscope control`, for its manual page's test.
 */
#ifndef CLI_CONTROL_INTERNAL_H
#define CLI_CONTROL_INTERNAL_H

#include "cli/arguments.h"

extern const struct fsc_arguments fsc_control_arguments;

#endif
