/* SPDX-License-Identifier: MIT */
/*
 * Functions of known latency. An empty function would not do: clock readings overlap with it, so
 * the time that is measured of it says little of the time that is measured of a real one.
 */
#include "callee.h"

enum { DEPENDENT_MULTIPLICATIONS = 24, BLOCK_BYTES = 64 };

struct fsc_callee_allocator ffi_calibrate_allocator;
static uint64_t last; /* what the last call came to: the next one waits for it */

uint64_t proto2ffi_calibrate_callee(uint64_t value);
void *protobuf_c_message_unpack(void *descriptor, void *allocator, size_t length,
				const uint8_t *data);
uint64_t calibrate_around(uint64_t value, fsc_callee_function inside);
uint64_t calibrate_around_codec(uint64_t value,
				void *(*codec)(void *, void *, size_t, const uint8_t *));
void calibrate_allocate(void **blocks);
void calibrate_release(void **blocks);
struct fsc_callee_buffer proto2ffi_calibrate_make(const uint8_t *data, size_t length);
void proto2ffi_calibrate_free_byte_buffer(struct fsc_callee_buffer buffer);

/* The result of one feeds the next, so that they take their latency in a loop, not less. */
static inline uint64_t chain(uint64_t value)
{
	for (int i = 0; i < DEPENDENT_MULTIPLICATIONS; i++) {
		value *= 0x9E3779B97F4A7C15ull;
		__asm__ __volatile__("" : "+r"(value));
	}
	return value;
}

uint64_t proto2ffi_calibrate_callee(uint64_t value)
{
	return chain(value);
}

/* Under a name of its own: a codec's would be looked for in the table below. */
static void *codec(void *descriptor, void *allocator, size_t length, const uint8_t *data)
{
	(void)allocator;
	(void)length;
	(void)data;
	return (void *)(uintptr_t)chain((uintptr_t)descriptor);
}

void *protobuf_c_message_unpack(void *descriptor, void *allocator, size_t length,
				const uint8_t *data)
{
	return codec(descriptor, allocator, length, data);
}

uint64_t calibrate_around(uint64_t value, fsc_callee_function inside)
{
	for (int i = 0; i < FSC_CALLEE_INSIDE; i++)
		value = inside(value);
	return value;
}

uint64_t calibrate_around_codec(uint64_t value,
				void *(*inside)(void *, void *, size_t, const uint8_t *))
{
	for (int i = 0; i < FSC_CALLEE_INSIDE; i++)
		value = (uintptr_t)inside((void *)(uintptr_t)value, NULL, 0, NULL);
	return value;
}

void calibrate_allocate(void **blocks)
{
	for (int i = 0; i < FSC_CALLEE_INSIDE; i++)
		blocks[i] = ffi_calibrate_allocator.allocate(BLOCK_BYTES);
}

void calibrate_release(void **blocks)
{
	for (int i = 0; i < FSC_CALLEE_INSIDE; i++)
		ffi_calibrate_allocator.release(blocks[i]);
}

struct fsc_callee_buffer proto2ffi_calibrate_make(const uint8_t *data, size_t length)
{
	uint8_t *block = ffi_calibrate_allocator.allocate(BLOCK_BYTES);
	/* Not made ready before the block is there, nor before the last call was done. */
	uint64_t value = chain(data[0] + last + (uintptr_t)block);

	last = value;
	block[0] = (uint8_t)value;
	return (struct fsc_callee_buffer){ block, length, BLOCK_BYTES };
}

void proto2ffi_calibrate_free_byte_buffer(struct fsc_callee_buffer buffer)
{
	last = chain(buffer.ptr[0] + last);
	buffer.ptr[0] = (uint8_t)last;
	ffi_calibrate_allocator.release(buffer.ptr);
}

/* By pointers that no lookup returned and no other object holds: unwrapped. */
const struct fsc_callee_functions ffi_calibrate_bare = {
	proto2ffi_calibrate_callee, codec,
	calibrate_around,	    calibrate_around_codec,
	calibrate_allocate,	    calibrate_release,
	proto2ffi_calibrate_make,   proto2ffi_calibrate_free_byte_buffer
};
