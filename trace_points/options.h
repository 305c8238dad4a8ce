/* SPDX-License-Identifier: MIT */
/*
 * options.h - reading the values of options.def. Guest-safe: no allocation, no locale, no errno.
 */
#ifndef TRACE_POINTS_OPTIONS_H
#define TRACE_POINTS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsc_option_kind {
	FSC_OPTION_text,
	FSC_OPTION_list,
	FSC_OPTION_choice,
	FSC_OPTION_size,
	FSC_OPTION_flag,
	FSC_OPTION_rate
};

enum fsc_option_id {
#define FSC_OPTION(name, variable, kind, value, argument, help) FSC_OPTION_##variable,
#include "trace_points/options.def"
#undef FSC_OPTION
	FSC_OPTION_COUNT
};

struct fsc_option {
	const char *name;     /* as typed after -- */
	const char *variable; /* environment name */
	const char *value;    /* the default */
	const char *argument; /* what stands for the value in the help; choices for `choice` */
	const char *help;     /* "" = not for people */
	enum fsc_option_kind kind;
};

extern const struct fsc_option fsc_options[FSC_OPTION_COUNT];

/* "64k", "4M", "1G", "128" to bytes. false: not a size, or too large. */
bool fsc_option_parse_size(const char *text, uint64_t *bytes);

/* yes/no, 1/0, true/false, on/off. false: none of these. */
bool fsc_option_parse_flag(const char *text, bool *value);

/*
 * "1/N" to N, "off" and "all" to 1, "none" to FSC_SAMPLE_NONE. false: none of these, or N is not 1
 * to FSC_SAMPLE_MOST.
 */
bool fsc_option_parse_rate(const char *text, uint32_t *one_in);

/* Does text fit the option's kind (a size, a flag, one of the choices)? */
bool fsc_option_valid(const struct fsc_option *option, const char *text);

#endif
