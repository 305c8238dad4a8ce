/* SPDX-License-Identifier: MIT */
/* The timed functions; nothing is hard here. */
#include "bench_callee.h"

#include <stdlib.h>
#include <string.h>

void proto2ffi_bench_noop(void)
{
	__asm__ __volatile__("");
}

uint64_t proto2ffi_bench_work(uint64_t value)
{
	for (int i = 0; i < 24; i++) {
		value *= 0x9E3779B97F4A7C15ull;
		__asm__ __volatile__("" : "+r"(value));
	}
	return value;
}

struct fsc_byte_buffer proto2ffi_bench_hello(const uint8_t *data, size_t length)
{
	struct fsc_byte_buffer response = { malloc(length + 8), length + 8, length + 8 };

	memcpy(response.ptr, "Hello, ", 7);
	memcpy(response.ptr + 7, data, length);
	response.ptr[length + 7] = '!';
	return response;
}

void proto2ffi_bench_free_byte_buffer(struct fsc_byte_buffer buffer)
{
	free(buffer.ptr);
}
