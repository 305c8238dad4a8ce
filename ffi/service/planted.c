/* SPDX-License-Identifier: MIT */
/*
 * planted.c - a delay belongs to a codec phase only if it happens inside the codec function as
 * seen from outside: so the wait sits in the callbacks that protobuf-c makes (its allocator when
 * decoding, its buffer when encoding). Begin at fsc_planted_wait().
 */
#include "ffi/service/planted.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* protobuf-c hands these back to the callbacks; the base must stay the first member. */
struct waiting_buffer {
	ProtobufCBuffer base;
	struct fsc_planted *planted; /* NULL: has waited */
	uint8_t *out;
};

struct waiting_memory {
	ProtobufCAllocator *inner;
	struct fsc_planted *planted; /* NULL: has waited */
};

uint64_t fsc_planted_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void fsc_planted_set(struct fsc_planted *planted, uint64_t delay_ns)
{
	/* Touch the pages now: a page fault would stand in a phase but not in elapsed_ns. */
	if (delay_ns > 0)
		memset(planted->sample_ns, 0, sizeof(planted->sample_ns));
	atomic_store_explicit(&planted->delay_ns, delay_ns, memory_order_relaxed);
}

void fsc_planted_wait(struct fsc_planted *planted)
{
	uint64_t delay_ns = atomic_load_explicit(&planted->delay_ns, memory_order_relaxed);
	uint64_t start_ns;
	uint64_t elapsed_ns;
	uint64_t number;

	if (delay_ns == 0)
		return;
	start_ns = fsc_planted_now_ns();
	do
		elapsed_ns = fsc_planted_now_ns() - start_ns;
	while (elapsed_ns < delay_ns);
	number = atomic_fetch_add_explicit(&planted->count, 1, memory_order_relaxed);
	if (number < FSC_PLANTED_SAMPLES)
		planted->sample_ns[number] =
			elapsed_ns < UINT32_MAX ? (uint32_t)elapsed_ns : UINT32_MAX;
	atomic_fetch_add_explicit(&planted->planned_ns, delay_ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&planted->elapsed_ns, elapsed_ns, memory_order_relaxed);
}

/* Move the samples so that those before the result are at most pivot, the others at least. */
static int64_t split(uint32_t *sample, int64_t first, int64_t last, uint32_t pivot)
{
	for (;;) {
		while (sample[first] < pivot)
			first++;
		while (sample[last] > pivot)
			last--;
		if (first >= last)
			return last;
		uint32_t swapped = sample[first];
		sample[first++] = sample[last];
		sample[last--] = swapped;
	}
}

/* Hoare's selection, in place: qsort() may allocate, and the service counts its allocations. */
uint64_t fsc_planted_median_ns(struct fsc_planted *planted)
{
	uint64_t count = atomic_load_explicit(&planted->count, memory_order_relaxed);
	int64_t first = 0;
	int64_t last;
	int64_t middle;

	if (count == 0)
		return 0;
	last = (int64_t)(count < FSC_PLANTED_SAMPLES ? count : FSC_PLANTED_SAMPLES) - 1;
	middle = last / 2;
	while (first < last) {
		uint32_t pivot = planted->sample_ns[first + (last - first) / 2];
		int64_t border = split(planted->sample_ns, first, last, pivot);

		if (middle <= border)
			last = border;
		else
			first = border + 1;
	}
	return planted->sample_ns[middle];
}

static void append_waiting(ProtobufCBuffer *base, size_t length, const uint8_t *data)
{
	struct waiting_buffer *buffer = (struct waiting_buffer *)base;

	if (buffer->planted) {
		fsc_planted_wait(buffer->planted);
		buffer->planted = NULL;
	}
	memcpy(buffer->out, data, length);
	buffer->out += length;
}

void fsc_planted_pack(struct fsc_planted *planted, const ProtobufCMessage *message, uint8_t *out)
{
	struct waiting_buffer buffer = { .base = { append_waiting },
					 .planted = planted,
					 .out = out };

	if (atomic_load_explicit(&planted->delay_ns, memory_order_relaxed) == 0)
		protobuf_c_message_pack(message, out);
	else
		protobuf_c_message_pack_to_buffer(message, &buffer.base);
}

static void *alloc_waiting(void *allocator_data, size_t size)
{
	struct waiting_memory *memory = allocator_data;

	if (memory->planted) {
		fsc_planted_wait(memory->planted);
		memory->planted = NULL;
	}
	return memory->inner->alloc(memory->inner->allocator_data, size);
}

static void free_waiting(void *allocator_data, void *pointer)
{
	struct waiting_memory *memory = allocator_data;

	memory->inner->free(memory->inner->allocator_data, pointer);
}

ProtobufCMessage *fsc_planted_unpack(struct fsc_planted *planted, ProtobufCAllocator *allocator,
				     const ProtobufCMessageDescriptor *descriptor, size_t length,
				     const uint8_t *data)
{
	struct waiting_memory memory = { .inner = allocator, .planted = planted };
	ProtobufCAllocator waiting = { alloc_waiting, free_waiting, &memory };

	if (atomic_load_explicit(&planted->delay_ns, memory_order_relaxed) == 0)
		return protobuf_c_message_unpack(descriptor, allocator, length, data);
	return protobuf_c_message_unpack(descriptor, &waiting, length, data);
}
