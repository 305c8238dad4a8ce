/* SPDX-License-Identifier: MIT */
/*
 * messages.h - what a command says to the person, on stderr, one line each:
 * `ffiscope: what: where (hint)`.
 *
 * In:     errors and warnings of the analyzers; texts.
 * Out:    lines; nothing in them can steer a terminal.
 * Thread: any.
 */
#ifndef CLI_MESSAGES_H
#define CLI_MESSAGES_H

#include "analyzers/status.h"

void fsc_messages_error(const struct fsc_error *error);

/* Those that were kept, and how many more there were. */
void fsc_messages_warnings(const struct fsc_warnings *warnings);

__attribute__((format(printf, 1, 2))) void fsc_messages_say(const char *format, ...);

#endif
