/* SPDX-License-Identifier: MIT */
/*
 * host.cpp - every way of MessageLite to encode and decode, and what was done, as JSON.
 *
 *   host ways COUNT USERS          each way COUNT times, outside any call
 *   host calls LIBRARY COUNT N     COUNT requests on each of N threads
 *   host crossed LIBRARY COUNT     encode many, encode few, call with few, call with many
 *   host throws COUNT              a stream that throws inside the codec
 */
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "service.pb.h"

namespace io = google::protobuf::io;

/* The same function, for a caller who leaves anything in the upper half of its int. */
extern "C" bool parse_from_array(void *message, const void *data,
				 uint64_t size) __asm__("_ZN6google8protobuf11MessageLite14Parse"
							"FromArrayEPKvi");

namespace
{

constexpr uint64_t UPPER_HALF = 0xdeadbeef00000000;
constexpr int BYTES_MAX = 1 << 20;

struct Way {
	const char *name; /* the method's */
	bool known;	  /* are its bytes known? */
	std::function<bool()> once;
};

void fill(ffi_service::BatchRequest *message, int count)
{
	message->Clear();
	for (int i = 0; i < count; i++)
		message->add_requests()->set_id(static_cast<uint64_t>(i) + 1);
}

void require(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "failed: %s\n", what);
	exit(2);
}

/* One file, written from its beginning and read from there. */
int file_at_start(int file)
{
	require(lseek(file, 0, SEEK_SET) == 0, "lseek");
	return file;
}

std::vector<Way> encodes(const ffi_service::BatchRequest &from, char *array, std::string *text,
			 int file)
{
	auto *bytes = reinterpret_cast<uint8_t *>(array);

	return {
		{ "SerializeToArray", false,
		  [=, &from] { return from.SerializeToArray(array, BYTES_MAX); } },
		{ "SerializePartialToArray", false,
		  [=, &from] { return from.SerializePartialToArray(array, BYTES_MAX); } },
		{ "SerializeWithCachedSizesToArray", false,
		  [=, &from] { return from.SerializeWithCachedSizesToArray(bytes) > bytes; } },
		{ "SerializeToString", true, [=, &from] { return from.SerializeToString(text); } },
		{ "SerializePartialToString", true,
		  [=, &from] { return from.SerializePartialToString(text); } },
		{ "SerializeAsString", true,
		  [&from] { return !from.SerializeAsString().empty(); } },
		{ "SerializePartialAsString", true,
		  [&from] { return !from.SerializePartialAsString().empty(); } },
		{ "AppendToString", false, [=, &from] { return from.AppendToString(text); } },
		{ "AppendPartialToString", false,
		  [=, &from] { return from.AppendPartialToString(text); } },
		{ "SerializeToOstream", false,
		  [&from] {
			  std::ostringstream stream;
			  return from.SerializeToOstream(&stream);
		  } },
		{ "SerializeToFileDescriptor", false,
		  [=, &from] { return from.SerializeToFileDescriptor(file_at_start(file)); } },
		{ "SerializeToZeroCopyStream", false,
		  [=, &from] {
			  io::ArrayOutputStream stream(array, BYTES_MAX);
			  return from.SerializeToZeroCopyStream(&stream);
		  } },
		{ "SerializeToCodedStream", false,
		  [=, &from] {
			  io::ArrayOutputStream stream(array, BYTES_MAX);
			  io::CodedOutputStream coded(&stream);
			  return from.SerializeToCodedStream(&coded);
		  } },
	};
}

std::vector<Way> decodes(ffi_service::BatchRequest *into, const std::string &text, int file)
{
	int size = static_cast<int>(text.size());

	return {
		{ "ParseFromArray", true,
		  [=, &text] {
			  return parse_from_array(into, text.data(), UPPER_HALF | text.size());
		  } },
		{ "ParsePartialFromArray", true,
		  [=, &text] { return into->ParsePartialFromArray(text.data(), size); } },
		{ "ParseFromString", true, [=, &text] { return into->ParseFromString(text); } },
		{ "ParsePartialFromString", true,
		  [=, &text] { return into->ParsePartialFromString(text); } },
		{ "MergeFromString", true, [=, &text] { return into->MergeFromString(text); } },
		{ "ParseFromIstream", false,
		  [=, &text] {
			  std::istringstream stream(text);
			  return into->ParseFromIstream(&stream);
		  } },
		{ "ParseFromFileDescriptor", false,
		  [=] { return into->ParseFromFileDescriptor(file_at_start(file)); } },
		{ "ParseFromZeroCopyStream", false,
		  [=, &text] {
			  io::ArrayInputStream stream(text.data(), size);
			  return into->ParseFromZeroCopyStream(&stream);
		  } },
		{ "ParseFromBoundedZeroCopyStream", false,
		  [=, &text] {
			  io::ArrayInputStream stream(text.data(), size);
			  return into->ParseFromBoundedZeroCopyStream(&stream, size);
		  } },
		{ "MergeFromCodedStream", false,
		  [=, &text] {
			  io::CodedInputStream coded(reinterpret_cast<const uint8_t *>(text.data()),
						     size);
			  return into->MergeFromCodedStream(&coded);
		  } },
	};
}

const char *separator = "";

void run_ways(const std::vector<Way> &ways, const char *kind, const void *message, int count,
	      size_t bytes)
{
	for (const Way &way : ways) {
		for (int i = 0; i < count; i++)
			require(way.once(), way.name);
		printf("%s\"%s\":{\"kind\":\"%s\",\"count\":%d,\"message\":%llu,\"bytes\":",
		       separator, way.name, kind, count,
		       reinterpret_cast<unsigned long long>(message));
		if (way.known)
			printf("%zu}", bytes);
		else
			printf("null}");
		separator = ",";
	}
}

/* Short texts lie inside the string, long ones do not. */
int ways(int count, int users)
{
	static char array[BYTES_MAX];
	ffi_service::BatchRequest from, into;
	std::string text;
	int file = memfd_create("messages", 0);

	fill(&from, users);
	printf("{");
	run_ways(encodes(from, array, &text, file), "encode", &from, count, from.ByteSizeLong());
	from.SerializeToArray(array, 1); /* no room: it fails, and no length is known */
	text.assign(array, from.ByteSizeLong());
	require(into.ParseFromArray("\x0a", 1) == false, "a message cut short");
	run_ways(decodes(&into, text, file), "decode", &into, count, text.size());
	printf("}\n");
	return 0;
}

using Batch = bool (*)(const void *, size_t, void **, size_t *);

struct Library {
	Batch few;
	Batch many;
	void (*free)(void *);
};

Library open_library(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW);

	require(handle != nullptr, path);
	return { reinterpret_cast<Batch>(dlsym(handle, "batch_few")),
		 reinterpret_cast<Batch>(dlsym(handle, "batch_many")),
		 reinterpret_cast<void (*)(void *)>(dlsym(handle, "batch_free")) };
}

void call(const Library &library, Batch batch, const std::string &request)
{
	void *out = nullptr;
	size_t length = 0;
	ffi_service::BatchResponse response;

	require(batch(request.data(), request.size(), &out, &length), "call");
	require(response.ParseFromArray(out, static_cast<int>(length)), "response");
	library.free(out);
}

int calls(const char *path, int count, int threads)
{
	Library library = open_library(path);
	std::vector<std::thread> running;

	for (int t = 0; t < threads; t++)
		running.emplace_back([&library, count] {
			ffi_service::BatchRequest request;
			std::string text;

			fill(&request, 3);
			for (int i = 0; i < count; i++) {
				require(request.SerializeToString(&text), "request");
				call(library, library.few, text);
			}
		});
	for (std::thread &thread : running)
		thread.join();
	return 0;
}

int crossed(const char *path, int count)
{
	Library library = open_library(path);
	ffi_service::BatchRequest few, many;

	fill(&few, 10);
	fill(&many, 2000);
	for (int i = 0; i < count; i++) {
		std::string long_text = many.SerializeAsString();
		std::string short_text = few.SerializeAsString();

		call(library, library.few, short_text);
		call(library, library.many, long_text);
	}
	return 0;
}

class Throwing : public io::ZeroCopyOutputStream
{
      public:
	bool Next(void **, int *) override
	{
		throw 42;
	}
	void BackUp(int) override
	{
	}
	int64_t ByteCount() const override
	{
		return 0;
	}
};

int throws(int count)
{
	ffi_service::BatchRequest message;
	std::string text;
	int caught = 0;

	fill(&message, 5);
	for (int i = 0; i < count; i++) {
		Throwing stream;

		try {
			message.SerializeToZeroCopyStream(&stream);
		} catch (int thrown) {
			caught += thrown == 42;
		}
		require(message.SerializeToString(&text), "after the exception");
	}
	printf("{\"caught\":%d}\n", caught);
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	std::string what = argc > 1 ? argv[1] : "";

	if (what == "ways" && argc == 4)
		return ways(atoi(argv[2]), atoi(argv[3]));
	if (what == "calls" && argc == 5)
		return calls(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (what == "crossed" && argc == 4)
		return crossed(argv[2], atoi(argv[3]));
	if (what == "throws" && argc == 3)
		return throws(atoi(argv[2]));
	return 2;
}
