/* SPDX-License-Identifier: MIT */
/*
 * Nothing is hard here: one lock, and the buffer that was given last is the first to be taken.
 * Begin at ffi_service_pool_take().
 */
#include "ffi/service/service_internal.h"

#include <pthread.h>

enum { POOL_BUFFERS_MAX = 100, POOL_BUFFER_BYTES_MAX = 64 * 1024 };

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fsc_byte_buffer pool[POOL_BUFFERS_MAX];
static size_t pool_count;

struct fsc_byte_buffer ffi_service_pool_take(size_t size)
{
	struct fsc_byte_buffer taken = { .ptr = NULL };

	pthread_mutex_lock(&pool_lock);
	for (size_t i = pool_count; i-- > 0 && !taken.ptr;) {
		if (pool[i].cap >= size) {
			taken = pool[i];
			pool[i] = pool[--pool_count];
			pool[pool_count].ptr = NULL; /* leak checkers look for pointers */
		}
	}
	pthread_mutex_unlock(&pool_lock);
	if (taken.ptr)
		fsc_service_count(&fsc_service_counters.pool_taken, 1);
	return taken;
}

bool ffi_service_pool_give(struct fsc_byte_buffer buffer)
{
	bool kept = false;

	buffer.len = 0;
	pthread_mutex_lock(&pool_lock);
	if (pool_count < POOL_BUFFERS_MAX && buffer.cap <= POOL_BUFFER_BYTES_MAX) {
		pool[pool_count++] = buffer;
		kept = true;
	}
	pthread_mutex_unlock(&pool_lock);
	if (kept)
		fsc_service_count(&fsc_service_counters.pool_given, 1);
	return kept;
}
