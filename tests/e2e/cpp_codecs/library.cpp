/* SPDX-License-Identifier: MIT */
/*
 * library.cpp - a library that speaks protobuf's C++: a batch of ids in, a batch of users out.
 */
#include <cstdlib>
#include <cstring>
#include <string>

#include "service.pb.h"

static bool answer(const void *data, size_t length, void **out, size_t *out_length)
{
	ffi_service::BatchRequest request;
	ffi_service::BatchResponse response;

	if (!request.ParseFromArray(data, static_cast<int>(length)))
		return false;
	for (const ffi_service::GetUserRequest &user : request.requests())
		response.add_responses()->set_id(user.id());
	std::string bytes = response.SerializeAsString();
	*out = malloc(bytes.size());
	*out_length = bytes.size();
	memcpy(*out, bytes.data(), bytes.size());
	return true;
}

extern "C" bool batch_few(const void *data, size_t length, void **out, size_t *out_length)
{
	return answer(data, length, out, out_length);
}

extern "C" bool batch_many(const void *data, size_t length, void **out, size_t *out_length)
{
	return answer(data, length, out, out_length);
}

extern "C" void batch_free(void *pointer)
{
	free(pointer);
}
