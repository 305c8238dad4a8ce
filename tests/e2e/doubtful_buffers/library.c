/* SPDX-License-Identifier: MIT */
/* Functions that look like makers of buffers, that are ones in disguise, or that are described. */
#include <stdint.h>
#include <stdlib.h>

struct buffer {
	uint8_t *pointer;
	size_t length;
	size_t capacity;
};

struct buffer proto2ffi_make(size_t length)
{
	return (struct buffer){ calloc(1, length), length, length };
}

void proto2ffi_free_byte_buffer(struct buffer buffer)
{
	free(buffer.pointer);
}

/* No row knows it; its buffers go the same way back. */
struct buffer other_make(size_t length)
{
	return proto2ffi_make(length);
}

/* A pointer, and whatever in the second result register: no {ptr,len}. */
void *proto2ffi_open(void)
{
	void *handle = calloc(1, 24);

#ifdef __aarch64__
	__asm__ volatile("mov w1, #55" ::: "x1", "memory");
#else
	__asm__ volatile("movl $55, %%edx" ::: "rdx", "memory");
#endif
	return handle;
}

/* Allocates, and returns no struct. */
uintptr_t proto2ffi_keep(size_t length)
{
	return (uintptr_t)malloc(length);
}

void lib_call(void (*function)(void))
{
	function();
	__asm__ volatile("" ::: "memory");
}

/* Described by a row of the user's. */
void store_query(size_t length, uint8_t **pointer, size_t *out_length, size_t *capacity)
{
	*pointer = malloc(length);
	*out_length = length / 2;
	*capacity = length;
}

void store_free(uint8_t *pointer, size_t length, size_t capacity)
{
	(void)length, (void)capacity;
	free(pointer);
}
