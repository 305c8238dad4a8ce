/* SPDX-License-Identifier: MIT */
/*
 * doctor_internal.h - the parts of `ffiscope doctor`: each looks at one kind of subject and adds
 * facts, objects, functions and findings; then one of the forms writes them.
 *
 * Thread: everything runs in the one thread of the command line tool.
 */
#ifndef CLI_DOCTOR_INTERNAL_H
#define CLI_DOCTOR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "analyzers/elf_file.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/record_internal.h"
#include "ffi/rules.h"

/* For the test of the manual pages. */
extern const struct fsc_arguments fsc_doctor_arguments;

enum fsc_doctor_limit {
	FSC_DOCTOR_FACTS_MAX = 40,
	FSC_DOCTOR_FINDINGS_MAX = 256, /* what is beyond is counted */
	FSC_DOCTOR_OBJECTS_MAX = 4096,
	FSC_DOCTOR_TEXT_MAX = 1024
};

enum fsc_doctor_weight { FSC_DOCTOR_blocks, FSC_DOCTOR_limits, FSC_DOCTOR_note };

enum fsc_doctor_id {
#define FSC_DOCTOR_FINDING(id, weight, what, remedy) FSC_DOCTOR_##id,
#include "cli/doctor_findings.def"
#undef FSC_DOCTOR_FINDING
	FSC_DOCTOR_IDS
};

struct fsc_doctor_finding {
	enum fsc_doctor_id id;
	char subject[FSC_DOCTOR_TEXT_MAX]; /* "" where the text needs none */
};

/* One line of what there is. */
struct fsc_doctor_fact {
	const char *name;  /* in JSON */
	const char *label; /* on screen */
	bool is_number;
	struct fsc_maybe number;
	const char *unit; /* on screen, as it stands; "ps" and "bytes" choose a readable one */
	char text[FSC_DOCTOR_TEXT_MAX]; /* "" = unknown */
};

/* A file with code: the program, a library that it brings, or the one that is looked at. */
struct fsc_doctor_object {
	struct fsc_elf *elf;
	const char *library; /* its real path, as the rules see it; "" for the program itself */
};

/* A function that the rules select, or in a LIBRARY any. */
struct fsc_doctor_function {
	const char *name;
	const struct fsc_doctor_object *object; /* that defines it; NULL: some other library */
	uint64_t address;
	enum fsc_choice choice;
	const struct fsc_boundary_row *row; /* NULL: none */
	/* The first slot through which another object reaches it; NULL: none does. */
	const struct fsc_doctor_object *slot_object;
	enum fsc_elf_slot_kind slot;
	size_t slot_count;
	struct fsc_maybe inner_calls;
};

/* A function that a recording says was wrapped. */
struct fsc_doctor_wrapped {
	char *name;
	char *library; /* "" = unknown */
	uint32_t pid;
	uint8_t kind;  /* enum fsc_site_kind */
	uint8_t bound; /* enum fsc_site_bound */
	struct fsc_maybe calls;
};

struct fsc_doctor {
	const char *subject; /* machine, command, process, library, recording */
	struct fsc_rules rules;
	char *boundary; /* text of the boundary file */
	struct fsc_record_session session;
	bool has_session;
	struct fsc_doctor_fact facts[FSC_DOCTOR_FACTS_MAX];
	size_t fact_count;
	struct fsc_doctor_finding findings[FSC_DOCTOR_FINDINGS_MAX];
	size_t finding_count;
	uint64_t findings_left_out;
	struct fsc_doctor_object objects[FSC_DOCTOR_OBJECTS_MAX];
	size_t object_count;
	struct fsc_doctor_function *functions;
	size_t function_count;
	size_t function_room;
	struct fsc_doctor_wrapped *wrapped;
	size_t wrapped_count;
	uint64_t if_looked_up; /* functions that no row names, but a lookup selects */
	const char *
		*linked; /* names of those of them that a file is linked with; ascending, once */
	size_t linked_count;
	size_t linked_room;
	uint64_t not_selected[FSC_CHOICE_COUNT]; /* exported functions, by the reason */
	bool partly_seen;			 /* some file's symbols are not known */
	bool no_memory;
};

/* ---- doctor_model.c ---- */

struct fsc_doctor *fsc_doctor_create(void);
void fsc_doctor_destroy(struct fsc_doctor *doctor);

const char *fsc_doctor_id_name(enum fsc_doctor_id id);
enum fsc_doctor_weight fsc_doctor_weight_of(enum fsc_doctor_id id);
const char *fsc_doctor_weight_name(enum fsc_doctor_weight weight);
const char *fsc_doctor_remedy(enum fsc_doctor_id id);
/* The finding's sentence. */
void fsc_doctor_what(const struct fsc_doctor_finding *finding, char text[2 * FSC_DOCTOR_TEXT_MAX]);

/* format makes the subject; "" where there is none. */
__attribute__((format(printf, 3, 4))) void
fsc_doctor_find(struct fsc_doctor *doctor, enum fsc_doctor_id id, const char *format, ...);

/* name and label are kept as they are. */
__attribute__((format(printf, 4, 5))) void fsc_doctor_fact(struct fsc_doctor *doctor,
							   const char *name, const char *label,
							   const char *format, ...);
void fsc_doctor_number(struct fsc_doctor *doctor, const char *name, const char *label,
		       struct fsc_maybe number, const char *unit);

/*
 * Read a file and add it. library: its path as the rules see it, "" for the program; NULL: the real
 * path of the file. NULL: it cannot be read, or there are too many; *error says why.
 */
const struct fsc_doctor_object *fsc_doctor_add_object(struct fsc_doctor *doctor, const char *path,
						      const char *library, struct fsc_error *error);
/* The finding for one that could not be added. */
void fsc_doctor_unreadable(struct fsc_doctor *doctor, const char *path,
			   const struct fsc_error *error);

/* ---- doctor_machine.c ---- */

void fsc_doctor_machine(struct fsc_doctor *doctor);

/* ---- doctor_preload.c ---- */

/* The libffiscope.so of that machine and width; NULL: there is none. The caller destroys it. */
struct fsc_elf *fsc_doctor_preload_for(const struct fsc_doctor *doctor, const struct fsc_elf *elf);
/* Add each one that lies beside this program. */
void fsc_doctor_preload_objects(struct fsc_doctor *doctor);

/* ---- doctor_command.c ---- */

/* false: there is no such command; said why. */
bool fsc_doctor_command(struct fsc_doctor *doctor, char *const *command);
/* Findings about a program's file. true: libffiscope.so can be loaded into it. */
bool fsc_doctor_program(struct fsc_doctor *doctor, const struct fsc_elf *elf);
/* What the program and what it brings say together. */
void fsc_doctor_program_objects(struct fsc_doctor *doctor);

/* ---- doctor_loader.c ---- */

/* Add what the loader would load with the program, in its order, and what it says is wrong. */
void fsc_doctor_loader_list(struct fsc_doctor *doctor, const struct fsc_elf *elf);

/* ---- doctor_process.c ---- */

/* false: there is no such process, or it cannot be looked at; said why. */
bool fsc_doctor_process(struct fsc_doctor *doctor, pid_t pid);

/* ---- doctor_library.c ---- */

/* false: it cannot be read; said why. */
bool fsc_doctor_library(struct fsc_doctor *doctor, const char *path);
/* Findings about a library that defines entry points. */
void fsc_doctor_library_findings(struct fsc_doctor *doctor, const struct fsc_doctor_object *object);

/* ---- doctor_recording.c ---- */

/* What was wrapped in all images of a recording. false: it cannot be read; said why. */
bool fsc_doctor_recording(struct fsc_doctor *doctor, const char *path);
/* "lookup", "slot"; "unknown" for what a newer version says. */
const char *fsc_doctor_bound_name(uint8_t bound);

/* ---- doctor_functions.c ---- */

/*
 * Find the functions that the rules select in all objects, and the slots that lead to them. all:
 * take the other exported functions too.
 */
void fsc_doctor_functions_find(struct fsc_doctor *doctor, bool all);
/* How many of that object are selected. */
size_t fsc_doctor_functions_of(const struct fsc_doctor *doctor,
			       const struct fsc_doctor_object *object);
/* "entry", "free" ...: of a row or a site, which have the same kinds. */
const char *fsc_doctor_kind_name(uint8_t kind);
/* The same; a function that only a lookup selects is an entry. */
const char *fsc_doctor_function_kind(const struct fsc_doctor_function *function);
/* "row", "lookup", "never" ... */
const char *fsc_doctor_choice_name(enum fsc_choice choice);

/* ---- doctor_screen.c, doctor_json.c ---- */

void fsc_doctor_screen_write(const struct fsc_doctor *doctor, const struct fsc_output *output);
void fsc_doctor_json_write(const struct fsc_doctor *doctor, const struct fsc_output *output);

#endif
