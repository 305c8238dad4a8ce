/* SPDX-License-Identifier: MIT */
/*
 * builder.h - make a recording by hand, record by record.
 *
 * One process image, 100-1, in a folder of its own under the system's temporary folder. Ticks are
 * ns (two clock pairs say so). Fails the test when the system refuses.
 */
#ifndef TESTS_UNIT_ANALYZERS_BUILDER_H
#define TESTS_UNIT_ANALYZERS_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_points/events.h"
#include "trace_points/packet.h"

enum builder_limit { BUILDER_SLOTS = 4, BUILDER_STATE = BUILDER_SLOTS };

struct builder_stream {
	uint8_t *bytes; /* whole packets, then the records of the open one */
	size_t size;
	size_t packet; /* where the open packet begins */
	bool open;
	uint32_t tid;
	uint64_t sequence;
	uint64_t discarded;
};

struct builder {
	char root[64];
	struct builder_stream streams[BUILDER_SLOTS + 1]; /* the last is the state stream */
	const char *state;				  /* of the process; default "exited" */
	const char *more;     /* of process.json: `,"key":value...`; default "" */
	const char *meta;     /* meta.json; default a plain one; "" = none */
	bool no_process_json; /* leave it out */
};

void builder_init(struct builder *builder);

/* Remove the folder. */
void builder_fini(struct builder *builder);

/* Append one record to a stream. */
void builder_record(struct builder *builder, int stream, const void *record, size_t bytes);

/* End the packet at hand; the next record begins another. */
void builder_packet(struct builder *builder, int stream);

/* A text in the state stream. */
void builder_string(struct builder *builder, uint32_t id, const char *text);

/* A wrapped function of the library /lib/libdemo.so; also its name. */
void builder_site(struct builder *builder, uint16_t id, uint8_t kind, const char *name);

/* Write everything into the folder. */
void builder_write(struct builder *builder);

/* Append struct fsc_<name>_record with those fields. */
#define BUILDER_PUT(builder, stream, name, at_ticks, ...)                                  \
	builder_record(builder, stream,                                                    \
		       &(struct fsc_##name##_record){                                      \
			       .id = FSC_EVENT_##name, .ticks = (at_ticks), __VA_ARGS__ }, \
		       sizeof(struct fsc_##name##_record))

#endif
