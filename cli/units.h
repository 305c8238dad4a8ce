/* SPDX-License-Identifier: MIT */
/*
 * units.h - numbers for people: three digits and a unit, `?` for what is not known.
 *
 * In:     ns, bytes, counts, millionths.
 * Out:    text in the caller's buffer, which is also returned.
 * Cost:   no allocation, no locale, whole numbers only.
 * Thread: any.
 */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

#include "analyzers/status.h"

enum fsc_units_limit { FSC_UNITS_TEXT = 32 };

/* "812 ns", "4.21 µs", "42.1 ms", "1234 s". */
const char *fsc_units_ns(char text[FSC_UNITS_TEXT], struct fsc_maybe ns);

/* The same from thousandths of ns, as finely as they are: "12.3 ns". */
const char *fsc_units_ps(char text[FSC_UNITS_TEXT], struct fsc_maybe ps);

/* "640 B", "4.21 KiB", "42.1 MiB". */
const char *fsc_units_bytes(char text[FSC_UNITS_TEXT], struct fsc_maybe bytes);

/* All digits. */
const char *fsc_units_count(char text[FSC_UNITS_TEXT], struct fsc_maybe count);

/* Millionths as "12.3 %". */
const char *fsc_units_share(char text[FSC_UNITS_TEXT], struct fsc_maybe share_ppm);

#endif
