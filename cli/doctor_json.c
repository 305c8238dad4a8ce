/* SPDX-License-Identifier: MIT */
/* The JSON contract, schema ffiscope.doctor/1: members are only ever added; not known is null. */
#include "cli/doctor_internal.h"
#include "cli/json_members.h"

enum { BUFFER_BYTES = 65536 };

static void put_facts(struct fsc_json *json, const struct fsc_doctor *doctor)
{
	fsc_json_key(json, "facts");
	fsc_json_object_begin(json);
	for (size_t i = 0; i < doctor->fact_count; i++) {
		const struct fsc_doctor_fact *fact = &doctor->facts[i];

		if (fact->is_number)
			fsc_json_members_maybe(json, fact->name, fact->number);
		else
			fsc_json_members_text(json, fact->name, fact->text);
	}
	fsc_json_object_end(json);
	fsc_json_newline(json);
}

static void put_version(struct fsc_json *json, const char *name, struct fsc_elf_version version)
{
	char text[32];

	snprintf(text, sizeof(text), "%u.%u", version.major, version.minor);
	fsc_json_member_string(json, name, version.major ? text : NULL);
}

static void put_object(struct fsc_json *json, const struct fsc_doctor *doctor,
		       const struct fsc_doctor_object *object)
{
	const struct fsc_elf *elf = object->elf;
	char machine[32];

	fsc_json_object_begin(json);
	fsc_json_member_string(json, "file", elf->path);
	fsc_json_member_string(json, "kind", fsc_elf_kind_name(elf->kind));
	fsc_json_member_string(json, "machine", fsc_elf_machine_name(elf->machine, machine));
	fsc_json_member_u64(json, "bits", elf->bits);
	fsc_json_member_bool(json, "stripped", elf->stripped);
	put_version(json, "glibc_needed", elf->glibc_needed);
	fsc_json_members_maybe(
		json, "selected_functions",
		elf->no_sections ? FSC_UNKNOWN
				 : fsc_known((int64_t)fsc_doctor_functions_of(doctor, object)));
	fsc_json_object_end(json);
}

static void put_slot(struct fsc_json *json, const struct fsc_doctor_function *function)
{
	fsc_json_key(json, "slot");
	if (!function->slot_count) {
		fsc_json_null(json);
		return;
	}
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "file", function->slot_object->elf->path);
	fsc_json_member_string(json, "kind", fsc_elf_slot_name(function->slot));
	fsc_json_member_u64(json, "count", function->slot_count);
	fsc_json_object_end(json);
}

static void put_function(struct fsc_json *json, const struct fsc_doctor_function *function)
{
	bool wrapped = function->choice <= FSC_CHOICE_LOOKUP;
	const struct fsc_boundary_row *row = function->row;

	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", function->name);
	fsc_json_member_string(json, "library",
			       function->object ? function->object->elf->path : NULL);
	fsc_json_member_string(json, "choice", fsc_doctor_choice_name(function->choice));
	fsc_json_member_string(json, "kind", wrapped ? fsc_doctor_function_kind(function) : NULL);
	fsc_json_members_maybe(json, "row_line",
			       row && row->line ? fsc_known(row->line) : FSC_UNKNOWN);
	fsc_json_member_bool(json, "built_in", row && row->built_in);
	fsc_json_member_string(json, "bound",
			       !wrapped		      ? NULL
			       : function->slot_count ? "slot"
						      : "lookup");
	put_slot(json, function);
	fsc_json_members_maybe(json, "inner_calls", function->inner_calls);
	fsc_json_object_end(json);
}

static void put_wrapped(struct fsc_json *json, const struct fsc_doctor_wrapped *wrapped)
{
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", wrapped->name);
	fsc_json_members_text(json, "library", wrapped->library);
	fsc_json_member_u64(json, "pid", wrapped->pid);
	fsc_json_member_string(json, "kind", fsc_doctor_kind_name(wrapped->kind));
	fsc_json_member_string(json, "bound", fsc_doctor_bound_name(wrapped->bound));
	fsc_json_members_maybe(json, "calls", wrapped->calls);
	fsc_json_object_end(json);
}

static void put_finding(struct fsc_json *json, const struct fsc_doctor_finding *finding)
{
	char what[2 * FSC_DOCTOR_TEXT_MAX];

	fsc_doctor_what(finding, what);
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "id", fsc_doctor_id_name(finding->id));
	fsc_json_member_string(json, "weight",
			       fsc_doctor_weight_name(fsc_doctor_weight_of(finding->id)));
	fsc_json_members_text(json, "subject", finding->subject);
	fsc_json_member_string(json, "what", what);
	fsc_json_member_string(json, "remedy", fsc_doctor_remedy(finding->id));
	fsc_json_object_end(json);
}

static void put_lists(struct fsc_json *json, const struct fsc_doctor *doctor)
{
	fsc_json_key(json, "objects");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < doctor->object_count; i++) {
		fsc_json_newline(json);
		put_object(json, doctor, &doctor->objects[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "functions");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < doctor->function_count; i++) {
		fsc_json_newline(json);
		put_function(json, &doctor->functions[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "wrapped");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < doctor->wrapped_count; i++) {
		fsc_json_newline(json);
		put_wrapped(json, &doctor->wrapped[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "findings");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < doctor->finding_count; i++) {
		fsc_json_newline(json);
		put_finding(json, &doctor->findings[i]);
	}
	fsc_json_array_end(json);
	fsc_json_member_u64(json, "if_looked_up", doctor->if_looked_up);
	fsc_json_member_u64(json, "findings_left_out", doctor->findings_left_out);
}

void fsc_doctor_json_write(const struct fsc_doctor *doctor, const struct fsc_output *output)
{
	static char buffer[BUFFER_BYTES];
	struct fsc_json json;

	fsc_json_init(&json, buffer, sizeof(buffer), fsc_output_flush_json, output->stream);
	fsc_json_object_begin(&json);
	fsc_json_member_string(&json, "schema", "ffiscope.doctor/1");
	fsc_json_member_string(&json, "subject", doctor->subject);
	fsc_json_newline(&json);
	put_facts(&json, doctor);
	put_lists(&json, doctor);
	fsc_json_object_end(&json);
	/* A failed write is a failed stream, which fsc_output_finish() reports. */
	(void)fsc_json_finish(&json);
}
