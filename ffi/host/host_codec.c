/* SPDX-License-Identifier: MIT */
/*
 * host_codec.c - messages over protobuf-c, with the planted delays inside the codec's own calls.
 * Begin at fsc_host_codec_encode().
 */
#include "ffi/host/host_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "service.pb-c.h"

const bool fsc_host_codec_has_delays = true;

/* A request to send. The texts and arrays behind it live in struct fsc_host_codec. */
union request {
	ProtobufCMessage base;
	FfiService__HelloRequest hello;
	FfiService__GetUserRequest user;
	FfiService__GetPostRequest post;
	FfiService__BatchRequest batch;
	FfiService__CalculatorRequest calculator;
};

struct fsc_host_codec {
	uint8_t *scratch; /* where requests are encoded */
	size_t scratch_bytes;
	FfiService__GetUserRequest *batch;
	FfiService__GetUserRequest **batch_pointers;
	uint64_t batch_count;
	char name[32];
	union request request;
};

static void fill_hello(struct fsc_host_codec *codec, uint64_t number)
{
	(void)snprintf(codec->name, sizeof(codec->name), "host %08u", (unsigned int)number);
	ffi_service__hello_request__init(&codec->request.hello);
	codec->request.hello.name = codec->name;
}

static void fill_user(struct fsc_host_codec *codec, uint64_t number)
{
	ffi_service__get_user_request__init(&codec->request.user);
	codec->request.user.id = number;
}

static void fill_post(struct fsc_host_codec *codec, uint64_t number)
{
	ffi_service__get_post_request__init(&codec->request.post);
	codec->request.post.id = number;
}

static void fill_batch(struct fsc_host_codec *codec, uint64_t number)
{
	for (uint64_t i = 0; i < codec->batch_count; i++) {
		ffi_service__get_user_request__init(&codec->batch[i]);
		codec->batch[i].id = number + i;
		codec->batch_pointers[i] = &codec->batch[i];
	}
	ffi_service__batch_request__init(&codec->request.batch);
	codec->request.batch.n_requests = codec->batch_count;
	codec->request.batch.requests = codec->batch_pointers;
}

static void fill_calculator(struct fsc_host_codec *codec, uint64_t number)
{
	static char operation[] = "add";

	ffi_service__calculator_request__init(&codec->request.calculator);
	codec->request.calculator.operation = operation;
	codec->request.calculator.a = (double)number;
	codec->request.calculator.b = 1;
}

static const struct {
	void (*fill)(struct fsc_host_codec *codec, uint64_t number);
	const ProtobufCMessageDescriptor *response;
} messages[FSC_HOST_WITH_BUFFERS] = {
	[FSC_HOST_HELLO] = { fill_hello, &ffi_service__hello_response__descriptor },
	[FSC_HOST_USER] = { fill_user, &ffi_service__user__descriptor },
	[FSC_HOST_POST] = { fill_post, &ffi_service__post__descriptor },
	[FSC_HOST_BATCH] = { fill_batch, &ffi_service__batch_response__descriptor },
	[FSC_HOST_CALCULATOR] = { fill_calculator, &ffi_service__calculator_response__descriptor },
};

struct fsc_host_codec *fsc_host_codec_create(uint64_t batch)
{
	struct fsc_host_codec *codec = calloc(1, sizeof(*codec));

	if (!codec)
		return NULL;
	codec->batch_count = batch;
	codec->batch = calloc(batch, sizeof(*codec->batch));
	codec->batch_pointers = calloc(batch, sizeof(FfiService__GetUserRequest *));
	if (codec->batch && codec->batch_pointers)
		return codec;
	fsc_host_codec_destroy(codec);
	return NULL;
}

void fsc_host_codec_destroy(struct fsc_host_codec *codec)
{
	if (!codec)
		return;
	free(codec->batch);
	free(codec->batch_pointers);
	free(codec->scratch);
	free(codec);
}

const uint8_t *fsc_host_codec_encode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
				     uint64_t number, size_t *size)
{
	messages[entry].fill(codec, number);
	*size = protobuf_c_message_get_packed_size(&codec->request.base);
	if (*size > codec->scratch_bytes) {
		uint8_t *grown = realloc(codec->scratch, *size);

		if (!grown)
			return NULL;
		codec->scratch = grown;
		codec->scratch_bytes = *size;
	}
	fsc_planted_pack(&fsc_host_delays[FSC_HOST_ENCODE], &codec->request.base, codec->scratch);
	return codec->scratch;
}

static void *codec_malloc(void *allocator_data, size_t size)
{
	(void)allocator_data;
	return malloc(size);
}

static void codec_free(void *allocator_data, void *pointer)
{
	(void)allocator_data;
	free(pointer);
}

bool fsc_host_codec_decode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
			   const uint8_t *data, size_t size)
{
	ProtobufCAllocator allocator = { codec_malloc, codec_free, NULL };
	ProtobufCMessage *message =
		fsc_planted_unpack(&fsc_host_delays[FSC_HOST_DECODE], &allocator,
				   messages[entry].response, size, data);

	(void)codec;
	protobuf_c_message_free_unpacked(message, &allocator);
	return message != NULL;
}
