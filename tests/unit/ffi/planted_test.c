/* SPDX-License-Identifier: MIT */
/*
 * planted_test.c - planted delays last as long as they say, inside the codec.
 */
#include "ffi/service/planted.h"
#include "service.pb-c.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct fsc_planted planted;

static void *plain_malloc(void *allocator_data, size_t size)
{
	(void)allocator_data;
	return malloc(size);
}

static void plain_free(void *allocator_data, void *pointer)
{
	(void)allocator_data;
	free(pointer);
}

static void add_samples(const uint32_t *sample_ns, size_t count)
{
	memcpy(planted.sample_ns, sample_ns, count * sizeof(*sample_ns));
	planted.count = count;
}

Test(planted, a_delay_lasts_at_least_as_long_as_planned)
{
	uint64_t start_ns = fsc_planted_now_ns();

	fsc_planted_set(&planted, 100000);
	fsc_planted_wait(&planted);
	fsc_planted_wait(&planted);
	cr_assert_geq(fsc_planted_now_ns() - start_ns, planted.elapsed_ns);
	cr_assert_eq(planted.planned_ns, 200000);
	cr_assert_geq(planted.elapsed_ns, 200000);
	cr_assert_eq(planted.count, 2);
}

Test(planted, no_delay_counts_nothing)
{
	fsc_planted_wait(&planted);
	cr_assert_eq(planted.count, 0);
	cr_assert_eq(fsc_planted_median_ns(&planted), 0);
}

Test(planted, the_median_is_the_lower_middle_sample)
{
	static const uint32_t odd[] = { 9, 1, 5, 3, 7 };
	static const uint32_t even[] = { 8, 2, 4, 6 };
	static const uint32_t same[] = { 3, 3, 3, 3, 3, 1 };

	add_samples(odd, 5);
	cr_assert_eq(fsc_planted_median_ns(&planted), 5);
	add_samples(even, 4);
	cr_assert_eq(fsc_planted_median_ns(&planted), 4);
	add_samples(same, 6);
	cr_assert_eq(fsc_planted_median_ns(&planted), 3);
	add_samples(odd, 1);
	cr_assert_eq(fsc_planted_median_ns(&planted), 9);
}

Test(planted, a_delayed_codec_makes_the_same_bytes_and_message)
{
	ProtobufCAllocator allocator = { plain_malloc, plain_free, NULL };
	FfiService__HelloRequest hello = FFI_SERVICE__HELLO_REQUEST__INIT;
	FfiService__HelloRequest *back;
	char name[] = "Ada";
	uint8_t bytes[5];

	fsc_planted_set(&planted, 1000);
	hello.name = name;
	cr_assert_eq(protobuf_c_message_get_packed_size(&hello.base), sizeof(bytes));
	fsc_planted_pack(&planted, &hello.base, bytes);
	back = (FfiService__HelloRequest *)fsc_planted_unpack(
		&planted, &allocator, hello.base.descriptor, sizeof(bytes), bytes);
	cr_assert_not_null(back);
	cr_assert_str_eq(back->name, "Ada");
	cr_assert_eq(planted.count, 2, "one wait to encode, one to decode");
	protobuf_c_message_free_unpacked(&back->base, &allocator);
}
