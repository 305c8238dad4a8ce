/* SPDX-License-Identifier: MIT */
/* The usual request in two records, and what each stands for. */
#include <criterion/criterion.h>

#include "analyzers/parts_internal.h"

static struct fsc_parts parts;

static const struct fsc_call_made_record made = {
	.id = FSC_EVENT_call_made,
	.ticks = 10000,
	.duration_ticks = 400,
	.site = 3,
	.flags = FSC_CALL_REQUEST | FSC_CALL_RESPONSE | FSC_CALL_BUFFER,
	.number = 7,
	.allocated_ticks = 900,
	.request = 0x1000,
	.pointer = 0x2000,
	.request_bytes = 15,
	.response_bytes = 23,
	.capacity = 32,
	.stack = 5,
	.allocations = 2,
	.frees = 1,
	.allocated_bytes = 50,
	.freed_bytes = 24,
};

static const struct fsc_call_freed_record freed = {
	.id = FSC_EVENT_call_freed,
	.ticks = 20000,
	.duration_ticks = 100,
	.site = 4,
	.number = 8,
	.frees = 1,
	.freed_bytes = 24,
	.length = 23,
	.capacity = 32,
	.pointer = 0x2000,
	.made_call = 7,
	.made_tid = 99,
	.made_ticks = 10400,
	.made_ended_ticks = 10000,
	.made_site = 3,
	.stack = 5,
};

/* The next part, which must be of that kind, at the time of the whole. */
static const void *next(uint32_t id, uint64_t ticks)
{
	const struct fsc_call_record *part = (const void *)fsc_parts_next(&parts);

	cr_assert_not_null(part, "no part of kind %u", id);
	cr_assert_eq(part->id, id);
	cr_assert_eq(part->ticks, ticks);
	return part;
}

static void split(const void *record)
{
	parts = (struct fsc_parts){ 0 };
	cr_assert(fsc_parts_split(&parts, record));
}

Test(parts, a_making_call_is_four_records_in_the_order_of_recording)
{
	const struct fsc_call_alloc_record *alloc;
	const struct fsc_request_buffer_record *request;
	const struct fsc_buffer_made_record *buffer;
	const struct fsc_call_record *call;

	split(&made);
	alloc = next(FSC_EVENT_call_alloc, 10000);
	cr_assert_eq(alloc->call, 7);
	cr_assert_eq(alloc->allocations, 2);
	cr_assert_eq(alloc->allocated_bytes, 50);
	cr_assert_eq(alloc->frees, 1);
	cr_assert_eq(alloc->freed_bytes, 24);
	request = next(FSC_EVENT_request_buffer, 10000);
	cr_assert_eq(request->call, 7);
	cr_assert_eq(request->allocated_ticks, 9100);
	cr_assert_eq(request->pointer, 0x1000);
	buffer = next(FSC_EVENT_buffer_made, 10000);
	cr_assert_eq(buffer->call, 7);
	cr_assert_eq(buffer->pointer, 0x2000);
	cr_assert_eq(buffer->length, 23);
	cr_assert_eq(buffer->capacity, 32);
	cr_assert_eq(buffer->stack, 5);
	cr_assert_eq(buffer->site, 3);
	call = next(FSC_EVENT_call, 10000);
	cr_assert_eq(call->duration_ticks, 400);
	cr_assert_eq(call->site, 3);
	cr_assert_eq(call->flags, made.flags);
	cr_assert_eq(call->number, 7);
	cr_assert_eq(call->request_bytes, 15);
	cr_assert_eq(call->response_bytes, 23);
	cr_assert_eq(call->request, 0x1000);
	cr_assert_eq(call->parent, 0);
	cr_assert_eq(call->child_calls, 0);
	cr_assert_null(fsc_parts_next(&parts));
}

Test(parts, what_a_making_call_does_not_know_is_no_record)
{
	struct fsc_call_made_record bare = made;

	bare.allocations = bare.frees = 0;
	bare.allocated_ticks = 0;
	bare.pointer = 0;
	split(&bare);
	next(FSC_EVENT_call, 10000);
	cr_assert_null(fsc_parts_next(&parts));
}

Test(parts, a_freeing_call_is_three_records)
{
	const struct fsc_call_alloc_record *alloc;
	const struct fsc_buffer_freed_record *buffer;
	const struct fsc_call_record *call;

	split(&freed);
	alloc = next(FSC_EVENT_call_alloc, 20000);
	cr_assert_eq(alloc->frees, 1);
	cr_assert_eq(alloc->freed_bytes, 24);
	cr_assert_eq(alloc->allocations, 0);
	buffer = next(FSC_EVENT_buffer_freed, 20000);
	cr_assert_eq(buffer->call, 8);
	cr_assert_eq(buffer->verdict, FSC_VERDICT_FREED);
	cr_assert_eq(buffer->pointer, 0x2000);
	cr_assert_eq(buffer->length, 23);
	cr_assert_eq(buffer->made_length, 23);
	cr_assert_eq(buffer->capacity, 32);
	cr_assert_eq(buffer->made_capacity, 32);
	cr_assert_eq(buffer->made_call, 7);
	cr_assert_eq(buffer->made_tid, 99);
	cr_assert_eq(buffer->made_site, 3);
	cr_assert_eq(buffer->site, 4);
	cr_assert_eq(buffer->made_ticks, 9600);
	cr_assert_eq(buffer->made_ended_ticks, 10000);
	cr_assert_eq(buffer->stack, 5);
	call = next(FSC_EVENT_call, 20000);
	cr_assert_eq(call->duration_ticks, 100);
	cr_assert_eq(call->site, 4);
	cr_assert_eq(call->number, 8);
	cr_assert_null(fsc_parts_next(&parts));
}

Test(parts, times_before_the_clock_began_are_its_first_moment)
{
	struct fsc_call_freed_record lying = freed;
	const struct fsc_buffer_freed_record *buffer;

	lying.ticks = 5;
	lying.frees = 0;
	split(&lying);
	buffer = next(FSC_EVENT_buffer_freed, 5);
	cr_assert_eq(buffer->made_ticks, 1);
	cr_assert_eq(buffer->made_ended_ticks, 1);
}

Test(parts, any_other_record_stands_for_itself)
{
	struct fsc_call_record call = { .id = FSC_EVENT_call };

	parts = (struct fsc_parts){ 0 };
	cr_assert_not(fsc_parts_split(&parts, (const uint8_t *)&call));
	cr_assert_null(fsc_parts_next(&parts));
}
