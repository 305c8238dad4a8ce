/* SPDX-License-Identifier: MIT */
/*
 * buffers.c - buffers coming back. Hosts of the tests free them twice, with another length or
 * behind our back with plain free(); with the registry on none of that may crash. Begin at
 * give_back().
 */
#include "ffi/service/service_internal.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	REGISTRY_SLOTS = 1 << 18, /* a power of two */
	REGISTRY_USED_MAX = REGISTRY_SLOTS / 4 * 3
};

struct slot {
	const uint8_t *pointer; /* NULL: empty */
	size_t length;
};

/* Open addressing; a removal moves later slots back, so there are no tombstones. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot registry[REGISTRY_SLOTS];
static size_t registry_used;

/* Neighbours in memory are neighbours here: few pages of the table are touched. */
static size_t home(const uint8_t *pointer)
{
	return (uintptr_t)pointer / 16 % REGISTRY_SLOTS;
}

static size_t after(size_t index)
{
	return (index + 1) % REGISTRY_SLOTS;
}

/* The slot of pointer, or the empty one where it would go. */
static size_t find(const uint8_t *pointer)
{
	size_t index = home(pointer);

	while (registry[index].pointer && registry[index].pointer != pointer)
		index = after(index);
	return index;
}

static void empty_slot(size_t hole)
{
	size_t index = hole;

	for (;;) {
		index = after(index);
		if (!registry[index].pointer)
			break;
		size_t distance = (index - home(registry[index].pointer)) % REGISTRY_SLOTS;

		if (distance >= (index - hole) % REGISTRY_SLOTS) {
			registry[hole] = registry[index];
			hole = index;
		}
	}
	registry[hole].pointer = NULL;
	registry_used--;
}

/* An address that is known already was freed behind our back: the new buffer replaces it. */
void fsc_service_registry_add(const uint8_t *pointer, size_t length)
{
	size_t index;

	if (fsc_service_switch(FSC_SERVICE_REGISTRY) == 0)
		return;
	pthread_mutex_lock(&registry_lock);
	index = find(pointer);
	if (registry[index].pointer || registry_used < REGISTRY_USED_MAX) {
		registry_used += !registry[index].pointer;
		registry[index] = (struct slot){ .pointer = pointer, .length = length };
	} else {
		fsc_service_count(&fsc_service_counters.registry_full, 1);
	}
	pthread_mutex_unlock(&registry_lock);
}

bool fsc_service_registry_take(const uint8_t *pointer, size_t length)
{
	size_t index;
	bool known;

	if (fsc_service_switch(FSC_SERVICE_REGISTRY) == 0)
		return true;
	pthread_mutex_lock(&registry_lock);
	index = find(pointer);
	known = registry[index].pointer != NULL;
	if (known) {
		if (registry[index].length != length)
			fsc_service_count(&fsc_service_counters.frees_wrong_length, 1);
		empty_slot(index);
	}
	pthread_mutex_unlock(&registry_lock);
	if (!known)
		fsc_service_count(&fsc_service_counters.frees_unknown, 1);
	return known;
}

/* true: the caller has the buffer's memory to itself now. */
static bool give_back(const uint8_t *pointer, size_t length)
{
	if (!pointer || !fsc_service_registry_take(pointer, length))
		return false;
	fsc_service_count(&fsc_service_counters.freed, 1);
	atomic_fetch_sub_explicit(&fsc_service_counters.live, 1, memory_order_relaxed);
	return true;
}

void proto2ffi_free_byte_buffer(struct fsc_byte_buffer buffer)
{
	if (!give_back(buffer.ptr, buffer.len))
		return;
	if (fsc_service_switch(FSC_SERVICE_POOL) == 0 || !ffi_service_pool_give(buffer))
		free(buffer.ptr);
}

void calculator_free_buffer(struct fsc_byte_slice buffer)
{
	if (give_back(buffer.ptr, buffer.len))
		free(buffer.ptr);
}

struct fsc_memory_stats proto2ffi_memory_stats(void)
{
	return (struct fsc_memory_stats){
#define FSC_SERVICE_COUNTER(name, what) \
	.name = atomic_load_explicit(&fsc_service_counters.name, memory_order_relaxed),
#define FSC_SERVICE_DELAY(name)                                                          \
	.name##_planned_ns = fsc_service_delays[FSC_SERVICE_DELAY_OF_##name].planned_ns, \
	.name##_elapsed_ns = fsc_service_delays[FSC_SERVICE_DELAY_OF_##name].elapsed_ns, \
	.name##_count = fsc_service_delays[FSC_SERVICE_DELAY_OF_##name].count,           \
	.name##_median_ns =                                                              \
		fsc_planted_median_ns(&fsc_service_delays[FSC_SERVICE_DELAY_OF_##name]),
#include "ffi/service/memory_stats.def"
#undef FSC_SERVICE_COUNTER
#undef FSC_SERVICE_DELAY
	};
}
