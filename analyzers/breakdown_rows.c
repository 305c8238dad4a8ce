/* SPDX-License-Identifier: MIT */
/*
 * What was gathered becomes rows: sorted, with quantiles, and with every number that is not known
 * said to be unknown. Where events are missing, totals come from the counters (settle_missing in
 * breakdown_image.c).
 */
#include "analyzers/breakdown_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	FAST_CLOCK_SHORT_NS = 35,
	BUCKET_ERROR_PER_100K = 272,
	PROFILE_ERROR_PER_100K = 391 /* of a bucket of ticks, which then falls into one of ns */
};

static const char *const claim_names[] = {
	[FSC_CLAIM_ENCODE] = "encode",	 [FSC_CLAIM_DECODE] = "decode",
	[FSC_CLAIM_PREPARE] = "prepare", [FSC_CLAIM_CROSSING] = "crossing",
	[FSC_CLAIM_WORK] = "work",	 [FSC_CLAIM_CONSUME] = "consume",
	[FSC_CLAIM_FREE] = "free",	 [FSC_CLAIM_OTHER] = "other",
};

const char *fsc_side_name(enum fsc_side side)
{
	return side == FSC_SIDE_HOST ? "host" : "library";
}

const char *fsc_source_name(enum fsc_source source)
{
	switch (source) {
	case FSC_SOURCE_MEASURED:
		return "measured";
	case FSC_SOURCE_SAMPLED:
		return "sampled";
	case FSC_SOURCE_INFERRED:
		return "inferred";
	case FSC_SOURCE_NONE:
		break;
	}
	return NULL;
}

static struct fsc_times times_of(const struct fsc_histogram *raw, int64_t total_ns)
{
	struct fsc_times times = { .count = raw->count };

	if (!raw->count)
		return times;
	times.total_ns = fsc_known(total_ns);
	times.mean_ns = fsc_known(fsc_breakdown_divide(total_ns, (int64_t)raw->count));
	times.raw_total_ns = fsc_known(raw->sum);
	times.raw_mean_ns = fsc_histogram_mean(raw);
	times.min_ns = fsc_known(raw->min);
	times.p50_ns = fsc_histogram_quantile(raw, 500);
	times.p90_ns = fsc_histogram_quantile(raw, 900);
	times.p99_ns = fsc_histogram_quantile(raw, 990);
	times.p999_ns = fsc_histogram_quantile(raw, 999);
	times.max_ns = fsc_known(raw->max);
	return times;
}

/*
 * Quantiles are raw. Each call is too long by its own correction, which counts every probe inside
 * it; so no quantile is too large by more than the largest. And a bucket has a width.
 */
static struct fsc_maybe quantile_error(const struct fsc_breakdown *breakdown,
				       const struct fsc_gathered *from,
				       const struct fsc_times *times)
{
	const struct fsc_breakdown_result *result = &breakdown->result;
	int64_t error, per_100k = BUCKET_ERROR_PER_100K;

	if (!result->step_ns.known || !times->count)
		return FSC_UNKNOWN;
	if (result->profile)
		per_100k += PROFILE_ERROR_PER_100K;
	error = result->step_ns.value + times->p99_ns.value / 100000 * per_100k +
		times->p99_ns.value % 100000 * per_100k / 100000 + 1;
	error += (from->correction_max_ps + 999) / 1000;
	if (breakdown->facts.fast)
		error += FAST_CLOCK_SHORT_NS;
	return fsc_known(error);
}

static struct fsc_maybe when(bool known, uint64_t value)
{
	return known ? fsc_known((int64_t)value) : FSC_UNKNOWN;
}

static bool has(const struct fsc_gathered *from, enum fsc_gathered_flag flag)
{
	return from->flags & flag;
}

static void fill_counts(const struct fsc_gathered *from, struct fsc_entry_row *row)
{
	bool counted = !has(from, FSC_GATHERED_UNCOUNTED);
	bool allocations = !has(from, FSC_GATHERED_NO_ALLOCATIONS);
	bool sampled = has(from, FSC_GATHERED_SAMPLED);

	row->calls_from_events = !counted;
	row->calls = from->calls;
	row->skipped = when(counted, from->skipped);
	/* A call without a frame is not seen to end. */
	row->unwound = when(counted && !sampled, from->unwound);
	row->open = when(counted && !sampled, from->open);
	row->threads = from->threads;
	row->partial = has(from, FSC_GATHERED_PARTIAL);
	row->request_bytes = when(has(from, FSC_GATHERED_REQUEST_SEEN) || from->request_bytes,
				  from->request_bytes);
	row->response_bytes = when(has(from, FSC_GATHERED_RESPONSE_SEEN) || from->response_bytes,
				   from->response_bytes);
	row->allocations = when(allocations, from->allocations);
	row->allocated_bytes = when(allocations, from->allocated_bytes);
	row->frees = when(allocations, from->frees);
	row->freed_bytes = when(allocations, from->freed_bytes);
}

/* The cost of measuring was measured with the embedded sink. */
static struct fsc_maybe is_estimate(const struct fsc_gathered *from, const struct fsc_times *times)
{
	int64_t taken_ns;

	if (has(from, FSC_GATHERED_COST_UNKNOWN) || !times->total_ns.known)
		return FSC_UNKNOWN;
	if (has(from, FSC_GATHERED_PROFILE))
		return fsc_known(1);
	taken_ns = times->raw_total_ns.value - times->total_ns.value;
	return fsc_known((__int128)taken_ns * 100 >
			 (__int128)times->raw_total_ns.value * FSC_ESTIMATE_PERCENT);
}

static int64_t rounded(int64_t raw_ns, int64_t correction_ps)
{
	return raw_ns - fsc_breakdown_divide(correction_ps, 1000);
}

/* Totals and means stand for all completed calls, whether their events were read or not. */
static void fill_entry_times(const struct fsc_gathered *from, struct fsc_times *times)
{
	int64_t total_ns = rounded(from->total_raw_ns, from->correction_ps);
	int64_t count = (int64_t)from->total_count;

	*times = times_of(&from->raw, total_ns);
	if (!count)
		return;
	times->total_ns = fsc_known(total_ns);
	times->mean_ns = fsc_known(fsc_breakdown_divide(total_ns, count));
	times->raw_total_ns = fsc_known(from->total_raw_ns);
	times->raw_mean_ns = fsc_known(fsc_breakdown_divide(from->total_raw_ns, count));
}

static void fill_sampled(const struct fsc_gathered *from, struct fsc_entry_row *row)
{
	bool sampled = has(from, FSC_GATHERED_SAMPLED);

	row->times.count = from->timed;
	row->sampled = when(sampled, from->timed);
	row->mean_ci95_ns =
		sampled ? fsc_estimate_ci95(&from->estimate) : when(row->times.mean_ns.known, 0);
}

static void fill_entry(const struct fsc_breakdown *breakdown, const struct fsc_gathered *from,
		       struct fsc_entry_row *row)
{
	bool self = !has(from, FSC_GATHERED_SELF_UNKNOWN);

	row->name = from->name;
	row->library = from->library;
	row->aliases = (const char **)from->aliases;
	row->alias_count = from->alias_count;
	row->is_free = from->is_free;
	fill_entry_times(from, &row->times);
	row->self_ns = when(self, (uint64_t)rounded(from->self_raw_ns, from->self_correction_ps));
	row->raw_self_ns = when(self, (uint64_t)from->self_raw_ns);
	fill_counts(from, row);
	row->quantile_error_ns = quantile_error(breakdown, from, &row->times);
	row->estimate = is_estimate(from, &row->times);
	fill_sampled(from, row);
}

const char *fsc_claim_name(uint32_t phase)
{
	return phase < sizeof(claim_names) / sizeof(claim_names[0]) ? claim_names[phase] : NULL;
}

static const char *phase_name(const struct fsc_cell *cell)
{
	return cell->name ? cell->name : fsc_claim_name(cell->phase);
}

static enum fsc_source source_of(const struct fsc_cell *cell)
{
	if (!cell->raw.count)
		return FSC_SOURCE_NONE;
	/* `other` is what is left over; all the rest stands between readings of the clock. */
	return cell->phase == FSC_CLAIM_OTHER ? FSC_SOURCE_INFERRED : FSC_SOURCE_MEASURED;
}

struct fsc_maybe fsc_breakdown_share_ppm(struct fsc_maybe part_ns, struct fsc_maybe whole_ns)
{
	if (!part_ns.known || !whole_ns.known || !whole_ns.value)
		return FSC_UNKNOWN;
	return fsc_known((int64_t)((__int128)part_ns.value * 1000000 / whole_ns.value));
}

/* sum / count; count > 0. */
static struct fsc_maybe mean_of(int64_t sum, uint64_t count)
{
	return fsc_known(fsc_breakdown_divide(sum, (int64_t)count));
}

static void fill_per_request(const struct fsc_gathered *from, const struct fsc_cell *cell,
			     const struct fsc_slowest_line *slowest, struct fsc_phase_row *row)
{
	size_t column = (size_t)(cell - from->cells);

	if (!cell->raw.count || !from->requests.count)
		return;
	row->raw_per_request_ns = mean_of(cell->raw.sum, from->requests.count);
	/* Of more, which ones have columns would depend on the order in which they came. */
	if (slowest->count && (column < FSC_CELLS_FIXED || from->cell_count <= FSC_SLOWEST_COLUMNS))
		row->raw_per_slowest_ns = mean_of(slowest->phase_raw_ns[column], slowest->count);
}

/* Rounded once, towards what was measured. */
static int64_t corrected(int64_t raw_ns, int64_t correction_ps)
{
	return raw_ns - correction_ps / 1000;
}

static int64_t cell_total(const struct fsc_cell *cell)
{
	return corrected(cell->raw.sum, cell->correction_ps);
}

/* The sum of the phases' totals, which are rounded: so that they add up. 0 when none was seen. */
static int64_t requests_total(const struct fsc_gathered *from)
{
	int64_t total_ns = 0;

	for (size_t i = 0; from->requests.count && i < from->cell_count; i++)
		total_ns += cell_total(&from->cells[i]);
	return total_ns;
}

static void fill_phase(const struct fsc_breakdown *breakdown, const struct fsc_gathered *from,
		       const struct fsc_cell *cell, struct fsc_phase_row *row)
{
	/* Allocations are counted inside calls only. */
	bool known = !has(from, FSC_GATHERED_NO_ALLOCATIONS) && cell->side == FSC_SIDE_LIBRARY &&
		     cell->raw.count && cell->phase != FSC_CLAIM_FREE;

	row->entry_point = from->row;
	row->phase = phase_name(cell);
	row->side = (enum fsc_side)cell->side;
	row->source = source_of(cell);
	row->times = times_of(&cell->raw, cell_total(cell));
	row->share_ppm =
		fsc_breakdown_share_ppm(row->times.total_ns, fsc_known(requests_total(from)));
	row->allocations = when(known, cell->allocations);
	row->allocated_bytes = when(known, cell->allocated_bytes);
	row->partial = breakdown->result.partial;
}

/* Was every response seen that was freed after its request? */
static bool frees_seen(const struct fsc_gathered *from)
{
	return has(from, FSC_GATHERED_RESPONSE_SEEN) && !has(from, FSC_GATHERED_FREES_UNSEEN);
}

static void fill_slowest(const struct fsc_slowest_line *from, struct fsc_slowest_requests *slowest)
{
	if (!from->count)
		return;
	slowest->count = from->count;
	slowest->least_ns = fsc_known(from->least_ns);
	slowest->raw_mean_ns = mean_of(from->raw_ns, from->count);
}

static struct fsc_mean make_mean(uint64_t count, int64_t total_ns, int64_t raw_ns)
{
	struct fsc_mean mean = { .count = count };

	if (!count)
		return mean;
	mean.mean_ns = mean_of(total_ns, count);
	mean.raw_mean_ns = mean_of(raw_ns, count);
	return mean;
}

/* With --ring the first requests are the ones that are gone; sampling left some of them out. */
static void fill_warm_up(const struct fsc_breakdown *breakdown, const struct fsc_gathered *from,
			 struct fsc_request_row *row)
{
	int64_t warm_up_ns = corrected(from->warm_up_raw_ns, from->warm_up_correction_ps);

	if (breakdown->result.loss.overwritten || from->requests.count != from->timed_requests)
		return;
	row->warm_up = make_mean(from->warm_up_count, warm_up_ns, from->warm_up_raw_ns);
	row->later = make_mean(from->requests.count - from->warm_up_count,
			       requests_total(from) - warm_up_ns,
			       from->requests.sum - from->warm_up_raw_ns);
}

static void fill_request(const struct fsc_breakdown *breakdown, const struct fsc_gathered *from,
			 struct fsc_request_row *row)
{
	fill_warm_up(breakdown, from, row);
	row->entry_point = from->row;
	row->times = times_of(&from->requests, requests_total(from));
	row->sampled = when(from->requests.count != from->timed_requests, from->timed_requests);
	row->held_count = from->held_count;
	row->held_ns = when(from->held_count || frees_seen(from), (uint64_t)from->held_ns);
	row->partial = breakdown->result.partial;
}

/* Kind entry before kind free, then most time first, then by name. */
static int by_time(const void *left, const void *right)
{
	const struct fsc_gathered *a = *(const struct fsc_gathered *const *)left;
	const struct fsc_gathered *b = *(const struct fsc_gathered *const *)right;
	int order;

	if (a->is_free != b->is_free)
		return a->is_free ? 1 : -1;
	if (a->raw.sum != b->raw.sum)
		return a->raw.sum > b->raw.sum ? -1 : 1;
	if (a->total_raw_ns != b->total_raw_ns)
		return a->total_raw_ns > b->total_raw_ns ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->library, b->library);
}

static void fill_facts(struct fsc_breakdown *breakdown)
{
	const struct fsc_breakdown_facts *facts = &breakdown->facts;
	const struct fsc_probe_cost *probe = &facts->probe[FSC_PROBE_call];
	struct fsc_breakdown_result *result = &breakdown->result;

	result->loss = facts->loss;
	result->forgotten_calls = facts->forgotten_calls;
	result->partial = facts->partial;
	result->profile = facts->profile;
	result->first_ns = facts->first_ns;
	result->last_ns = facts->last_ns;
	result->step_ns = facts->step_ns;
	result->probe_inner_ps = when(probe->known, probe->inner_ps);
	result->probe_outer_ps = when(probe->known, probe->outer_ps);
	result->probe_spread_ps = when(probe->known, probe->spread_ps);
	result->probes_differ = facts->probes_differ;
	result->pace_permille = facts->pace_permille;
	result->probes_added_ps = facts->added_ps;
	result->growth_ns = facts->growth_ns;
	result->probes = facts->probe;
	result->clock_residual_ns = facts->residual_ns;
}

static bool reserve_rows(struct fsc_breakdown *breakdown)
{
	struct fsc_breakdown_result *result = &breakdown->result;
	size_t cells = 0, count = breakdown->gathering.row_count;

	for (size_t i = 0; i < count; i++)
		cells += breakdown->gathering.rows[i].cell_count;
	result->entry_points = calloc(count + 1, sizeof(*result->entry_points));
	result->requests = calloc(count + 1, sizeof(*result->requests));
	result->phases = calloc(cells + 1, sizeof(*result->phases));
	return result->entry_points && result->requests && result->phases;
}

static bool make_host(struct fsc_breakdown *breakdown)
{
	struct fsc_breakdown_result *result = &breakdown->result;
	const struct fsc_gathered *host = &breakdown->gathering.host;

	result->host = calloc(host->cell_count + 1, sizeof(*result->host));
	for (size_t i = 0; result->host && i < host->cell_count; i++) {
		const struct fsc_cell *cell = &host->cells[i];

		if (!cell->raw.count)
			continue;
		result->host[result->host_count++] = (struct fsc_host_row){
			.phase = phase_name(cell),
			.times = times_of(&cell->raw, cell_total(cell)),
			.partial = result->partial,
		};
	}
	return result->host != NULL;
}

static void add_requests(struct fsc_breakdown *breakdown, const struct fsc_gathered *from)
{
	struct fsc_breakdown_result *result = &breakdown->result;
	struct fsc_slowest_line slowest;

	if (!fsc_slowest_sum(&from->slowest, from->requests.count, &slowest))
		slowest.count = 0;
	for (size_t i = 0; i < from->cell_count; i++) {
		struct fsc_phase_row *row = &result->phases[result->phase_count++];

		fill_phase(breakdown, from, &from->cells[i], row);
		fill_per_request(from, &from->cells[i], &slowest, row);
	}
	if (from->requests.count || from->held_count) {
		struct fsc_request_row *row = &result->requests[result->request_count++];

		fill_request(breakdown, from, row);
		fill_slowest(&slowest, &row->slowest);
	}
}

enum fsc_status fsc_breakdown_rows_make(struct fsc_breakdown *breakdown)
{
	struct fsc_breakdown_result *result = &breakdown->result;
	struct fsc_gathered **sorted;

	fill_facts(breakdown);
	sorted = calloc(breakdown->gathering.row_count + 1, sizeof(struct fsc_gathered *));
	if (!sorted || !reserve_rows(breakdown) || !make_host(breakdown)) {
		free(sorted);
		return FSC_E_NOMEM;
	}
	for (size_t i = 0; i < breakdown->gathering.row_count; i++)
		sorted[i] = &breakdown->gathering.rows[i];
	qsort(sorted, breakdown->gathering.row_count, sizeof(struct fsc_gathered *), by_time);
	for (size_t i = 0; i < breakdown->gathering.row_count; i++) {
		struct fsc_gathered *from = sorted[i];

		from->row = i;
		fill_entry(breakdown, from, &result->entry_points[i]);
		result->calls += result->entry_points[i].calls;
		result->sampled = result->sampled || result->entry_points[i].sampled.known;
		add_requests(breakdown, from);
	}
	result->entry_point_count = breakdown->gathering.row_count;
	free(sorted);
	return FSC_OK;
}

void fsc_breakdown_rows_free(struct fsc_breakdown *breakdown)
{
	free(breakdown->result.entry_points);
	free(breakdown->result.phases);
	free(breakdown->result.host);
	free(breakdown->result.requests);
}
