/* SPDX-License-Identifier: MIT */
/*
 * The library whose calls are timed. `bench_bare` holds the same functions as data: pointers that no
 * lookup hands out and no slot of another object holds, so they stay unwrapped in a recorded process.
 */
#include "bench_callee.h"

#include <stdlib.h>
#include <string.h>

void proto2ffi_bench_noop(void)
{
	__asm__ __volatile__("");
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

const struct bench_functions bench_bare = { proto2ffi_bench_noop, proto2ffi_bench_hello,
					    proto2ffi_bench_free_byte_buffer };
