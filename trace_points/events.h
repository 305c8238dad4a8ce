/* SPDX-License-Identifier: MIT */
/*
 * events.h - the recorded form of every event, made from events.def and shapes.h.
 *
 * In memory and in the CTF files an event is struct fsc_<name>_record: a header of 12 bytes (u32
 * id, u64 ticks), then the shape's fields, packed, little-endian.
 */
#ifndef TRACE_POINTS_EVENTS_H
#define TRACE_POINTS_EVENTS_H

#include <stdint.h>

#include "trace_points/shapes.h"

enum fsc_event_id {
	FSC_EVENT_GAP = 0, /* in a ring only: nothing more before its end */
#define FSC_EVENT(id, name, says) FSC_EVENT_##name = (id),
#include "trace_points/events.def"
#undef FSC_EVENT
	FSC_EVENT_COUNT
};

/* Types of shapes. */
#define FSC_TYPE_u8	 uint8_t
#define FSC_TYPE_u16	 uint16_t
#define FSC_TYPE_u32	 uint32_t
#define FSC_TYPE_u64	 uint64_t
#define FSC_TYPE_text40	 fsc_text40
#define FSC_TYPE_text104 fsc_text104
typedef char fsc_text40[40];
typedef char fsc_text104[104];

/* Field names in the embedded form. */
#define FSC_TICKS_NAME_time(name)     name##_ticks
#define FSC_TICKS_NAME_duration(name) name##_ticks
#define FSC_TICKS_NAME_bytes(name)    name
#define FSC_TICKS_NAME_count(name)    name
#define FSC_TICKS_NAME_address(name)  name
#define FSC_TICKS_NAME_bits(name)     name
#define FSC_TICKS_NAME_text(name)     name
#define FSC_TICKS_NAME_id(name)	      name
#define FSC_TICKS_NAME_number(name)   name
#define FSC_TICKS_NAME_tid(name)      name
#define FSC_TICKS_NAME_owner(name)    name

#define FSC_RECORD_FIELD(type, name, unit) FSC_TYPE_##type FSC_TICKS_NAME_##unit(name);
#define FSC_EVENT(event_id, event, says)                      \
	struct __attribute__((packed)) fsc_##event##_record { \
		uint32_t id;                                  \
		uint64_t ticks;                               \
		FSC_SHAPE_##event(FSC_RECORD_FIELD)           \
	};
#include "trace_points/events.def"
#undef FSC_EVENT

/* Every record is a whole number of 4 bytes, so that a gap's id always fits before a ring's end. */
#define FSC_EVENT(event_id, event, says)                             \
	_Static_assert(sizeof(struct fsc_##event##_record) % 4 == 0, \
		       "record of " #event " is not a multiple of 4 bytes");
#include "trace_points/events.def"
#undef FSC_EVENT

_Static_assert(sizeof(struct fsc_call_record) == 48, "a plain call takes 48 bytes");

enum fsc_record_limit { FSC_RECORD_HEADER_BYTES = 12, FSC_RECORD_MAX_BYTES = 128 };

/* Bytes of a record with that id, header included; 0 when the id is unknown. */
uint32_t fsc_event_record_bytes(uint32_t id);

/* Name of an event, or NULL. */
const char *fsc_event_name(uint32_t id);

enum fsc_site_kind {
	FSC_SITE_ENTRY,
	FSC_SITE_FREE,
	FSC_SITE_ACQUIRE,
	FSC_SITE_RELEASE,
	FSC_SITE_ENCODE,
	FSC_SITE_DECODE
};

enum fsc_site_bound {
	FSC_BOUND_LOOKUP, /* dlsym, dlvsym */
	FSC_BOUND_SLOT	  /* a relocation slot of another object */
};

enum fsc_site_flag {
	FSC_SITE_BUILT_IN = 1 << 0,  /* chosen by a built-in row */
	FSC_SITE_DESCRIBED = 1 << 1, /* its buffers are described by a row of the user's */
	FSC_SITE_PROVEN = 1 << 2,    /* returned at least one proven buffer */
};

enum fsc_buffer_flag {
	FSC_MADE_WITH_CAPACITY = 1 << 0, /* its maker said its capacity */
	FSC_MADE_UNRECORDED = 1 << 1	 /* in a call that sampling left out */
};

enum fsc_call_flag {
	FSC_CALL_REQUEST = 1 << 0,  /* request and request_bytes are known */
	FSC_CALL_RESPONSE = 1 << 1, /* response_bytes are known */
	FSC_CALL_BUFFER = 1 << 2,   /* a buffer_made of this call went before */
	FSC_CALL_NESTED = 1 << 3,   /* not the outermost call of its thread */
	FSC_CALL_CODECS =
		1 << 4, /* the library's codec is wrapped: no phase means it did not run */
};

/* Phases with a meaning of their own. Others are string ids from FSC_PHASE_NAMED on. */
enum fsc_phase_id { FSC_PHASE_ENCODE = 1, FSC_PHASE_DECODE = 2, FSC_PHASE_NAMED = 16 };

/* String ids below FSC_PHASE_NAMED, which no name of the image has. */
enum fsc_string_id { FSC_STRING_EXE = 1 };

enum fsc_image_flag {
	FSC_IMAGE_FORKED = 1 << 0,
	FSC_IMAGE_ALLOCATIONS = 1 << 1, /* allocation hooks count */
	FSC_IMAGE_CODECS = 1 << 2,	/* codecs are wrapped where they are seen */
};

enum fsc_phase_flag {
	FSC_PHASE_FROM_MARK = 1 << 0, /* ffiscope_begin/end, not a wrapped codec */
	FSC_PHASE_BYTES = 1 << 1      /* bytes is known */
};

enum fsc_verdict {
	FSC_VERDICT_FREED,	   /* as it should be */
	FSC_VERDICT_FREED_TWICE,   /* the ledger saw it freed before */
	FSC_VERDICT_FREED_UNKNOWN, /* the ledger never saw it */
	FSC_VERDICT_SIZE_MISMATCH, /* freed, with another length or capacity */
	FSC_VERDICT_FOREIGN_FREE,  /* plain free() or realloc() on the host's side */
	FSC_VERDICT_LIBRARY,	   /* the library freed it itself, inside a call */
	FSC_VERDICT_INHERITED	   /* unknown, in a process that was forked: made before the fork */
};

#endif
