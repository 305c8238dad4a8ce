/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - a recording and its findings, made by hand: two entry points and a free function in
 * one process of two. Tests change what they are about.
 */
#ifndef TESTS_UNIT_CLI_FIXTURE_H
#define TESTS_UNIT_CLI_FIXTURE_H

#include "analyzers/breakdown.h"
#include "analyzers/leaks.h"
#include "cli/output.h"
#include "cli/report_internal.h"

enum fixture_counts { FIXTURE_ENTRIES = 3, FIXTURE_PHASES = 13, FIXTURE_REQUESTS = 2 };

struct fixture {
	struct fsc_recording recording;
	struct fsc_process processes[2];
	struct fsc_breakdown_result breakdown;
	struct fsc_entry_row entries[FIXTURE_ENTRIES];
	struct fsc_phase_row phases[FIXTURE_PHASES];
	struct fsc_request_row requests[FIXTURE_REQUESTS];
	struct fsc_leaks_result leaks;
	struct fsc_leak findings[2];
	struct fsc_report report;
	struct fsc_output output; /* into memory, 100 columns, no colour */
	char *text;
	size_t length;
};

extern struct fixture fixture;

void fixture_begin(void);
void fixture_end(void);

/* What was written to fixture.output so far. */
const char *fixture_text(void);

#endif
