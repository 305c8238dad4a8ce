/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the commands of the program ffiscope (commands.def).
 *
 * In:     argv[0] is the command's name, the rest its arguments.
 * Out:    the exit status of the program. Data goes to stdout, messages to stderr.
 * Thread: called once, by main.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* 125 to 127 and 128 + signal are record's, which passes the status of its command through. */
enum fsc_exit { FSC_EXIT_CLEAN = 0, FSC_EXIT_FINDINGS = 1, FSC_EXIT_TROUBLE = 2 };

#define FSC_COMMAND(name, function, help) int function(int argc, char **argv);
#include "cli/commands.def"
#undef FSC_COMMAND

#endif
