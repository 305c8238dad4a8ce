/* SPDX-License-Identifier: MIT */
/* Random values of any type, their hash, their comparison. Built into the library and the host. */
#include "signatures.h"

#include <string.h>

enum { EXTENDED_BYTES = 10 /* of a long double's 16 that count */ };

static uint64_t next(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

static void fill_bytes(uint64_t *state, unsigned char *to, size_t size)
{
	for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
		uint64_t word = next(state);

		memcpy(to + done, &word, size - done < sizeof(word) ? size - done : sizeof(word));
	}
}

/* A NaN that signals may be made quiet by a load. */
static void make_quiet(unsigned char *value, unsigned int kind)
{
	if (kind == SIG_FLOAT && (value[3] & 0x7f) == 0x7f && value[2] & 0x80)
		value[2] |= 0x40;
	if (kind == SIG_DOUBLE && (value[7] & 0x7f) == 0x7f && (value[6] & 0xf0) == 0xf0)
		value[6] |= 0x08;
}

/* The mantissa's first bit stands for itself; exponents 0 and 0x7fff have meanings of their own. */
static void make_extended(unsigned char *value)
{
	value[7] |= 0x80;
	value[8] = (unsigned char)(value[8] | 1);
	value[9] &= 0xbf;
}

/* One value in eight is special: a zero of either sign, an infinity, a denormal, a quiet NaN. */
static void make_special(uint64_t choice, unsigned char *value, const struct sig_field *field)
{
	static const uint16_t top[] = { 0x0000, 0x8000, 0x7f80, 0xff80, 0x0001, 0x7fc1 };
	uint16_t head = top[choice % (sizeof(top) / sizeof(*top))];

	if (field->kind != SIG_FLOAT && field->kind != SIG_DOUBLE)
		return;
	if (field->kind == SIG_DOUBLE && (head & 0x7f80) == 0x7f80)
		head = (head & 0x8000) | 0x7ff0 | (head & 0x40 ? 8 : 0);
	memset(value, 0, field->size);
	memcpy(value + field->size - sizeof(head), &head, sizeof(head));
}

static void fill_element(uint64_t *state, const struct sig_field *field, unsigned char *value)
{
	uint64_t choice = next(state);

	fill_bytes(state, value, field->size);
	if (field->kind == SIG_BOOL)
		*value &= 1;
	else if (field->kind == SIG_EXTENDED)
		make_extended(value);
	else if (choice % 8 == 0)
		make_special(choice >> 8, value, field);
	else
		make_quiet(value, field->kind);
}

void sig_fill(uint64_t *state, const struct sig_type *type, void *value)
{
	fill_bytes(state, value, type->size); /* padding too */
	for (int i = 0; i < type->field_count; i++) {
		const struct sig_field *field = &type->fields[i];

		for (int k = 0; k < field->count; k++)
			fill_element(state, field,
				     (unsigned char *)value + field->offset + k * field->size);
	}
}

static size_t bytes_of(const struct sig_field *field)
{
	return field->kind == SIG_EXTENDED ? EXTENDED_BYTES : field->size;
}

uint64_t sig_hash(uint64_t hash, const struct sig_type *type, const void *value)
{
	for (int i = 0; i < type->field_count; i++) {
		const struct sig_field *field = &type->fields[i];

		for (int k = 0; k < field->count; k++) {
			const unsigned char *bytes =
				(const unsigned char *)value + field->offset + k * field->size;

			for (size_t n = 0; n < bytes_of(field); n++)
				hash = (hash ^ bytes[n]) * 0x100000001b3;
			hash ^= hash >> 29;
		}
	}
	return hash;
}

bool sig_same(const struct sig_type *type, const void *one, const void *two)
{
	for (int i = 0; i < type->field_count; i++) {
		const struct sig_field *field = &type->fields[i];

		for (int k = 0; k < field->count; k++) {
			size_t offset = field->offset + (size_t)k * field->size;

			if (memcmp((const char *)one + offset, (const char *)two + offset,
				   bytes_of(field)))
				return false;
		}
	}
	return true;
}
