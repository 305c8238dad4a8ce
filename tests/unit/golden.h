/* SPDX-License-Identifier: MIT */
/*
 * golden.h - compare a text with a file of tests/data.
 *
 * tests/regenerate_golden.sh sets FSC_GOLDEN=write: then the file is written instead.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GOLDEN_FOLDER is given by the build. */
static inline void golden_check(const char *name, const char *text)
{
	const char *mode = getenv("FSC_GOLDEN");
	bool write = mode && !strcmp(mode, "write");
	static char expected[1 << 20];
	char path[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_FOLDER, name);
	file = fopen(path, write ? "w" : "r");
	cr_assert(file, "%s: see tests/regenerate_golden.sh", path);
	if (write) {
		fputs(text, file);
		fclose(file);
		return;
	}
	length = fread(expected, 1, sizeof(expected) - 1, file);
	fclose(file);
	expected[length] = '\0';
	cr_assert(!strcmp(text, expected), "%s differs; what was made:\n%s", name, text);
}

#endif
