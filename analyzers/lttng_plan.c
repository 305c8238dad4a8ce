/* SPDX-License-Identifier: MIT */
/*
 * The tables of fields are made from the shapes. A step says of one member of an event's payload
 * where its value goes: into the record, or into struct fsc_lttng_event.
 */
#include "analyzers/lttng_plan_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/batch_reader_internal.h"

static const char prefix[] = "ffiscope:";

enum form {
	FORM_RECORD, /* an integer of the record */
	FORM_TEXT,   /* a text of the record */
	FORM_COMMON, /* an integer of struct fsc_lttng_event */
	FORM_CLOCK,
	FORM_BATCH
};

struct field {
	const char *name;
	enum form form;
	uint16_t offset;
	uint8_t size;
};

#define COMMON(name)                                                        \
	{                                                                   \
#name, FORM_COMMON, offsetof(struct fsc_lttng_event, name), \
			sizeof(((struct fsc_lttng_event *)0)->name)         \
	}

static const struct field common_fields[] = { COMMON(time_ns), COMMON(pid), COMMON(image),
					      COMMON(tid) };

static const struct field batch_fields[] = { COMMON(lost),
					     { "clock", FORM_CLOCK, 0, 0 },
					     { "records", FORM_BATCH, 0, 0 } };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `record` is the event's struct, see below. */
#define FIELD_AS(name, member, form) \
	{ name, form, offsetof(record, member), sizeof(((record *)0)->member) },
#define FIELD_time(name)	FIELD_AS(#name "_ns", name##_ticks, FORM_RECORD)
#define FIELD_duration(name)	FIELD_AS(#name "_ns", name##_ticks, FORM_RECORD)
#define FIELD_bytes(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_count(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_address(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_bits(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_text(name)	FIELD_AS(#name, name, FORM_TEXT)
#define FIELD_id(name)		FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_number(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_tid(name)		FIELD_AS(#name, name, FORM_RECORD)
#define FIELD_owner(name)	FIELD_AS(#name, name, FORM_RECORD)
#define FIELD(type, name, unit) FIELD_##unit(name)

#define FSC_EVENT(event_id, event, says)                                           \
	static size_t fields_of_##event(const struct field **out)                  \
	{                                                                          \
		typedef struct fsc_##event##_record record;                        \
		static const struct field fields[] = { FSC_SHAPE_##event(FIELD) }; \
		*out = fields;                                                     \
		return COUNT(fields);                                              \
	}
#include "trace_points/events.def"
#undef FSC_EVENT

static size_t fields_of(uint32_t id, const struct field **out)
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

static uint32_t id_of(const char *name)
{
#define FSC_EVENT(event_id, event, says) \
	if (!strcmp(name, #event))       \
		return event_id;
#include "trace_points/events.def"
#undef FSC_EVENT
	return 0;
}

/* Can a field of this class be read in that form? */
static bool fits(const bt_field_class *class, enum form form)
{
	bt_field_class_type type = bt_field_class_get_type(class);
	bool integer = bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER);
	bool array = bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY);
	bool text = bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRING);

	if (array)
		array = bt_field_class_type_is(
			bt_field_class_get_type(
				bt_field_class_array_borrow_element_field_class_const(class)),
			BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER);
	switch (form) {
	case FORM_RECORD:
	case FORM_COMMON:
		return integer;
	case FORM_TEXT:
		return text;
	case FORM_CLOCK:
		return array;
	case FORM_BATCH:
		return array || text;
	}
	return false;
}

static bool add_step(struct fsc_lttng_plan *plan, const struct field *fields, size_t count,
		     const bt_field_class_structure_member *member, uint64_t index)
{
	const char *name = bt_field_class_structure_member_get_name(member);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (plan->step_count < FSC_LTTNG_STEPS_MAX &&
		    fits(bt_field_class_structure_member_borrow_field_class_const(member),
			 fields[i].form))
			plan->steps[plan->step_count++] = (struct fsc_lttng_step){
				.member = (uint16_t)index,
				.form = (uint8_t)fields[i].form,
				.size = fields[i].size,
				.offset = fields[i].offset,
			};
		return true;
	}
	return false;
}

static void add_steps(struct fsc_lttng_plan *plan, const bt_field_class *payload)
{
	const struct field *fields = batch_fields;
	size_t count = COUNT(batch_fields);
	uint64_t members;

	if (plan->kind != FSC_LTTNG_BATCH)
		count = fields_of(plan->id, &fields);
	members = payload ? bt_field_class_structure_get_member_count(payload) : 0;
	for (uint64_t i = 0; i < members && i <= UINT16_MAX; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(payload, i);

		if (!add_step(plan, common_fields, COUNT(common_fields), member, i))
			add_step(plan, fields, count, member, i);
	}
}

/* site_total and loss are about the thread that the common field names. */
static void add_owner(struct fsc_lttng_plan *plan, const bt_field_class *payload)
{
	const struct field *fields = NULL;
	size_t count = fields_of(plan->id, &fields);
	uint64_t members = payload ? bt_field_class_structure_get_member_count(payload) : 0;

	for (uint64_t i = 0; i < members && i <= UINT16_MAX; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(payload, i);

		if (!strcmp(bt_field_class_structure_member_get_name(member), "tid"))
			add_step(plan, fields, count, member, i);
	}
}

void fsc_lttng_plan_make(struct fsc_lttng_plan *plan, const bt_event_class *event_class)
{
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const(event_class);
	const char *name = bt_event_class_get_name(event_class);

	*plan = (struct fsc_lttng_plan){ .kind = FSC_LTTNG_FOREIGN };
	if (!name || strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return;
	name += sizeof(prefix) - 1;
	plan->id = id_of(name);
	plan->kind = plan->id		      ? FSC_LTTNG_RECORD
		     : !strcmp(name, "batch") ? FSC_LTTNG_BATCH
					      : FSC_LTTNG_UNKNOWN;
	add_steps(plan, payload);
	if (plan->id == FSC_EVENT_site_total || plan->id == FSC_EVENT_loss)
		add_owner(plan, payload);
}

/* What is too large for its place is as large as that can be. */
static void store(uint8_t *place, uint8_t size, uint64_t value)
{
	if (size < sizeof(value) && value >> (size * 8))
		value = UINT64_MAX;
	memcpy(place, &value, size);
}

static void read_clock(struct fsc_lttng_event *out, const bt_field *field)
{
	uint64_t length = bt_field_array_get_length(field);

	for (uint64_t i = 0; i < length && i < COUNT(out->clock); i++)
		out->clock[i] = bt_field_integer_unsigned_get_value(
			bt_field_array_borrow_element_field_by_index_const(field, i));
}

static bool read_bytes(struct fsc_lttng_event *out, const bt_field *field)
{
	uint64_t length = bt_field_array_get_length(field);

	if (length > FSC_BATCH_BYTES_MAX)
		length = FSC_BATCH_BYTES_MAX;
	if (length > out->bytes_limit) {
		uint8_t *grown = realloc(out->bytes, length);

		if (!grown)
			return false;
		out->bytes = grown;
		out->bytes_limit = length;
	}
	for (uint64_t i = 0; i < length; i++)
		out->bytes[i] = (uint8_t)bt_field_integer_unsigned_get_value(
			bt_field_array_borrow_element_field_by_index_const(field, i));
	out->text = out->bytes;
	out->text_bytes = length ? length - 1 : 0;
	return true;
}

static bool read_batch(struct fsc_lttng_event *out, const bt_field *field)
{
	if (bt_field_get_class_type(field) != BT_FIELD_CLASS_TYPE_STRING)
		return read_bytes(out, field);
	out->text = (const uint8_t *)bt_field_string_get_value(field);
	out->text_bytes = bt_field_string_get_length(field);
	return true;
}

static bool read_step(const struct fsc_lttng_step *step, const bt_field *field,
		      struct fsc_lttng_event *out)
{
	switch ((enum form)step->form) {
	case FORM_RECORD:
		store(out->record + step->offset, step->size,
		      bt_field_integer_unsigned_get_value(field));
		return true;
	case FORM_COMMON:
		store((uint8_t *)out + step->offset, step->size,
		      bt_field_integer_unsigned_get_value(field));
		return true;
	case FORM_TEXT:
		memcpy(out->record + step->offset, bt_field_string_get_value(field),
		       strnlen(bt_field_string_get_value(field), step->size));
		return true;
	case FORM_CLOCK:
		read_clock(out, field);
		return true;
	case FORM_BATCH:
		return read_batch(out, field);
	}
	return true;
}

bool fsc_lttng_plan_read(const struct fsc_lttng_plan *plan, const bt_event *event,
			 struct fsc_lttng_event *out)
{
	const bt_field *payload = bt_event_borrow_payload_field_const(event);

	out->time_ns = 0;
	out->pid = out->image = out->tid = 0;
	out->text_bytes = 0;
	out->lost = 0;
	memset(out->clock, 0, sizeof(out->clock));
	memset(out->record, 0, sizeof(out->record));
	for (uint32_t i = 0; i < plan->step_count; i++)
		if (!read_step(&plan->steps[i],
			       bt_field_structure_borrow_member_field_by_index_const(
				       payload, plan->steps[i].member),
			       out))
			return false;
	memcpy(out->record, &plan->id, sizeof(plan->id));
	memcpy(out->record + sizeof(plan->id), &out->time_ns, sizeof(out->time_ns));
	return true;
}
