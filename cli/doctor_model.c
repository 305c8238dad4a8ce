/* SPDX-License-Identifier: MIT */
/* What the parts of doctor find, kept until it is written. Nothing is hard here. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_internal.h"

static const struct {
	const char *name;
	enum fsc_doctor_weight weight;
	const char *what;
	const char *remedy;
} texts[] = {
#define FSC_DOCTOR_FINDING(id, weight, what, remedy) { #id, FSC_DOCTOR_##weight, what, remedy },
#include "cli/doctor_findings.def"
#undef FSC_DOCTOR_FINDING
};

struct fsc_doctor *fsc_doctor_create(void)
{
	return calloc(1, sizeof(struct fsc_doctor));
}

void fsc_doctor_destroy(struct fsc_doctor *doctor)
{
	if (!doctor)
		return;
	for (size_t i = 0; i < doctor->object_count; i++) {
		fsc_elf_destroy(doctor->objects[i].elf);
		free((char *)doctor->objects[i].library);
	}
	if (doctor->has_session)
		fsc_record_session_destroy(&doctor->session);
	for (size_t i = 0; i < doctor->wrapped_count; i++) {
		free(doctor->wrapped[i].name);
		free(doctor->wrapped[i].library);
	}
	free(doctor->wrapped);
	free(doctor->functions);
	free(doctor->linked);
	free(doctor->boundary);
	free(doctor);
}

const char *fsc_doctor_id_name(enum fsc_doctor_id id)
{
	return texts[id].name;
}

enum fsc_doctor_weight fsc_doctor_weight_of(enum fsc_doctor_id id)
{
	return texts[id].weight;
}

const char *fsc_doctor_weight_name(enum fsc_doctor_weight weight)
{
	static const char *const names[] = { [FSC_DOCTOR_blocks] = "blocks",
					     [FSC_DOCTOR_limits] = "limits",
					     [FSC_DOCTOR_note] = "note" };

	return names[weight];
}

const char *fsc_doctor_remedy(enum fsc_doctor_id id)
{
	return texts[id].remedy;
}

void fsc_doctor_what(const struct fsc_doctor_finding *finding, char text[2 * FSC_DOCTOR_TEXT_MAX])
{
	const char *what = texts[finding->id].what;
	const char *place = strstr(what, "%s");

	snprintf(text, 2 * FSC_DOCTOR_TEXT_MAX, "%.*s%s%s", place ? (int)(place - what) : INT_MAX,
		 what, place ? finding->subject : "", place ? place + 2 : "");
}

static bool is_known(const struct fsc_doctor *doctor, enum fsc_doctor_id id, const char *subject)
{
	for (size_t i = 0; i < doctor->finding_count; i++)
		if (doctor->findings[i].id == id && !strcmp(doctor->findings[i].subject, subject))
			return true;
	return false;
}

void fsc_doctor_find(struct fsc_doctor *doctor, enum fsc_doctor_id id, const char *format, ...)
{
	char subject[FSC_DOCTOR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(subject, sizeof(subject), format, args);
	va_end(args);
	if (is_known(doctor, id, subject))
		return;
	if (doctor->finding_count == FSC_DOCTOR_FINDINGS_MAX) {
		doctor->findings_left_out++;
		return;
	}
	doctor->findings[doctor->finding_count].id = id;
	memcpy(doctor->findings[doctor->finding_count++].subject, subject, sizeof(subject));
}

static struct fsc_doctor_fact *next_fact(struct fsc_doctor *doctor, const char *name,
					 const char *label)
{
	struct fsc_doctor_fact *fact;

	if (doctor->fact_count == FSC_DOCTOR_FACTS_MAX)
		return NULL;
	fact = &doctor->facts[doctor->fact_count++];
	fact->name = name;
	fact->label = label;
	return fact;
}

void fsc_doctor_fact(struct fsc_doctor *doctor, const char *name, const char *label,
		     const char *format, ...)
{
	struct fsc_doctor_fact *fact = next_fact(doctor, name, label);
	va_list args;

	if (!fact)
		return;
	va_start(args, format);
	vsnprintf(fact->text, sizeof(fact->text), format, args);
	va_end(args);
}

void fsc_doctor_number(struct fsc_doctor *doctor, const char *name, const char *label,
		       struct fsc_maybe number, const char *unit)
{
	struct fsc_doctor_fact *fact = next_fact(doctor, name, label);

	if (!fact)
		return;
	fact->is_number = true;
	fact->number = number;
	fact->unit = unit;
}

const struct fsc_doctor_object *fsc_doctor_add_object(struct fsc_doctor *doctor, const char *path,
						      const char *library, struct fsc_error *error)
{
	struct fsc_doctor_object *object;
	char *kept;

	if (doctor->object_count == FSC_DOCTOR_OBJECTS_MAX) {
		(void)fsc_error_set(error, FSC_E_LIMIT, path, "there are more than %d files",
				    FSC_DOCTOR_OBJECTS_MAX);
		return NULL;
	}
	object = &doctor->objects[doctor->object_count];
	if (fsc_elf_open(&object->elf, path, error))
		return NULL;
	kept = library ? strdup(library) : realpath(path, NULL);
	if (!kept)
		kept = strdup(path);
	if (!kept) {
		doctor->no_memory = true;
		(void)fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
		fsc_elf_destroy(object->elf);
		object->elf = NULL;
		return NULL;
	}
	fsc_elf_read_tables(object->elf);
	object->library = kept;
	doctor->object_count++;
	doctor->partly_seen |= object->elf->no_sections || object->elf->damaged;
	if (object->elf->damaged)
		fsc_doctor_find(doctor, FSC_DOCTOR_damaged, "%s", path);
	else if (object->elf->no_sections)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_sections, "%s", path);
	return object;
}

void fsc_doctor_unreadable(struct fsc_doctor *doctor, const char *path,
			   const struct fsc_error *error)
{
	doctor->partly_seen = true;
	fsc_doctor_find(doctor, FSC_DOCTOR_unreadable, "%s: %s", path, error->what);
}
