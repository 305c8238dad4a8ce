/* SPDX-License-Identifier: MIT */
/* bench_callee.h - what the timed library exports. */
#ifndef BENCH_CALLEE_H
#define BENCH_CALLEE_H

#include "ffi/abi.h"

struct bench_functions {
	void (*noop)(void);
	struct fsc_byte_buffer (*hello)(const uint8_t *data, size_t length);
	void (*free_byte_buffer)(struct fsc_byte_buffer buffer);
};

void proto2ffi_bench_noop(void);
struct fsc_byte_buffer proto2ffi_bench_hello(const uint8_t *data, size_t length);
void proto2ffi_bench_free_byte_buffer(struct fsc_byte_buffer buffer);

extern const struct bench_functions bench_bare;

#endif
