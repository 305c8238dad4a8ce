/* SPDX-License-Identifier: MIT */
/* babeltrace2 itself, with our plugin, on traces that were made by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lttng_builder.h"

enum { BEGIN_NS = 1000000, TICK_NS = 4, LINES_MAX = 64, LINE_BYTES = 4096 };

static const struct lttng_builder_thread one = { 100, 1, 101 };
static const struct lttng_builder_thread other = { 100, 1, 102 };

/* A counter of 250 MHz that is 0 when CLOCK_MONOTONIC is BEGIN_NS. */
static const uint64_t slow_clock[4] = { 0, BEGIN_NS, 1000, BEGIN_NS + 1000 * TICK_NS };

struct printed {
	char lines[LINES_MAX][LINE_BYTES];
	size_t count;
};

static void print(const struct lttng_builder *builder, const char *options, struct printed *printed)
{
	char command[512];
	FILE *out;

	printed->count = 0;
	snprintf(command, sizeof(command),
		 "ulimit -v 1000000; babeltrace2 --plugin-path='%s' '%s' %s "
		 "2>&1",
		 PLUGINS, builder->root, options);
	out = popen(command, "r");
	cr_assert_not_null(out);
	while (printed->count < LINES_MAX && fgets(printed->lines[printed->count], LINE_BYTES, out))
		printed->count++;
	cr_assert_eq(pclose(out), 0, "%s", printed->count ? printed->lines[0] : "");
}

static void print_text(const struct lttng_builder *builder, const char *options,
		       struct printed *printed)
{
	char all[256];

	snprintf(all, sizeof(all), "--no-delta --clock-gmt %s", options);
	print(builder, all, printed);
}

static void expand(const struct lttng_builder *builder, struct printed *printed)
{
	print_text(builder, "--component=filter.ffiscope.expand", printed);
}

/* A call that ends so many ticks after the beginning. */
static struct fsc_call_record call_at(uint64_t ticks, uint32_t number)
{
	return (struct fsc_call_record){ .id = FSC_EVENT_call,
					 .ticks = ticks,
					 .duration_ticks = 5,
					 .number = number,
					 .request = 0xabc };
}

static void put_batch(struct lttng_builder *builder, int cpu,
		      const struct lttng_builder_thread *thread, uint64_t told_ns,
		      const struct fsc_call_record *calls, size_t bytes)
{
	lttng_builder_batch(builder, cpu, thread, told_ns, slow_clock, 0, calls, bytes);
}

static bool says(const char *line, uint64_t ns, const char *rest)
{
	char time[256];

	snprintf(time, sizeof(time), ".%09lu] one %s", ns, rest);
	return strstr(line, time);
}

Test(expand, records_come_by_time_as_events_of_their_thread)
{
	struct fsc_call_record of_one[] = { call_at(10, 1), call_at(30, 2) };
	struct fsc_call_record of_other[] = { call_at(20, 1), call_at(40, 2) };
	struct lttng_builder builder;
	static struct printed printed;

	lttng_builder_init(&builder);
	put_batch(&builder, 0, &one, BEGIN_NS + 1000, of_one, sizeof(of_one));
	put_batch(&builder, 1, &other, BEGIN_NS + 2000, of_other, sizeof(of_other));
	LTTNG_PUT(&builder, 2, &one, mark, BEGIN_NS + 100, .name = 17);
	lttng_builder_write(&builder, "ust");
	expand(&builder, &printed);
	cr_assert_eq(printed.count, 5);
	cr_assert(says(printed.lines[0], BEGIN_NS + 40,
		       "ffiscope:call: { time_ns = 1000040, pid = 100, image = 1, tid = 101, "
		       "duration_ns = 20, "),
		  "%s", printed.lines[0]);
	cr_assert(strstr(printed.lines[0], "number = 1, "));
	cr_assert(strstr(printed.lines[0], "request = 0xABC }"));
	cr_assert(says(printed.lines[1], BEGIN_NS + 80, "ffiscope:call: "));
	cr_assert(strstr(printed.lines[1], "tid = 102, "));
	cr_assert(says(printed.lines[2], BEGIN_NS + 100, "ffiscope:mark: "));
	cr_assert(says(printed.lines[3], BEGIN_NS + 120, "ffiscope:call: "));
	cr_assert(strstr(printed.lines[3], "number = 2, "));
	cr_assert(says(printed.lines[4], BEGIN_NS + 160, "ffiscope:call: "));
	lttng_builder_fini(&builder);
}

Test(expand, a_trace_without_batches_is_printed_as_ever)
{
	struct lttng_builder builder;
	static struct printed plain, expanded;

	lttng_builder_init(&builder);
	builder.contexts = builder.foreign = true;
	LTTNG_PUT(&builder, 0, &one, call, BEGIN_NS, .number = 1);
	lttng_builder_foreign(&builder, 1, BEGIN_NS + 1);
	lttng_builder_discard(&builder, 1, 3);
	lttng_builder_newer(&builder, 1, &one, BEGIN_NS + 2);
	lttng_builder_write(&builder, "ust");
	print_text(&builder, "", &plain);
	expand(&builder, &expanded);
	cr_assert_geq(plain.count, 3);
	cr_assert_eq(plain.count, expanded.count);
	for (size_t i = 0; i < plain.count; i++)
		cr_assert_str_eq(plain.lines[i], expanded.lines[i]);
	lttng_builder_fini(&builder);
}

Test(expand, a_damaged_batch_gives_its_whole_records_and_stays_there)
{
	struct fsc_call_record calls[] = { call_at(10, 1), call_at(30, 2) };
	struct lttng_builder builder;
	static struct printed printed;

	lttng_builder_init(&builder);
	put_batch(&builder, 0, &one, BEGIN_NS + 1000, calls, 84 /* a multiple of 7 */);
	lttng_builder_write(&builder, "ust");
	expand(&builder, &printed);
	cr_assert_eq(printed.count, 2);
	cr_assert(says(printed.lines[0], BEGIN_NS + 40, "ffiscope:call: "));
	cr_assert(says(printed.lines[1], BEGIN_NS + 1000, "ffiscope:batch: "));
	lttng_builder_fini(&builder);
}

/* Times must not go back: what comes too late stands where it comes, and says its own time. */
Test(expand, records_that_come_too_late_keep_their_own_time_in_a_field)
{
	struct fsc_call_record late[] = { call_at(10, 1) };
	struct lttng_builder builder;
	static struct printed printed;

	lttng_builder_init(&builder);
	LTTNG_PUT(&builder, 1, &other, mark, BEGIN_NS + 500, .name = 17);
	LTTNG_PUT(&builder, 1, &other, mark, BEGIN_NS + 3000000000, .name = 17);
	put_batch(&builder, 0, &one, BEGIN_NS + 4000000000, late, sizeof(late));
	lttng_builder_write(&builder, "ust");
	expand(&builder, &printed);
	cr_assert_eq(printed.count, 3);
	cr_assert(says(printed.lines[0], BEGIN_NS + 500, "ffiscope:mark: "));
	cr_assert(says(printed.lines[1], BEGIN_NS + 500, "ffiscope:call: { time_ns = 1000040, "),
		  "%s", printed.lines[1]);
	lttng_builder_fini(&builder);
}

Test(expand, what_comes_out_is_a_trace_again)
{
	struct fsc_call_record calls[] = { call_at(10, 1), call_at(30, 2) };
	struct lttng_builder builder;
	static struct printed printed;
	char options[256];
	int of_two = 0;

	lttng_builder_init(&builder);
	for (int i = 0; i < 2; i++) {
		builder.host = i ? "two" : "one";
		put_batch(&builder, 0, &one, BEGIN_NS + 1000, calls, sizeof(calls));
		lttng_builder_write(&builder, i ? "two" : "one");
	}
	snprintf(options, sizeof(options),
		 "--component=filter.ffiscope.expand --output-format=ctf --output='%s/out'",
		 builder.root);
	print(&builder, options, &printed);
	snprintf(builder.root + strlen(builder.root), 5, "/out");
	print_text(&builder, "", &printed);
	cr_assert_eq(printed.count, 4);
	cr_assert(strstr(printed.lines[0], " ffiscope:call: { time_ns = 1000040, "));
	for (size_t i = 0; i < printed.count; i++)
		of_two += strstr(printed.lines[i], "] two ffiscope:call: ") != NULL;
	cr_assert_eq(of_two, 2);
	builder.root[strlen(builder.root) - 4] = '\0';
	lttng_builder_fini(&builder);
}
