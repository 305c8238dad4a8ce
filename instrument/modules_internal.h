/* SPDX-License-Identifier: MIT */
/*
 * modules_internal.h - the objects mapped in this process, read without calling anything.
 *
 * Lookups here call no libc function: they run inside sanitizer hosts before those have started,
 * and inside our own malloc before the real one is known. Source of the structures: System V gABI
 * chapter 5 (dynamic section, hash table), the GNU hash table as in binutils' gold/dynobj.cc,
 * glibc's link.h.
 */
#ifndef INSTRUMENT_MODULES_INTERNAL_H
#define INSTRUMENT_MODULES_INTERNAL_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "thread_internal.h"

/* A macro of elf.h for this width, such as FSC_ELF(R_SYM). */
#define FSC_ELF(name)		    FSC_ELF_OF(__ELF_NATIVE_CLASS, name)
#define FSC_ELF_OF(width, name)	    FSC_ELF_OF_NOW(width, name)
#define FSC_ELF_OF_NOW(width, name) ELF##width##_##name

/* What is needed of an object's dynamic section. Addresses are absolute. */
struct fsc_dynamic {
	uintptr_t base; /* load bias */
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash; /* NULL: it has only the other */
	const uint32_t *sysv_hash;
	const ElfW(Half) * versions;
	const FSC_ARCH_RELOCATION *relocations;
	uintptr_t relocation_bytes;
	const FSC_ARCH_RELOCATION *call_relocations;
	uintptr_t call_relocation_bytes;
};

void fsc_modules_read(struct fsc_dynamic *dynamic, uintptr_t base,
		      const ElfW(Dyn) * entries) FSC_HIDDEN;

/* Address of a defined symbol of that object, 0 = none. */
uintptr_t fsc_modules_symbol(const struct fsc_dynamic *dynamic, const char *name,
			     unsigned char *type) FSC_HIDDEN;

/*
 * The definition that comes after this library in the order of the link map, from its start if
 * there is none after. *from: the object that has it.
 */
uintptr_t fsc_modules_next_symbol(const char *name, const struct link_map **from) FSC_HIDDEN;

/*
 * The function that the loader will bind a reference of that name to: what the first object in the
 * link map defines. 0 and *from set: that cannot be said, because the name has several versions
 * there, is no plain function or, if it must be `unique`, another object has it too. *from NULL:
 * nobody has it.
 */
uintptr_t fsc_modules_bound_symbol(const char *name, bool unique,
				   const struct link_map **from) FSC_HIDDEN;

/* Does no object before this library define that function, so that the program calls ours? */
bool fsc_modules_own_is_first(const char *name) FSC_HIDDEN;

/* glibc's own definition, whoever else has one. */
uintptr_t fsc_modules_libc_symbol(const char *name) FSC_HIDDEN;

/* Load bias of this library. */
uintptr_t fsc_modules_own_base(void) FSC_HIDDEN;

/*
 * The path with all links resolved, as /proc names a descriptor that opens it; path itself when
 * that cannot be done. The result is path or buffer.
 */
const char *fsc_modules_real_path(const char *path, char *buffer, size_t bytes) FSC_HIDDEN;

/* The id of a module, added if new; path is an offset in the string pool. 0 = table full. */
uint32_t fsc_modules_find(uint32_t path, uintptr_t base) FSC_HIDDEN;
uint32_t fsc_modules_count(void) FSC_HIDDEN;
void fsc_modules_describe(uint32_t module, struct fsc_shared_module *shared) FSC_HIDDEN;

#endif
