/* SPDX-License-Identifier: MIT */
/*
 * What a library with entry points shows of its work, and what it hides. Begin at
 * fsc_doctor_library_findings().
 */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/doctor_internal.h"
#include "cli/messages.h"
#include "trace_points/image.h"

static bool is_codec(const struct fsc_boundary_row *row)
{
	return row && (row->kind == FSC_ROW_ENCODE || row->kind == FSC_ROW_DECODE);
}

/* Has this object a slot for a codec: of another one, or of its own by a row of the user's? */
static bool has_codec_slot(const struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	const struct fsc_boundary_row *row;

	for (size_t i = 0; i < elf->slot_count; i++) {
		const struct fsc_elf_symbol *symbol = &elf->symbols[elf->slots[i].symbol];

		if (fsc_rules_choose(&doctor->rules, symbol->name, "", &row) == FSC_CHOICE_ROW &&
		    is_codec(row) && (!symbol->defined || !row->built_in))
			return true;
	}
	return false;
}

/* Is it protobuf's own library, of C or C++? Its name has not changed since there is one. */
static bool is_codec_library(const struct fsc_elf *elf)
{
	return !strncmp(elf->soname, "libprotobuf", strlen("libprotobuf"));
}

/* Is a codec's function part of this object? */
static bool has_codec_inside(const struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	const struct fsc_boundary_row *row;

	for (size_t i = 0; i < elf->function_count; i++)
		if (fsc_rules_choose(&doctor->rules, elf->functions[i], "", &row) ==
			    FSC_CHOICE_ROW &&
		    is_codec(row))
			return true;
	for (size_t i = 1; i < elf->symbol_count; i++)
		if (elf->symbols[i].defined &&
		    fsc_rules_choose(&doctor->rules, elf->symbols[i].name, "", &row) ==
			    FSC_CHOICE_ROW &&
		    is_codec(row))
			return true;
	return false;
}

static bool has_cxx_codec(const struct fsc_elf *elf)
{
	for (size_t i = 1; i < elf->symbol_count; i++)
		if (strstr(elf->symbols[i].name, "6google8protobuf")) /* Itanium C++ ABI 5.1 */
			return true;
	return false;
}

/* A weak import of one of its functions is what ffiscope.h leaves. */
static bool has_marks(const struct fsc_elf *elf)
{
	for (size_t i = 1; i < elf->symbol_count; i++)
		if (!elf->symbols[i].defined && strcmp(elf->symbols[i].name, "ffiscope_begin") == 0)
			return true;
	return false;
}

static void find_codec(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	bool known = false;

	if (has_codec_slot(doctor, elf))
		return;
	if (has_marks(elf)) {
		fsc_doctor_find(doctor, FSC_DOCTOR_codec_marked, "%s", elf->path);
		return;
	}
	if (has_codec_inside(doctor, elf)) {
		fsc_doctor_find(doctor,
				is_codec_library(elf) ? FSC_DOCTOR_codec_itself
						      : FSC_DOCTOR_codec_inside,
				"%s", elf->path);
		known = true;
	}
	if (elf->prost) {
		fsc_doctor_find(doctor, FSC_DOCTOR_codec_prost, "%s", elf->path);
		known = true;
	}
	if (!known && has_cxx_codec(elf)) {
		fsc_doctor_find(doctor, FSC_DOCTOR_codec_cxx, "%s", elf->path);
		known = true;
	}
	if (!known)
		fsc_doctor_find(doctor, FSC_DOCTOR_codec_unseen, "%s", elf->path);
}

static bool is_allocation(const char *name)
{
	static const char *const names[] = {
#define FSC_ALLOCATION(name, result, parameters, arguments) #name,
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void find_allocator(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	bool imports = false;

	for (size_t i = 1; i < elf->symbol_count && !imports; i++)
		imports = !elf->symbols[i].defined && is_allocation(elf->symbols[i].name);
	/* operator new of libstdc++ is malloc's caller. */
	if (!imports && !elf->no_sections && !fsc_elf_needs(elf, "libstdc++.so"))
		fsc_doctor_find(doctor, FSC_DOCTOR_own_allocator, "%s", elf->path);
}

static void find_inner_calls(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	char names[FSC_DOCTOR_TEXT_MAX / 2] = "";
	size_t used = 0, more = 0;

	for (size_t i = 0; i < doctor->function_count; i++) {
		const struct fsc_doctor_function *function = &doctor->functions[i];

		if (function->object != object || !function->inner_calls.value ||
		    is_codec(function->row))
			continue;
		if (used < sizeof(names) / 2)
			used += (size_t)snprintf(names + used, sizeof(names) - used,
						 "%s%.80s (%" PRIi64 ")", used ? ", " : "",
						 function->name, function->inner_calls.value);
		else
			more++;
	}
	if (used && more)
		fsc_doctor_find(doctor, FSC_DOCTOR_inner_calls, "%s and %zu more", names, more);
	else if (used)
		fsc_doctor_find(doctor, FSC_DOCTOR_inner_calls, "%s", names);
}

void fsc_doctor_library_findings(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	const struct fsc_elf *elf = object->elf;

	find_inner_calls(doctor, object);
	if (elf->no_sections)
		return;
	find_codec(doctor, elf);
	find_allocator(doctor, elf);
	if (elf->rust && elf->stripped)
		fsc_doctor_find(doctor, FSC_DOCTOR_rust_stripped, "%s", elf->path);
}

static void add_facts(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	const struct fsc_elf *elf = object->elf;
	char machine[32];

	fsc_doctor_fact(doctor, "file", "file", "%s", object->library);
	fsc_doctor_fact(doctor, "kind", "kind", "%s", fsc_elf_kind_name(elf->kind));
	fsc_doctor_fact(doctor, "machine", "machine", "%s",
			fsc_elf_machine_name(elf->machine, machine));
	fsc_doctor_number(doctor, "bits", "bits", fsc_known(elf->bits), "");
	fsc_doctor_fact(doctor, "symbols", "symbols", "%s", elf->stripped ? "stripped" : "kept");
	fsc_doctor_fact(doctor, "language", "language", "%s", elf->rust ? "Rust" : "");
}

static void add_counts(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	size_t exported = 0, selected = fsc_doctor_functions_of(doctor, object);

	for (size_t i = 0; i < doctor->function_count; i++)
		exported += doctor->functions[i].object == object;
	fsc_doctor_number(doctor, "exported_functions", "exported",
			  object->elf->no_sections ? FSC_UNKNOWN : fsc_known((int64_t)exported),
			  "functions");
	fsc_doctor_number(doctor, "selected_functions", "selected",
			  object->elf->no_sections ? FSC_UNKNOWN : fsc_known((int64_t)selected),
			  "functions");
	if (doctor->not_selected[FSC_CHOICE_SYSTEM])
		fsc_doctor_find(doctor, FSC_DOCTOR_system_folder, "%s", object->library);
	else if (!selected && !object->elf->no_sections)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_function, "%s", object->library);
	if (selected >= FSC_SITES_MAX)
		fsc_doctor_find(doctor, FSC_DOCTOR_too_many, "%zu, and %d have room", selected,
				FSC_SITES_MAX - 1);
}

bool fsc_doctor_library(struct fsc_doctor *doctor, const char *path)
{
	const struct fsc_doctor_object *object;
	struct fsc_error error = { 0 };
	struct fsc_elf *ours;
	char machine[32];

	object = fsc_doctor_add_object(doctor, path, NULL, &error);
	if (!object) {
		fsc_messages_error(&error);
		return false;
	}
	add_facts(doctor, object);
	if (object->elf->kind != FSC_ELF_LIBRARY)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_library_file, "%s", path);
	ours = fsc_doctor_preload_for(doctor, object->elf);
	if (!ours && doctor->has_session)
		fsc_doctor_find(doctor, FSC_DOCTOR_wrong_architecture, "%s, %u bits",
				fsc_elf_machine_name(object->elf->machine, machine),
				object->elf->bits);
	fsc_elf_destroy(ours);
	fsc_doctor_functions_find(doctor, true);
	add_counts(doctor, object);
	if (fsc_doctor_functions_of(doctor, object))
		fsc_doctor_library_findings(doctor, object);
	return true;
}
