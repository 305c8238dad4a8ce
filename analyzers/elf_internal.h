/* SPDX-License-Identifier: MIT */
/*
 * elf_internal.h - the tables of an ELF file. Each reads what fits and marks the file damaged where
 * something does not.
 */
#ifndef ANALYZERS_ELF_INTERNAL_H
#define ANALYZERS_ELF_INTERNAL_H

#include <gelf.h>

#include "analyzers/elf_file.h"

/* The bytes of a section, owned by libelf; NULL: it has none, or they cannot be read. */
Elf_Data *fsc_elf_section_data(struct fsc_elf *elf, Elf_Scn *section, const GElf_Shdr *header);

/* A text of a string section, owned by libelf; "" when it is not there. */
const char *fsc_elf_section_text(struct fsc_elf *elf, size_t section, uint64_t offset);

/* The names of defined functions in the symbol table. */
void fsc_elf_read_functions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data);

/* The newest GLIBC_x.y of a section of needed or defined versions. */
void fsc_elf_read_versions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data);

/* The dynamic symbols, and the slots that refer to them. */
void fsc_elf_read_symbols(struct fsc_elf *elf);

#endif
