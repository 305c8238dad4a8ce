/* SPDX-License-Identifier: MIT */
/*
 * boundary.h - which functions stand at the boundary, and where their buffers are.
 *
 * In:     text rows (example.boundary documents every kind), parsed from memory.
 * Out:    struct fsc_boundary: rows in order; the first row that matches a function wins.
 * Cost:   no allocation, no locale, no stdio: it also runs inside a profiled program, before main.
 * Thread: a parsed boundary is read-only.
 */
#ifndef FFI_BOUNDARY_H
#define FFI_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsc_boundary_limit {
	FSC_BOUNDARY_ROWS_MAX = 256,
	FSC_BOUNDARY_GLOB_MAX = 128,	/* bytes of a glob with its final NUL */
	FSC_BOUNDARY_STACK_MAX = 4096,	/* stack=BYTES at most */
	FSC_BOUNDARY_ARG_MAX = 31,	/* argN at most */
	FSC_BOUNDARY_FILE_MAX = 1 << 20 /* bytes of a boundary file at most */
};

enum fsc_row_kind {
	FSC_ROW_ENTRY,	 /* an entry point */
	FSC_ROW_FREE,	 /* gives a buffer back to the library */
	FSC_ROW_ACQUIRE, /* takes a buffer out of a pool */
	FSC_ROW_RELEASE, /* puts a buffer back into a pool */
	FSC_ROW_ENCODE,	 /* codec: message to bytes */
	FSC_ROW_DECODE	 /* codec: bytes to message */
};

enum fsc_place_from {
	FSC_FROM_NOWHERE, /* not given */
	FSC_FROM_ARG,	  /* the index-th integer argument, the hidden pointer not counted */
	FSC_FROM_INT,	  /* the same, of an int: the ABI leaves its upper half open */
	FSC_FROM_POINTED, /* a word behind a pointer, after the call: FSC_STRUCT_WORDS * the
			     argument's number + the word's */
	FSC_FROM_RETURN,  /* the index-th word of the return value: of two registers, or of a struct
			   */
	FSC_FROM_BY_VALUE, /* a word of a struct of 24 bytes passed by value: FSC_STRUCT_WORDS * the
			      argument's number + the word's */
};

enum { FSC_STRUCT_WORDS = 4 };

/* Where one word stands. */
struct fsc_place {
	uint8_t from;  /* enum fsc_place_from */
	uint8_t index; /* see there */
};

/* Where a buffer stands. A part that is not given has from == FSC_FROM_NOWHERE. */
struct fsc_buffer_place {
	struct fsc_place pointer;
	struct fsc_place length;   /* bytes */
	struct fsc_place capacity; /* bytes */
};

/* How a response leaves the function. */
enum fsc_response_style {
	FSC_RESPONSE_UNSAID,	/* the row does not say: it may be guessed */
	FSC_RESPONSE_NONE,	/* response=none */
	FSC_RESPONSE_HIDDEN,	/* ret{ptr,len,cap}: 24 bytes through the hidden pointer */
	FSC_RESPONSE_REGISTERS, /* ret{ptr,len}: two registers */
	FSC_RESPONSE_OUT	/* *argN,*argN: written through pointers */
};

struct fsc_boundary_row {
	char name[FSC_BOUNDARY_GLOB_MAX];      /* glob over the function's name */
	char library[FSC_BOUNDARY_GLOB_MAX];   /* glob over the path or its last part; "" = any */
	char free_name[FSC_BOUNDARY_GLOB_MAX]; /* free=NAME; "" = any free function */
	struct fsc_buffer_place request;       /* entry: pointer and length */
	struct fsc_buffer_place response;      /* entry, acquire: see response_style */
	struct fsc_buffer_place buffer;	       /* free, release, encode, decode */
	struct fsc_place message;	       /* encode, decode: address of the message */
	int32_t stack_bytes;		       /* bytes of stack arguments; -1 = not said */
	uint8_t kind;			       /* enum fsc_row_kind */
	uint8_t response_style;		       /* enum fsc_response_style */
	bool built_in;			       /* suggests only: a response must prove itself */
	uint8_t shared; /* literal bytes that name begins with as the row before */
	char last;	/* byte that every matching name ends with; 0 = any */
	uint32_t line;	/* of the file; 0 for built-ins */
};

struct fsc_boundary {
	uint32_t row_count;
	struct fsc_boundary_row rows[FSC_BOUNDARY_ROWS_MAX];
};

/* What is wrong in a boundary file, for a person. message is a static string. */
struct fsc_boundary_error {
	uint32_t line;	 /* from 1 */
	uint32_t column; /* from 1, in bytes */
	const char *message;
	const char *hint;
};

/*
 * Append the rows of text (length bytes, need not end in NUL) to boundary.
 * true: all rows are in. false: boundary keeps the rows before the bad one, *error says which.
 */
bool fsc_boundary_parse(struct fsc_boundary *boundary, const char *text, size_t length,
			struct fsc_boundary_error *error);

/* Append the built-in rows: built_in.def. */
void fsc_boundary_add_built_in(struct fsc_boundary *boundary);

/*
 * Append one row from the command line (--entry GLOB): an entry point whose buffers are not said.
 * After the built-in rows: what they know of a function wins. false: the glob is empty, too long,
 * or the boundary is full.
 */
bool fsc_boundary_add_entry(struct fsc_boundary *boundary, const char *glob);

/*
 * Are the globs of a list, one per line, such that --entry takes them? Empty lines are nothing.
 * false: *error says what is wrong with the first that is not.
 */
bool fsc_boundary_check_globs(const char *list, struct fsc_boundary_error *error);

/*
 * Has any row that name, in whichever library? Asked of every symbol of a program at its start:
 * what neighbouring rows have in common is compared once, and a name's last byte first.
 */
bool fsc_boundary_has_name(const struct fsc_boundary *boundary, const char *name);

/* The first row for that function, or NULL. library is the path of the defining object. */
const struct fsc_boundary_row *fsc_boundary_find(const struct fsc_boundary *boundary,
						 const char *name, const char *library);

/* Shell-like match of the whole text: '*', '?', '[a-z]', '[!a-z]', '\\' before a literal. */
bool fsc_glob_match(const char *glob, const char *text);

/*
 * The next glob of a list that has one per line, copied; *list moves behind it. One that is too
 * long is left out: cut, it would be another glob. false: there is no further one.
 */
bool fsc_glob_list_next(const char **list, char glob[FSC_BOUNDARY_GLOB_MAX]);

/* Does one of the globs of such a list match? */
bool fsc_glob_list_match(const char *list, const char *text);

/* Does a library glob match that path, as a whole or by its last component? */
bool fsc_glob_match_path(const char *glob, const char *path);

#endif
