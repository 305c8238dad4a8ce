/* SPDX-License-Identifier: MIT */
/*
 * status.h - how analyzers and writers say that something failed.
 *
 * The layer that fails fills a struct fsc_error for the person (what, where, hint) and returns an
 * enum fsc_status for the caller. What hinders only a part of the work is a warning: an error kept
 * in struct fsc_warnings while reading goes on.
 */
#ifndef ANALYZERS_STATUS_H
#define ANALYZERS_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSC_MUST_CHECK __attribute__((warn_unused_result))

enum fsc_status {
	FSC_OK = 0,
	FSC_END,	 /* nothing more to read; not a failure */
	FSC_E_NOMEM,	 /* no memory */
	FSC_E_IO,	 /* the system refused to read or write */
	FSC_E_NOT_FOUND, /* no such recording, process, file */
	FSC_E_FORMAT,	 /* not what it should be: damaged or foreign */
	FSC_E_VERSION,	 /* from a newer version than this one reads */
	FSC_E_LIMIT,	 /* larger than this program handles */
};

/* Texts are whole sentences without a final stop; "" = nothing to say. */
struct fsc_error {
	enum fsc_status status;
	uint64_t line;	 /* in file, from 1; 0 = none */
	uint64_t offset; /* in file, bytes; meaningful when has_offset */
	bool has_offset;
	char what[256];
	char file[512];
	char hint[256];
};

/*
 * Fill *error (may be NULL) and return status. file may be NULL. The format is printf's. hint is
 * empty afterwards.
 */
__attribute__((format(printf, 4, 5))) enum fsc_status fsc_error_set(struct fsc_error *error,
								    enum fsc_status status,
								    const char *file,
								    const char *format, ...);

__attribute__((format(printf, 2, 3))) void fsc_error_hint(struct fsc_error *error,
							  const char *format, ...);

/* Warnings, the first FSC_WARNINGS_MAX kept and all counted. Zeroed memory is an empty list. */
enum fsc_warnings_limit { FSC_WARNINGS_MAX = 32 };
struct fsc_warnings {
	uint64_t count; /* may exceed FSC_WARNINGS_MAX */
	struct fsc_error list[FSC_WARNINGS_MAX];
};

/*
 * Where the next warning may be written: a place in the list, or NULL when it is full. Counts it.
 * Several threads may; the list is read when they have ended.
 */
struct fsc_error *fsc_warnings_next(struct fsc_warnings *warnings);

/* Warnings from that one on came from several threads: bring them in the order of their places. */
void fsc_warnings_order(struct fsc_warnings *warnings, uint64_t first);

/* A number that may be unknown: null in JSON, `?` on screen. */
struct fsc_maybe {
	bool known;
	int64_t value;
};

#define FSC_UNKNOWN ((struct fsc_maybe){ 0 })

static inline struct fsc_maybe fsc_known(int64_t value)
{
	return (struct fsc_maybe){ .known = true, .value = value };
}

#endif
