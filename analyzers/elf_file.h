/* SPDX-License-Identifier: MIT */
/*
 * elf_file.h - what an ELF file says of itself: for whom it was built, what it needs, exports and
 * imports, and through which slots.
 *
 * In:     a file, whatever is in it; read by libelf.
 * Out:    struct fsc_elf. What a damaged file does not say is left out, and `damaged` is set.
 * Cost:   memory for symbol and string tables (at most FSC_ELF_SECTION_MAX each).
 * Thread: read-only once open.
 */
#ifndef ANALYZERS_ELF_FILE_H
#define ANALYZERS_ELF_FILE_H

#include "analyzers/status.h"

enum fsc_elf_limit {
	FSC_ELF_SYMBOLS_MAX = 1 << 20, /* of a table; what is beyond makes it `damaged` */
	FSC_ELF_NEEDED_MAX = 1024,
	FSC_ELF_PATH_MAX = 4096,
	FSC_ELF_SECTION_MAX = 256 << 20 /* bytes */
};

enum fsc_elf_kind {
	FSC_ELF_PROGRAM,    /* has an interpreter: the loader that reads LD_PRELOAD */
	FSC_ELF_STATIC,	    /* a program without one */
	FSC_ELF_STATIC_PIE, /* the same, at any address */
	FSC_ELF_LIBRARY,    /* a shared object */
	FSC_ELF_OTHER	    /* an object to link, a core dump */
};

/* "program", "static", "static_pie", "library", "other" */
const char *fsc_elf_kind_name(enum fsc_elf_kind kind);

/* How a file reaches a function of another one (ELF's relocation types). */
enum fsc_elf_slot_kind {
	FSC_ELF_SLOT_CALL,   /* JUMP_SLOT: the procedure linkage table */
	FSC_ELF_SLOT_DATA,   /* GLOB_DAT: the global offset table */
	FSC_ELF_SLOT_POINTER /* a pointer in data */
};

/* "call", "data", "pointer" */
const char *fsc_elf_slot_name(enum fsc_elf_slot_kind kind);

struct fsc_elf_symbol {
	const char *name;
	uint64_t address;
	bool defined;
	bool function; /* a plain function: no data, no IFUNC */
	bool old;      /* a version that unversioned lookups do not find */
};

struct fsc_elf_slot {
	uint32_t symbol; /* index in symbols */
	enum fsc_elf_slot_kind kind;
};

/* Major and minor of a GLIBC_x.y; 0.0 = none. */
struct fsc_elf_version {
	uint32_t major;
	uint32_t minor;
};

struct fsc_elf {
	char path[FSC_ELF_PATH_MAX];
	enum fsc_elf_kind kind;
	uint16_t machine; /* EM_* */
	uint8_t bits;	  /* 32 or 64 */
	bool big_endian;
	bool no_sections;   /* there are no section headers to read, so no symbols; if the file
			       promises some, it is damaged too */
	bool damaged;	    /* something could not be read */
	bool stripped;	    /* no symbol table beside the dynamic one */
	bool rust;	    /* made by rustc, by what it left in the file */
	bool prost;	    /* rust, with the texts of prost, its protobuf codec */
	const char *soname; /* by what name others need it; "" = none */
	char interpreter[FSC_ELF_PATH_MAX]; /* "" = none */
	const char *needed[FSC_ELF_NEEDED_MAX];
	size_t needed_count;
	struct fsc_elf_version glibc_needed;  /* the newest that it imports */
	struct fsc_elf_version glibc_defined; /* the newest that it is */
	struct fsc_elf_symbol *symbols;	      /* dynamic; [0] is none */
	size_t symbol_count;
	struct fsc_elf_symbol *exports; /* what lookups find, by name */
	size_t export_count;
	const char **functions; /* names of functions in the symbol table; empty when stripped */
	size_t function_count;
	struct fsc_elf_slot *slots;
	size_t slot_count;
	void *handle; /* libelf's; owns the texts */
	int fd;
};

/*
 * FSC_OK: the caller owns *out and ends it with fsc_elf_destroy(). FSC_E_NOT_FOUND, FSC_E_IO: the
 * file cannot be read. FSC_E_FORMAT: it is no ELF file. FSC_E_NOMEM. *out is NULL then.
 */
FSC_MUST_CHECK enum fsc_status fsc_elf_open(struct fsc_elf **out, const char *path,
					    struct fsc_error *error);
void fsc_elf_destroy(struct fsc_elf *elf);

/* Read what takes longer, once: symbols, functions, slots, rust, prost. */
void fsc_elf_read_tables(struct fsc_elf *elf);

/* The symbol that a lookup of that name finds, or NULL. */
const struct fsc_elf_symbol *fsc_elf_export(const struct fsc_elf *elf, const char *name);

/* Does it need a library whose name begins so? */
bool fsc_elf_needs(const struct fsc_elf *elf, const char *prefix);

/*
 * How often its own code jumps or calls straight to each address: counts[i] for addresses[i], which
 * ascend. Found by the bytes of the instructions. false: not known for this machine.
 */
bool fsc_elf_direct_calls(const struct fsc_elf *elf, const uint64_t *addresses, uint64_t *counts,
			  size_t count);

/* "x86-64", "i386", "aarch64" ...; "machine 62" in text (at least 32 bytes) for others. */
const char *fsc_elf_machine_name(uint16_t machine, char *text);

bool fsc_elf_version_less(struct fsc_elf_version a, struct fsc_elf_version b);

#endif
