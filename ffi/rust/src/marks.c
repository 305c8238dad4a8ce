/* SPDX-License-Identifier: MIT */
/*
 * marks.c - ffiscope.h for Rust, whose stable compilers have no weak symbols. The functions below
 * do nothing in a program that runs without ffiscope.
 */
#include <ffiscope.h>

uint32_t marks_name(const char *name);
void marks_begin(uint32_t name);
void marks_end(uint32_t name);

uint32_t marks_name(const char *name)
{
	return ffiscope_name(name);
}

void marks_begin(uint32_t name)
{
	ffiscope_phase_begin(name);
}

void marks_end(uint32_t name)
{
	ffiscope_phase_end(name);
}
