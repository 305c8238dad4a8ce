/* SPDX-License-Identifier: MIT */
/* The functions with known times; nothing is hard here. */
#include "known_callee.h"

struct known_allocator accuracy_allocator;
static uint64_t last; /* what the last call came to: the next one waits for it */

static inline uint64_t chain(uint64_t value, int steps)
{
	for (int i = 0; i < steps; i++) {
		value *= 0x9E3779B97F4A7C15ull;
		__asm__ __volatile__("" : "+r"(value));
	}
	return value;
}

#define KNOWN_CHAIN(name, steps)                        \
	uint64_t accuracy_##name(uint64_t value);       \
	uint64_t accuracy_##name(uint64_t value)        \
	{                                               \
		__asm__ __volatile__("" : "+r"(value)); \
		return chain(value, steps);             \
	}
KNOWN_CHAINS(KNOWN_CHAIN)

uint64_t accuracy_nested(uint64_t value, known_function inside);
uint64_t accuracy_warm_up(uint64_t value);
uint64_t accuracy_allocating(uint64_t value);
struct known_buffer proto2ffi_accuracy_make(const uint8_t *data, size_t length);
void proto2ffi_accuracy_free_byte_buffer(struct known_buffer buffer);

uint64_t accuracy_nested(uint64_t value, known_function inside)
{
	value = chain(value, 93);
	for (int i = 0; i < KNOWN_INSIDE; i++)
		value = inside(value);
	return value;
}

uint64_t accuracy_warm_up(uint64_t value)
{
	return chain(value, 19);
}

uint64_t accuracy_allocating(uint64_t value)
{
	void *blocks[KNOWN_INSIDE];

	for (int i = 0; i < KNOWN_INSIDE; i++)
		blocks[i] = accuracy_allocator.allocate(64 + (value & 1));
	value = chain(value + (uintptr_t)blocks[0], 93);
	for (int i = 0; i < KNOWN_INSIDE; i++)
		accuracy_allocator.release(blocks[i]);
	return value;
}

struct known_buffer proto2ffi_accuracy_make(const uint8_t *data, size_t length)
{
	uint8_t *block = accuracy_allocator.allocate(64);

	last = chain(data[0] + last + (uintptr_t)block, 93);
	block[0] = (uint8_t)last;
	return (struct known_buffer){ block, length, 64 };
}

void proto2ffi_accuracy_free_byte_buffer(struct known_buffer buffer)
{
	last = chain(buffer.ptr[0] + last, 93);
	buffer.ptr[0] = (uint8_t)last;
	accuracy_allocator.release(buffer.ptr);
}

const struct known_table accuracy_bare = {
#define KNOWN_ENTRY(name, steps) accuracy_##name,
	KNOWN_CHAINS(KNOWN_ENTRY)
#undef KNOWN_ENTRY
		accuracy_nested,
	accuracy_allocating, accuracy_warm_up, proto2ffi_accuracy_make,
	proto2ffi_accuracy_free_byte_buffer
};
