/* SPDX-License-Identifier: MIT */
/*
 * abi.h - the two buffer shapes that cross a Proto2FFI boundary.
 *
 * In/out: plain structs by value; the library owns the memory behind ptr until the host gives
 *         the buffer back to the free function of the same library, exactly once, unchanged.
 * Source: System V AMD64 psABI 1.0, section 3.2.3: a struct of 24 bytes is class MEMORY (returned
 *         through a hidden pointer in RDI that comes back in RAX; passed by value on the stack), a
 *         struct of 16 integer bytes is returned in RAX:RDX and passed in two registers.
 */
#ifndef FFI_ABI_H
#define FFI_ABI_H

#include <stddef.h>
#include <stdint.h>

/* ptr == NULL, or len == 0 and cap == 0: no buffer. */
struct fsc_byte_buffer {
	uint8_t *ptr;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated, as the library's allocator was asked */
};

/* The two-field style: the capacity is the library's secret (often equal to len). */
struct fsc_byte_slice {
	uint8_t *ptr;
	size_t len; /* bytes */
};

#endif
