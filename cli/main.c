/* SPDX-License-Identifier: MIT */
/* Only finds the command; each one is a file of its own (commands.def). */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
#define FSC_COMMAND(name, function, help) { #name, function, help },
#include "cli/commands.def"
#undef FSC_COMMAND
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void write_usage(FILE *out)
{
	fputs("Usage: ffiscope COMMAND [OPTIONS] ...\n\n"
	      "Shows where a program's time and memory go at its FFI boundary.\n\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-12s%s\n", commands[i].name, commands[i].help);
	fputs("\n  ffiscope help COMMAND   its options (also: ffiscope COMMAND --help)\n"
	      "  ffiscope --version      the version\n\n"
	      "Begin with: ffiscope record -- COMMAND ARGS, then ffiscope report\n",
	      out);
}

static int write_text(void (*write)(FILE *out))
{
	struct fsc_output output;

	fsc_output_init(&output, FSC_COLOUR_NEVER);
	write(output.stream);
	return fsc_output_finish(&output) ? FSC_EXIT_CLEAN : FSC_EXIT_TROUBLE;
}

static void write_version(FILE *out)
{
	fputs("ffiscope " FSC_VERSION "\n", out);
}

static int unknown_command(const char *name)
{
	fsc_messages_say("unknown %s '%s'; see ffiscope --help",
			 *name == '-' ? "option" : "command", name);
	return FSC_EXIT_TROUBLE;
}

static int help_on(const char *name)
{
	const struct command *command = find_command(name);
	char option[] = "--help";
	char *argv[] = { NULL, option, NULL };

	if (!command)
		return unknown_command(name);
	argv[0] = (char *)command->name;
	return command->run(2, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		write_usage(stderr);
		return FSC_EXIT_TROUBLE;
	}
	if (!strcmp(argv[1], "--version"))
		return write_text(write_version);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return write_text(write_usage);
	if (!strcmp(argv[1], "help"))
		return argc > 2 ? help_on(argv[2]) : write_text(write_usage);
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}
