/* SPDX-License-Identifier: MIT */
/* Options of record: everything comes from options.def; nothing is hard here. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boundary_file.h"
#include "cli/messages.h"
#include "record_internal.h"

enum {
	CODE_SET = 256, /* + option id */
	CODE_CLEAR = CODE_SET + FSC_OPTION_COUNT,
	ROWS_MAX = 2 * FSC_OPTION_COUNT + 4,
	NAME_BYTES = 48,
	BUFFER_LEAST = 16 << 10, /* as the help of options.def says */
	BUFFER_MOST = 64 << 20
};

struct table {
	struct option rows[ROWS_MAX];
	char negated[FSC_OPTION_COUNT][NAME_BYTES];
	int count;
};

static void table_add(struct table *table, const char *name, int argument, int code)
{
	table->rows[table->count++] = (struct option){ name, argument, NULL, code };
}

static void table_fill(struct table *table)
{
	memset(table, 0, sizeof(*table));
	for (int id = 0; id < FSC_OPTION_COUNT; id++) {
		const struct fsc_option *option = &fsc_options[id];
		bool flag = option->kind == FSC_OPTION_flag;

		if (!*option->help)
			continue;
		table_add(table, option->name, flag ? optional_argument : required_argument,
			  CODE_SET + id);
		if (!flag)
			continue;
		snprintf(table->negated[id], NAME_BYTES, "no-%s", option->name);
		table_add(table, table->negated[id], no_argument, CODE_CLEAR + id);
	}
	table_add(table, "quiet", no_argument, 'q');
	table_add(table, "verbose", no_argument, 'v');
	table_add(table, "help", no_argument, 'h');
}

static void print_help(void)
{
	printf("usage: ffiscope record [options] -- command [arguments]\n\nRun a command and "
	       "record its calls across the FFI.\n\n");
	for (int id = 0; id < FSC_OPTION_COUNT; id++) {
		const struct fsc_option *option = &fsc_options[id];
		char left[NAME_BYTES];

		if (!*option->help)
			continue;
		if (option->kind == FSC_OPTION_flag)
			snprintf(left, sizeof(left), "--[no-]%s", option->name);
		else
			snprintf(left, sizeof(left), "%s--%s %s",
				 id == FSC_OPTION_OUTPUT ? "-o, " : "", option->name,
				 option->argument);
		printf("  %-26s %s%s%s%s\n", left, option->help,
		       *option->value ? " (default: " : "", option->value,
		       *option->value ? ")" : "");
	}
	printf("  %-26s %s\n", "-q, --quiet", "no summary line");
	printf("  %-26s %s\n", "-v, --verbose", "say more");
	printf("  %-26s %s\n", "-h, --help", "this text");
	printf("\nEvery option can also be given as a variable: FFISCOPE_BUFFER_SIZE=64k.\n");
}

/* Lists hold one value per line. false: no memory. */
static bool list_add(struct fsc_record_options *options, int id, const char *value)
{
	const char *before = options->given[id] ? options->list[id] : NULL;
	char *joined = NULL;

	if (asprintf(&joined, "%s%s%s", before ? before : "", before ? "\n" : "", value) < 0)
		return false;
	free(options->list[id]);
	options->list[id] = joined;
	options->value[id] = joined;
	return true;
}

static bool set(struct fsc_record_options *options, int id, const char *value)
{
	const struct fsc_option *option = &fsc_options[id];
	char dashed[NAME_BYTES];

	if (!fsc_option_valid(option, value)) {
		fsc_messages_say("--%s: '%s' is not %s%s", option->name, value,
				 option->kind == FSC_OPTION_choice ? "one of "
				 : option->kind == FSC_OPTION_size ? "a size such as 64k, 4M or 1G"
				 : option->kind == FSC_OPTION_rate
					 ? "off, none, or 1/N with N up to 1048576"
					 : "yes or no",
				 option->kind == FSC_OPTION_choice ? option->argument : "");
		return false;
	}
	/* The preload leaves out a glob that it cannot take; better said now. */
	snprintf(dashed, sizeof(dashed), "--%s", option->name);
	if (option->kind == FSC_OPTION_list &&
	    (!fsc_boundary_file_check_globs(dashed, value) || !list_add(options, id, value)))
		return false;
	if (option->kind != FSC_OPTION_list)
		options->value[id] = value;
	options->given[id] = true;
	return true;
}

/* What the variables say, else the defaults. */
static bool set_defaults(struct fsc_record_options *options)
{
	for (int id = 0; id < FSC_OPTION_COUNT; id++) {
		const struct fsc_option *option = &fsc_options[id];
		const char *value = *option->help ? getenv(option->variable) : NULL;

		options->value[id] = option->value;
		if (!value || !*value)
			continue;
		if (!fsc_option_valid(option, value)) {
			fsc_messages_say("%s: '%s' is not a value of this option", option->variable,
					 value);
			return false;
		}
		if (option->kind == FSC_OPTION_list &&
		    !fsc_boundary_file_check_globs(option->variable, value))
			return false;
		options->value[id] = value;
	}
	return true;
}

/* One option; false: bad, said why. */
static bool take(struct fsc_record_options *options, int code, bool *help)
{
	if (code == 'q')
		options->quiet = true;
	else if (code == 'v')
		options->verbose = true;
	else if (code == 'h')
		*help = true;
	else if (code == 'o')
		return set(options, FSC_OPTION_OUTPUT, optarg);
	else if (code >= CODE_CLEAR)
		return set(options, code - CODE_CLEAR, "no");
	else
		return set(options, code - CODE_SET, optarg ? optarg : "yes");
	return true;
}

/* Only in a recording of its own stands from where on how many calls were timed. */
static bool check_sample(const struct fsc_record_options *options)
{
	uint32_t one_in = 1;

	fsc_option_parse_rate(options->value[FSC_OPTION_SAMPLE], &one_in);
	if (one_in == 1 ||
	    strcmp(options->value[FSC_OPTION_SINK], fsc_sink_name(FSC_SINK_EMBEDDED)) == 0)
		return true;
	fsc_messages_say("--sample: only with --sink embedded, not with '%s'",
			 options->value[FSC_OPTION_SINK]);
	return false;
}

/* Some options are of one sink alone. */
static bool finish_lttng(struct fsc_record_options *options)
{
	static const enum fsc_option_id of_lttng[] = { FSC_OPTION_TRANSPORT, FSC_OPTION_LTTNG_URL,
						       FSC_OPTION_SNAPSHOT };
	static const enum fsc_option_id of_files[] = { FSC_OPTION_RING, FSC_OPTION_MAX_SIZE,
						       FSC_OPTION_COMPRESS };

	options->lttng = !strcmp(options->value[FSC_OPTION_SINK], fsc_sink_name(FSC_SINK_LTTNG));
	fsc_option_parse_flag(options->value[FSC_OPTION_SNAPSHOT], &options->snapshot);
	for (size_t i = 0; i < 3; i++) {
		enum fsc_option_id id = options->lttng ? of_files[i] : of_lttng[i];

		if (!options->given[id])
			continue;
		fsc_messages_say("--%s does not go with --sink %s", fsc_options[id].name,
				 options->value[FSC_OPTION_SINK]);
		return false;
	}
	return true;
}

static bool finish(struct fsc_record_options *options)
{
	uint64_t buffer = 0;

	fsc_option_parse_size(options->value[FSC_OPTION_BUFFER_SIZE], &buffer);
	if (buffer < BUFFER_LEAST || buffer > BUFFER_MOST) {
		fsc_messages_say("--buffer-size: '%s' is not between 16k and 64M",
				 options->value[FSC_OPTION_BUFFER_SIZE]);
		return false;
	}
	if (!check_sample(options))
		return false;
	fsc_option_parse_size(options->value[FSC_OPTION_RING], &options->ring_bytes);
	fsc_option_parse_size(options->value[FSC_OPTION_MAX_SIZE], &options->max_bytes);
	fsc_option_parse_flag(options->value[FSC_OPTION_WAIT], &options->wait);
	fsc_option_parse_flag(options->value[FSC_OPTION_COMPRESS], &options->compress);
	if (!finish_lttng(options))
		return false;
	if (*options->command)
		return true;
	fsc_messages_say("what is to be recorded? Give a command after the options (see --help)");
	return false;
}

int fsc_record_options_parse(struct fsc_record_options *options, int argc, char **argv)
{
	struct table table;
	bool help = false;
	int code;

	memset(options, 0, sizeof(*options));
	table_fill(&table);
	if (!set_defaults(options))
		return FSC_RECORD_TROUBLE;
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((code = getopt_long(argc, argv, "+:o:qvh", table.rows, NULL)) != -1) {
		if (code == '?' || code == ':') {
			fsc_messages_say(code == ':' ? "'%s' needs a value (see --help)"
						     : "unknown option '%s' (see --help)",
					 argv[optind - 1]);
			return FSC_RECORD_TROUBLE;
		}
		if (!take(options, code, &help))
			return FSC_RECORD_TROUBLE;
	}
	if (help) {
		print_help();
		return 0;
	}
	options->command = argv + optind;
	return finish(options) ? -1 : FSC_RECORD_TROUBLE;
}

void fsc_record_options_fini(struct fsc_record_options *options)
{
	for (int id = 0; id < FSC_OPTION_COUNT; id++)
		free(options->list[id]);
}
