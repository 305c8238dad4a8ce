/* SPDX-License-Identifier: MIT */
/*
 * breakdown.h - where the time of each entry point and of its requests goes, for one process image.
 *
 * In:     the image's events in time order and its state.
 * Out:    struct fsc_breakdown_result: the rows of `ffiscope report`.
 * Cost:   one pass; memory for rows, their histograms and the threads that are alive.
 * Thread: one object per thread.
 *
 * Counts come from the writer's counters, exact whatever was lost; times come from the events of
 * completed calls. total_ns, self_ns and mean_ns are corrected for the probe cost; min, max and
 * quantiles are not. Phases of an entry point add up to its requests' total_ns exactly.
 */
#ifndef ANALYZERS_BREAKDOWN_H
#define ANALYZERS_BREAKDOWN_H

#include "analyzers/event_stream.h"
#include "analyzers/histogram.h"
#include "analyzers/recording.h"
#include "analyzers/requests.h"
#include "analyzers/status.h"

enum fsc_source { FSC_SOURCE_NONE, FSC_SOURCE_MEASURED, FSC_SOURCE_SAMPLED, FSC_SOURCE_INFERRED };

/* "host", "library". "measured", "sampled", "inferred", NULL for FSC_SOURCE_NONE (JSON null, `?`).
 */
const char *fsc_side_name(enum fsc_side side);
const char *fsc_source_name(enum fsc_source source);

/* A distribution of times. Everything is unknown when count is 0. */
struct fsc_times {
	uint64_t count;
	struct fsc_maybe total_ns; /* corrected */
	struct fsc_maybe mean_ns;  /* corrected */
	struct fsc_maybe raw_total_ns;
	struct fsc_maybe raw_mean_ns;
	struct fsc_maybe min_ns; /* this and the rest: raw */
	struct fsc_maybe p50_ns;
	struct fsc_maybe p90_ns;
	struct fsc_maybe p99_ns;
	struct fsc_maybe p999_ns;
	struct fsc_maybe max_ns;
};

struct fsc_entry_row {
	const char *name;
	const char *library; /* path, "" = unknown */
	const char **aliases;
	size_t alias_count;
	bool is_free;		/* kind: free, else entry */
	uint64_t calls;		/* entered */
	struct fsc_times times; /* of completed calls; times.count: whose events were read */
	/*
	 * Known when sampling left some out. Then times, bytes from events and allocations are
	 * estimates of all, and with 95 % confidence the mean is within +- mean_ci95_ns; else that
	 * is 0, or unknown with the mean. Unknown, too, when fewer than two were recorded.
	 */
	struct fsc_maybe sampled;
	struct fsc_maybe mean_ci95_ns;
	struct fsc_maybe self_ns; /* corrected, inner calls left out */
	struct fsc_maybe raw_self_ns;
	/* How far a quantile up to p99 may be from the corrected one: the clock's step, a bucket's
	 * width, and the largest correction of one call. */
	struct fsc_maybe quantile_error_ns;
	struct fsc_maybe request_bytes; /* this and the rest: totals */
	struct fsc_maybe response_bytes;
	struct fsc_maybe allocations;
	struct fsc_maybe allocated_bytes;
	struct fsc_maybe frees;
	struct fsc_maybe freed_bytes;
	struct fsc_maybe unwound; /* left by an exception, longjmp or thread end */
	struct fsc_maybe open;	  /* entered and not left */
	struct fsc_maybe skipped; /* counted, neither timed nor recorded */
	/* 1: the correction is more than FSC_ESTIMATE_PERCENT of what was measured, or another
	 * sink's, so that mean and total are estimates; 0: it is not. Unknown while the probe cost
	 * is. */
	struct fsc_maybe estimate;
	uint64_t threads;
	bool calls_from_events; /* the counters were not read: calls is what the events show */
	bool partial;		/* times rest on less than all completed calls */
};

/* The phases of an entry point stand together, in the order in which they happen. */
struct fsc_phase_row {
	size_t entry_point; /* index in entry_points */
	const char *phase;
	enum fsc_side side;
	enum fsc_source source; /* FSC_SOURCE_NONE: never seen; then times.count is 0 */
	struct fsc_times times;
	struct fsc_maybe share_ppm; /* of the requests' total, in millionths; can be negative */
	/* What it took of each request in the mean, of all and of the slowest ones; raw. A request
	 * in which it was not seen counts as one that it took nothing of. */
	struct fsc_maybe raw_per_request_ns;
	struct fsc_maybe raw_per_slowest_ns;
	struct fsc_maybe allocations;
	struct fsc_maybe allocated_bytes;
	bool partial;
};

/* Of some requests; unknown when there are none. */
struct fsc_mean {
	uint64_t count;
	struct fsc_maybe mean_ns; /* corrected */
	struct fsc_maybe raw_mean_ns;
};

/*
 * At least 1 % of the requests: all that took least_ns or longer. Everything is raw, like other
 * quantiles; what their phases took stands in the phases' rows.
 */
struct fsc_slowest_requests {
	uint64_t count; /* 0: fewer than 100 requests, or these are not apart from the rest */
	struct fsc_maybe least_ns;
	struct fsc_maybe raw_mean_ns;
};

enum fsc_breakdown_limit { FSC_WARM_UP_REQUESTS = 10, FSC_ESTIMATE_PERCENT = 30 };

struct fsc_request_row {
	size_t entry_point;
	struct fsc_times times;
	struct fsc_slowest_requests slowest;
	struct fsc_mean warm_up; /* the first FSC_WARM_UP_REQUESTS of each thread */
	struct fsc_mean later;	 /* the others; both without a count when the first were lost */
	/* Total time that responses were held after their request; 0 when all frees were seen. */
	struct fsc_maybe held_ns;
	uint64_t held_count;
	struct fsc_maybe sampled; /* requests that were recorded, when times.count estimates all */
	bool partial;
};

/* What the host did outside all calls, where no event tells for which of them. */
struct fsc_host_row {
	const char *phase;
	struct fsc_times times;
	bool partial;
};

/* Texts are borrowed from the breakdown, which keeps the state alive. */
struct fsc_breakdown_result {
	struct fsc_entry_row *entry_points; /* most time first; kind free after kind entry */
	size_t entry_point_count;
	struct fsc_phase_row *phases;
	size_t phase_count;
	struct fsc_request_row *requests; /* one per entry point of kind entry that made requests */
	size_t request_count;
	struct fsc_host_row *host; /* of the profile sink alone */
	size_t host_count;
	bool profile;		   /* the profile sink's: no events, so no requests */
	uint64_t calls;		   /* of all rows */
	struct fsc_maybe first_ns; /* first begin and last end of any event */
	struct fsc_maybe last_ns;
	struct fsc_stream_loss loss;
	uint64_t forgotten_calls; /* whose inside was given up (fsc_requests_forgotten) */
	struct fsc_maybe step_ns; /* of the clock, rounded up */
	struct fsc_maybe probe_inner_ps;
	struct fsc_maybe probe_outer_ps;
	struct fsc_maybe probe_spread_ps;
	bool probes_differ; /* of a summary: known, but not one; each part has its own taken off */
	struct fsc_maybe pace_permille;	  /* of state.h: those three allow for it */
	struct fsc_maybe probes_added_ps; /* in all, as far as events were read */
	struct fsc_maybe growth_ns; /* what threads spent on making memory for the recording */
	const struct fsc_probe_cost *probes; /* by enum fsc_probe_kind; NULL = none known */
	int64_t clock_residual_ns;
	bool sampled; /* sampling left calls out */
	bool partial; /* some number rests on less than all events, or than all counters */
};

struct fsc_breakdown; /* opaque */

/*
 * Read one image's events to the end and make its rows. warnings: may be NULL, must outlive the
 * breakdown.
 * FSC_OK: the caller owns *out and ends it with fsc_breakdown_destroy(). Else *out is NULL and
 * *error says why (as fsc_event_stream_open()).
 */
FSC_MUST_CHECK enum fsc_status fsc_breakdown_read(struct fsc_breakdown **out,
						  const struct fsc_recording *recording,
						  const struct fsc_process *process,
						  struct fsc_warnings *warnings,
						  struct fsc_error *error);
void fsc_breakdown_destroy(struct fsc_breakdown *breakdown);

/* part of whole in millionths; unknown when either is, or whole is 0. */
struct fsc_maybe fsc_breakdown_share_ppm(struct fsc_maybe part_ns, struct fsc_maybe whole_ns);

/* Borrowed from the breakdown. */
const struct fsc_breakdown_result *fsc_breakdown_borrow(const struct fsc_breakdown *breakdown);

#endif
