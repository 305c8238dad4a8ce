/* SPDX-License-Identifier: MIT */
/*
 * summary.h - recordings of many processes and machines, added up into one.
 *
 * In:     recordings of any kind, summaries among them.
 * Out:    a recording that has sums instead of events: breakdown.h reads it like the others. And
 *         its file, JSON of schema ffiscope.summary/1 (docs/summary.md).
 * Cost:   memory for the rows and their histograms, and a few KiB for each process image.
 * Thread: one object per thread.
 *
 * Sums and histograms are exact, in whatever order and groups they are added. What some part does
 * not know, the whole does not know either.
 */
#ifndef ANALYZERS_SUMMARY_H
#define ANALYZERS_SUMMARY_H

#include "analyzers/recording.h"

struct fsc_json; /* trace_points/json_writer.h */

/*
 * A summary of nothing.
 * FSC_OK: the caller owns *out and ends it with fsc_recording_destroy(). FSC_E_NOMEM.
 */
FSC_MUST_CHECK enum fsc_status fsc_summary_create(struct fsc_recording **out);

/*
 * Add all images of a recording, or all that a summary holds. What is damaged is a warning.
 * Otherwise *error says what went wrong, and the summary can only be destroyed.
 */
FSC_MUST_CHECK enum fsc_status fsc_summary_add(struct fsc_recording *summary,
					       const struct fsc_recording *from,
					       struct fsc_warnings *warnings,
					       struct fsc_error *error);

/* Write its file; json: begun by the caller, who finishes it. */
void fsc_summary_write(const struct fsc_recording *summary, struct fsc_json *json);

/*
 * Read a file.
 * FSC_OK: as fsc_summary_create(). FSC_E_FORMAT: not a summary, or one whose numbers contradict
 * each other. FSC_E_VERSION: of a newer version. FSC_E_IO, FSC_E_LIMIT, FSC_E_NOMEM. Else *out is
 * NULL and *error says it to the person.
 */
FSC_MUST_CHECK enum fsc_status fsc_summary_open(struct fsc_recording **out, const char *path,
						struct fsc_error *error);

#endif
