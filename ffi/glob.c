/* SPDX-License-Identifier: MIT */
/*
 * glob.c - matching without backtracking further than the last '*', so that a hostile glob costs
 * at most glob length times text length. Begin at fsc_glob_match().
 */
#include "ffi/boundary.h"

#include <stdbool.h>
#include <stddef.h>

static bool in_range(unsigned char byte, unsigned char low, unsigned char high)
{
	return low <= byte && byte <= high;
}

/* The byte after the ']' of the set that begins at glob ('['), or NULL when it never closes. */
static const char *set_end(const char *glob)
{
	const char *at = glob + 1;

	if (*at == '!')
		at++;
	if (*at == ']')
		at++;
	while (*at != '\0' && *at != ']')
		at++;
	return *at == ']' ? at + 1 : NULL;
}

/* Is byte in the set from glob ('[') up to end (after the ']')? */
static bool set_holds(const char *glob, const char *end, unsigned char byte)
{
	const char *at = glob + 1;
	const char *last = end - 1;
	bool negated = *at == '!';
	bool found = false;

	if (negated)
		at++;
	while (at < last) {
		if (at + 2 < last && at[1] == '-') {
			found |= in_range(byte, (unsigned char)at[0], (unsigned char)at[2]);
			at += 3;
		} else {
			found |= (unsigned char)*at == byte;
			at++;
		}
	}
	return found != negated;
}

/* Match one byte (not NUL); *next is the glob after what matched it. '*' is the caller's. */
static bool match_one(const char *glob, char byte, const char **next)
{
	const char *end = *glob == '[' ? set_end(glob) : NULL;

	if (end) {
		*next = end;
		return set_holds(glob, end, (unsigned char)byte);
	}
	if (*glob == '?') {
		*next = glob + 1;
		return true;
	}
	if (*glob == '\\' && glob[1] != '\0')
		glob++;
	*next = glob + 1;
	return *glob == byte;
}

bool fsc_glob_match(const char *glob, const char *text)
{
	const char *star_glob = NULL;
	const char *star_text = NULL;
	const char *next;

	while (*text != '\0') {
		if (*glob == '*') {
			star_glob = ++glob;
			star_text = text;
		} else if (*glob != '\0' && match_one(glob, *text, &next)) {
			glob = next;
			text++;
		} else if (star_glob) {
			glob = star_glob;
			text = ++star_text;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

bool fsc_glob_list_next(const char **list, char glob[FSC_BOUNDARY_GLOB_MAX])
{
	const char *at = *list;
	size_t length = 0;

	for (; *at != '\0'; at++) {
		if (*at != '\n') {
			if (length < FSC_BOUNDARY_GLOB_MAX)
				glob[length++] = *at;
		} else if (length > 0 && length < FSC_BOUNDARY_GLOB_MAX) {
			break;
		} else {
			length = 0;
		}
	}
	*list = at;
	if (length == 0 || length == FSC_BOUNDARY_GLOB_MAX)
		return false;
	glob[length] = '\0';
	return true;
}

bool fsc_glob_list_match(const char *list, const char *text)
{
	char glob[FSC_BOUNDARY_GLOB_MAX];

	while (fsc_glob_list_next(&list, glob))
		if (fsc_glob_match(glob, text))
			return true;
	return false;
}

bool fsc_glob_match_path(const char *glob, const char *path)
{
	const char *last = path;

	for (const char *at = path; *at != '\0'; at++) {
		if (*at == '/')
			last = at + 1;
	}
	return fsc_glob_match(glob, path) || fsc_glob_match(glob, last);
}
