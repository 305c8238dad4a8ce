/* SPDX-License-Identifier: MIT */
/*
 * callee.h - what libffiscope_callee.so exports to ffiscope-calibrate: functions of known latency.
 *
 * Calls of these are made by an address that was looked up (wrapped) and by one of the table
 * (bare). Allocation goes through pointers, so that the bare calls have no hook in it.
 */
#ifndef INSTRUMENT_CALIBRATE_CALLEE_H
#define INSTRUMENT_CALIBRATE_CALLEE_H

#include <stddef.h>
#include <stdint.h>

enum {
	FSC_CALLEE_INSIDE = 6 /* fewer than a thread's cache of glibc's malloc keeps of one size */
};

struct fsc_callee_buffer {
	uint8_t *ptr;
	size_t len;
	size_t cap;
};

struct fsc_callee_allocator {
	void *(*allocate)(size_t bytes);
	void (*release)(void *block);
};

typedef uint64_t (*fsc_callee_function)(uint64_t value);

struct fsc_callee_functions {
	fsc_callee_function call;
	/* The codec of protobuf-c by its name alone; message, buffer and length are not used. */
	void *(*codec)(void *descriptor, void *allocator, size_t length, const uint8_t *data);
	/* FSC_CALLEE_INSIDE times the function, one after the other. */
	uint64_t (*around)(uint64_t value, fsc_callee_function inside);
	uint64_t (*around_codec)(uint64_t value,
				 void *(*codec)(void *, void *, size_t, const uint8_t *));
	/* FSC_CALLEE_INSIDE blocks. */
	void (*allocate)(void **blocks);
	void (*release)(void **blocks);
	struct fsc_callee_buffer (*make)(const uint8_t *data, size_t length);
	void (*give_back)(struct fsc_callee_buffer buffer);
};

/* The names by which they are looked up, in the order of the struct. */
#define FSC_CALLEE_NAMES                                                                       \
	{                                                                                      \
		"proto2ffi_calibrate_callee", "protobuf_c_message_unpack", "calibrate_around", \
			"calibrate_around_codec", "calibrate_allocate", "calibrate_release",   \
			"proto2ffi_calibrate_make", "proto2ffi_calibrate_free_byte_buffer"     \
	}

extern const struct fsc_callee_functions ffi_calibrate_bare;
extern struct fsc_callee_allocator ffi_calibrate_allocator;

#endif
