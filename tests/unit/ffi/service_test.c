/* SPDX-License-Identifier: MIT */
/*
 * service_test.c - the reference service keeps its promises: sizes, limits, counts, and it
 * survives hosts that free badly.
 */
#include "ffi/service/service.h"
#include "service.pb-c.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_BYTES_MAX = 10 * 1024 * 1024 };

static const uint8_t id_one[] = { 0x09, 1, 0, 0, 0, 0, 0, 0, 0 };

static struct fsc_byte_buffer get_user(void)
{
	return proto2ffi_get_user(id_one, sizeof(id_one));
}

Test(service, a_user_is_216_bytes_and_a_post_307)
{
	struct fsc_byte_buffer user = get_user();
	struct fsc_byte_buffer post = proto2ffi_get_post(id_one, sizeof(id_one));

	cr_assert_eq(user.len, 216);
	cr_assert_eq(user.cap, 216);
	cr_assert_eq(post.len, 307);
	proto2ffi_free_byte_buffer(user);
	proto2ffi_free_byte_buffer(post);
}

Test(service, a_batch_answers_every_request_in_order)
{
	static const uint8_t two[] = { 0x0a, 9, 0x09, 7, 0, 0, 0, 0, 0, 0, 0,
				       0x0a, 9, 0x09, 8, 0, 0, 0, 0, 0, 0, 0 };
	struct fsc_byte_buffer response = proto2ffi_process_batch(two, sizeof(two));
	FfiService__BatchResponse *batch =
		ffi_service__batch_response__unpack(NULL, response.len, response.ptr);

	cr_assert_not_null(batch);
	cr_assert_eq(batch->n_responses, 2);
	cr_assert_eq(batch->responses[0]->id, 7);
	cr_assert_eq(batch->responses[1]->id, 8);
	ffi_service__batch_response__free_unpacked(batch, NULL);
	proto2ffi_free_byte_buffer(response);
}

Test(service, the_raw_twins_hold_the_same_data)
{
	struct fsc_byte_buffer response = get_user();
	FfiService__User *user = ffi_service__user__unpack(NULL, response.len, response.ptr);
	struct fsc_raw_user raw;

	proto2ffi_get_user_raw(&raw, 1);
	cr_assert_str_eq(raw.email, user->email);
	cr_assert_eq(raw.updated_at, user->updated_at);
	ffi_service__user__free_unpacked(user, NULL);
	proto2ffi_free_byte_buffer(response);
}

Test(service, the_calculator_answers_an_error_with_a_message)
{
	static const uint8_t modulo[] = { 0x0a, 3, 'm', 'o', 'd' };
	struct fsc_byte_slice response = calculator_process(modulo, sizeof(modulo));
	FfiService__CalculatorResponse *sum =
		ffi_service__calculator_response__unpack(NULL, response.len, response.ptr);

	cr_assert_str_eq(sum->error, "unknown operation");
	ffi_service__calculator_response__free_unpacked(sum, NULL);
	calculator_free_buffer(response);
}

Test(service, bytes_that_are_no_request_are_refused)
{
	static const uint8_t garbage[] = { 0xff, 0xff, 0xff };

	cr_assert_null(proto2ffi_say_hello(garbage, sizeof(garbage)).ptr);
	cr_assert_eq(proto2ffi_memory_stats().refused, 1);
}

Test(service, a_request_over_ten_megabytes_is_refused_unread)
{
	cr_assert_null(proto2ffi_say_hello(id_one, REQUEST_BYTES_MAX + 1).ptr);
	cr_assert_eq(proto2ffi_memory_stats().refused, 1);
	cr_assert_eq(proto2ffi_memory_stats().allocations, 0);
}

Test(service, work_past_the_deadline_is_refused)
{
	ffi_service_set("DEADLINE_MS", 1);
	ffi_service_set("DELAY_WORK_NS", 2000000);
	cr_assert_null(get_user().ptr);
	cr_assert_eq(proto2ffi_memory_stats().refused, 1);
}

Test(service, it_counts_buffers_bytes_and_allocations)
{
	struct fsc_memory_stats stats;
	struct fsc_byte_buffer held;

	proto2ffi_free_byte_buffer(get_user());
	held = get_user();
	stats = proto2ffi_memory_stats();
	cr_assert_eq(stats.calls, 2);
	cr_assert_eq(stats.request_bytes, 2 * sizeof(id_one));
	cr_assert_eq(stats.response_bytes, 2 * 216);
	cr_assert_eq(stats.made, 2);
	cr_assert_eq(stats.freed, 1);
	cr_assert_eq(stats.live, 1);
	cr_assert_eq(stats.allocations, 4, "a request and a response each");
	cr_assert_eq(stats.frees, 2, "the requests");
	proto2ffi_free_byte_buffer(held);
}

Test(service, each_planted_delay_is_counted_in_its_phase)
{
	struct fsc_memory_stats stats;

	ffi_service_set("DELAY_DECODE_NS", 20000);
	ffi_service_set("FFI_SERVICE_DELAY_ENCODE_NS", 30000);
	proto2ffi_free_byte_buffer(get_user());
	stats = proto2ffi_memory_stats();
	cr_assert_eq(stats.decode_planned_ns, 20000);
	cr_assert_geq(stats.decode_elapsed_ns, 20000);
	cr_assert_eq(stats.work_count, 0);
	cr_assert_eq(stats.encode_count, 1);
	cr_assert_geq(stats.encode_median_ns, 30000);
}

Test(service, a_buffer_freed_twice_is_ignored_and_counted)
{
	struct fsc_byte_buffer user;

	ffi_service_set("REGISTRY", 1);
	user = get_user();
	proto2ffi_free_byte_buffer(user);
	proto2ffi_free_byte_buffer(user);
	cr_assert_eq(proto2ffi_memory_stats().freed, 1);
	cr_assert_eq(proto2ffi_memory_stats().frees_unknown, 1);
}

Test(service, a_buffer_freed_with_another_length_is_freed_and_counted)
{
	struct fsc_byte_buffer user;

	ffi_service_set("REGISTRY", 1);
	user = get_user();
	user.len--;
	proto2ffi_free_byte_buffer(user);
	cr_assert_eq(proto2ffi_memory_stats().frees_wrong_length, 1);
	cr_assert_eq(proto2ffi_memory_stats().live, 0);
}

Test(service, a_buffer_freed_behind_its_back_may_come_again)
{
	ffi_service_set("REGISTRY", 1);
	for (int i = 0; i < 100; i++) {
		struct fsc_byte_buffer user = get_user();

		if (i % 2 == 0)
			free(user.ptr);
		else
			proto2ffi_free_byte_buffer(user);
	}
	cr_assert_eq(proto2ffi_memory_stats().freed, 50);
	cr_assert_eq(proto2ffi_memory_stats().frees_unknown, 0);
}

Test(service, the_registry_knows_many_buffers_freed_in_any_order)
{
	enum { COUNT = 5000, STEP = 1237 /* prime to COUNT */ };
	static struct fsc_byte_buffer users[COUNT];

	ffi_service_set("REGISTRY", 1);
	for (size_t i = 0; i < COUNT; i++)
		users[i] = get_user();
	for (size_t i = 0; i < COUNT; i++)
		proto2ffi_free_byte_buffer(users[i * STEP % COUNT]);
	cr_assert_eq(proto2ffi_memory_stats().freed, COUNT);
	cr_assert_eq(proto2ffi_memory_stats().frees_unknown, 0);
}

Test(service, the_pool_hands_the_same_memory_out_again)
{
	struct fsc_byte_buffer first;
	struct fsc_byte_buffer second;

	ffi_service_set("POOL", 1);
	first = get_user();
	cr_assert_eq(first.cap, 4096);
	proto2ffi_free_byte_buffer(first);
	second = get_user();
	cr_assert_eq(second.ptr, first.ptr);
	cr_assert_eq(proto2ffi_memory_stats().pool_taken, 1);
	cr_assert_eq(proto2ffi_memory_stats().pool_given, 1);
	proto2ffi_free_byte_buffer(second);
}

Test(service, the_pool_keeps_a_hundred_buffers_and_no_large_one)
{
	static uint8_t bytes[101];
	struct fsc_byte_buffer large = { bytes, 0, 64 * 1024 + 1 };

	cr_assert_not(ffi_service_pool_give(large));
	for (size_t i = 0; i < 100; i++)
		cr_assert(ffi_service_pool_give((struct fsc_byte_buffer){ &bytes[i], 0, 1 }));
	cr_assert_not(ffi_service_pool_give((struct fsc_byte_buffer){ &bytes[100], 0, 1 }));
	cr_assert_null(ffi_service_pool_take(2).ptr);
	cr_assert_not_null(ffi_service_pool_take(1).ptr);
}

Test(service, giving_back_no_buffer_is_legal)
{
	proto2ffi_free_byte_buffer((struct fsc_byte_buffer){ NULL, 0, 0 });
	calculator_free_buffer((struct fsc_byte_slice){ NULL, 0 });
	cr_assert_eq(proto2ffi_memory_stats().freed, 0);
}
