/* SPDX-License-Identifier: MIT */
/*
 * host_internal.h - one thread's requests, and the tally of what was done.
 *
 * In:     options and entry points, read-only once the threads run.
 * Out:    struct fsc_host_tally, one per thread, added up at the end.
 * Cost:   see host.h.
 * Thread: a struct fsc_host_thread belongs to its thread; the delays are shared and safe.
 */
#ifndef FFI_HOST_HOST_INTERNAL_H
#define FFI_HOST_HOST_INTERNAL_H

#include "ffi/host/host.h"
#include "ffi/host/host_codec_internal.h"
#include "ffi/service/planted.h"

enum fsc_host_delay {
	FSC_HOST_ENCODE,
	FSC_HOST_DECODE,
	FSC_HOST_PREPARE,
	FSC_HOST_CONSUME,
	FSC_HOST_DELAY_COUNT
};

struct fsc_host_tally_row {
	uint64_t calls;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t frees; /* calls of the free function for this entry's responses */
};

struct fsc_host_tally {
	struct fsc_host_tally_row rows[FSC_HOST_ENTRY_COUNT];
	uint64_t leaked;
	uint64_t leaked_bytes;
	uint64_t freed_twice;
	uint64_t freed_wrong_length;
	uint64_t freed_plain;
	uint64_t failed; /* no response, or one that does not decode */
};

struct fsc_host_thread {
	const struct fsc_host_api *api;
	const struct fsc_host_options *options;
	enum fsc_host_entry_id entry;
	uint64_t first;	  /* number of its first request, from 1 */
	uint64_t failure; /* errno value; 0: it ran */
	struct fsc_host_tally tally;
	struct fsc_host_codec *codec;
};

struct fsc_host_entry {
	const char *option; /* --entry */
	const char *name;   /* of the entry point */
	/* Entry points with buffers: */
	struct fsc_byte_buffer (*call)(const struct fsc_host_api *api, const uint8_t *data,
				       size_t len);
	bool slice; /* the response goes back to calculator_free_buffer() */
	/* Entry points without: */
	void (*plain)(const struct fsc_host_api *api, uint64_t number);
};

extern const struct fsc_host_entry fsc_host_entries[FSC_HOST_ENTRY_COUNT];
extern struct fsc_planted fsc_host_delays[FSC_HOST_DELAY_COUNT];

/* host_options.c; false: a message was printed on stderr. */
bool fsc_host_parse_options(struct fsc_host_options *options, int argc, char **argv);
bool fsc_host_find_entry(const char *option, enum fsc_host_entry_id *id);

/* host_request.c: do the request of that number. */
void fsc_host_do_request(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
			 uint64_t number);

/* host_report.c: print the line of JSON and flush it. */
void fsc_host_report(const struct fsc_host_api *api, const struct fsc_host_options *options,
		     const struct fsc_host_tally *tally, uint64_t wall_ns);

#endif
