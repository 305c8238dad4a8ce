/* SPDX-License-Identifier: MIT */
/* The tables of lttng_fields.c become event classes, records become events. */
#include "analyzers/expand_trace_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/lttng_fields_internal.h"

static const uint64_t ns_per_s = 1000000000;

/* The fields that each event begins with, in this order. */
enum { COMMON_TIME, COMMON_PID, COMMON_IMAGE, COMMON_TID, COMMON_COUNT };

struct fsc_expand_trace {
	const bt_trace *of; /* a reference: so that no other has its address */
	bt_trace_class *trace_class;
	bt_clock_class *clock;
	bt_stream_class *stream_class;
	bt_trace *trace;
	bt_stream *stream;
	bt_event_class *events[FSC_EVENT_COUNT]; /* borrowed from the stream's class */
};

static bool append(bt_trace_class *trace_class, bt_field_class *payload, const char *name,
		   uint8_t bytes, enum fsc_lttng_form form)
{
	bt_field_class *field = form == FSC_LTTNG_TEXT
					? bt_field_class_string_create(trace_class)
					: bt_field_class_integer_unsigned_create(trace_class);
	bool appended = field;

	if (field && form != FSC_LTTNG_TEXT) {
		bt_field_class_integer_set_field_value_range(field,
							     form == FSC_LTTNG_NS ? 64 : bytes * 8);
		if (form == FSC_LTTNG_ADDRESS)
			bt_field_class_integer_set_preferred_display_base(
				field, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
	}
	appended = appended && !bt_field_class_structure_append_member(payload, name, field);
	bt_field_class_put_ref(field);
	return appended;
}

static bt_field_class *make_payload(bt_trace_class *trace_class, uint32_t id)
{
	bt_field_class *payload = bt_field_class_structure_create(trace_class);
	const struct fsc_lttng_field *fields;
	size_t count = fsc_lttng_fields(id, &fields);
	bool made = payload && append(trace_class, payload, "time_ns", 8, FSC_LTTNG_NS) &&
		    append(trace_class, payload, "pid", 4, FSC_LTTNG_NUMBER) &&
		    append(trace_class, payload, "image", 4, FSC_LTTNG_NUMBER) &&
		    append(trace_class, payload, "tid", 4, FSC_LTTNG_NUMBER);

	for (size_t i = 0; made && i < count; i++)
		if (fields[i].form != FSC_LTTNG_OWNER)
			made = append(trace_class, payload, fields[i].name, fields[i].size,
				      fields[i].form);
	if (made)
		return payload;
	bt_field_class_put_ref(payload);
	return NULL;
}

static bool make_event(struct fsc_expand_trace *trace, uint32_t id)
{
	bt_event_class *event = bt_event_class_create(trace->stream_class);
	bt_field_class *payload = make_payload(trace->trace_class, id);
	char name[64];
	bool made;

	snprintf(name, sizeof(name), FSC_LTTNG_PREFIX "%s", fsc_event_name(id));
	made = event && payload && !bt_event_class_set_name(event, name) &&
	       !bt_event_class_set_payload_field_class(event, payload);
	bt_field_class_put_ref(payload);
	bt_event_class_put_ref(event);
	trace->events[id] = event;
	return made;
}

static bool copy_clock(struct fsc_expand_trace *trace, bt_self_component *self,
		       const bt_clock_class *from)
{
	const char *name = bt_clock_class_get_name(from);
	bt_uuid uuid = bt_clock_class_get_uuid(from);
	uint64_t cycles;
	int64_t seconds;

	trace->clock = bt_clock_class_create(self);
	if (!trace->clock || (name && bt_clock_class_set_name(trace->clock, name)))
		return false;
	bt_clock_class_get_offset(from, &seconds, &cycles);
	bt_clock_class_set_frequency(trace->clock, ns_per_s);
	bt_clock_class_set_offset(trace->clock, seconds, cycles);
	bt_clock_class_set_precision(trace->clock, bt_clock_class_get_precision(from));
	bt_clock_class_set_origin_is_unix_epoch(trace->clock,
						bt_clock_class_origin_is_unix_epoch(from));
	if (uuid)
		bt_clock_class_set_uuid(trace->clock, uuid);
	return true;
}

/* Host, domain, tracer. */
static bool copy_environment(bt_trace *to, const bt_trace *from)
{
	uint64_t count = bt_trace_get_environment_entry_count(from);
	bool copied = true;

	for (uint64_t i = 0; copied && i < count; i++) {
		const bt_value *value;
		const char *name;

		bt_trace_borrow_environment_entry_by_index_const(from, i, &name, &value);
		if (bt_value_is_string(value))
			copied = !bt_trace_set_environment_entry_string(to, name,
									bt_value_string_get(value));
		else if (bt_value_is_signed_integer(value))
			copied = !bt_trace_set_environment_entry_integer(
				to, name, bt_value_integer_signed_get(value));
	}
	return copied;
}

static bool make_stream_class(struct fsc_expand_trace *trace)
{
	bt_stream_class *made = bt_stream_class_create(trace->trace_class);

	trace->stream_class = made;
	if (!made || bt_stream_class_set_default_clock_class(made, trace->clock))
		return false;
	for (uint32_t id = 1; id < FSC_EVENT_COUNT; id++)
		if (!make_event(trace, id))
			return false;
	return true;
}

static bool make(struct fsc_expand_trace *trace, bt_self_component *self,
		 const bt_clock_class *clock)
{
	const char *name = bt_trace_get_name(trace->of);

	trace->trace_class = bt_trace_class_create(self);
	if (!trace->trace_class || !copy_clock(trace, self, clock) || !make_stream_class(trace))
		return false;
	trace->trace = bt_trace_create(trace->trace_class);
	if (!trace->trace || !copy_environment(trace->trace, trace->of) ||
	    (name && bt_trace_set_name(trace->trace, name)))
		return false;
	trace->stream = bt_stream_create(trace->stream_class, trace->trace);
	return trace->stream && !bt_stream_set_name(trace->stream, "batches");
}

struct fsc_expand_trace *fsc_expand_trace_create(bt_self_component *self, const bt_stream *stream)
{
	const bt_clock_class *clock = bt_stream_class_borrow_default_clock_class_const(
		bt_stream_borrow_class_const(stream));
	struct fsc_expand_trace *trace;

	if (!clock || bt_clock_class_get_frequency(clock) != ns_per_s)
		return NULL;
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		return NULL;
	trace->of = bt_stream_borrow_trace_const(stream);
	bt_trace_get_ref(trace->of);
	if (make(trace, self, clock))
		return trace;
	fsc_expand_trace_destroy(trace);
	return NULL;
}

void fsc_expand_trace_destroy(struct fsc_expand_trace *trace)
{
	if (!trace)
		return;
	bt_stream_put_ref(trace->stream);
	bt_trace_put_ref(trace->trace);
	bt_stream_class_put_ref(trace->stream_class);
	bt_clock_class_put_ref(trace->clock);
	bt_trace_class_put_ref(trace->trace_class);
	bt_trace_put_ref(trace->of);
	free(trace);
}

bool fsc_expand_trace_is_of(const struct fsc_expand_trace *trace, const bt_stream *stream)
{
	return trace->of == bt_stream_borrow_trace_const(stream);
}

/* What lies outside of 64 bits stands at their edge. */
int64_t fsc_expand_trace_time(const struct fsc_expand_trace *trace, uint64_t time_ns)
{
	int64_t time;

	if (!bt_clock_class_cycles_to_ns_from_origin(trace->clock, time_ns, &time))
		return time;
	bt_current_thread_clear_error();
	return time_ns >> 63 ? INT64_MAX : 0;
}

const bt_message *fsc_expand_trace_begin(struct fsc_expand_trace *trace,
					 bt_self_message_iterator *iterator)
{
	return bt_message_stream_beginning_create(iterator, trace->stream);
}

const bt_message *fsc_expand_trace_end(struct fsc_expand_trace *trace,
				       bt_self_message_iterator *iterator)
{
	return bt_message_stream_end_create(iterator, trace->stream);
}

static void set_number(bt_field *payload, uint64_t member, uint64_t value)
{
	bt_field_integer_unsigned_set_value(
		bt_field_structure_borrow_member_field_by_index(payload, member), value);
}

static bool set_text(bt_field *payload, uint64_t member, const char *text, size_t size)
{
	bt_field *field = bt_field_structure_borrow_member_field_by_index(payload, member);

	bt_field_string_clear(field);
	return !bt_field_string_append_with_length(field, text, strnlen(text, size));
}

static bool set_fields(bt_field *payload, const struct fsc_expand_thread *whose,
		       const uint8_t *record)
{
	const struct fsc_lttng_field *fields;
	uint64_t member = COMMON_COUNT, value;
	uint32_t id;
	size_t count;

	memcpy(&id, record, sizeof(id));
	memcpy(&value, record + sizeof(id), sizeof(value));
	set_number(payload, COMMON_TIME, value);
	set_number(payload, COMMON_PID, whose->pid);
	set_number(payload, COMMON_IMAGE, whose->image);
	set_number(payload, COMMON_TID, whose->tid);
	count = fsc_lttng_fields(id, &fields);
	for (size_t i = 0; i < count; i++) {
		if (fields[i].form == FSC_LTTNG_OWNER)
			continue;
		if (fields[i].form == FSC_LTTNG_TEXT) {
			if (!set_text(payload, member, (const char *)record + fields[i].offset,
				      fields[i].size))
				return false;
		} else {
			value = 0;
			memcpy(&value, record + fields[i].offset, fields[i].size);
			set_number(payload, member, value);
		}
		member++;
	}
	return true;
}

const bt_message *fsc_expand_trace_event(struct fsc_expand_trace *trace,
					 bt_self_message_iterator *iterator,
					 const struct fsc_expand_thread *whose,
					 const uint8_t *record, int64_t time)
{
	int64_t zero = fsc_expand_trace_time(trace, 0);
	bt_message *message;
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	message = bt_message_event_create_with_default_clock_snapshot(
		iterator, trace->events[id], trace->stream, (uint64_t)time - (uint64_t)zero);
	if (!message)
		return NULL;
	if (set_fields(bt_event_borrow_payload_field(bt_message_event_borrow_event(message)), whose,
		       record))
		return message;
	bt_message_put_ref(message);
	return NULL;
}
