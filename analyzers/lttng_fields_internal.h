/* SPDX-License-Identifier: MIT */
/*
 * lttng_fields_internal.h - the fields of each event of the provider ffiscope, and where they lie
 * in an embedded record.
 *
 * In:     events.def and shapes.h.
 * Out:    tables that live as long as the program.
 * Cost:   pure functions; a name is looked for in events.def row by row.
 * Thread: any.
 */
#ifndef ANALYZERS_LTTNG_FIELDS_INTERNAL_H
#define ANALYZERS_LTTNG_FIELDS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* What stands before the name of each event. */
#define FSC_LTTNG_PREFIX "ffiscope:"

enum fsc_lttng_form {
	FSC_LTTNG_NUMBER,
	FSC_LTTNG_ADDRESS, /* a number, better read in hexadecimal */
	FSC_LTTNG_NS,	   /* an instant or a duration: 64 bits wide outside a record */
	FSC_LTTNG_TEXT,	   /* filled up with NUL */
	FSC_LTTNG_OWNER	   /* of the thread that the event is about: the common field `tid` */
};

struct fsc_lttng_field {
	const char *name; /* in LTTng */
	uint16_t offset;  /* in struct fsc_<event>_record */
	uint8_t size;	  /* there */
	uint8_t form;	  /* enum fsc_lttng_form */
};

/* Those of an event's shape. Returns how many; 0: there is no such event. */
size_t fsc_lttng_fields(uint32_t id, const struct fsc_lttng_field **out);

/* The event of that name, without the prefix; 0: this version knows none. */
uint32_t fsc_lttng_fields_event(const char *name);

#endif
