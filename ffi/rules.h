/* SPDX-License-Identifier: MIT */
/*
 * rules.h - which functions are wrapped, and as what.
 *
 * In:     a boundary (the user's rows, the built-in ones, --entry), --exclude, --codecs; the name
 * of a function and the real path of the object that defines it. Out:    a choice with its reason.
 * Cost:   no allocation, no locale, no libc: it also decides inside a profiled program, before
 * main. Thread: read-only once complete.
 */
#ifndef FFI_RULES_H
#define FFI_RULES_H

#include "ffi/boundary.h"

struct fsc_rules {
	bool has_boundary_file; /* rows replace the lookup rule */
	bool codecs;
	const char *exclude;	      /* globs, one per line */
	struct fsc_boundary boundary; /* see fsc_rules_complete() */
};

/* Wrapped are those up to FSC_CHOICE_LOOKUP. */
enum fsc_choice {
	FSC_CHOICE_ROW,		/* a row wants it, looked up or linked */
	FSC_CHOICE_LOOKUP,	/* wrapped when it is looked up */
	FSC_CHOICE_NEVER,	/* cannot be wrapped, or is ours */
	FSC_CHOICE_EXCLUDED,	/* --exclude */
	FSC_CHOICE_CODECS_OFF,	/* a codec, with --no-codecs */
	FSC_CHOICE_INITIALIZER, /* of a language module */
	FSC_CHOICE_SYSTEM,	/* in a system folder, or in the program itself */
	FSC_CHOICE_UNNAMED,	/* a boundary file is there and has no row for it */
	FSC_CHOICE_COUNT
};

/*
 * Append the built-in rows and then one for each glob of entries (one per line) to the rows of a
 * boundary file: --entry adds, and what a built-in row knows of a function stays known.
 */
void fsc_rules_complete(struct fsc_rules *rules, const char *entries);

/*
 * library: real path of the object that defines the function; "" for the program itself. *row: the
 * row that says how it is wrapped; NULL: nothing is known of it, or it is not wrapped.
 */
enum fsc_choice fsc_rules_choose(const struct fsc_rules *rules, const char *name,
				 const char *library, const struct fsc_boundary_row **row);

/* Does that real path lie in a system folder, or in none at all (the vDSO, the program)? */
bool fsc_rules_is_system(const char *real_path);

#endif
