/* SPDX-License-Identifier: MIT */
/*
 * host_codec.cpp - messages over protobuf's C++ library. Requests take turns through the ways of
 * encoding and decoding that MessageLite has, by their number. Begin at fsc_host_codec_encode().
 */
#include "ffi/host/host_codec_internal.h"

#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include "service.pb.h"

const bool fsc_host_codec_has_delays = false;

struct fsc_host_codec {
	uint64_t batch;
	uint64_t number; /* of the request that was encoded last */
	std::string bytes;
	std::unique_ptr<google::protobuf::Message> requests[FSC_HOST_WITH_BUFFERS];
	std::unique_ptr<google::protobuf::Message> responses[FSC_HOST_WITH_BUFFERS];
};

namespace
{

using Codec = struct fsc_host_codec;

template <typename Request, typename Response> void add(Codec *codec, enum fsc_host_entry_id entry)
{
	codec->requests[entry] = std::make_unique<Request>();
	codec->responses[entry] = std::make_unique<Response>();
}

template <typename Request> Request *request_of(Codec *codec, enum fsc_host_entry_id entry)
{
	auto *request = static_cast<Request *>(codec->requests[entry].get());

	request->Clear();
	return request;
}

void fill_hello(Codec *codec, uint64_t number)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "host %08u", static_cast<unsigned int>(number));
	request_of<ffi_service::HelloRequest>(codec, FSC_HOST_HELLO)->set_name(name);
}

void fill_batch(Codec *codec, uint64_t number)
{
	auto *batch = request_of<ffi_service::BatchRequest>(codec, FSC_HOST_BATCH);

	for (uint64_t i = 0; i < codec->batch; i++)
		batch->add_requests()->set_id(number + i);
}

void fill_calculator(Codec *codec, uint64_t number)
{
	auto *sum = request_of<ffi_service::CalculatorRequest>(codec, FSC_HOST_CALCULATOR);

	sum->set_operation("add");
	sum->set_a(static_cast<double>(number));
	sum->set_b(1);
}

void fill(Codec *codec, enum fsc_host_entry_id entry, uint64_t number)
{
	if (entry == FSC_HOST_HELLO)
		fill_hello(codec, number);
	else if (entry == FSC_HOST_USER)
		request_of<ffi_service::GetUserRequest>(codec, entry)->set_id(number);
	else if (entry == FSC_HOST_POST)
		request_of<ffi_service::GetPostRequest>(codec, entry)->set_id(number);
	else if (entry == FSC_HOST_BATCH)
		fill_batch(codec, number);
	else
		fill_calculator(codec, number);
}

void encode(const google::protobuf::MessageLite &request, uint64_t number, std::string *bytes)
{
	switch (number % 4) {
	case 0:
		bytes->resize(request.ByteSizeLong());
		request.SerializeToArray(&(*bytes)[0], static_cast<int>(bytes->size()));
		break;
	case 1:
		request.SerializeToString(bytes);
		break;
	case 2:
		*bytes = request.SerializeAsString();
		break;
	default:
		bytes->clear();
		request.AppendToString(bytes);
	}
}

} // namespace

struct fsc_host_codec *fsc_host_codec_create(uint64_t batch)
{
	auto *codec = new (std::nothrow) Codec();

	if (!codec)
		return nullptr;
	codec->batch = batch;
	add<ffi_service::HelloRequest, ffi_service::HelloResponse>(codec, FSC_HOST_HELLO);
	add<ffi_service::GetUserRequest, ffi_service::User>(codec, FSC_HOST_USER);
	add<ffi_service::GetPostRequest, ffi_service::Post>(codec, FSC_HOST_POST);
	add<ffi_service::BatchRequest, ffi_service::BatchResponse>(codec, FSC_HOST_BATCH);
	add<ffi_service::CalculatorRequest, ffi_service::CalculatorResponse>(codec,
									     FSC_HOST_CALCULATOR);
	return codec;
}

void fsc_host_codec_destroy(struct fsc_host_codec *codec)
{
	delete codec;
}

const uint8_t *fsc_host_codec_encode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
				     uint64_t number, size_t *size)
{
	fill(codec, entry, number);
	codec->number = number;
	encode(*codec->requests[entry], number, &codec->bytes);
	*size = codec->bytes.size();
	return reinterpret_cast<const uint8_t *>(codec->bytes.data());
}

bool fsc_host_codec_decode(struct fsc_host_codec *codec, enum fsc_host_entry_id entry,
			   const uint8_t *data, size_t size)
{
	google::protobuf::MessageLite *response = codec->responses[entry].get();

	if (codec->number % 2 == 0)
		return response->ParseFromArray(data, static_cast<int>(size));
	return response->ParseFromString(std::string(reinterpret_cast<const char *>(data), size));
}
