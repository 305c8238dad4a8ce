/* SPDX-License-Identifier: MIT */
/*
 * parts_internal.h - the records that a record of the usual request stands for.
 *
 * In:     a record of the kind call_made or call_freed (trace_points/shapes.h).
 * Out:    the records call_alloc, request_buffer, buffer_made or buffer_freed, and call, one by
 * one. Cost:   one copy of each part; no allocation. Thread: one object per stream.
 */
#ifndef ANALYZERS_PARTS_INTERNAL_H
#define ANALYZERS_PARTS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_points/events.h"

/* Zero is: no parts. */
struct fsc_parts {
	uint32_t count; /* of records below */
	uint32_t next;
	const void *part[4];
	struct fsc_call_alloc_record alloc;
	struct fsc_request_buffer_record request;
	struct fsc_buffer_made_record made;
	struct fsc_buffer_freed_record freed;
	struct fsc_call_record call;
};

/* The record's parts are next. false: it stands for itself. */
bool fsc_parts_split(struct fsc_parts *parts, const uint8_t *record);

/* The next part, valid until the next split; NULL: there is none left. */
static inline const uint8_t *fsc_parts_next(struct fsc_parts *parts)
{
	return parts->next < parts->count ? parts->part[parts->next++] : NULL;
}

static inline bool fsc_parts_left(const struct fsc_parts *parts)
{
	return parts->next < parts->count;
}

#endif
