/* SPDX-License-Identifier: MIT */
/*
 * host_linked.c - is linked against the service: each entry point is called by name from this
 * object, through its own linkage table. Begin at fsc_host_open(). --library changes nothing here.
 */
#include "ffi/host/host.h"

/* struct fsc_byte_buffer NAME(const uint8_t *data, size_t len) */
#define CALL_BUFFER(name)                                                          \
	static struct fsc_byte_buffer call_##name(const uint8_t *data, size_t len) \
	{                                                                          \
		return name(data, len);                                            \
	}

CALL_BUFFER(proto2ffi_say_hello)
CALL_BUFFER(proto2ffi_get_user)
CALL_BUFFER(proto2ffi_get_post)
CALL_BUFFER(proto2ffi_process_batch)

static struct fsc_byte_slice call_calculator_process(const uint8_t *data, size_t len)
{
	return calculator_process(data, len);
}

static void call_init_service(void)
{
	init_service();
}

static void call_ffi_service_set(const char *name, uint64_t value)
{
	ffi_service_set(name, value);
}

static void call_proto2ffi_get_user_raw(struct fsc_raw_user *out, uint64_t id)
{
	proto2ffi_get_user_raw(out, id);
}

static void call_proto2ffi_get_post_raw(struct fsc_raw_post *out, uint64_t id)
{
	proto2ffi_get_post_raw(out, id);
}

static void call_proto2ffi_noop(void)
{
	proto2ffi_noop();
}

static uint64_t call_proto2ffi_add(uint64_t a, uint64_t b)
{
	return proto2ffi_add(a, b);
}

static void call_proto2ffi_free_byte_buffer(struct fsc_byte_buffer buffer)
{
	proto2ffi_free_byte_buffer(buffer);
}

static void call_calculator_free_buffer(struct fsc_byte_slice buffer)
{
	calculator_free_buffer(buffer);
}

static struct fsc_memory_stats call_proto2ffi_memory_stats(void)
{
	return proto2ffi_memory_stats();
}

bool fsc_host_open(struct fsc_host_api *api, const struct fsc_host_options *options)
{
	(void)options;
#define FSC_SERVICE_ENTRY_POINT(name) api->name = call_##name;
#include "ffi/service/entry_points.def"
#undef FSC_SERVICE_ENTRY_POINT
	return true;
}
