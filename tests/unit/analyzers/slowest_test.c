/* SPDX-License-Identifier: MIT */
/* Requests whose slowest are known, through the whole of the analysis. */
#include <criterion/criterion.h>

#include "reading.h"

enum { REQUESTS = 2000, FAST_NS = 1000, SLOW_NS = 21000, STEP = 50000 };

/* One request: a decode of 100 ns in a call, the rest of which is work. */
static void request(struct reading *read, int slot, uint32_t number, uint32_t ns)
{
	uint64_t at = 100000 + (uint64_t)number * STEP;

	BUILDER_PUT(&read->builder, slot, phase, at + 200, .duration_ticks = 100,
		    .phase = FSC_PHASE_DECODE, .call = number);
	BUILDER_PUT(&read->builder, slot, call, at + ns, .duration_ticks = ns, .site = HELLO,
		    .number = number, .flags = FSC_CALL_CODECS);
}

static const struct fsc_request_row *read_requests(struct reading *read)
{
	reading_built(read);
	cr_assert_eq(read->result->request_count, 1);
	return &read->result->requests[0];
}

Test(slowest, the_slowest_hundredth_is_found_wherever_it_stands)
{
	/* First ones, last ones, every hundredth. */
	for (int where = 0; where < 3; where++) {
		const struct fsc_request_row *row;
		const struct fsc_phase_row *work;
		struct reading read;

		reading_begin(&read);
		for (uint32_t i = 0; i < REQUESTS; i++) {
			bool slow = where == 0	 ? i < REQUESTS / 100
				    : where == 1 ? i >= REQUESTS - REQUESTS / 100
						 : i % 100 == 50;

			request(&read, 0, i + 1, slow ? SLOW_NS + i % 7 : FAST_NS + i % 100);
		}
		row = read_requests(&read);
		cr_assert_eq(row->slowest.count, REQUESTS / 100);
		cr_assert_geq(row->slowest.least_ns.value, SLOW_NS);
		cr_assert_leq(row->slowest.least_ns.value, SLOW_NS + 6);
		work = reading_phase(&read, "work", FSC_SIDE_LIBRARY);
		cr_assert_eq(work->raw_per_slowest_ns.value, row->slowest.raw_mean_ns.value - 100);
		cr_assert_eq(work->raw_per_request_ns.value, work->times.raw_mean_ns.value);
		work = reading_phase(&read, "decode", FSC_SIDE_LIBRARY);
		cr_assert_eq(work->raw_per_slowest_ns.value, 100);
		cr_assert_not(
			reading_phase(&read, "consume", FSC_SIDE_HOST)->raw_per_slowest_ns.known);
		reading_end(&read);
	}
}

Test(slowest, requests_that_are_all_alike_are_not_told_apart)
{
	const struct fsc_request_row *row;
	struct reading read;

	reading_begin(&read);
	for (uint32_t i = 0; i < REQUESTS; i++)
		request(&read, 0, i + 1, FAST_NS + i % 3);
	row = read_requests(&read);
	cr_assert_eq(row->slowest.count, 0);
	cr_assert_not(row->slowest.least_ns.known);
	cr_assert_not(reading_phase(&read, "work", FSC_SIDE_LIBRARY)->raw_per_slowest_ns.known);
	reading_end(&read);
}

Test(slowest, of_fewer_than_100_requests_there_is_no_hundredth)
{
	const struct fsc_request_row *row;
	struct reading read;

	reading_begin(&read);
	for (uint32_t i = 0; i < 99; i++)
		request(&read, 0, i + 1, i == 50 ? SLOW_NS : FAST_NS);
	row = read_requests(&read);
	cr_assert_eq(row->slowest.count, 0);
	reading_end(&read);
}

Test(slowest, the_first_requests_of_each_thread_are_its_warm_up)
{
	const struct fsc_request_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 10000);
	for (int slot = 0; slot < 2; slot++)
		for (uint32_t i = 0; i < 500; i++)
			request(&read, slot, i + 1, i < FSC_WARM_UP_REQUESTS ? SLOW_NS : FAST_NS);
	row = read_requests(&read);
	cr_assert_eq(row->warm_up.count, 2 * FSC_WARM_UP_REQUESTS);
	cr_assert_eq(row->warm_up.raw_mean_ns.value, SLOW_NS);
	/* A call and a phase in it. */
	cr_assert_eq(row->warm_up.mean_ns.value, SLOW_NS - 20);
	cr_assert_eq(row->later.count, 1000 - 2 * FSC_WARM_UP_REQUESTS);
	cr_assert_eq(row->later.raw_mean_ns.value, FAST_NS);
	cr_assert_eq(row->later.mean_ns.value, FAST_NS - 20);
	reading_end(&read);
}

Test(slowest, a_warm_up_whose_events_were_overwritten_is_unknown)
{
	const struct fsc_request_row *row;
	struct reading read;

	reading_begin(&read);
	read.builder.more = ",\"overwritten_events\":7";
	for (uint32_t i = 0; i < 500; i++)
		request(&read, 0, i + 1, FAST_NS);
	row = read_requests(&read);
	cr_assert_eq(row->warm_up.count, 0);
	cr_assert_not(row->warm_up.mean_ns.known);
	cr_assert_eq(row->later.count, 0);
	reading_end(&read);
}
