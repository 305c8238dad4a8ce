/* SPDX-License-Identifier: MIT */
/* What LTTng or the sink dropped is counted where it is known whose it was, else it is unknown. */
#include <criterion/criterion.h>

#include "analyzers/event_stream.h"
#include "lttng_builder.h"
#include "trace_points/image.h"

static const struct lttng_builder_thread one = { 100, 1, 101 };
static const struct lttng_builder_thread two = { 200, 1, 201 };

static void put_call(struct lttng_builder *builder, const struct lttng_builder_thread *thread,
		     uint64_t at_ns)
{
	LTTNG_PUT(builder, 0, thread, call, at_ns, .site = 1, .number = 1);
}

/* The last word of an image that lost so many itself. */
static void put_end(struct lttng_builder *builder, const struct lttng_builder_thread *thread,
		    uint64_t at_ns, uint64_t lost)
{
	struct fsc_image_record record = { .id = FSC_EVENT_image,
					   .ticks = at_ns,
					   .state = FSC_IMAGE_EXITED,
					   .lost_events = lost,
					   .lost_findings = lost / 2 };

	lttng_builder_record(builder, 0, thread, &record);
}

/* Returns the loss of the first image, and ends the trace. */
static struct fsc_stream_loss loss_of(struct lttng_builder *builder)
{
	struct fsc_recording *recording;
	struct fsc_event_stream stream;
	struct fsc_stream_loss loss;
	struct fsc_error error = { 0 };

	lttng_builder_write(builder, "ust");
	cr_assert_eq(fsc_recording_open(&recording, builder->root, &error), FSC_OK, "%s",
		     error.what);
	cr_assert_eq(
		fsc_event_stream_open(&stream, recording, &recording->processes[0], NULL, &error),
		FSC_OK);
	fsc_event_stream_loss(&stream, &loss);
	cr_assert_eq(recording->processes[0].lost_events.known, !loss.uncounted);
	fsc_event_stream_close(&stream);
	fsc_recording_destroy(recording);
	lttng_builder_fini(builder);
	return loss;
}

static void put_discarded(struct lttng_builder *builder)
{
	put_call(builder, &one, 1000);
	lttng_builder_packet(builder, 0);
	lttng_builder_discard(builder, 0, 5);
	put_call(builder, &one, 2000);
}

Test(lttng_loss, what_lttng_discarded_is_the_image_s_that_is_alone)
{
	struct lttng_builder builder;
	struct fsc_stream_loss loss;

	lttng_builder_init(&builder);
	put_discarded(&builder);
	put_end(&builder, &one, 3000, 0);
	loss = loss_of(&builder);
	cr_assert_eq(loss.events, 5);
	cr_assert_not(loss.uncounted);
}

Test(lttng_loss, of_two_images_nobody_knows_whose_it_was)
{
	struct lttng_builder builder;

	lttng_builder_init(&builder);
	put_discarded(&builder);
	put_call(&builder, &two, 2500);
	put_end(&builder, &one, 3000, 0);
	cr_assert(loss_of(&builder).uncounted);
}

Test(lttng_loss, it_may_have_been_another_provider_s)
{
	struct lttng_builder builder;

	lttng_builder_init(&builder);
	builder.foreign = true;
	put_discarded(&builder);
	put_end(&builder, &one, 3000, 0);
	cr_assert(loss_of(&builder).uncounted);
}

Test(lttng_loss, what_the_sink_dropped_is_counted_once)
{
	static const uint64_t clock[4] = { 0, 0, 1, 1 };
	struct lttng_builder builder;
	struct fsc_call_record call = { .id = FSC_EVENT_call, .ticks = 1000 };
	struct fsc_stream_loss loss;

	lttng_builder_init(&builder);
	lttng_builder_batch(&builder, 0, &one, 1000, clock, 3, &call, sizeof(call));
	lttng_builder_batch(&builder, 0, &one, 2000, clock, 4, &call, sizeof(call));
	put_end(&builder, &one, 3000, 4);
	loss = loss_of(&builder);
	cr_assert_eq(loss.events, 4);
	cr_assert_eq(loss.findings, 2);
	cr_assert_not(loss.uncounted);
}

Test(lttng_loss, a_batch_says_it_when_nothing_comes_after_it)
{
	static const uint64_t clock[4] = { 0, 0, 1, 1 };
	struct lttng_builder builder;
	struct fsc_call_record call = { .id = FSC_EVENT_call, .ticks = 1000 };
	struct fsc_stream_loss loss;

	lttng_builder_init(&builder);
	lttng_builder_batch(&builder, 0, &one, 1000, clock, 3, &call, sizeof(call));
	loss = loss_of(&builder);
	cr_assert_eq(loss.events, 3);
	cr_assert(loss.uncounted);
}
