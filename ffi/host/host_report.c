/* SPDX-License-Identifier: MIT */
/*
 * host_report.c - the host's truth as one line of JSON. Begin at fsc_host_report().
 */
#include "ffi/host/host_internal.h"

#include <errno.h> /* program_invocation_short_name */
#include <inttypes.h>
#include <stdio.h>

static void print_rows(const struct fsc_host_tally *tally)
{
	const char *separator = "";

	printf("\"entry_points\":[");
	for (size_t i = 0; i < FSC_HOST_ENTRY_COUNT; i++) {
		const struct fsc_host_tally_row *row = &tally->rows[i];

		if (row->calls == 0)
			continue;
		printf("%s{\"name\":\"%s\",\"calls\":%" PRIu64 ",\"request_bytes\":%" PRIu64
		       ",\"response_bytes\":%" PRIu64 ",\"frees\":%" PRIu64 "}",
		       separator, fsc_host_entries[i].name, row->calls, row->request_bytes,
		       row->response_bytes, row->frees);
		separator = ",";
	}
	printf("],");
}

static void print_misuse(const struct fsc_host_tally *tally)
{
	printf("\"leaked\":%" PRIu64 ",\"leaked_bytes\":%" PRIu64 ",\"freed_twice\":%" PRIu64
	       ",\"freed_wrong_length\":%" PRIu64 ",\"freed_plain\":%" PRIu64 ",\"failed\":%" PRIu64
	       ",",
	       tally->leaked, tally->leaked_bytes, tally->freed_twice, tally->freed_wrong_length,
	       tally->freed_plain, tally->failed);
}

static void print_delays(void)
{
	static const char *const names[FSC_HOST_DELAY_COUNT] = { "encode", "decode", "prepare",
								 "consume" };

	printf("\"host\":{\"delay_in_codec\":%s", fsc_host_codec_has_delays ? "true" : "false");
	for (size_t i = 0; i < FSC_HOST_DELAY_COUNT; i++)
		printf(",\"%s_planned_ns\":%" PRIu64 ",\"%s_elapsed_ns\":%" PRIu64
		       ",\"%s_count\":%" PRIu64 ",\"%s_median_ns\":%" PRIu64,
		       names[i], fsc_host_delays[i].planned_ns, names[i],
		       fsc_host_delays[i].elapsed_ns, names[i], fsc_host_delays[i].count, names[i],
		       fsc_planted_median_ns(&fsc_host_delays[i]));
	printf("},");
}

static void print_service(const struct fsc_memory_stats *stats)
{
	const char *separator = "";

	printf("\"service\":{");
#define FSC_SERVICE_COUNTER(name, what)                             \
	printf("%s\"" #name "\":%" PRIu64, separator, stats->name); \
	separator = ",";
#define FSC_SERVICE_DELAY(name)                                                          \
	printf(",\"" #name "_planned_ns\":%" PRIu64 ",\"" #name "_elapsed_ns\":%" PRIu64 \
	       ",\"" #name "_count\":%" PRIu64 ",\"" #name "_median_ns\":%" PRIu64,      \
	       stats->name##_planned_ns, stats->name##_elapsed_ns, stats->name##_count,  \
	       stats->name##_median_ns);
#include "ffi/service/memory_stats.def"
#undef FSC_SERVICE_COUNTER
#undef FSC_SERVICE_DELAY
	printf("}");
}

void fsc_host_report(const struct fsc_host_api *api, const struct fsc_host_options *options,
		     const struct fsc_host_tally *tally, uint64_t wall_ns)
{
	struct fsc_memory_stats stats = api->proto2ffi_memory_stats();

	printf("{\"program\":\"%s\",\"entry\":\"%s\",\"requests\":%" PRIu64 ",\"threads\":%" PRIu64
	       ",\"wall_ns\":%" PRIu64 ",",
	       program_invocation_short_name, options->entry, options->requests, options->threads,
	       wall_ns);
	print_rows(tally);
	print_misuse(tally);
	print_delays();
	print_service(&stats);
	printf("}\n");
	(void)fflush(stdout);
}
