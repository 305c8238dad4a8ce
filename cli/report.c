/* SPDX-License-Identifier: MIT */
/*
 * Reads one process image and hands what was found to the form that was asked for. Begin at
 * fsc_cmd_report().
 */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/process_choice.h"
#include "cli/progress.h"
#include "cli/report_internal.h"

struct choices {
	struct fsc_process_choice process; /* first: see there */
	enum fsc_report_form form;
	bool raw;
};

static bool take_json(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->form = FSC_REPORT_JSON;
	return true;
}

static bool take_csv(void *into, const char *value)
{
	static const char *const tables[] = { "entry_points", "phases", "requests" };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!value || !strcmp(value, tables[i])) {
			((struct choices *)into)->form =
				(enum fsc_report_form)(FSC_REPORT_CSV_ENTRY_POINTS + i);
			return true;
		}
	return false;
}

static bool take_brief(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->form = FSC_REPORT_SCREEN;
	return true;
}

static bool take_no_correct(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->raw = true;
	return true;
}

static const struct fsc_argument options[] = {
	{ "json", '\0', FSC_ARGUMENT_NONE, NULL, "one JSON document, schema ffiscope.report/1",
	  take_json },
	{ "csv", '\0', FSC_ARGUMENT_OPTIONAL, "TABLE",
	  "one table: entry_points (default), phases or requests", take_csv },
	{ "brief", '\0', FSC_ARGUMENT_NONE, NULL, "the first screen alone", take_brief },
	FSC_PROCESS_CHOICE_PID("this process, not the one with most calls"),
	{ "no-correct", '\0', FSC_ARGUMENT_NONE, NULL, "leave the probe cost in all times",
	  take_no_correct },
	FSC_ARGUMENT_COLOUR(fsc_process_choice_take_colour),
};

const struct fsc_arguments fsc_report_arguments = {
	.command = "report",
	.operands = "[RECORDING]",
	.about = "Shows where the time of each entry point of one process goes.\n"
		 "RECORDING is the folder that record left (default: ffiscope.data),\n"
		 "a folder with LTTng traces of ffiscope, or a summary that merge wrote.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = fsc_process_choice_take_path,
};

static void write_form(const struct fsc_report *report, enum fsc_report_form form,
		       const struct fsc_output *output)
{
	switch (form) {
	case FSC_REPORT_TABLES:
		fsc_report_screen_write(report, output);
		fsc_report_notes_write(report, output);
		fsc_report_tables_write(report, output);
		break;
	case FSC_REPORT_SCREEN:
		fsc_report_screen_write(report, output);
		break;
	case FSC_REPORT_JSON:
		fsc_report_json_write(report, output);
		break;
	case FSC_REPORT_CSV_ENTRY_POINTS:
	case FSC_REPORT_CSV_PHASES:
	case FSC_REPORT_CSV_REQUESTS:
		fsc_report_csv_write(report, form, output);
		break;
	}
}

static int write_report(const struct fsc_report *report, const struct choices *choices)
{
	struct fsc_report shown = *report;
	struct fsc_breakdown_result raw = { 0 };
	struct fsc_output output;

	shown.corrected = !choices->raw;
	if (choices->raw) {
		if (fsc_report_raw_make(&raw, report->breakdown)) {
			fsc_messages_say("no memory");
			return FSC_EXIT_TROUBLE;
		}
		shown.breakdown = &raw;
	}
	fsc_output_init(&output, choices->process.colour);
	write_form(&shown, choices->form, &output);
	fsc_report_raw_fini(&raw);
	return fsc_output_finish(&output) ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

struct findings {
	struct fsc_breakdown *breakdown;
	struct fsc_leaks *leaks;
};

/* Leaks only for the first screen, where they are one line: without them it says `?`. */
static bool read_image(struct findings *out, const struct fsc_report *report,
		       enum fsc_report_form form)
{
	struct fsc_warnings *warnings = calloc(1, sizeof(*warnings));
	struct fsc_error error = { 0 };
	struct fsc_progress progress;
	const struct fsc_leaks_scope scope = { .image = report->process, .host = "" };
	enum fsc_status status;

	fsc_progress_begin(&progress, "reading the recording");
	status = fsc_breakdown_read(&out->breakdown, report->recording, report->process, warnings,
				    &error);
	if (!status && (form == FSC_REPORT_TABLES || form == FSC_REPORT_SCREEN) &&
	    fsc_leaks_read(&out->leaks, report->recording, &scope, NULL, NULL))
		out->leaks = NULL;
	fsc_progress_end(&progress);
	if (warnings)
		fsc_messages_warnings(warnings);
	free(warnings);
	if (status)
		fsc_messages_error(&error);
	return !status;
}

static int report_on(struct fsc_report *report, const struct choices *choices)
{
	static const struct fsc_breakdown_result nothing;
	struct findings findings = { 0 };
	int code = FSC_EXIT_TROUBLE;

	report->breakdown = &nothing;
	if (!report->process)
		return write_report(report, choices);
	if (read_image(&findings, report, choices->form)) {
		report->breakdown = fsc_breakdown_borrow(findings.breakdown);
		if (findings.leaks)
			report->leaks = fsc_leaks_borrow(findings.leaks);
		code = write_report(report, choices);
	}
	fsc_leaks_destroy(findings.leaks);
	fsc_breakdown_destroy(findings.breakdown);
	return code;
}

int fsc_cmd_report(int argc, char **argv)
{
	struct choices choices = { 0 };
	struct fsc_recording *recording;
	struct fsc_report report = { 0 };
	int code;

	switch (fsc_arguments_parse(&fsc_report_arguments, argc, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		break;
	case FSC_ARGUMENTS_HELPED:
		return FSC_EXIT_CLEAN;
	case FSC_ARGUMENTS_WRONG:
		return FSC_EXIT_TROUBLE;
	}
	if (fsc_process_choice_open(&choices.process, &recording, &report.process))
		return FSC_EXIT_TROUBLE;
	report.recording = recording;
	report.brief = choices.form == FSC_REPORT_SCREEN;
	code = report_on(&report, &choices);
	fsc_recording_destroy(recording);
	return code;
}
