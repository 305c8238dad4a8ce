/* SPDX-License-Identifier: MIT */
/* Tables made from events.def; nothing is hard here. */
#include "trace_points/events.h"

#include <stddef.h>

uint32_t fsc_event_record_bytes(uint32_t id)
{
	switch (id) {
#define FSC_EVENT(event_id, event, says) \
	case event_id:                   \
		return sizeof(struct fsc_##event##_record);
#include "trace_points/events.def"
#undef FSC_EVENT
	default:
		return 0;
	}
}

const char *fsc_event_name(uint32_t id)
{
	switch (id) {
#define FSC_EVENT(event_id, event, says) \
	case event_id:                   \
		return #event;
#include "trace_points/events.def"
#undef FSC_EVENT
	default:
		return NULL;
	}
}
