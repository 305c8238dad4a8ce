/* SPDX-License-Identifier: MIT */
/* The option table and its value parsers; nothing is hard here. */
#include "trace_points/options.h"

#include "trace_points/image.h"

const struct fsc_option fsc_options[FSC_OPTION_COUNT] = {
#define FSC_OPTION(name, variable, kind, value, argument, help) \
	{ #name, "FFISCOPE_" #variable, value, argument, help, FSC_OPTION_##kind },
#include "trace_points/options.def"
#undef FSC_OPTION
};

/* The digits at `text`; where they end, or NULL: there are none, or too many. */
static const char *parse_digits(const char *text, uint64_t *value)
{
	const char *at = text;

	*value = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*value, (uint64_t)10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return NULL;
	return at == text ? NULL : at;
}

bool fsc_option_parse_size(const char *text, uint64_t *bytes)
{
	uint64_t value;
	int shift = 0;
	const char *at = parse_digits(text, &value);

	if (!at)
		return false;
	if (*at == 'k' || *at == 'K')
		shift = 10;
	else if (*at == 'M')
		shift = 20;
	else if (*at == 'G')
		shift = 30;
	if (shift)
		at++;
	if (*at || value > UINT64_MAX >> shift)
		return false;
	*bytes = value << shift;
	return true;
}

static bool one_of(const char *choices, const char *text)
{
	while (*choices) {
		const char *at = text;

		while (*at && *at != '|' && *at == *choices) {
			at++;
			choices++;
		}
		if (!*at && (!*choices || *choices == '|') && at != text)
			return true;
		while (*choices && *choices != '|')
			choices++;
		if (*choices)
			choices++;
	}
	return false;
}

bool fsc_option_parse_flag(const char *text, bool *value)
{
	bool yes = one_of("yes|1|true|on", text);

	if (!yes && !one_of("no|0|false|off", text))
		return false;
	*value = yes;
	return true;
}

bool fsc_option_parse_rate(const char *text, uint32_t *one_in)
{
	uint64_t value = 1;

	if (one_of("none", text)) {
		*one_in = FSC_SAMPLE_NONE;
		return true;
	}
	if (!one_of("off|all", text)) {
		const char *end =
			text[0] == '1' && text[1] == '/' ? parse_digits(text + 2, &value) : NULL;

		if (!end || *end || value < 1 || value > FSC_SAMPLE_MOST)
			return false;
	}
	*one_in = (uint32_t)value;
	return true;
}

bool fsc_option_valid(const struct fsc_option *option, const char *text)
{
	uint64_t bytes;
	uint32_t one_in;
	bool flag;

	switch (option->kind) {
	case FSC_OPTION_size:
		return fsc_option_parse_size(text, &bytes);
	case FSC_OPTION_flag:
		return fsc_option_parse_flag(text, &flag);
	case FSC_OPTION_choice:
		return one_of(option->argument, text);
	case FSC_OPTION_rate:
		return fsc_option_parse_rate(text, &one_in);
	default:
		return true;
	}
}
