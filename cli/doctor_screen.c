/* SPDX-License-Identifier: MIT */
/* Facts, files, functions, findings, in this order. Nothing is hard here. */
#include <inttypes.h>
#include <string.h>

#include "cli/doctor_internal.h"
#include "cli/table.h"
#include "cli/units.h"

static void write_fact(const struct fsc_doctor_fact *fact, const struct fsc_output *output)
{
	char number[FSC_UNITS_TEXT];

	if (fact->is_number && !strcmp(fact->unit, "ps"))
		fsc_output_fact(output, fact->label, "%s", fsc_units_ps(number, fact->number));
	else if (fact->is_number && !strcmp(fact->unit, "bytes"))
		fsc_output_fact(output, fact->label, "%s", fsc_units_bytes(number, fact->number));
	else if (fact->is_number)
		fsc_output_fact(output, fact->label, "%s%s%s",
				fsc_units_count(number, fact->number),
				fact->number.known && *fact->unit ? " " : "",
				fact->number.known ? fact->unit : "");
	else
		fsc_output_fact(output, fact->label, "%s", *fact->text ? fact->text : "?");
}

/* "x86-64, 64 bits" */
static void add_machine(struct fsc_table *table, const struct fsc_elf *elf)
{
	char machine[32], text[64];

	snprintf(text, sizeof(text), "%s, %u bits", fsc_elf_machine_name(elf->machine, machine),
		 elf->bits);
	fsc_table_add(table, text);
}

static void add_version(struct fsc_table *table, struct fsc_elf_version version)
{
	char text[32];

	snprintf(text, sizeof(text), "%u.%u", version.major, version.minor);
	fsc_table_add(table, version.major ? text : "none");
}

static void write_objects(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "file", true, true, false },
		{ "machine", true, false, false },
		{ "glibc", false, false, true },
		{ "selected", false, false, false },
	};
	char number[FSC_UNITS_TEXT];
	struct fsc_table table;

	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < doctor->object_count; i++) {
		const struct fsc_doctor_object *object = &doctor->objects[i];

		fsc_table_add(&table, object->elf->path);
		add_machine(&table, object->elf);
		add_version(&table, object->elf->glibc_needed);
		fsc_table_add(&table,
			      fsc_units_count(number,
					      object->elf->no_sections
						      ? FSC_UNKNOWN
						      : fsc_known((int64_t)fsc_doctor_functions_of(
								doctor, object))));
	}
	fsc_output_heading(output, "Files");
	(void)fsc_table_write(&table, output);
	fsc_table_fini(&table);
}

/* "linked: call slot of host", "when looked up" */
static void add_bound(struct fsc_table *table, const struct fsc_doctor_function *function)
{
	char text[256];
	const char *last;

	if (!function->slot_count) {
		fsc_table_add(table, "when looked up");
		return;
	}
	last = strrchr(function->slot_object->elf->path, '/');
	snprintf(text, sizeof(text), "linked: %s slot of %.160s", fsc_elf_slot_name(function->slot),
		 last ? last + 1 : function->slot_object->elf->path);
	fsc_table_add(table, text);
}

static void add_rule(struct fsc_table *table, const struct fsc_boundary_row *row)
{
	char text[64];

	snprintf(text, sizeof(text), "line %u", row && row->line ? row->line : 0);
	fsc_table_add(table, !row	      ? "lookup"
			     : row->built_in  ? "built in"
			     : row->line == 0 ? "--entry"
					      : text);
}

static void write_functions(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "function", true, true, false }, { "kind", true, false, false },
		{ "rule", true, false, true },	   { "wrapped", true, true, false },
		{ "library", true, true, true },
	};
	struct fsc_table table;

	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < doctor->function_count; i++) {
		const struct fsc_doctor_function *function = &doctor->functions[i];

		if (function->choice > FSC_CHOICE_LOOKUP)
			continue;
		fsc_table_add(&table, function->name);
		fsc_table_add(&table, fsc_doctor_function_kind(function));
		add_rule(&table, function->row);
		add_bound(&table, function);
		fsc_table_add(&table, function->object ? function->object->elf->path : "?");
	}
	if (table.cell_count) {
		fsc_output_heading(output, "Functions that are wrapped");
		(void)fsc_table_write(&table, output);
	}
	fsc_table_fini(&table);
}

static void write_wrapped(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	static const struct fsc_table_column columns[] = {
		{ "function", true, true, false }, { "kind", true, false, false },
		{ "bound", true, false, false },   { "calls", false, false, false },
		{ "pid", false, false, true },	   { "library", true, true, true },
	};
	char text[FSC_UNITS_TEXT];
	struct fsc_table table;

	fsc_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < doctor->wrapped_count; i++) {
		const struct fsc_doctor_wrapped *wrapped = &doctor->wrapped[i];

		fsc_table_add(&table, wrapped->name);
		fsc_table_add(&table, fsc_doctor_kind_name(wrapped->kind));
		fsc_table_add(&table, fsc_doctor_bound_name(wrapped->bound));
		fsc_table_add(&table, fsc_units_count(text, wrapped->calls));
		fsc_table_add(&table, fsc_units_count(text, fsc_known(wrapped->pid)));
		fsc_table_add(&table, *wrapped->library ? wrapped->library : "?");
	}
	if (table.cell_count) {
		fsc_output_heading(output, "Functions that were wrapped");
		(void)fsc_table_write(&table, output);
	}
	fsc_table_fini(&table);
}

static void write_not_selected(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	static const char *const reasons[FSC_CHOICE_COUNT] = {
		[FSC_CHOICE_NEVER] = "return twice, or are ffiscope's",
		[FSC_CHOICE_EXCLUDED] = "are excluded",
		[FSC_CHOICE_CODECS_OFF] = "are codecs, which are off",
		[FSC_CHOICE_INITIALIZER] = "are initialisers of language modules",
		[FSC_CHOICE_SYSTEM] = "lie in a system folder and have no row",
		[FSC_CHOICE_UNNAMED] = "have no row in the boundary file",
	};

	if (doctor->if_looked_up)
		fsc_output_fact(output, "looked up",
				"%" PRIu64 " functions without a row are "
				"wrapped if they are looked up",
				doctor->if_looked_up);
	for (size_t i = 0; i < FSC_CHOICE_COUNT; i++)
		if (doctor->not_selected[i])
			fsc_output_fact(output, "not wrapped", "%" PRIu64 " %s",
					doctor->not_selected[i], reasons[i]);
}

static void write_finding(const struct fsc_doctor_finding *finding, const struct fsc_output *output)
{
	enum fsc_doctor_weight weight = fsc_doctor_weight_of(finding->id);
	char what[2 * FSC_DOCTOR_TEXT_MAX];

	fsc_doctor_what(finding, what);
	(weight == FSC_DOCTOR_blocks ? fsc_output_alarm : fsc_output_fact)(
		output, fsc_doctor_weight_name(weight), "%s", what);
	fsc_output_fact(output, "  do", "%s", fsc_doctor_remedy(finding->id));
}

static void write_findings(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	fsc_output_heading(output, "Findings");
	if (!doctor->finding_count)
		fsc_output_fact(output, "none", "nothing stands in the way");
	for (int weight = FSC_DOCTOR_blocks; weight <= FSC_DOCTOR_note; weight++)
		for (size_t i = 0; i < doctor->finding_count; i++)
			if ((int)fsc_doctor_weight_of(doctor->findings[i].id) == weight)
				write_finding(&doctor->findings[i], output);
	if (doctor->findings_left_out)
		fsc_output_fact(output, "more", "%" PRIu64 " findings of these kinds",
				doctor->findings_left_out);
}

void fsc_doctor_screen_write(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	for (size_t i = 0; i < doctor->fact_count; i++)
		write_fact(&doctor->facts[i], output);
	write_not_selected(doctor, output);
	if (doctor->object_count)
		write_objects(doctor, output);
	write_functions(doctor, output);
	write_wrapped(doctor, output);
	write_findings(doctor, output);
}
