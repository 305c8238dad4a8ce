/* SPDX-License-Identifier: MIT */
/* What is found is said; the scenario of tests/e2e/doctor says whether it is true. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/doctor_internal.h"
#include "fixture.h"

static struct fsc_doctor *doctor;

static void begin(void)
{
	fixture_begin();
	doctor = fsc_doctor_create();
	cr_assert(doctor);
	doctor->subject = "library";
	doctor->rules.codecs = true;
	doctor->rules.exclude = "";
	fsc_rules_complete(&doctor->rules, "");
}

static void end(void)
{
	fsc_doctor_destroy(doctor);
	fixture_end();
}

TestSuite(doctor, .init = begin, .fini = end);

static const char *screen(void)
{
	fsc_doctor_screen_write(doctor, &fixture.output);
	return fixture_text();
}

static const char *json(void)
{
	fsc_doctor_json_write(doctor, &fixture.output);
	return fixture_text();
}

Test(doctor, every_finding_says_what_and_what_to_do)
{
	for (int id = 0; id < FSC_DOCTOR_IDS; id++) {
		struct fsc_doctor_finding finding = { .id = (enum fsc_doctor_id)id,
						      .subject = "SUBJECT" };
		char what[2 * FSC_DOCTOR_TEXT_MAX];
		const char *remedy = fsc_doctor_remedy(finding.id);

		fsc_doctor_what(&finding, what);
		cr_assert(strstr(what, "SUBJECT"), "%s", fsc_doctor_id_name(finding.id));
		cr_assert_not(strchr(what, '%'), "%s", what);
		cr_assert_gt(strlen(remedy), 5, "%s", fsc_doctor_id_name(finding.id));
	}
}

Test(doctor, a_percent_sign_in_a_subject_is_text)
{
	fsc_doctor_find(doctor, FSC_DOCTOR_musl, "%s", "/opt/100%s");
	cr_assert(strstr(screen(), "/opt/100%s is built for musl"));
}

Test(doctor, the_same_finding_is_said_once)
{
	fsc_doctor_find(doctor, FSC_DOCTOR_musl, "%s", "a");
	fsc_doctor_find(doctor, FSC_DOCTOR_musl, "%s", "a");
	fsc_doctor_find(doctor, FSC_DOCTOR_musl, "%s", "b");
	cr_assert_eq(doctor->finding_count, 2);
}

Test(doctor, findings_beyond_the_limit_are_counted)
{
	for (int i = 0; i < FSC_DOCTOR_FINDINGS_MAX + 3; i++)
		fsc_doctor_find(doctor, FSC_DOCTOR_damaged, "%d", i);
	cr_assert_eq(doctor->finding_count, FSC_DOCTOR_FINDINGS_MAX);
	cr_assert(strstr(json(), "\"findings_left_out\":3"));
}

Test(doctor, what_blocks_stands_before_what_limits)
{
	const char *text;

	fsc_doctor_find(doctor, FSC_DOCTOR_seccomp, "%s", "");
	fsc_doctor_find(doctor, FSC_DOCTOR_damaged, "%s", "file");
	fsc_doctor_find(doctor, FSC_DOCTOR_static_binary, "%s", "program");
	text = screen();
	cr_assert(strstr(text, "blocks ") && strstr(text, "limits ") && strstr(text, "note "));
	cr_assert_lt(strstr(text, "blocks "), strstr(text, "limits "));
	cr_assert_lt(strstr(text, "limits "), strstr(text, "note "));
}

Test(doctor, without_findings_it_says_so)
{
	cr_assert(strstr(screen(), "none        nothing stands in the way"));
}

Test(doctor, what_is_not_known_is_null_and_a_question_mark)
{
	fsc_doctor_fact(doctor, "calibration", "calibrated", "%s", "");
	fsc_doctor_number(doctor, "step_ticks", "step", FSC_UNKNOWN, "ticks");
	cr_assert(strstr(screen(), "calibrated  ?\nstep        ?\n"));
	cr_assert(strstr(json(), "\"facts\":{\"calibration\":null,\"step_ticks\":null}"));
}

Test(doctor, a_number_has_its_unit_on_screen_alone)
{
	fsc_doctor_number(doctor, "step_ticks", "step", fsc_known(22), "ticks");
	fsc_doctor_number(doctor, "probe_inner_ps", "inside", fsc_known(12300), "ps");
	cr_assert(strstr(screen(), "step        22 ticks\ninside      12.3 ns\n"));
	cr_assert(strstr(json(), "{\"step_ticks\":22,\"probe_inner_ps\":12300}"));
}

Test(doctor, a_file_beyond_the_limit_is_refused_with_a_reason)
{
	struct fsc_error error;

	memset(&error, 0xff, sizeof(error));
	doctor->object_count = FSC_DOCTOR_OBJECTS_MAX;
	cr_assert_null(fsc_doctor_add_object(doctor, SERVICE, NULL, &error));
	cr_assert_eq(error.status, FSC_E_LIMIT);
	cr_assert(strstr(error.what, "more than 4096 files"), "%s", error.what);
}

static const struct fsc_doctor_function *function(const char *name)
{
	for (size_t i = 0; i < doctor->function_count; i++)
		if (!strcmp(doctor->functions[i].name, name))
			return &doctor->functions[i];
	cr_assert_fail("no function %s", name);
	return NULL;
}

Test(doctor, a_library_has_its_exports_and_the_codec_that_it_imports)
{
	const struct fsc_doctor_function *pack;

	cr_assert(fsc_doctor_library(doctor, SERVICE));
	cr_assert_str_eq(fsc_doctor_function_kind(function("proto2ffi_free_byte_buffer")), "free");
	cr_assert_eq(function("init_service")->choice, FSC_CHOICE_LOOKUP);
	pack = function("protobuf_c_message_pack");
	cr_assert_null(pack->object);
	cr_assert_geq(pack->slot_count, 1);
	cr_assert_str_eq(fsc_doctor_function_kind(pack), "encode");
}

Test(doctor, without_all_only_rows_are_listed_and_the_others_counted)
{
	struct fsc_error error;

	cr_assert(fsc_doctor_add_object(doctor, SERVICE, NULL, &error));
	fsc_doctor_functions_find(doctor, false);
	cr_assert_gt(doctor->if_looked_up, 0);
	for (size_t i = 0; i < doctor->function_count; i++)
		cr_assert_eq(doctor->functions[i].choice, FSC_CHOICE_ROW);
}

Test(doctor, a_function_says_in_json_how_it_is_bound)
{
	cr_assert(fsc_doctor_library(doctor, SERVICE));
	cr_assert(strstr(json(), "{\"name\":\"init_service\",\"library\":\"" SERVICE
				 "\",\"choice\":\"lookup\",\"kind\":\"entry\",\"row_line\":null,"
				 "\"built_in\":false,\"bound\":\"lookup\",\"slot\":null,"
				 "\"inner_calls\":0}"));
}

Test(doctor, an_excluded_function_is_no_kind)
{
	doctor->rules.exclude = "init_*";
	cr_assert(fsc_doctor_library(doctor, SERVICE));
	cr_assert_str_eq(fsc_doctor_function_kind(function("init_service")), "-");
	cr_assert(strstr(screen(), "not wrapped 1 are excluded"));
}
