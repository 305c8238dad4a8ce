/* SPDX-License-Identifier: MIT */
/*
 * lttng_provider.h - the LTTng-UST provider `ffiscope`: an LTTng event for each row of events.def,
 * and `batch`. LTTng's macros read this header several times, in stages: so it declares nothing of
 * its own, and what it needs lies in lttng_events.h.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ffiscope

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "trace_points/lttng_provider.h"

#if !defined(TRACE_POINTS_LTTNG_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define TRACE_POINTS_LTTNG_PROVIDER_H

#include <lttng/tracepoint.h>

#include "trace_points/lttng_events.h"

#undef FSC_PROVIDER_COMMON
#define FSC_PROVIDER_COMMON                                                             \
	lttng_ust_field_integer(uint64_t, time_ns, (*event->taken = 1, event->time_ns)) \
		lttng_ust_field_integer(uint32_t, pid, event->pid)                      \
			lttng_ust_field_integer(uint32_t, image, event->image)          \
				lttng_ust_field_integer(uint32_t, tid, event->tid)

#undef FSC_PROVIDER_time
#undef FSC_PROVIDER_duration
#undef FSC_PROVIDER_bytes
#undef FSC_PROVIDER_count
#undef FSC_PROVIDER_address
#undef FSC_PROVIDER_bits
#undef FSC_PROVIDER_text
#undef FSC_PROVIDER_id
#undef FSC_PROVIDER_number
#undef FSC_PROVIDER_tid
#undef FSC_PROVIDER_owner
#undef FSC_PROVIDER_FIELD
#define FSC_PROVIDER_time(type, name)	  lttng_ust_field_integer(uint64_t, name##_ns, event->name##_ns)
#define FSC_PROVIDER_duration(type, name) FSC_PROVIDER_time(type, name)
#define FSC_PROVIDER_count(type, name)	  lttng_ust_field_integer(FSC_TYPE_##type, name, event->name)
#define FSC_PROVIDER_address(type, name) \
	lttng_ust_field_integer_hex(FSC_TYPE_##type, name, event->name)
#define FSC_PROVIDER_text(type, name)	lttng_ust_field_string(name, event->name)
#define FSC_PROVIDER_bytes(type, name)	FSC_PROVIDER_count(type, name)
#define FSC_PROVIDER_bits(type, name)	FSC_PROVIDER_count(type, name)
#define FSC_PROVIDER_id(type, name)	FSC_PROVIDER_count(type, name)
#define FSC_PROVIDER_number(type, name) FSC_PROVIDER_count(type, name)
#define FSC_PROVIDER_tid(type, name)	FSC_PROVIDER_count(type, name)
#define FSC_PROVIDER_owner(type, name)
#define FSC_PROVIDER_FIELD(type, name, unit) FSC_PROVIDER_##unit(type, name)

#define FSC_EVENT(event_id, event_name, says)                                      \
	LTTNG_UST_TRACEPOINT_EVENT(                                                \
		ffiscope, event_name,                                              \
		LTTNG_UST_TP_ARGS(const struct fsc_##event_name##_lttng *, event), \
		LTTNG_UST_TP_FIELDS(                                               \
			FSC_PROVIDER_COMMON FSC_SHAPE_##event_name(FSC_PROVIDER_FIELD)))
#include "trace_points/events.def"
#undef FSC_EVENT

LTTNG_UST_TRACEPOINT_EVENT(
	ffiscope, batch, LTTNG_UST_TP_ARGS(const struct fsc_batch_lttng *, event),
	LTTNG_UST_TP_FIELDS(
		FSC_PROVIDER_COMMON lttng_ust_field_integer(uint64_t, lost, event->lost)
			lttng_ust_field_sequence(uint64_t, clock, event->clock, uint32_t, 4)
				lttng_ust_field_sequence(uint8_t, records, event->records, uint32_t,
							 event->bytes)))

#endif

#include <lttng/tracepoint-event.h>
