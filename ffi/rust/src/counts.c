/* SPDX-License-Identifier: MIT */
/*
 * counts.c - what the allocator counts on each thread. In C, because Rust has no way to say that a
 * variable lies in the static TLS block: elsewhere the first use on a thread would allocate, and be
 * an allocation inside a call that Rust's allocator never sees.
 */
#include <stdint.h>

struct counts { /* struct Counts in counts.rs */
	uint64_t open_calls;
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
};

struct counts *ffi_service_thread_counts(void);

static __thread struct counts counts __attribute__((tls_model("initial-exec")));

struct counts *ffi_service_thread_counts(void)
{
	return &counts;
}
