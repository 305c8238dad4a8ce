/* SPDX-License-Identifier: MIT */
/*
 * What is asked for, and by which rules it is looked at: the same options and variables as
 * record's. Begin at fsc_cmd_doctor().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/boundary_file.h"
#include "cli/commands.h"
#include "cli/doctor_internal.h"
#include "cli/messages.h"
#include "cli/process_choice.h"

struct choices {
	struct fsc_process_choice
		process; /* first: see there; its path is the LIBRARY or RECORDING */
	bool json;
	const char *boundary;
	char *lists[FSC_OPTION_COUNT]; /* --entry, --exclude: one glob per line */
};

static bool take_json(void *into, const char *value)
{
	(void)value;
	((struct choices *)into)->json = true;
	return true;
}

static bool take_boundary(void *into, const char *value)
{
	((struct choices *)into)->boundary = value;
	return true;
}

static bool add_glob(char **list, const char *value)
{
	struct fsc_boundary_error error;
	char *joined = NULL;

	if (!fsc_boundary_check_globs(value, &error) ||
	    asprintf(&joined, "%s%s%s", *list ? *list : "", *list ? "\n" : "", value) < 0)
		return false;
	free(*list);
	*list = joined;
	return true;
}

static bool take_entry(void *into, const char *value)
{
	return add_glob(&((struct choices *)into)->lists[FSC_OPTION_ENTRY], value);
}

static bool take_exclude(void *into, const char *value)
{
	return add_glob(&((struct choices *)into)->lists[FSC_OPTION_EXCLUDE], value);
}

static const struct fsc_argument options[] = {
	{ "json", '\0', FSC_ARGUMENT_NONE, NULL, "one JSON document, schema ffiscope.doctor/1",
	  take_json },
	{ "pid", 'p', FSC_ARGUMENT_NEEDED, "PID", "look at a running process",
	  fsc_process_choice_take_pid },
	{ "boundary", '\0', FSC_ARGUMENT_NEEDED, "FILE", "boundary file, as for record",
	  take_boundary },
	{ "entry", '\0', FSC_ARGUMENT_NEEDED, "GLOB", "wrap functions of that name too",
	  take_entry },
	{ "exclude", '\0', FSC_ARGUMENT_NEEDED, "GLOB", "never wrap functions of that name",
	  take_exclude },
	FSC_ARGUMENT_COLOUR(fsc_process_choice_take_colour),
};

const struct fsc_arguments fsc_doctor_arguments = {
	.command = "doctor",
	.operands = "[LIBRARY | RECORDING | -- COMMAND [ARGUMENTS]]",
	.about = "Says what can be recorded, how each function would be wrapped, what cannot be "
		 "seen\n"
		 "and what to do about it: of this machine (without operand), of a command (which "
		 "is\n"
		 "not run), of a library, of a running process; or how the functions of a "
		 "recording\n"
		 "were wrapped.\n"
		 "Exit status: 0 looked at, whatever was found; 2 trouble.",
	.list = options,
	.count = sizeof(options) / sizeof(options[0]),
	.operand = fsc_process_choice_take_path,
};

/* What was given, else what the variable of record says, else the default. */
static const char *setting(const struct choices *choices, enum fsc_option_id id)
{
	const char *given = id == FSC_OPTION_BOUNDARY ? choices->boundary : choices->lists[id];
	const char *variable = getenv(fsc_options[id].variable);

	if (given)
		return given;
	return variable && *variable ? variable : fsc_options[id].value;
}

static bool make_rules(struct fsc_doctor *doctor, const struct choices *choices)
{
	const char *boundary = setting(choices, FSC_OPTION_BOUNDARY);
	struct fsc_rules *rules = &doctor->rules;
	size_t length;

	rules->exclude = setting(choices, FSC_OPTION_EXCLUDE);
	if (!fsc_option_parse_flag(setting(choices, FSC_OPTION_CODECS), &rules->codecs)) {
		fsc_messages_say("%s: '%s' is not a value of this option",
				 fsc_options[FSC_OPTION_CODECS].variable,
				 setting(choices, FSC_OPTION_CODECS));
		return false;
	}
	if (!fsc_boundary_file_check_globs(fsc_options[FSC_OPTION_EXCLUDE].variable,
					   rules->exclude) ||
	    !fsc_boundary_file_check_globs(fsc_options[FSC_OPTION_ENTRY].variable,
					   setting(choices, FSC_OPTION_ENTRY)))
		return false;
	rules->has_boundary_file = *boundary != '\0';
	if (*boundary &&
	    !fsc_boundary_file_read(boundary, &rules->boundary, &doctor->boundary, &length))
		return false;
	fsc_rules_complete(rules, setting(choices, FSC_OPTION_ENTRY));
	return true;
}

static int write_all(const struct fsc_doctor *doctor, const struct choices *choices)
{
	struct fsc_output output;

	if (doctor->no_memory) {
		fsc_messages_say("no memory");
		return FSC_EXIT_TROUBLE;
	}
	fsc_output_init(&output, choices->process.colour);
	if (choices->json)
		fsc_doctor_json_write(doctor, &output);
	else
		fsc_doctor_screen_write(doctor, &output);
	return fsc_output_finish(&output) ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int examine(struct fsc_doctor *doctor, const struct choices *choices, char *const *command)
{
	bool seen = true;

	if (!make_rules(doctor, choices))
		return FSC_EXIT_TROUBLE;
	doctor->has_session = fsc_record_session_create(&doctor->session);
	if (!doctor->has_session)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_session, "%s",
				"the library or the memory to share is missing");
	if (command) {
		doctor->subject = "command";
		seen = fsc_doctor_command(doctor, command);
	} else if (choices->process.pid) {
		doctor->subject = "process";
		seen = fsc_doctor_process(doctor, (pid_t)choices->process.pid);
	} else if (choices->process.path && is_folder(choices->process.path)) {
		doctor->subject = "recording";
		seen = fsc_doctor_recording(doctor, choices->process.path);
	} else if (choices->process.path) {
		doctor->subject = "library";
		seen = fsc_doctor_library(doctor, choices->process.path);
	} else {
		doctor->subject = "machine";
		fsc_doctor_machine(doctor);
	}
	return seen ? write_all(doctor, choices) : FSC_EXIT_TROUBLE;
}

/* Only one subject at a time. */
static bool is_one_subject(const struct choices *choices, bool command, bool empty_command)
{
	int subjects = (choices->process.path != NULL) + (choices->process.pid != 0) + command;

	if (empty_command)
		fsc_messages_say("doctor: no command follows --; see ffiscope doctor --help");
	else if (subjects > 1)
		fsc_messages_say(
			"doctor: one of LIBRARY, RECORDING, --pid and -- COMMAND at a time; see "
			"ffiscope doctor --help");
	return subjects <= 1 && !empty_command;
}

int fsc_cmd_doctor(int argc, char **argv)
{
	struct choices choices = { 0 };
	struct fsc_doctor *doctor = NULL;
	int code = FSC_EXIT_TROUBLE, own = 0;

	while (own < argc && strcmp(argv[own], "--") != 0)
		own++;
	switch (fsc_arguments_parse(&fsc_doctor_arguments, own, argv, &choices)) {
	case FSC_ARGUMENTS_GO:
		if (!is_one_subject(&choices, own < argc, own + 1 == argc))
			break;
		doctor = fsc_doctor_create();
		if (doctor)
			code = examine(doctor, &choices, own < argc ? argv + own + 1 : NULL);
		else
			fsc_messages_say("no memory");
		break;
	case FSC_ARGUMENTS_HELPED:
		code = FSC_EXIT_CLEAN;
		break;
	case FSC_ARGUMENTS_WRONG:
		break;
	}
	fsc_doctor_destroy(doctor);
	free(choices.lists[FSC_OPTION_ENTRY]);
	free(choices.lists[FSC_OPTION_EXCLUDE]);
	return code;
}
