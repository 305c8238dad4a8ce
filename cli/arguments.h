/* SPDX-License-Identifier: MIT */
/*
 * arguments.h - the options and operands of a command, from one table that also makes its --help.
 *
 * In:     a command's table and its argv (argv[0] is the command's name).
 * Out:    each option handed to the row's function; help on stdout; what is wrong in one line on
 *         stderr. --help and -h are every command's and stand in no table.
 * Thread: one (getopt).
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum fsc_arguments_limit { FSC_ARGUMENTS_MAX = 30 };

/* What an option is followed by. */
enum fsc_argument_value { FSC_ARGUMENT_NONE, FSC_ARGUMENT_NEEDED, FSC_ARGUMENT_OPTIONAL };

struct fsc_argument {
	const char *name;
	char letter; /* '\0' = none */
	enum fsc_argument_value has_value;
	const char *value; /* what stands for the value in the help */
	const char *help;
	/* value is NULL without one. false: it does not fit. */
	bool (*take)(void *into, const char *value);
};

struct fsc_arguments {
	const char *command;
	const char *operands; /* for the usage line */
	const char *about;    /* lines of help above the options */
	const struct fsc_argument *list;
	size_t count;
	/* One operand; NULL: the command has none. false: one too many. */
	bool (*operand)(void *into, const char *word);
};

/* The row of an option that several commands have. */
#define FSC_ARGUMENT_COLOUR(take)                                                           \
	{                                                                                   \
		"color", '\0', FSC_ARGUMENT_NEEDED, "WHEN",                                 \
			"auto, always or never; auto: on a terminal without NO_COLOR", take \
	}

enum fsc_arguments_answer {
	FSC_ARGUMENTS_GO,
	FSC_ARGUMENTS_HELPED, /* help was printed: the command is done */
	FSC_ARGUMENTS_WRONG   /* what is wrong was printed */
};

enum fsc_arguments_answer fsc_arguments_parse(const struct fsc_arguments *arguments, int argc,
					      char **argv, void *into);

#endif
