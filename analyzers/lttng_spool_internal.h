/* SPDX-License-Identifier: MIT */
/*
 * lttng_spool_internal.h - what was read of an LTTng trace, in a form that is read again quickly.
 *
 * babeltrace2 reads slowly, and a trace is read several times (state, times, leaks; each process).
 * So it is read by it once, in a process of its own, into chunks of embedded records in a file that
 * has no name. A chunk belongs to one thread of one process image, or says something of the image.
 *
 * Out of one process, into another: both are this program, so that chunks are plain structs; but
 * the writer may die at any byte.
 */
#ifndef ANALYZERS_LTTNG_SPOOL_INTERNAL_H
#define ANALYZERS_LTTNG_SPOOL_INTERNAL_H

#include <stdint.h>

enum fsc_spool_kind {
	FSC_SPOOL_IMAGE = 1, /* struct fsc_spool_image: a new one, the next in number */
	FSC_SPOOL_RECORDS,   /* records of one thread; count = of these, calls */
	FSC_SPOOL_STATE,     /* records of state, in the order in which they came */
	FSC_SPOOL_LATE,	     /* records of buffers after the last state, a u32 tid before each */
	FSC_SPOOL_LOST,	     /* count = events that the tracer or the sink dropped */
	FSC_SPOOL_UNCOUNTED, /* some were dropped, and it is not known how many */
	FSC_SPOOL_SKIPPED,   /* count = events of kinds that this version does not know */
	FSC_SPOOL_DAMAGED,   /* count = streams of its that were read in part */
	FSC_SPOOL_DROPPED, /* of no image: count = events that the tracer dropped since the last */
	FSC_SPOOL_TROUBLE, /* of no image: the bytes are a text for the person */
	FSC_SPOOL_END	   /* of no image: all was read */
};

struct fsc_spool_chunk {
	uint32_t kind;
	uint32_t image; /* from 0 */
	uint32_t tid;
	uint32_t bytes; /* that follow, then zeros up to a multiple of 8 */
	uint64_t count;
};

/* A chunk of records is at most so large; one of state or late records may be larger. */
enum fsc_spool_limit { FSC_SPOOL_HOST_BYTES = 72, FSC_SPOOL_BYTES_MAX = 1 << 16 };

struct fsc_spool_image {
	uint32_t pid;
	uint32_t number;
	uint32_t trace; /* index of the folder that it was seen in first */
	char host[FSC_SPOOL_HOST_BYTES];
	uint32_t reserved;
};

#endif
