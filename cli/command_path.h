/* SPDX-License-Identifier: MIT */
/*
 * command_path.h - which file a command is, as execvp(3) finds it.
 */
#ifndef CLI_COMMAND_PATH_H
#define CLI_COMMAND_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* path: size bytes. false: there is no such command, or it may not be run; errno says which. */
bool fsc_command_path_find(const char *command, char *path, size_t size);

#endif
