/* SPDX-License-Identifier: MIT */
/*
 * lttng_builder.h - make a trace of LTTng-UST by hand, event by event, without LTTng.
 *
 * A folder of its own under the system's temporary folder holds one or more traces. Their metadata
 * follows from events.def, like that of the provider. Fails the test when the system refuses.
 */
#ifndef TESTS_UNIT_ANALYZERS_LTTNG_BUILDER_H
#define TESTS_UNIT_ANALYZERS_LTTNG_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_points/events.h"

enum lttng_builder_limit { LTTNG_BUILDER_CPUS = 3 };

struct lttng_builder_stream {
	uint8_t *bytes; /* whole packets, then the open one */
	size_t size;
	size_t packet; /* where the open packet begins */
	bool open;
	uint64_t sequence;
	uint64_t discarded;
	uint64_t last_ns;
};

/* Whose the event is. */
struct lttng_builder_thread {
	uint32_t pid;
	uint32_t image;
	uint32_t tid;
};

struct lttng_builder {
	char root[64];
	struct lttng_builder_stream streams[LTTNG_BUILDER_CPUS];
	uint8_t number;	     /* of the trace: part of its uuid; the first is 0 */
	const char *host;    /* default "one" */
	bool contexts;	     /* each event has a pid and a name of its process */
	bool foreign;	     /* another provider is declared, too */
	bool plain_metadata; /* text instead of packets */
};

void lttng_builder_init(struct lttng_builder *builder);

/* Remove the folder. */
void lttng_builder_fini(struct lttng_builder *builder);

/* Append an event: record is struct fsc_<name>_record with ns for ticks. */
void lttng_builder_record(struct lttng_builder *builder, int cpu,
			  const struct lttng_builder_thread *thread, const void *record);

/* One ffiscope:batch of records as they stand in a ring. clock: ticks0, ns0, ticks1, ns1. */
void lttng_builder_batch(struct lttng_builder *builder, int cpu,
			 const struct lttng_builder_thread *thread, uint64_t time_ns,
			 const uint64_t clock[4], uint64_t lost, const void *records, size_t bytes);

/* An event of another provider; and one of ffiscope that no version knows. */
void lttng_builder_foreign(struct lttng_builder *builder, int cpu, uint64_t time_ns);
void lttng_builder_newer(struct lttng_builder *builder, int cpu,
			 const struct lttng_builder_thread *thread, uint64_t time_ns);

/* End the packet at hand. */
void lttng_builder_packet(struct lttng_builder *builder, int cpu);

/* The tracer drops so many events. */
void lttng_builder_discard(struct lttng_builder *builder, int cpu, uint64_t events);

/* Write <root>/<folder>; the next events make another trace. */
void lttng_builder_write(struct lttng_builder *builder, const char *folder);

/* Append struct fsc_<name>_record with those fields. */
#define LTTNG_PUT(builder, cpu, thread, name, at_ns, ...)   \
	lttng_builder_record(builder, cpu, thread,          \
			     &(struct fsc_##name##_record){ \
				     .id = FSC_EVENT_##name, .ticks = (at_ns), __VA_ARGS__ })

#endif
