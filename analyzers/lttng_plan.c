/* SPDX-License-Identifier: MIT */
/*
 * A step says of one member of an event's payload where its value goes: into the record, or into
 * struct fsc_lttng_event.
 */
#include "analyzers/lttng_plan_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "analyzers/batch_reader_internal.h"
#include "analyzers/lttng_fields_internal.h"

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

static void add_step(struct fsc_lttng_plan *plan, const struct field *field,
		     const bt_field_class *class, uint64_t index)
{
	if (plan->step_count < FSC_LTTNG_STEPS_MAX && fits(class, field->form))
		plan->steps[plan->step_count++] = (struct fsc_lttng_step){
			.member = (uint16_t)index,
			.form = (uint8_t)field->form,
			.size = field->size,
			.offset = field->offset,
		};
}

static void add_of_table(struct fsc_lttng_plan *plan, const struct field *table, size_t count,
			 const bt_field_class_structure_member *member, uint64_t index)
{
	const char *name = bt_field_class_structure_member_get_name(member);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		add_step(plan, &table[i],
			 bt_field_class_structure_member_borrow_field_class_const(member), index);
		return;
	}
}

/* A field of the record; `tid` is a common one, and that of the thread which the event is about. */
static void add_of_record(struct fsc_lttng_plan *plan,
			  const bt_field_class_structure_member *member, uint64_t index)
{
	const char *name = bt_field_class_structure_member_get_name(member);
	const struct fsc_lttng_field *fields = NULL;
	size_t count = fsc_lttng_fields(plan->id, &fields);

	for (size_t i = 0; i < count; i++) {
		struct field field = { name,
				       fields[i].form == FSC_LTTNG_TEXT ? FORM_TEXT : FORM_RECORD,
				       fields[i].offset, fields[i].size };

		if (strcmp(fields[i].name, name) != 0)
			continue;
		add_step(plan, &field,
			 bt_field_class_structure_member_borrow_field_class_const(member), index);
		return;
	}
}

static void plan_make(struct fsc_lttng_plan *plan, const bt_event_class *event_class)
{
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const(event_class);
	const char *name = bt_event_class_get_name(event_class);
	uint64_t members = payload ? bt_field_class_structure_get_member_count(payload) : 0;

	*plan = (struct fsc_lttng_plan){ .kind = FSC_LTTNG_FOREIGN };
	if (!name || strncmp(name, FSC_LTTNG_PREFIX, sizeof(FSC_LTTNG_PREFIX) - 1) != 0)
		return;
	name += sizeof(FSC_LTTNG_PREFIX) - 1;
	plan->id = fsc_lttng_fields_event(name);
	plan->kind = plan->id		      ? FSC_LTTNG_RECORD
		     : !strcmp(name, "batch") ? FSC_LTTNG_BATCH
					      : FSC_LTTNG_UNKNOWN;
	for (uint64_t i = 0; i < members && i <= UINT16_MAX; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(payload, i);

		add_of_table(plan, common_fields, COUNT(common_fields), member, i);
		if (plan->kind == FSC_LTTNG_BATCH)
			add_of_table(plan, batch_fields, COUNT(batch_fields), member, i);
		else
			add_of_record(plan, member, i);
	}
}

struct fsc_lttng_class {
	const bt_event_class *event_class;
	struct fsc_lttng_plan plan;
	UT_hash_handle hh;
};

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
const struct fsc_lttng_plan *fsc_lttng_plans_find(struct fsc_lttng_plans *plans,
						  const bt_event_class *event_class)
{
	struct fsc_lttng_class *known;

	if (plans->last && plans->last->event_class == event_class)
		return &plans->last->plan;
	HASH_FIND_PTR(plans->classes, &event_class, known);
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return NULL;
		known->event_class = event_class;
		plan_make(&known->plan, event_class);
		HASH_ADD_PTR(plans->classes, event_class, known);
	}
	plans->last = known;
	return &known->plan;
}

void fsc_lttng_plans_fini(struct fsc_lttng_plans *plans)
{
	struct fsc_lttng_class *class, *next;

	HASH_ITER (hh, plans->classes, class, next) {
		HASH_DEL(plans->classes, class);
		free(class);
	}
	plans->last = NULL;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

/* What is too large for its place is as large as that can be. */
static void store(uint8_t *place, uint8_t size, uint64_t value)
{
	if (size < sizeof(value) && value >> (size * 8))
		value = UINT64_MAX;
	/* Of a size that the compiler knows, it is one instruction. */
	switch (size) {
	case sizeof(uint64_t):
		memcpy(place, &value, sizeof(uint64_t));
		break;
	case sizeof(uint32_t):
		memcpy(place, &value, sizeof(uint32_t));
		break;
	default:
		memcpy(place, &value, size);
		break;
	}
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
