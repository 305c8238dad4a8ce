/* SPDX-License-Identifier: MIT */
/*
 * Which functions are selected, and how a host reaches them. The order of the objects is the order
 * of the loader's search: the first that defines a name is the one. Begin at
 * fsc_doctor_functions_find().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_internal.h"

const char *fsc_doctor_choice_name(enum fsc_choice choice)
{
	static const char *const names[] = {
		[FSC_CHOICE_ROW] = "row",
		[FSC_CHOICE_LOOKUP] = "lookup",
		[FSC_CHOICE_NEVER] = "never",
		[FSC_CHOICE_EXCLUDED] = "excluded",
		[FSC_CHOICE_CODECS_OFF] = "codecs_off",
		[FSC_CHOICE_INITIALIZER] = "initializer",
		[FSC_CHOICE_SYSTEM] = "system",
		[FSC_CHOICE_UNNAMED] = "unnamed",
	};

	return names[choice];
}

const char *fsc_doctor_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[FSC_ROW_ENTRY] = "entry",     [FSC_ROW_FREE] = "free",
		[FSC_ROW_ACQUIRE] = "acquire", [FSC_ROW_RELEASE] = "release",
		[FSC_ROW_ENCODE] = "encode",   [FSC_ROW_DECODE] = "decode",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *fsc_doctor_function_kind(const struct fsc_doctor_function *function)
{
	if (function->choice > FSC_CHOICE_LOOKUP)
		return "-";
	return fsc_doctor_kind_name(function->row ? function->row->kind : FSC_ROW_ENTRY);
}

/* NULL: no memory, which is remembered. */
static struct fsc_doctor_function *add(struct fsc_doctor *doctor, const char *name,
				       const struct fsc_doctor_object *object)
{
	struct fsc_doctor_function *larger;

	if (doctor->function_count == doctor->function_room) {
		size_t room = doctor->function_room ? 2 * doctor->function_room : 256;

		larger = reallocarray(doctor->functions, room, sizeof(*larger));
		if (!larger) {
			doctor->no_memory = true;
			return NULL;
		}
		doctor->functions = larger;
		doctor->function_room = room;
	}
	larger = &doctor->functions[doctor->function_count++];
	*larger = (struct fsc_doctor_function){ .name = name, .object = object };
	return larger;
}

/* Of what a program brings, thousands could be looked up: without `all` these are only counted. */
static void find_exports(struct fsc_doctor *doctor, const struct fsc_doctor_object *object,
			 bool all)
{
	const struct fsc_elf *elf = object->elf;

	for (size_t i = 1; i < elf->symbol_count; i++) {
		const struct fsc_elf_symbol *symbol = &elf->symbols[i];
		const struct fsc_boundary_row *row;
		struct fsc_doctor_function *function;
		enum fsc_choice choice;

		if (!symbol->defined || !symbol->function || symbol->old)
			continue;
		choice = fsc_rules_choose(&doctor->rules, symbol->name, object->library, &row);
		if (choice > FSC_CHOICE_LOOKUP)
			doctor->not_selected[choice] += all;
		else if (choice == FSC_CHOICE_LOOKUP)
			doctor->if_looked_up++;
		if (choice != FSC_CHOICE_ROW && !all)
			continue;
		function = add(doctor, symbol->name, object);
		if (!function)
			return;
		function->address = symbol->address;
		function->choice = choice;
		function->row = row;
	}
}

static const struct fsc_doctor_object *definer(const struct fsc_doctor *doctor, const char *name)
{
	for (size_t i = 0; i < doctor->object_count; i++) {
		const struct fsc_elf_symbol *symbol = fsc_elf_export(doctor->objects[i].elf, name);

		if (symbol && symbol->function)
			return &doctor->objects[i];
	}
	return NULL;
}

static struct fsc_doctor_function *find(struct fsc_doctor *doctor, const char *name,
					const struct fsc_doctor_object *object)
{
	for (size_t i = 0; i < doctor->function_count; i++)
		if (doctor->functions[i].object == object &&
		    !strcmp(doctor->functions[i].name, name))
			return &doctor->functions[i];
	return NULL;
}

/* A name that no object at hand defines: a lone library's import. */
static struct fsc_doctor_function *add_import(struct fsc_doctor *doctor, const char *name)
{
	const struct fsc_boundary_row *row;
	struct fsc_doctor_function *function;

	if (fsc_rules_choose(&doctor->rules, name, "", &row) != FSC_CHOICE_ROW)
		return NULL;
	function = add(doctor, name, NULL);
	if (function)
		function->row = row;
	return function;
}

/* A function that another file is linked with, and that is wrapped only when it is looked up. */
static bool is_linked_only(const struct fsc_doctor *doctor, const char *name,
			   const struct fsc_doctor_object *from)
{
	const struct fsc_boundary_row *row;
	enum fsc_choice choice = fsc_rules_choose(&doctor->rules, name, from->library, &row);

	return choice == FSC_CHOICE_LOOKUP ||
	       (choice == FSC_CHOICE_UNNAMED && !fsc_rules_is_system(from->library));
}

static void add_linked(struct fsc_doctor *doctor, const char *name)
{
	if (doctor->linked_count == doctor->linked_room) {
		size_t room = doctor->linked_room ? 2 * doctor->linked_room : 64;
		const char **larger = reallocarray(doctor->linked, room, sizeof(*larger));

		if (!larger) {
			doctor->no_memory = true;
			return;
		}
		doctor->linked = larger;
		doctor->linked_room = room;
	}
	doctor->linked[doctor->linked_count++] = name;
}

static int names_ascending(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Several slots, and several files, may lead to one function. */
static void keep_linked_once(struct fsc_doctor *doctor)
{
	size_t count = 0;

	if (doctor->linked_count)
		qsort(doctor->linked, doctor->linked_count, sizeof(*doctor->linked),
		      names_ascending);
	for (size_t i = 0; i < doctor->linked_count; i++)
		if (!count || strcmp(doctor->linked[count - 1], doctor->linked[i]) != 0)
			doctor->linked[count++] = doctor->linked[i];
	doctor->linked_count = count;
}

static void find_slots(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	const struct fsc_elf *elf = object->elf;

	for (size_t i = 0; i < elf->slot_count; i++) {
		const char *name = elf->symbols[elf->slots[i].symbol].name;
		const struct fsc_doctor_object *from;
		struct fsc_doctor_function *function;

		from = definer(doctor, name);
		if (from && from != object && is_linked_only(doctor, name, from))
			add_linked(doctor, name);
		if (from == object || !fsc_boundary_has_name(&doctor->rules.boundary, name))
			continue;
		function = find(doctor, name, from);
		if (!function && !from)
			function = add_import(doctor, name);
		/* Slots are rewritten for rows alone. */
		if (!function || function->choice != FSC_CHOICE_ROW)
			continue;
		if (!function->slot_count++) {
			function->slot_object = object;
			function->slot = elf->slots[i].kind;
		}
	}
}

static int ascending(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The calls that an object makes to its own selected functions. */
static void find_inner_calls(struct fsc_doctor *doctor, const struct fsc_doctor_object *object)
{
	size_t selected = fsc_doctor_functions_of(doctor, object), count = 0;
	uint64_t *addresses, *counts;

	if (!selected)
		return;
	addresses = calloc(selected, sizeof(*addresses));
	counts = calloc(selected, sizeof(*counts));
	for (size_t i = 0; addresses && counts && i < doctor->function_count; i++)
		if (doctor->functions[i].object == object &&
		    doctor->functions[i].choice <= FSC_CHOICE_LOOKUP)
			addresses[count++] = doctor->functions[i].address;
	if (count)
		qsort(addresses, count, sizeof(*addresses), ascending);
	if (count && fsc_elf_direct_calls(object->elf, addresses, counts, count))
		for (size_t i = 0; i < doctor->function_count; i++) {
			struct fsc_doctor_function *function = &doctor->functions[i];
			const uint64_t *place;

			if (function->object != object || function->choice > FSC_CHOICE_LOOKUP)
				continue;
			place = bsearch(&function->address, addresses, count, sizeof(*addresses),
					ascending);
			/* Of several names of one address the first has the count. */
			while (place && place > addresses && place[-1] == *place)
				place--;
			if (place)
				function->inner_calls =
					fsc_known((int64_t)counts[place - addresses]);
		}
	free(addresses);
	free(counts);
}

size_t fsc_doctor_functions_of(const struct fsc_doctor *doctor,
			       const struct fsc_doctor_object *object)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor->function_count; i++)
		count += doctor->functions[i].object == object &&
			 doctor->functions[i].choice <= FSC_CHOICE_LOOKUP;
	return count;
}

/* By name, then by the file's place in the loader's order. */
static int in_order(const void *left, const void *right)
{
	const struct fsc_doctor_function *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->object > b->object) - (a->object < b->object);
}

void fsc_doctor_functions_find(struct fsc_doctor *doctor, bool all)
{
	for (size_t i = 0; i < doctor->object_count; i++)
		find_exports(doctor, &doctor->objects[i], all);
	for (size_t i = 0; i < doctor->object_count; i++)
		find_slots(doctor, &doctor->objects[i]);
	for (size_t i = 0; i < doctor->object_count; i++)
		find_inner_calls(doctor, &doctor->objects[i]);
	keep_linked_once(doctor);
	if (doctor->function_count)
		qsort(doctor->functions, doctor->function_count, sizeof(*doctor->functions),
		      in_order);
}
