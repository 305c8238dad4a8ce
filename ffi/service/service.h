/* SPDX-License-Identifier: MIT */
/*
 * service.h - the reference library: a small Proto2FFI service that knows the truth about itself.
 *
 * In:     requests encoded in Protocol Buffers (service.proto), at most 10 MB each; the service
 *         reads them during the call only.
 * Out:    responses in buffers that the host owns until it gives them back, once, to the free
 *         function of their style. No buffer ({NULL, 0, 0}) means: refused.
 * Cost:   a few microseconds a call, plus the delays planted in it (switches.def).
 * Thread: every function from any thread.
 */
#ifndef FFI_SERVICE_SERVICE_H
#define FFI_SERVICE_SERVICE_H

#include "ffi/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSC_SERVICE_EXPORT __attribute__((visibility("default")))

/* The twins of User and Post in plain structs: fixed arrays, as bindings without a codec do. */
struct fsc_raw_user {
	uint64_t id;
	uint64_t created_at; /* seconds since 1970 */
	uint64_t updated_at; /* seconds since 1970 */
	uint64_t active;
	char name[144];
	char email[256];
	char avatar_url[256];
	char bio[512];
};

struct fsc_raw_post {
	uint64_t id;
	uint64_t author_id;
	uint64_t created_at; /* seconds since 1970 */
	uint64_t updated_at; /* seconds since 1970 */
	uint32_t like_count;
	uint32_t comment_count;
	uint64_t published;
	char title[256];
	char category[80];
	char content[4096];
};

_Static_assert(sizeof(struct fsc_raw_user) == 1200, "the size that benchmarks quote");
_Static_assert(sizeof(struct fsc_raw_post) == 4480, "the size that benchmarks quote");

/* Totals since the library was loaded; memory_stats.def says what each is. */
struct fsc_memory_stats {
#define FSC_SERVICE_COUNTER(name, what) uint64_t name;
#define FSC_SERVICE_DELAY(name) \
	uint64_t name##_planned_ns, name##_elapsed_ns, name##_count, name##_median_ns;
#include "ffi/service/memory_stats.def"
#undef FSC_SERVICE_COUNTER
#undef FSC_SERVICE_DELAY
};

/* Read the environment now instead of at the first call. May be called any number of times. */
FSC_SERVICE_EXPORT void init_service(void);

/* Set a switch of switches.def; an unknown name changes nothing. Not while other calls run. */
FSC_SERVICE_EXPORT void ffi_service_set(const char *name, uint64_t value);

/* HelloRequest -> HelloResponse. */
FSC_SERVICE_EXPORT struct fsc_byte_buffer proto2ffi_say_hello(const uint8_t *data, size_t len);

/* GetUserRequest -> User (216 bytes for any id but 0). */
FSC_SERVICE_EXPORT struct fsc_byte_buffer proto2ffi_get_user(const uint8_t *data, size_t len);

/* GetPostRequest -> Post (307 bytes for any id but 0). */
FSC_SERVICE_EXPORT struct fsc_byte_buffer proto2ffi_get_post(const uint8_t *data, size_t len);

/* BatchRequest -> BatchResponse: one User for each request, in order. */
FSC_SERVICE_EXPORT struct fsc_byte_buffer proto2ffi_process_batch(const uint8_t *data, size_t len);

/* The same data without a codec, written into the host's struct. */
FSC_SERVICE_EXPORT void proto2ffi_get_user_raw(struct fsc_raw_user *out, uint64_t id);
FSC_SERVICE_EXPORT void proto2ffi_get_post_raw(struct fsc_raw_post *out, uint64_t id);

/* They do next to nothing, for measuring the crossing itself; not counted in calls. */
FSC_SERVICE_EXPORT void proto2ffi_noop(void);
FSC_SERVICE_EXPORT uint64_t proto2ffi_add(uint64_t a, uint64_t b);

/* Give back a buffer of any proto2ffi_ function. No buffer is legal. */
FSC_SERVICE_EXPORT void proto2ffi_free_byte_buffer(struct fsc_byte_buffer buffer);

FSC_SERVICE_EXPORT struct fsc_memory_stats proto2ffi_memory_stats(void);

/* CalculatorRequest -> CalculatorResponse; this style answers an error with an encoded message. */
FSC_SERVICE_EXPORT struct fsc_byte_slice calculator_process(const uint8_t *data, size_t len);

/* Give back a buffer of calculator_process(). No buffer is legal. */
FSC_SERVICE_EXPORT void calculator_free_buffer(struct fsc_byte_slice buffer);

/*
 * The pool behind the switch POOL: at most 100 buffers of at most 64 KiB. Exported, so that acquire
 * and release rows of a boundary file can name them.
 * take: a buffer of at least size bytes (len 0), or no buffer. give: false, and the buffer stays
 * the caller's, when the pool has no room for it.
 */
FSC_SERVICE_EXPORT struct fsc_byte_buffer ffi_service_pool_take(size_t size);
FSC_SERVICE_EXPORT bool ffi_service_pool_give(struct fsc_byte_buffer buffer);

#endif
