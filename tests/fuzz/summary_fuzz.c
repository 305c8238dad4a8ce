/* SPDX-License-Identifier: MIT */
/* Any bytes as a summary: it is refused with a reason, or what it says can be shown and added. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzers/breakdown.h"
#include "analyzers/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void use(const struct fsc_recording *summary)
{
	const struct fsc_process *process = fsc_recording_busiest(summary);
	struct fsc_breakdown *breakdown;
	struct fsc_error error = { 0 };
	struct fsc_recording *sum;

	if (process && !fsc_breakdown_read(&breakdown, summary, process, NULL, &error))
		fsc_breakdown_destroy(breakdown);
	if (fsc_summary_create(&sum))
		return;
	for (int twice = 0; twice < 2; twice++)
		if (fsc_summary_add(sum, summary, NULL, &error))
			abort();
	fsc_recording_destroy(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static int file = -1;
	static char path[64];
	struct fsc_error error = { 0 };
	struct fsc_recording *summary;

	if (file < 0) {
		file = memfd_create("input", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
		abort();
	if (fsc_summary_open(&summary, path, &error)) {
		if (summary || !*error.what)
			abort();
		return 0;
	}
	use(summary);
	fsc_recording_destroy(summary);
	return 0;
}
