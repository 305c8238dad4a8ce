/* SPDX-License-Identifier: MIT */
/*
 * bench_tracepoint.h - an LTTng tracepoint with the payload of ffiscope:call, as a program would
 * write one by hand. Read several times, in stages.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ffiscope_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "bench_tracepoint.h"

#if !defined(BENCH_TRACEPOINT_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BENCH_TRACEPOINT_H

#include <lttng/tracepoint.h>

#include "trace_points/lttng_events.h"

#undef BENCH_FIELD
#undef BENCH_FIELD_duration
#undef BENCH_FIELD_bytes
#undef BENCH_FIELD_address
#undef BENCH_FIELD_count
#undef BENCH_FIELD_bits
#undef BENCH_FIELD_id
#undef BENCH_FIELD_number
#define BENCH_FIELD_duration(type, name) \
	lttng_ust_field_integer(uint64_t, name##_ns, event->name##_ns)
#define BENCH_FIELD_bytes(type, name) lttng_ust_field_integer(FSC_TYPE_##type, name, event->name)
#define BENCH_FIELD_address(type, name) \
	lttng_ust_field_integer_hex(FSC_TYPE_##type, name, event->name)
#define BENCH_FIELD_count(type, name)  BENCH_FIELD_bytes(type, name)
#define BENCH_FIELD_bits(type, name)   BENCH_FIELD_bytes(type, name)
#define BENCH_FIELD_id(type, name)     BENCH_FIELD_bytes(type, name)
#define BENCH_FIELD_number(type, name) BENCH_FIELD_bytes(type, name)
#define BENCH_FIELD(type, name, unit)  BENCH_FIELD_##unit(type, name)

LTTNG_UST_TRACEPOINT_EVENT(
	ffiscope_bench, call, LTTNG_UST_TP_ARGS(const struct fsc_call_lttng *, event),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, time_ns, event->time_ns)
				    lttng_ust_field_integer(uint32_t, pid, event->pid)
					    lttng_ust_field_integer(uint32_t, image, event->image)
						    lttng_ust_field_integer(uint32_t, tid,
									    event->tid)
							    FSC_SHAPE_call(BENCH_FIELD)))

#endif

#include <lttng/tracepoint-event.h>
