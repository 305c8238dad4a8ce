/* SPDX-License-Identifier: MIT */
/*
 * service_internal.h - one call of the service, from its request to its response.
 *
 * In:     the bytes of a request and the method's work function.
 * Out:    a response buffer, and the service's counts of what the call did.
 * Cost:   counts gather in the call's own struct and are added to the totals once, at its end.
 * Thread: a call stays on its thread; totals, pool and registry are shared and safe.
 */
#ifndef FFI_SERVICE_SERVICE_INTERNAL_H
#define FFI_SERVICE_SERVICE_INTERNAL_H

#include "ffi/service/planted.h"
#include "ffi/service/service.h"

#include <stdatomic.h>
#include <stdbool.h>

enum fsc_service_switch {
#define FSC_SERVICE_SWITCH(name, start) FSC_SERVICE_##name,
#include "ffi/service/switches.def"
#undef FSC_SERVICE_SWITCH
	FSC_SERVICE_SWITCH_COUNT
};

enum fsc_service_delay {
#define FSC_SERVICE_COUNTER(name, what)
#define FSC_SERVICE_DELAY(name) FSC_SERVICE_DELAY_OF_##name,
#include "ffi/service/memory_stats.def"
#undef FSC_SERVICE_COUNTER
#undef FSC_SERVICE_DELAY
	FSC_SERVICE_DELAY_COUNT
};

struct fsc_service_counters {
#define FSC_SERVICE_COUNTER(name, what) _Atomic uint64_t name;
#define FSC_SERVICE_DELAY(name)
#include "ffi/service/memory_stats.def"
#undef FSC_SERVICE_COUNTER
#undef FSC_SERVICE_DELAY
};

struct fsc_service_call {
	uint64_t start_ns;
	size_t request_bytes;
	struct fsc_byte_buffer response;
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	bool may_pool;
	ProtobufCAllocator
		allocator; /* fsc_service_malloc() and fsc_service_free() for protobuf-c */
};

/* A method: how to decode its request, and the work, which ends in fsc_service_respond(). */
struct fsc_service_method {
	const ProtobufCMessageDescriptor *request;
	void (*work)(struct fsc_service_call *call, const ProtobufCMessage *request);
	bool slice; /* the two-field style: its buffers leave the pool alone */
};

extern struct fsc_service_counters fsc_service_counters;
extern struct fsc_planted fsc_service_delays[FSC_SERVICE_DELAY_COUNT];

static inline void fsc_service_count(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/* switches.c */
void fsc_service_read_environment(void);
uint64_t fsc_service_switch(enum fsc_service_switch which);

/* call.c: for methods without a message, begin and end stand alone. */
void fsc_service_begin(struct fsc_service_call *call, size_t request_bytes);
void fsc_service_end(struct fsc_service_call *call);
struct fsc_byte_buffer fsc_service_run(const struct fsc_service_method *method, const uint8_t *data,
				       size_t length);

/* End the work: the planted delay, the deadline, then encode. Call it once, at the end of work. */
void fsc_service_respond(struct fsc_service_call *call, const ProtobufCMessage *message);

/* Memory of a call, counted. malloc's rules; free of NULL is not counted. */
void *fsc_service_malloc(struct fsc_service_call *call, size_t size);
void fsc_service_free(struct fsc_service_call *call, void *pointer);

/* The live buffers by address, when the switch REGISTRY is on. */
void fsc_service_registry_add(const uint8_t *pointer, size_t length);

/* false: the registry is on and knows no such live buffer. Counts a wrong length. */
bool fsc_service_registry_take(const uint8_t *pointer, size_t length);

#endif
