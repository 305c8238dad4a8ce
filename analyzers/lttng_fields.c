/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: the tables are made from the shapes. */
#include "analyzers/lttng_fields_internal.h"

#include <string.h>

#include "trace_points/events.h"

/* `record` is the event's struct, see below. */
#define FIELD_AS(name, member, form) \
	{ name, offsetof(record, member), sizeof(((record *)0)->member), form },
#define FIELD_time(name)	      FIELD_AS(#name "_ns", name##_ticks, FSC_LTTNG_NS)
#define FIELD_duration(name)	      FIELD_AS(#name "_ns", name##_ticks, FSC_LTTNG_NS)
#define FIELD_bytes(name)	      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_count(name)	      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_address(name)	      FIELD_AS(#name, name, FSC_LTTNG_ADDRESS)
#define FIELD_bits(name)	      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_text(name)	      FIELD_AS(#name, name, FSC_LTTNG_TEXT)
#define FIELD_id(name)		      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_number(name)	      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_tid(name)		      FIELD_AS(#name, name, FSC_LTTNG_NUMBER)
#define FIELD_owner(name)	      FIELD_AS(#name, name, FSC_LTTNG_OWNER)
#define FIELD(type, field_name, unit) FIELD_##unit(field_name)

#define FSC_EVENT(event_id, event, says)                                                     \
	static size_t fields_of_##event(const struct fsc_lttng_field **out)                  \
	{                                                                                    \
		typedef struct fsc_##event##_record record;                                  \
		static const struct fsc_lttng_field fields[] = { FSC_SHAPE_##event(FIELD) }; \
		*out = fields;                                                               \
		return sizeof(fields) / sizeof(fields[0]);                                   \
	}
#include "trace_points/events.def"
#undef FSC_EVENT

size_t fsc_lttng_fields(uint32_t id, const struct fsc_lttng_field **out)
{
	switch (id) {
#define FSC_EVENT(event_id, event, says) \
	case event_id:                   \
		return fields_of_##event(out);
#include "trace_points/events.def"
#undef FSC_EVENT
	default:
		return 0;
	}
}

uint32_t fsc_lttng_fields_event(const char *name)
{
#define FSC_EVENT(event_id, event, says) \
	if (!strcmp(name, #event))       \
		return event_id;
#include "trace_points/events.def"
#undef FSC_EVENT
	return 0;
}
