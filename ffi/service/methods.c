/* SPDX-License-Identifier: MIT */
/*
 * methods.c - the entry points and their work. Texts are made on the stack: the work allocates
 * nothing except in a batch. Begin at proto2ffi_say_hello().
 */
#include "ffi/service/service_internal.h"
#include "service.pb-c.h"

#include <stdio.h>
#include <string.h>

/* Lengths of the texts, so that a User is 216 bytes encoded and a Post 307. */
enum {
	USER_NAME_LENGTH = 16,
	USER_EMAIL_LENGTH = 30,
	USER_AVATAR_LENGTH = 45,
	USER_BIO_LENGTH = 88,
	POST_TITLE_LENGTH = 40,
	POST_CATEGORY_LENGTH = 12,
	POST_CONTENT_LENGTH = 206,
	HELLO_NAME_MAX = 240
};

static const uint64_t first_second = 1700000000; /* of the service's world; 2023-11-14 */

static const char name_pattern[] = "Ada L. ######## ";
static const char email_pattern[] = "user.########@mail.example.org ";
static const char avatar_pattern[] = "https://img.example.org/avatars/########.webp ";
static const char bio_pattern[] = "Writes about engines and numbers. ";
static const char title_pattern[] = "On the boundary between two halves: ####";
static const char category_pattern[] = "engineering ";
static const char content_pattern[] = "What crosses a boundary must be written down first. ";

/* A message whose texts lie beside it. */
struct user {
	FfiService__User message;
	char name[USER_NAME_LENGTH + 1];
	char email[USER_EMAIL_LENGTH + 1];
	char avatar_url[USER_AVATAR_LENGTH + 1];
	char bio[USER_BIO_LENGTH + 1];
};

struct post {
	FfiService__Post message;
	char title[POST_TITLE_LENGTH + 1];
	char category[POST_CATEGORY_LENGTH + 1];
	char content[POST_CONTENT_LENGTH + 1];
};

/* length bytes and a NUL: pattern repeated, each # a digit of id, lowest first. */
static void fill_text(char *out, size_t length, const char *pattern, uint64_t id)
{
	const char *at = pattern;

	for (size_t i = 0; i < length; i++) {
		out[i] = *at;
		if (*at == '#') {
			out[i] = (char)('0' + id % 10);
			id /= 10;
		}
		if (*++at == '\0')
			at = pattern;
	}
	out[length] = '\0';
}

static void work_hello(struct fsc_service_call *call, const ProtobufCMessage *request)
{
	const FfiService__HelloRequest *hello = (const FfiService__HelloRequest *)request;
	FfiService__HelloResponse response = FFI_SERVICE__HELLO_RESPONSE__INIT;
	char text[HELLO_NAME_MAX + sizeof("Hello, !")];

	(void)snprintf(text, sizeof(text), "Hello, %.*s!", HELLO_NAME_MAX, hello->name);
	response.message = text;
	fsc_service_respond(call, &response.base);
}

static void fill_user(struct user *user, uint64_t id)
{
	ffi_service__user__init(&user->message);
	fill_text(user->name, USER_NAME_LENGTH, name_pattern, id);
	fill_text(user->email, USER_EMAIL_LENGTH, email_pattern, id);
	fill_text(user->avatar_url, USER_AVATAR_LENGTH, avatar_pattern, id);
	fill_text(user->bio, USER_BIO_LENGTH, bio_pattern, id);
	user->message.id = id;
	user->message.created_at = first_second;
	user->message.updated_at = first_second + id;
	user->message.active = 1;
	user->message.name = user->name;
	user->message.email = user->email;
	user->message.avatar_url = user->avatar_url;
	user->message.bio = user->bio;
}

static void work_user(struct fsc_service_call *call, const ProtobufCMessage *request)
{
	struct user user;

	fill_user(&user, ((const FfiService__GetUserRequest *)request)->id);
	fsc_service_respond(call, &user.message.base);
}

static void fill_post(struct post *post, uint64_t id)
{
	ffi_service__post__init(&post->message);
	fill_text(post->title, POST_TITLE_LENGTH, title_pattern, id);
	fill_text(post->category, POST_CATEGORY_LENGTH, category_pattern, id);
	fill_text(post->content, POST_CONTENT_LENGTH, content_pattern, id);
	post->message.id = id;
	post->message.author_id = id / 10 + 1;
	post->message.created_at = first_second;
	post->message.updated_at = first_second + id;
	post->message.like_count = (uint32_t)(id % 100) + 1;
	post->message.comment_count = (uint32_t)(id % 10) + 1;
	post->message.published = 1;
	post->message.title = post->title;
	post->message.category = post->category;
	post->message.content = post->content;
}

static void work_post(struct fsc_service_call *call, const ProtobufCMessage *request)
{
	struct post post;

	fill_post(&post, ((const FfiService__GetPostRequest *)request)->id);
	fsc_service_respond(call, &post.message.base);
}

static void respond_batch(struct fsc_service_call *call, const FfiService__BatchRequest *batch,
			  struct user *users, FfiService__User **pointers)
{
	FfiService__BatchResponse response = FFI_SERVICE__BATCH_RESPONSE__INIT;

	for (size_t i = 0; i < batch->n_requests; i++) {
		fill_user(&users[i], batch->requests[i]->id);
		pointers[i] = &users[i].message;
	}
	response.n_responses = batch->n_requests;
	response.responses = pointers;
	fsc_service_respond(call, &response.base);
}

static void work_batch(struct fsc_service_call *call, const ProtobufCMessage *request)
{
	const FfiService__BatchRequest *batch = (const FfiService__BatchRequest *)request;
	size_t users_bytes;
	struct user *users = NULL;
	FfiService__User **pointers = NULL;

	if (!__builtin_mul_overflow(batch->n_requests, sizeof(*users), &users_bytes)) {
		users = fsc_service_malloc(call, users_bytes);
		pointers = fsc_service_malloc(call, batch->n_requests * sizeof(FfiService__User *));
	}
	if (users && pointers)
		respond_batch(call, batch, users, pointers);
	fsc_service_free(call, pointers);
	fsc_service_free(call, users);
}

static const char *calculate(const char *operation, double a, double b, double *result)
{
	if (strcmp(operation, "add") == 0)
		*result = a + b;
	else if (strcmp(operation, "subtract") == 0)
		*result = a - b;
	else if (strcmp(operation, "multiply") == 0)
		*result = a * b;
	else if (strcmp(operation, "divide") != 0)
		return "unknown operation";
	else if (b == 0)
		return "division by zero";
	else
		*result = a / b;
	return "";
}

static void work_calculator(struct fsc_service_call *call, const ProtobufCMessage *request)
{
	const FfiService__CalculatorRequest *sum = (const FfiService__CalculatorRequest *)request;
	FfiService__CalculatorResponse response = FFI_SERVICE__CALCULATOR_RESPONSE__INIT;

	response.operation = sum->operation;
	response.error = (char *)calculate(sum->operation, sum->a, sum->b, &response.result);
	fsc_service_respond(call, &response.base);
}

struct fsc_byte_buffer proto2ffi_say_hello(const uint8_t *data, size_t len)
{
	static const struct fsc_service_method method = {
		.request = &ffi_service__hello_request__descriptor, .work = work_hello
	};

	return fsc_service_run(&method, data, len);
}

struct fsc_byte_buffer proto2ffi_get_user(const uint8_t *data, size_t len)
{
	static const struct fsc_service_method method = {
		.request = &ffi_service__get_user_request__descriptor, .work = work_user
	};

	return fsc_service_run(&method, data, len);
}

struct fsc_byte_buffer proto2ffi_get_post(const uint8_t *data, size_t len)
{
	static const struct fsc_service_method method = {
		.request = &ffi_service__get_post_request__descriptor, .work = work_post
	};

	return fsc_service_run(&method, data, len);
}

struct fsc_byte_buffer proto2ffi_process_batch(const uint8_t *data, size_t len)
{
	static const struct fsc_service_method method = {
		.request = &ffi_service__batch_request__descriptor, .work = work_batch
	};

	return fsc_service_run(&method, data, len);
}

struct fsc_byte_slice calculator_process(const uint8_t *data, size_t len)
{
	static const struct fsc_service_method method = {
		.request = &ffi_service__calculator_request__descriptor,
		.work = work_calculator,
		.slice = true,
	};
	struct fsc_byte_buffer response = fsc_service_run(&method, data, len);

	return (struct fsc_byte_slice){ .ptr = response.ptr, .len = response.len };
}

void proto2ffi_get_user_raw(struct fsc_raw_user *out, uint64_t id)
{
	struct fsc_service_call call;

	fsc_service_begin(&call, 0);
	memset(out, 0, sizeof(*out));
	out->id = id;
	out->created_at = first_second;
	out->updated_at = first_second + id;
	out->active = 1;
	fill_text(out->name, USER_NAME_LENGTH, name_pattern, id);
	fill_text(out->email, USER_EMAIL_LENGTH, email_pattern, id);
	fill_text(out->avatar_url, USER_AVATAR_LENGTH, avatar_pattern, id);
	fill_text(out->bio, USER_BIO_LENGTH, bio_pattern, id);
	fsc_service_end(&call);
}

void proto2ffi_get_post_raw(struct fsc_raw_post *out, uint64_t id)
{
	struct fsc_service_call call;

	fsc_service_begin(&call, 0);
	memset(out, 0, sizeof(*out));
	out->id = id;
	out->author_id = id / 10 + 1;
	out->created_at = first_second;
	out->updated_at = first_second + id;
	out->like_count = (uint32_t)(id % 100) + 1;
	out->comment_count = (uint32_t)(id % 10) + 1;
	out->published = 1;
	fill_text(out->title, POST_TITLE_LENGTH, title_pattern, id);
	fill_text(out->category, POST_CATEGORY_LENGTH, category_pattern, id);
	fill_text(out->content, POST_CONTENT_LENGTH, content_pattern, id);
	fsc_service_end(&call);
}

void proto2ffi_noop(void)
{
}

uint64_t proto2ffi_add(uint64_t a, uint64_t b)
{
	return a + b;
}
