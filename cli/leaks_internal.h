/* SPDX-License-Identifier: MIT */
/*
 * leaks_internal.h - the forms of `ffiscope leaks`.
 *
 * In:     what the analyzers found about all images of a recording.
 * Out:    stdout.
 * Thread: one.
 */
#ifndef CLI_LEAKS_INTERNAL_H
#define CLI_LEAKS_INTERNAL_H

#include "analyzers/leaks.h"
#include "cli/arguments.h"
#include "cli/output.h"

enum fsc_leaks_form {
	FSC_LEAKS_TABLES,
	FSC_LEAKS_JSON,
	FSC_LEAKS_CSV_FINDINGS,
	FSC_LEAKS_CSV_LIVE_AT_END,
	FSC_LEAKS_CSV_AWAITING_FINALIZER
};

extern const struct fsc_arguments fsc_leaks_arguments;

/* start_ns: of the recording, times are shown from there; unknown: as they are. */
void fsc_leaks_table_write(const struct fsc_leaks_result *leaks, struct fsc_maybe start_ns,
			   const struct fsc_output *output);

void fsc_leaks_json_write(const struct fsc_leaks_result *leaks, const struct fsc_output *output);
void fsc_leaks_csv_write(const struct fsc_leaks_result *leaks, enum fsc_leaks_form form,
			 const struct fsc_output *output);

#endif
