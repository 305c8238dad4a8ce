/* SPDX-License-Identifier: MIT */
/*
 * state.h - what is known of a process image beside its stream of events.
 *
 * In:     the state stream (strings, modules, sites, clock pairs, probe cost, totals, live buffers,
 *         losses), whatever source it came from.
 * Out:    plain tables, indexed by the ids that events carry.
 * Cost:   bounded tables; memory for the texts and the live buffers.
 * Thread: read-only once read.
 */
#ifndef ANALYZERS_STATE_H
#define ANALYZERS_STATE_H

#include "analyzers/clock_map.h"
#include "analyzers/profiles.h"
#include "analyzers/status.h"
#include "trace_points/events.h"
#include "trace_points/probe_kinds.h"

enum fsc_state_limit {
	FSC_STATE_SITES_MAX = 65536,
	FSC_STATE_MODULES_MAX = 65536,
	FSC_STATE_STRINGS_MAX = 1 << 20, /* ids */
	FSC_STATE_TEXT_MAX = 64 << 20,	 /* bytes of all texts */
	FSC_STATE_LIVE_MAX = 1 << 24,	 /* buffers still in the ledger */
	FSC_STATE_CALLERS_MAX = 1 << 24	 /* slots by site */
};

struct fsc_module {
	bool known;
	const char *path; /* "" = unknown */
	uint64_t base;
	char build_id[41];
};

/* A wrapped function. The counters are sums over all threads; exact whatever events were lost. */
struct fsc_site {
	bool known;
	uint8_t kind;	     /* enum fsc_site_kind */
	uint8_t bound;	     /* enum fsc_site_bound */
	uint16_t flags;	     /* enum fsc_site_flag */
	uint16_t alias_of;   /* 0 = none */
	uint32_t module;     /* id */
	const char *name;    /* "site 7" when its name is not known */
	const char *library; /* path, "" = unknown */
	uint64_t offset;
	bool totals_known; /* all site_total of this image were read; those of some sites are 0 */
	uint64_t calls;
	uint64_t completed;
	uint64_t unwound;
	uint64_t skipped;
	uint64_t sampled_out; /* neither timed nor recorded, by choice */
	uint64_t total_ticks; /* of completed calls */
	uint64_t request_bytes;
	uint64_t response_bytes;
};

/* A thread slot that called a site; a slot serves one thread after another. */
struct fsc_site_slot {
	uint16_t site;
	uint32_t slot;
};

/* A buffer in the ledger at the end; times in CLOCK_MONOTONIC ns. */
struct fsc_live_buffer {
	uint64_t pointer;
	uint64_t length;
	uint64_t capacity;
	uint64_t made_call;
	int64_t made_ns;
	int64_t made_ended_ns;
	uint32_t made_tid;
	uint32_t stack;
	uint16_t made_site;
	uint16_t flags;
};

struct fsc_ledger_totals {
	bool known;
	uint64_t made;
	uint64_t freed;
	uint64_t live;
	uint64_t full;
	uint64_t freed_twice;
	uint64_t freed_unknown;
	uint64_t size_mismatch;
	uint64_t foreign_free;
};

struct fsc_state {
	struct fsc_site *sites;	       /* by id; [0] is never known */
	uint32_t site_count;	       /* ids below it may be known */
	struct fsc_site_slot *callers; /* in no order */
	size_t caller_count;
	struct fsc_module *modules;
	uint32_t module_count;
	const char **strings; /* by id; NULL = unknown */
	bool *string_named;   /* by id: a site or a module has it */
	uint32_t string_count;
	struct fsc_clock_map clock;
	/* By enum fsc_probe_kind, at the pace at which the processor ran while it was recorded. */
	struct fsc_probe_cost probe[FSC_PROBE_KINDS];
	/* Time that it took for the same work as when that was measured; unknown = as measured. */
	struct fsc_maybe pace_permille;
	struct fsc_maybe growth_ticks; /* what threads spent on making memory for the recording */
	struct fsc_ledger_totals ledger;
	struct fsc_live_buffer *live;
	size_t live_count;
	struct fsc_profiles profiles; /* of the profile sink; else none */
	struct fsc_maybe lost_events; /* as the writer counted them; unknown = it did not say */
	struct fsc_maybe lost_findings;
	bool complete; /* all that the writer says at the end was read: no total means 0 */
};

/* The site of an event, or NULL when it is not known. */
const struct fsc_site *fsc_state_site(const struct fsc_state *state, uint32_t site);

/* The text with that id, or NULL. */
const char *fsc_state_string(const struct fsc_state *state, uint32_t string);

#endif
