/* SPDX-License-Identifier: MIT */
/* What is made of the chunks that come of a session, without one. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/lttng_live_internal.h"
#include "trace_points/image.h"

enum { SITE = 3, ALIAS = 4, NAME = 40, PATH = 41, SECOND = 1000000000 };

static struct fsc_lttng_live live;

static void take(enum fsc_spool_kind kind, uint32_t image, const void *bytes, size_t size)
{
	struct fsc_spool_chunk chunk = { .kind = kind, .image = image, .bytes = (uint32_t)size };

	cr_assert_eq(fsc_lttng_live_take(&live, &chunk, bytes), FSC_OK);
}

static void add_image(const char *host, uint32_t pid)
{
	struct fsc_spool_image said = { .pid = pid };

	strncpy(said.host, host, sizeof(said.host) - 1);
	take(FSC_SPOOL_IMAGE, 0, &said, sizeof(said));
}

#define PUT(kind, image, name, at_ns, ...)                                    \
	take(kind, image,                                                     \
	     &(struct fsc_##name##_record){                                   \
		     .id = FSC_EVENT_##name, .ticks = (at_ns), __VA_ARGS__ }, \
	     sizeof(struct fsc_##name##_record))
#define STATE(image, name, at_ns, ...) PUT(FSC_SPOOL_STATE, image, name, at_ns, __VA_ARGS__)

static void put_names(uint32_t image)
{
	STATE(image, string, 1, .string = NAME, .parts = 1, .text = "say_hello");
	STATE(image, string, 1, .string = PATH, .parts = 1, .text = "/lib.so");
	STATE(image, module, 1, .module = 1, .path = PATH);
	STATE(image, site, 1, .site = SITE, .name = NAME, .module = 1);
	STATE(image, site, 1, .site = ALIAS, .name = PATH, .module = 1, .alias_of = SITE);
}

static void put_round(uint32_t image, uint64_t at_ns, uint64_t calls, uint32_t state)
{
	STATE(image, site_total, at_ns, .site = SITE, .calls = calls, .completed = calls,
	      .total_ticks = calls * 5, .request_bytes = calls, .response_bytes = calls);
	STATE(image, buffer_live, at_ns, .pointer = 8, .made_site = SITE);
	STATE(image, image, at_ns, .state = state, .lost_events = 2);
}

static void end(void)
{
	fsc_lttng_live_images_fini(&live);
	live = (struct fsc_lttng_live){ 0 };
}

Test(lttng_live, rates_are_between_two_rounds)
{
	struct fsc_lttng_live_sample sample;

	add_image("one", 7);
	put_names(0);
	put_round(0, SECOND, 100, FSC_IMAGE_RUNNING);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_eq(sample.row_count, 1);
	cr_assert_eq(sample.rows[0].calls, 100);
	cr_assert_not(sample.rows[0].calls_per_s.known);
	fsc_lttng_live_forget(&sample);
	put_round(0, (uint64_t)3 * SECOND, 160, FSC_IMAGE_RUNNING);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_str_eq(sample.rows[0].name, "say_hello");
	cr_assert_str_eq(sample.rows[0].library, "/lib.so");
	cr_assert_eq(sample.rows[0].calls_per_s.value, 30);
	cr_assert_eq(sample.rows[0].total_ns, 800);
	cr_assert_eq(sample.rows[0].bytes, 320);
	cr_assert_eq(sample.rows[0].live, 1);
	cr_assert_eq(sample.lost_events, 2);
	cr_assert_eq(sample.rounds, 2);
	fsc_lttng_live_forget(&sample);
	end();
}

Test(lttng_live, a_round_without_its_end_is_not_shown)
{
	struct fsc_lttng_live_sample sample;

	add_image("one", 7);
	put_names(0);
	put_round(0, SECOND, 100, FSC_IMAGE_RUNNING);
	STATE(0, site_total, (uint64_t)2 * SECOND, .site = SITE, .calls = 900);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_eq(sample.rows[0].calls, 100);
	fsc_lttng_live_forget(&sample);
	put_round(0, (uint64_t)3 * SECOND, 200, FSC_IMAGE_RUNNING);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_eq(sample.rows[0].calls, 200);
	fsc_lttng_live_forget(&sample);
	end();
}

Test(lttng_live, processes_of_all_hosts_are_one_row_by_name)
{
	struct fsc_lttng_live_sample sample;

	add_image("one", 7);
	add_image("two", 7);
	for (uint32_t i = 0; i < 2; i++) {
		put_names(i);
		put_round(i, SECOND, 10, i ? FSC_IMAGE_EXITED : FSC_IMAGE_RUNNING);
		PUT(FSC_SPOOL_RECORDS, i, call, SECOND, .site = i ? ALIAS : SITE,
		    .duration_ticks = i ? 1000 : 50);
	}
	take(FSC_SPOOL_RECORDS, 9, "no such image", 13);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_eq(sample.row_count, 1);
	cr_assert_eq(sample.processes, 2);
	cr_assert_eq(sample.running, 1);
	cr_assert_eq(sample.hosts, 2);
	cr_assert_eq(sample.rows[0].live, 2);
	cr_assert_eq(sample.rows[0].p50_ns.value, 50);
	cr_assert(sample.rows[0].p99_ns.value >= 997 && sample.rows[0].p99_ns.value <= 1003);
	fsc_lttng_live_forget(&sample);
	end();
}

Test(lttng_live, a_function_that_told_no_name_has_its_number)
{
	struct fsc_lttng_live_sample sample;

	add_image("one", 7);
	PUT(FSC_SPOOL_RECORDS, 0, call_wide, SECOND, .site = 9, .duration_ticks = UINT64_MAX);
	cr_assert_eq(fsc_lttng_live_look(&live, &sample), FSC_OK);
	cr_assert_eq(sample.row_count, 1);
	cr_assert_str_eq(sample.rows[0].name, "site 9");
	cr_assert_eq(sample.rows[0].calls, 1);
	fsc_lttng_live_forget(&sample);
	end();
}
