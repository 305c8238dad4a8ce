/* SPDX-License-Identifier: MIT */
/*
 * switches.c - switches come from the environment once, at first use, and may be set later by
 * the host. Begin at fsc_service_read_environment().
 */
#include "ffi/service/service_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FSC_SERVICE_SWITCH_COUNT] = {
#define FSC_SERVICE_SWITCH(name, start) "FFI_SERVICE_" #name,
#include "ffi/service/switches.def"
#undef FSC_SERVICE_SWITCH
};

static _Atomic uint64_t values[FSC_SERVICE_SWITCH_COUNT] = {
#define FSC_SERVICE_SWITCH(name, start) start,
#include "ffi/service/switches.def"
#undef FSC_SERVICE_SWITCH
};

struct fsc_planted fsc_service_delays[FSC_SERVICE_DELAY_COUNT];

/* The delays are the first switches, in the order of memory_stats.def. */
_Static_assert((int)FSC_SERVICE_DELAY_ENCODE_NS == (int)FSC_SERVICE_DELAY_OF_encode,
	       "see switches.def");

static void set(size_t which, uint64_t value)
{
	atomic_store_explicit(&values[which], value, memory_order_relaxed);
	if (which < FSC_SERVICE_DELAY_COUNT)
		fsc_planted_set(&fsc_service_delays[which], value);
}

static void read_all(void)
{
	for (size_t i = 0; i < FSC_SERVICE_SWITCH_COUNT; i++) {
		const char *text = getenv(names[i]);

		if (text && *text != '\0')
			set(i, strtoull(text, NULL, 10));
	}
}

void fsc_service_read_environment(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_all);
}

uint64_t fsc_service_switch(enum fsc_service_switch which)
{
	return atomic_load_explicit(&values[which], memory_order_relaxed);
}

void init_service(void)
{
	fsc_service_read_environment();
}

void ffi_service_set(const char *name, uint64_t value)
{
	fsc_service_read_environment();
	for (size_t i = 0; i < FSC_SERVICE_SWITCH_COUNT; i++) {
		if (strcmp(name, names[i]) == 0 ||
		    strcmp(name, names[i] + strlen("FFI_SERVICE_")) == 0)
			set(i, value);
	}
}
