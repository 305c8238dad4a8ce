/* SPDX-License-Identifier: MIT */
/*
 * host_options.c - "--name value" and "--name=value", from the one list host_options.def. Begin at
 * fsc_host_parse_options().
 */
#include "ffi/host/host_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type { OPTION_NUMBER, OPTION_TEXT, OPTION_FLAG };

struct option {
	const char *name;
	enum option_type type;
	size_t offset; /* in struct fsc_host_options */
	const char *what;
};

static const struct option known[] = {
#define FSC_HOST_NUMBER(option, field, start, what) \
	{ option, OPTION_NUMBER, offsetof(struct fsc_host_options, field), what },
#define FSC_HOST_TEXT(option, field, start, what) \
	{ option, OPTION_TEXT, offsetof(struct fsc_host_options, field), what },
#define FSC_HOST_FLAG(option, field, what) \
	{ option, OPTION_FLAG, offsetof(struct fsc_host_options, field), what },
#include "ffi/host/host_options.def"
#undef FSC_HOST_NUMBER
#undef FSC_HOST_TEXT
#undef FSC_HOST_FLAG
};

static const struct fsc_host_options start_values = {
#define FSC_HOST_NUMBER(option, field, start, what) .field = (start),
#define FSC_HOST_TEXT(option, field, start, what)   .field = (start),
#define FSC_HOST_FLAG(option, field, what)	    .field = false,
#include "ffi/host/host_options.def"
#undef FSC_HOST_NUMBER
#undef FSC_HOST_TEXT
#undef FSC_HOST_FLAG
};

static void print_help(FILE *out)
{
	(void)fprintf(out, "options:\n");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		(void)fprintf(out, "  --%-18s %s\n", known[i].name, known[i].what);
	(void)fprintf(out, "entries:");
	for (size_t i = 0; i < FSC_HOST_ENTRY_COUNT; i++)
		(void)fprintf(out, " %s", fsc_host_entries[i].option);
	(void)fprintf(out, " mixed\n");
}

/* The option that text ("--name" or "--name=value") names; *value is after '=', or NULL. */
static const struct option *find_option(const char *text, const char **value)
{
	size_t length;

	*value = strchr(text, '=');
	length = *value ? (size_t)((*value)++ - text) : strlen(text);
	if (strncmp(text, "--", 2) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) == length - 2 &&
		    strncmp(known[i].name, text + 2, length - 2) == 0)
			return &known[i];
	}
	return NULL;
}

static bool store(struct fsc_host_options *options, const struct option *option, const char *value)
{
	void *field = (char *)options + option->offset;
	char *end;

	if (option->type == OPTION_FLAG) {
		*(bool *)field = true;
		return true;
	}
	if (option->type == OPTION_TEXT) {
		*(const char **)field = value;
		return true;
	}
	errno = 0;
	*(uint64_t *)field = strtoull(value, &end, 10);
	return errno == 0 && end != value && *end == '\0' && *value != '-';
}

static bool check(const struct fsc_host_options *options)
{
	enum fsc_host_entry_id id;

	if (!fsc_host_find_entry(options->entry, &id)) {
		(void)fprintf(stderr, "unknown entry '%s'\n", options->entry);
		return false;
	}
	if (options->threads == 0 || options->threads > 10000) {
		(void)fprintf(stderr, "--threads: 1 to 10000\n");
		return false;
	}
	if (options->batch == 0 || options->batch > 500000) {
		(void)fprintf(stderr, "--batch: 1 to 500000\n");
		return false;
	}
	return true;
}

bool fsc_host_find_entry(const char *option, enum fsc_host_entry_id *id)
{
	*id = FSC_HOST_MIXED;
	if (strcmp(option, "mixed") == 0)
		return true;
	for (unsigned int i = 0; i < FSC_HOST_ENTRY_COUNT; i++) {
		if (strcmp(option, fsc_host_entries[i].option) == 0) {
			*id = (enum fsc_host_entry_id)i;
			return true;
		}
	}
	return false;
}

bool fsc_host_parse_options(struct fsc_host_options *options, int argc, char **argv)
{
	*options = start_values;
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct option *option = find_option(argv[i], &value);

		if (option && option->type != OPTION_FLAG && !value && i + 1 < argc)
			value = argv[++i];
		if (!option || (option->type != OPTION_FLAG && !value) ||
		    !store(options, option, value)) {
			(void)fprintf(stderr, "not understood: %s\n", argv[i]);
			print_help(stderr);
			return false;
		}
	}
	return check(options);
}
