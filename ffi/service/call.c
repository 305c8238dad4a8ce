/* SPDX-License-Identifier: MIT */
/*
 * call.c - one call from bytes to bytes: decode, work, encode, each with its planted delay, and
 * every allocation counted. Begin at fsc_service_run().
 */
#include "ffi/service/service_internal.h"

#include <stdlib.h>

enum {
	REQUEST_BYTES_MAX = 10 * 1024 * 1024,
	POOL_BUFFER_BYTES_MIN = 4096 /* capacity of a buffer that will live in the pool */
};

struct fsc_service_counters fsc_service_counters;

void *fsc_service_malloc(struct fsc_service_call *call, size_t size)
{
	call->allocations++;
	call->allocated_bytes += size;
	return malloc(size);
}

void fsc_service_free(struct fsc_service_call *call, void *pointer)
{
	if (pointer)
		call->frees++;
	free(pointer);
}

static void *codec_malloc(void *allocator_data, size_t size)
{
	return fsc_service_malloc(allocator_data, size);
}

static void codec_free(void *allocator_data, void *pointer)
{
	fsc_service_free(allocator_data, pointer);
}

void fsc_service_begin(struct fsc_service_call *call, size_t request_bytes)
{
	fsc_service_read_environment();
	*call = (struct fsc_service_call){
		.start_ns = fsc_planted_now_ns(),
		.request_bytes = request_bytes,
		.allocator = { codec_malloc, codec_free, call },
	};
}

void fsc_service_end(struct fsc_service_call *call)
{
	fsc_service_count(&fsc_service_counters.calls, 1);
	fsc_service_count(&fsc_service_counters.request_bytes, call->request_bytes);
	fsc_service_count(&fsc_service_counters.allocations, call->allocations);
	fsc_service_count(&fsc_service_counters.allocated_bytes, call->allocated_bytes);
	fsc_service_count(&fsc_service_counters.frees, call->frees);
	if (!call->response.ptr)
		return;
	fsc_service_count(&fsc_service_counters.response_bytes, call->response.len);
	fsc_service_count(&fsc_service_counters.made, 1);
	fsc_service_count(&fsc_service_counters.live, 1);
	fsc_service_registry_add(call->response.ptr, call->response.len);
}

static struct fsc_byte_buffer take_buffer(struct fsc_service_call *call, size_t size)
{
	bool pooled = call->may_pool && fsc_service_switch(FSC_SERVICE_POOL) != 0;
	struct fsc_byte_buffer buffer = { .ptr = NULL };

	if (pooled)
		buffer = ffi_service_pool_take(size);
	if (buffer.ptr)
		return buffer;
	buffer.cap = pooled && size < POOL_BUFFER_BYTES_MIN ? POOL_BUFFER_BYTES_MIN : size;
	buffer.ptr = fsc_service_malloc(call, buffer.cap);
	return buffer;
}

static bool is_late(const struct fsc_service_call *call)
{
	uint64_t deadline_ms = fsc_service_switch(FSC_SERVICE_DEADLINE_MS);

	return fsc_planted_now_ns() - call->start_ns > deadline_ms * 1000000u;
}

static void encode(struct fsc_service_call *call, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	struct fsc_byte_buffer buffer = { .ptr = NULL };

	if (size > 0)
		buffer = take_buffer(call, size);
	if (buffer.ptr) {
		fsc_planted_pack(&fsc_service_delays[FSC_SERVICE_DELAY_OF_encode], message,
				 buffer.ptr);
		buffer.len = size;
	}
	call->response = buffer;
}

void fsc_service_respond(struct fsc_service_call *call, const ProtobufCMessage *message)
{
	fsc_planted_wait(&fsc_service_delays[FSC_SERVICE_DELAY_OF_work]);
	if (is_late(call))
		fsc_service_count(&fsc_service_counters.refused, 1);
	else
		encode(call, message);
}

static ProtobufCMessage *decode(struct fsc_service_call *call,
				const struct fsc_service_method *method, const uint8_t *data)
{
	if (call->request_bytes > REQUEST_BYTES_MAX)
		return NULL;
	return fsc_planted_unpack(&fsc_service_delays[FSC_SERVICE_DELAY_OF_decode],
				  &call->allocator, method->request, call->request_bytes, data);
}

struct fsc_byte_buffer fsc_service_run(const struct fsc_service_method *method, const uint8_t *data,
				       size_t length)
{
	struct fsc_service_call call;
	ProtobufCMessage *request;

	fsc_service_begin(&call, length);
	call.may_pool = !method->slice;
	request = decode(&call, method, data);
	if (request) {
		method->work(&call, request);
		protobuf_c_message_free_unpacked(request, &call.allocator);
	} else {
		fsc_service_count(&fsc_service_counters.refused, 1);
	}
	fsc_service_end(&call);
	return call.response;
}
