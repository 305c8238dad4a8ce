/* SPDX-License-Identifier: MIT */
/* bench_callee.h - the library whose calls are timed; its functions are found with dlsym. */
#ifndef BENCH_CALLEE_H
#define BENCH_CALLEE_H

#include "ffi/abi.h"

void proto2ffi_bench_noop(void);

/* Some 20 ns of dependent multiplications. */
uint64_t proto2ffi_bench_work(uint64_t value);

/* "Hello, " + data + "!" in a malloc'ed buffer; no codec. */
struct fsc_byte_buffer proto2ffi_bench_hello(const uint8_t *data, size_t length);
void proto2ffi_bench_free_byte_buffer(struct fsc_byte_buffer buffer);

#endif
