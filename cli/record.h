/* SPDX-License-Identifier: MIT */
/*
 * record.h - `ffiscope record [options] -- command args`.
 *
 * In:     the command line (options.def), a program to run.
 * Out:    a recording (recording.h), one summary line on stderr, the program's own exit status.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

/*
 * argv[0] is "record". Returns the exit status: the command's (128 + signal when it died of one),
 * 125 when ffiscope itself could not, 126 when the command is not executable, 127 when it is not
 * found.
 */
int fsc_cmd_record(int argc, char **argv);

#endif
