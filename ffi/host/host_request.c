/* SPDX-License-Identifier: MIT */
/*
 * host_request.c - one request the way that FFI bindings do it: encode, copy into a malloc block,
 * call, free the block, decode, give the response back (or not, when told to misbehave). Begin at
 * fsc_host_do_request().
 */
#include "ffi/host/host_internal.h"

#include <stdlib.h>
#include <string.h>

struct fsc_planted fsc_host_delays[FSC_HOST_DELAY_COUNT];

static struct fsc_byte_buffer call_hello(const struct fsc_host_api *api, const uint8_t *data,
					 size_t len)
{
	return api->proto2ffi_say_hello(data, len);
}

static struct fsc_byte_buffer call_user(const struct fsc_host_api *api, const uint8_t *data,
					size_t len)
{
	return api->proto2ffi_get_user(data, len);
}

static struct fsc_byte_buffer call_post(const struct fsc_host_api *api, const uint8_t *data,
					size_t len)
{
	return api->proto2ffi_get_post(data, len);
}

static struct fsc_byte_buffer call_batch(const struct fsc_host_api *api, const uint8_t *data,
					 size_t len)
{
	return api->proto2ffi_process_batch(data, len);
}

static struct fsc_byte_buffer call_calculator(const struct fsc_host_api *api, const uint8_t *data,
					      size_t len)
{
	struct fsc_byte_slice response = api->calculator_process(data, len);

	return (struct fsc_byte_buffer){ .ptr = response.ptr, .len = response.len };
}

static void plain_noop(const struct fsc_host_api *api, uint64_t number)
{
	(void)number;
	api->proto2ffi_noop();
}

static void plain_add(const struct fsc_host_api *api, uint64_t number)
{
	(void)api->proto2ffi_add(number, 1);
}

static void plain_user_raw(const struct fsc_host_api *api, uint64_t number)
{
	struct fsc_raw_user user;

	api->proto2ffi_get_user_raw(&user, number);
}

static void plain_post_raw(const struct fsc_host_api *api, uint64_t number)
{
	struct fsc_raw_post post;

	api->proto2ffi_get_post_raw(&post, number);
}

const struct fsc_host_entry fsc_host_entries[FSC_HOST_ENTRY_COUNT] = {
	[FSC_HOST_HELLO] = { "hello", "proto2ffi_say_hello", call_hello, false, NULL },
	[FSC_HOST_USER] = { "user", "proto2ffi_get_user", call_user, false, NULL },
	[FSC_HOST_POST] = { "post", "proto2ffi_get_post", call_post, false, NULL },
	[FSC_HOST_BATCH] = { "batch", "proto2ffi_process_batch", call_batch, false, NULL },
	[FSC_HOST_CALCULATOR] = { "calculator", "calculator_process", call_calculator, true, NULL },
	[FSC_HOST_NOOP] = { .option = "noop", .name = "proto2ffi_noop", .plain = plain_noop },
	[FSC_HOST_ADD] = { .option = "add", .name = "proto2ffi_add", .plain = plain_add },
	[FSC_HOST_USER_RAW] = { .option = "user_raw",
				.name = "proto2ffi_get_user_raw",
				.plain = plain_user_raw },
	[FSC_HOST_POST_RAW] = { .option = "post_raw",
				.name = "proto2ffi_get_post_raw",
				.plain = plain_post_raw },
};

static const uint8_t *encode(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
			     uint64_t number, size_t *size)
{
	if (!fsc_host_codec_has_delays)
		fsc_planted_wait(&fsc_host_delays[FSC_HOST_ENCODE]);
	return fsc_host_codec_encode(
		thread->codec, (enum fsc_host_entry_id)(entry - fsc_host_entries), number, size);
}

/* The one place where request buffers are allocated: a tracer tells them by this call site. */
__attribute__((noinline)) static uint8_t *copy_request(const uint8_t *encoded, size_t size)
{
	uint8_t *request = malloc(size);

	if (request)
		memcpy(request, encoded, size);
	return request;
}

static bool decode(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
		   const struct fsc_byte_buffer *response)
{
	if (!fsc_host_codec_has_delays)
		fsc_planted_wait(&fsc_host_delays[FSC_HOST_DECODE]);
	return fsc_host_codec_decode(thread->codec,
				     (enum fsc_host_entry_id)(entry - fsc_host_entries),
				     response->ptr, response->len);
}

static void give_back(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
		      struct fsc_byte_buffer response)
{
	struct fsc_byte_slice slice = { .ptr = response.ptr, .len = response.len };

	thread->tally.rows[entry - fsc_host_entries].frees++;
	if (entry->slice)
		thread->api->calculator_free_buffer(slice);
	else
		thread->api->proto2ffi_free_byte_buffer(response);
}

/* End the response, in the way that the options planted for this request. */
static void finish(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
		   struct fsc_byte_buffer response, uint64_t number)
{
	const struct fsc_host_options *options = thread->options;
	struct fsc_host_tally *tally = &thread->tally;

	if (options->leak_every > 0 && number % options->leak_every == 0) {
		tally->leaked++;
		tally->leaked_bytes += response.len;
	} else if (number == options->plain_free_at) {
		tally->freed_plain++;
		free(response.ptr);
	} else if (number == options->wrong_length_at) {
		tally->freed_wrong_length++;
		response.len--;
		response.cap -= response.cap > 0;
		give_back(thread, entry, response);
	} else {
		give_back(thread, entry, response);
		if (number == options->free_twice_at) {
			tally->freed_twice++;
			give_back(thread, entry, response);
		}
	}
}

static void do_request_with_buffers(struct fsc_host_thread *thread,
				    const struct fsc_host_entry *entry, uint64_t number)
{
	struct fsc_host_tally_row *row = &thread->tally.rows[entry - fsc_host_entries];
	struct fsc_byte_buffer response;
	const uint8_t *encoded;
	uint8_t *request;
	size_t size;

	encoded = encode(thread, entry, number, &size);
	request = encoded ? copy_request(encoded, size) : NULL;
	if (!request) {
		thread->tally.failed++;
		return;
	}
	fsc_planted_wait(&fsc_host_delays[FSC_HOST_PREPARE]);
	response = entry->call(thread->api, request, size);
	free(request);
	row->calls++;
	row->request_bytes += size;
	row->response_bytes += response.len;
	if (!response.ptr || !decode(thread, entry, &response))
		thread->tally.failed++;
	fsc_planted_wait(&fsc_host_delays[FSC_HOST_CONSUME]);
	if (response.ptr)
		finish(thread, entry, response, number);
}

void fsc_host_do_request(struct fsc_host_thread *thread, const struct fsc_host_entry *entry,
			 uint64_t number)
{
	if (!entry->plain) {
		do_request_with_buffers(thread, entry, number);
		return;
	}
	entry->plain(thread->api, number);
	thread->tally.rows[entry - fsc_host_entries].calls++;
}
