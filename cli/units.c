/* SPDX-License-Identifier: MIT */
/*
 * What is hard: rounding can carry into the next digit or the next unit (999.6 µs is 1.00 ms).
 * Begin at scale().
 */
#include "cli/units.h"

#include <inttypes.h>
#include <stdio.h>

/* A unit and how many of it make the next one. */
struct unit {
	const char *name;
	uint32_t step;
};

static const struct unit times[] = { { "ns", 1000 }, { "µs", 1000 }, { "ms", 1000 }, { "s", 0 } };
static const struct unit fine_times[] = {
	{ "ps", 1000 }, { "ns", 1000 }, { "µs", 1000 }, { "ms", 1000 }, { "s", 0 }
};
static const struct unit sizes[] = { { "B", 1024 },   { "KiB", 1024 }, { "MiB", 1024 },
				     { "GiB", 1024 }, { "TiB", 1024 }, { "PiB", 0 } };

static uint64_t divide_rounded(uint64_t value, uint64_t by)
{
	return value / by + (value % by >= by - by / 2);
}

/* value / one, to three digits; false when that is 1000 or more (then the next unit is due). */
static bool three_digits(char text[FSC_UNITS_TEXT], uint64_t value, uint64_t one, bool last)
{
	unsigned __int128 wide = value;
	uint64_t hundredths = (uint64_t)((wide * 100 + one / 2) / one);
	uint64_t tenths = (uint64_t)((wide * 10 + one / 2) / one);
	uint64_t whole = divide_rounded(value, one);

	if (hundredths < 1000)
		snprintf(text, FSC_UNITS_TEXT, "%" PRIu64 ".%02" PRIu64, hundredths / 100,
			 hundredths % 100);
	else if (tenths < 1000)
		snprintf(text, FSC_UNITS_TEXT, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
	else
		snprintf(text, FSC_UNITS_TEXT, "%" PRIu64, whole);
	return whole < 1000 || last;
}

static const char *scale(char text[FSC_UNITS_TEXT], struct fsc_maybe number,
			 const struct unit *unit)
{
	uint64_t value = number.value < 0 ? 0 - (uint64_t)number.value : (uint64_t)number.value;
	char digits[FSC_UNITS_TEXT];
	uint64_t one = 1;

	if (!number.known) {
		snprintf(text, FSC_UNITS_TEXT, "?");
		return text;
	}
	if (value < 1000) {
		snprintf(digits, sizeof(digits), "%" PRIu64, value);
	} else {
		one = unit->step;
		unit++;
		while (!three_digits(digits, value, one, unit->step == 0)) {
			one *= unit->step;
			unit++;
		}
	}
	snprintf(text, FSC_UNITS_TEXT, "%s%.22s %s", number.value < 0 ? "-" : "", digits,
		 unit->name);
	return text;
}

const char *fsc_units_ns(char text[FSC_UNITS_TEXT], struct fsc_maybe ns)
{
	return scale(text, ns, times);
}

const char *fsc_units_ps(char text[FSC_UNITS_TEXT], struct fsc_maybe ps)
{
	return scale(text, ps, fine_times);
}

const char *fsc_units_bytes(char text[FSC_UNITS_TEXT], struct fsc_maybe bytes)
{
	return scale(text, bytes, sizes);
}

const char *fsc_units_count(char text[FSC_UNITS_TEXT], struct fsc_maybe count)
{
	if (count.known)
		snprintf(text, FSC_UNITS_TEXT, "%" PRId64, count.value);
	else
		snprintf(text, FSC_UNITS_TEXT, "?");
	return text;
}

const char *fsc_units_share(char text[FSC_UNITS_TEXT], struct fsc_maybe share_ppm)
{
	bool negative = share_ppm.value < 0;
	uint64_t ppm = negative ? 0 - (uint64_t)share_ppm.value : (uint64_t)share_ppm.value;
	uint64_t tenths = divide_rounded(ppm, 1000);

	if (share_ppm.known)
		snprintf(text, FSC_UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 " %%", negative ? "-" : "",
			 tenths / 10, tenths % 10);
	else
		snprintf(text, FSC_UNITS_TEXT, "?");
	return text;
}
