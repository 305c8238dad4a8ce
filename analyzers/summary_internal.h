/* SPDX-License-Identifier: MIT */
/*
 * summary_internal.h - what a summary is, and which of its numbers stand in its file: the tables of
 * summary_members.c are what both its writer and its reader go by.
 */
#ifndef ANALYZERS_SUMMARY_INTERNAL_H
#define ANALYZERS_SUMMARY_INTERNAL_H

#include "analyzers/breakdown_internal.h"
#include "analyzers/summary.h"

#define FSC_SUMMARY_SCHEMA "ffiscope.summary/"
enum fsc_summary_version { FSC_SUMMARY_VERSION = 1 };

/* Of a recording without events. */
struct fsc_sums {
	struct fsc_gathering gathering;
	struct fsc_breakdown_facts facts;
	uint64_t images;
	uint64_t recordings;
	struct fsc_process whole; /* stands for all processes, where there are several */
};

enum fsc_member_kind {
	FSC_MEMBER_U64,
	FSC_MEMBER_I64,
	FSC_MEMBER_U32,
	FSC_MEMBER_BOOL,
	FSC_MEMBER_MAYBE, /* struct fsc_maybe */
	FSC_MEMBER_TEXT,  /* an array of characters */
	FSC_MEMBER_STATE  /* enum fsc_process_state */
};

/* A member of a struct and of the JSON object that it is written as. */
struct fsc_member {
	const char *name; /* NULL ends a table */
	uint16_t offset;
	uint16_t size;
	enum fsc_member_kind kind;
};

extern const struct fsc_member fsc_members_recording[]; /* struct fsc_recording */
extern const struct fsc_member fsc_members_process[];	/* struct fsc_process */
extern const struct fsc_member fsc_members_facts[];	/* struct fsc_breakdown_facts */
extern const struct fsc_member fsc_members_probe[];	/* struct fsc_probe_cost */
extern const struct fsc_member fsc_members_row[];	/* struct fsc_gathered */
extern const struct fsc_member fsc_members_estimate[];	/* struct fsc_estimate */
extern const struct fsc_member fsc_members_cell[];	/* struct fsc_cell */
extern const struct fsc_member fsc_members_histogram[]; /* struct fsc_histogram */
extern const struct fsc_member fsc_members_line[];	/* struct fsc_slowest_line */

/* The parts of struct fsc_estimate that are wider: their names, their offsets. */
enum { FSC_WIDE_COUNT = 4, FSC_WIDE_PIECES = 4 };
extern const struct fsc_member fsc_members_wide[]; /* unsigned __int128, in pieces of 32 bits */

void fsc_member_write(struct fsc_json *json, const struct fsc_member *members, const void *object);

/* Room for one more process. NULL: no memory, or too many. */
struct fsc_process *fsc_summary_process(struct fsc_recording *summary);

void fsc_summary_destroy(struct fsc_sums *sums);

/* All processes are known: fill `whole`. */
void fsc_summary_finish(struct fsc_recording *summary);

#endif
