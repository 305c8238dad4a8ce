/* SPDX-License-Identifier: MIT */
/*
 * report_internal.h - the forms of `ffiscope report`, one file each.
 *
 * In:     what the analyzers found about one process image.
 * Out:    stdout.
 * Thread: one.
 */
#ifndef CLI_REPORT_INTERNAL_H
#define CLI_REPORT_INTERNAL_H

#include "analyzers/breakdown.h"
#include "analyzers/leaks.h"
#include "cli/arguments.h"
#include "cli/output.h"

/* All borrowed. */
struct fsc_report {
	const struct fsc_recording *recording;
	const struct fsc_process *process; /* NULL: no image made an event */
	const struct fsc_breakdown_result *breakdown;
	const struct fsc_leaks_result *leaks; /* of the image; NULL = unknown */
	bool corrected;			      /* for the probe cost */
	bool brief;			      /* the first screen stands alone */
};

enum fsc_report_form {
	FSC_REPORT_TABLES,
	FSC_REPORT_SCREEN,
	FSC_REPORT_JSON,
	FSC_REPORT_CSV_ENTRY_POINTS,
	FSC_REPORT_CSV_PHASES,
	FSC_REPORT_CSV_REQUESTS
};

extern const struct fsc_arguments fsc_report_arguments;

/* The first screen. */
void fsc_report_screen_write(const struct fsc_report *report, const struct fsc_output *output);

/* What could not be seen, and how to see it; nothing when all was seen. */
void fsc_report_notes_write(const struct fsc_report *report, const struct fsc_output *output);

/* Tables of entry points, phases and requests. */
void fsc_report_tables_write(const struct fsc_report *report, const struct fsc_output *output);

/* The phases of one entry point as bars. */
void fsc_report_phases_write(const struct fsc_report *report, size_t entry_point,
			     const struct fsc_output *output);

void fsc_report_json_write(const struct fsc_report *report, const struct fsc_output *output);
void fsc_report_csv_write(const struct fsc_report *report, enum fsc_report_form form,
			  const struct fsc_output *output);

/* The requests of an entry point, or NULL when it made none. */
const struct fsc_request_row *fsc_report_requests_of(const struct fsc_report *report,
						     size_t entry_point);

/* It made requests, or a profile knows of phases inside its calls. */
bool fsc_report_has_phases(const struct fsc_report *report, size_t entry_point);

/* Alive when the recorder stopped; one that was killed cannot tell. */
bool fsc_report_still_running(const struct fsc_report *report);

/*
 * An `other` row that took nothing, because all of its side was claimed; in a profile every phase
 * that was not seen: a note says why.
 */
bool fsc_report_left_out(const struct fsc_report *report, const struct fsc_phase_row *row);

/* "name ~" when a row rests on a part of the data; room must hold FSC_REPORT_NAME bytes. */
enum fsc_report_limit { FSC_REPORT_NAME = 1024 };
const char *fsc_report_name(char room[FSC_REPORT_NAME], const char *name, bool partial);

/*
 * A breakdown's rows with times as they were measured.
 * FSC_E_NOMEM: *out is empty. End it with fsc_report_raw_fini().
 */
FSC_MUST_CHECK enum fsc_status fsc_report_raw_make(struct fsc_breakdown_result *out,
						   const struct fsc_breakdown_result *from);
void fsc_report_raw_fini(struct fsc_breakdown_result *raw);

#endif
