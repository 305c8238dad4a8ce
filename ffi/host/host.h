/* SPDX-License-Identifier: MIT */
/*
 * host.h - a host that encodes, copies, calls, decodes and frees, and knows what it did wrong.
 *
 * In:     the entry points of the service, however the program reaches them; options
 *         (host_options.def).
 * Out:    one line of JSON on stdout: what was called, leaked, misused and delayed.
 * Cost:   two passes over the bytes of each request; memory for one message a thread.
 * Thread: main() (host.c) starts the threads that the options ask for.
 */
#ifndef FFI_HOST_HOST_H
#define FFI_HOST_HOST_H

#include "ffi/service/service.h"

#include <stdbool.h>
#include <stdint.h>

struct fsc_host_options {
#define FSC_HOST_NUMBER(option, field, start, what) uint64_t field;
#define FSC_HOST_TEXT(option, field, start, what)   const char *field;
#define FSC_HOST_FLAG(option, field, what)	    bool field;
#include "ffi/host/host_options.def"
#undef FSC_HOST_NUMBER
#undef FSC_HOST_TEXT
#undef FSC_HOST_FLAG
};

/* The entry points as this host reaches them. */
struct fsc_host_api {
#define FSC_SERVICE_ENTRY_POINT(name) __typeof__(name) *name;
#include "ffi/service/entry_points.def"
#undef FSC_SERVICE_ENTRY_POINT
};

/* Fill every pointer of api. false: a message was printed on stderr. */
bool fsc_host_open(struct fsc_host_api *api, const struct fsc_host_options *options);

#endif
