/* SPDX-License-Identifier: MIT */
/*
 * Symbols, versions, slots. What is hard: a table's counts and links to other tables come from the
 * file. Begin at fsc_elf_read_symbols().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/elf_internal.h"

enum {
	VERSIONS_MAX = 65536,
	HIDDEN_VERSION = 0x8000 /* bit 15 of a version index (LSB, "Symbol Versioning") */
};

/* How many symbols a table has; counts what is beyond the limit as damage. */
static size_t count_symbols(struct fsc_elf *elf, const Elf_Data *data)
{
	size_t count = data->d_size / gelf_fsize(elf->handle, ELF_T_SYM, 1, EV_CURRENT);

	if (count <= FSC_ELF_SYMBOLS_MAX)
		return count;
	elf->damaged = true;
	return FSC_ELF_SYMBOLS_MAX;
}

void fsc_elf_read_functions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data)
{
	size_t count = count_symbols(elf, data);

	if (elf->functions)
		return;
	elf->functions = calloc(count ? count : 1, sizeof(*elf->functions));
	if (!elf->functions) {
		elf->damaged = true;
		return;
	}
	for (size_t i = 1; i < count; i++) {
		GElf_Sym symbol;

		if (gelf_getsym(data, (int)i, &symbol) && symbol.st_shndx != SHN_UNDEF &&
		    GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
			elf->functions[elf->function_count++] =
				fsc_elf_section_text(elf, header->sh_link, symbol.st_name);
	}
}

/* ---- versions ---- */

static void keep_newest(struct fsc_elf_version *newest, const char *name)
{
	struct fsc_elf_version version;

	if (sscanf(name, "GLIBC_%9u.%9u", &version.major, &version.minor) == 2 &&
	    fsc_elf_version_less(*newest, version))
		*newest = version;
}

static void read_needed_versions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data)
{
	uint64_t at = 0, part_at;
	GElf_Verneed need;
	GElf_Vernaux part;

	for (int i = 0; i < VERSIONS_MAX && gelf_getverneed(data, (int)at, &need); i++) {
		part_at = at + need.vn_aux;
		for (int n = 0; n < need.vn_cnt && part_at < data->d_size &&
				gelf_getvernaux(data, (int)part_at, &part);
		     n++) {
			keep_newest(&elf->glibc_needed,
				    fsc_elf_section_text(elf, header->sh_link, part.vna_name));
			if (!part.vna_next)
				break;
			part_at += part.vna_next;
		}
		at += need.vn_next;
		if (!need.vn_next || at >= data->d_size)
			break;
	}
}

static void read_defined_versions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data)
{
	GElf_Verdef definition;
	GElf_Verdaux name;
	uint64_t at = 0;

	for (int i = 0; i < VERSIONS_MAX && gelf_getverdef(data, (int)at, &definition); i++) {
		if (at + definition.vd_aux < data->d_size &&
		    gelf_getverdaux(data, (int)(at + definition.vd_aux), &name))
			keep_newest(&elf->glibc_defined,
				    fsc_elf_section_text(elf, header->sh_link, name.vda_name));
		at += definition.vd_next;
		if (!definition.vd_next || at >= data->d_size)
			break;
	}
}

void fsc_elf_read_versions(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data)
{
	if (header->sh_type == SHT_GNU_verneed)
		read_needed_versions(elf, header, data);
	else
		read_defined_versions(elf, header, data);
}

/* ---- dynamic symbols ---- */

static Elf_Data *find_section(struct fsc_elf *elf, uint32_t type, GElf_Shdr *header, size_t *index)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf->handle, section)))
		if (gelf_getshdr(section, header) && header->sh_type == type) {
			*index = elf_ndxscn(section);
			return fsc_elf_section_data(elf, section, header);
		}
	return NULL;
}

static void read_symbol(struct fsc_elf *elf, size_t index, const GElf_Sym *symbol, uint32_t names)
{
	struct fsc_elf_symbol *into = &elf->symbols[index];

	into->name = fsc_elf_section_text(elf, names, symbol->st_name);
	into->address = symbol->st_value;
	into->function = GELF_ST_TYPE(symbol->st_info) == STT_FUNC;
	into->defined = symbol->st_shndx != SHN_UNDEF &&
			GELF_ST_BIND(symbol->st_info) != STB_LOCAL &&
			(GELF_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT ||
			 GELF_ST_VISIBILITY(symbol->st_other) == STV_PROTECTED);
}

static void read_version_indices(struct fsc_elf *elf)
{
	GElf_Shdr header;
	Elf_Data *data;
	size_t index;

	data = find_section(elf, SHT_GNU_versym, &header, &index);
	for (size_t i = 0; data && i < elf->symbol_count; i++) {
		GElf_Versym version;

		if (!gelf_getversym(data, (int)i, &version))
			break;
		elf->symbols[i].old = (version & HIDDEN_VERSION) != 0;
	}
}

static int by_name(const void *left, const void *right)
{
	const struct fsc_elf_symbol *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void sort_exports(struct fsc_elf *elf)
{
	elf->exports = calloc(elf->symbol_count ? elf->symbol_count : 1, sizeof(*elf->exports));
	if (!elf->exports) {
		elf->damaged = true;
		return;
	}
	for (size_t i = 1; i < elf->symbol_count; i++)
		if (elf->symbols[i].defined && !elf->symbols[i].old)
			elf->exports[elf->export_count++] = elf->symbols[i];
	if (elf->export_count)
		qsort(elf->exports, elf->export_count, sizeof(*elf->exports), by_name);
}

/* ---- slots ---- */

/* Each machine's psABI has names and numbers of its own; a pointer with an addend is none. */
static bool slot_kind(const struct fsc_elf *elf, uint32_t type, int64_t addend,
		      enum fsc_elf_slot_kind *kind)
{
	static const struct {
		uint16_t machine;
		uint32_t types[FSC_ELF_SLOT_POINTER + 1];
	} machines[] = {
		{ EM_X86_64, { R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT, R_X86_64_64 } },
		{ EM_386, { R_386_JMP_SLOT, R_386_GLOB_DAT, R_386_32 } },
		{ EM_AARCH64, { R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT, R_AARCH64_ABS64 } },
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		for (int k = 0; machines[i].machine == elf->machine && k <= FSC_ELF_SLOT_POINTER;
		     k++)
			if (machines[i].types[k] == type) {
				*kind = (enum fsc_elf_slot_kind)k;
				return k != FSC_ELF_SLOT_POINTER || addend == 0;
			}
	return false;
}

static void read_slot(struct fsc_elf *elf, Elf_Data *data, size_t index, bool has_addend)
{
	GElf_Rela relocation = { 0 };
	GElf_Rel bare;
	enum fsc_elf_slot_kind kind;
	uint64_t symbol;

	if (has_addend) {
		if (!gelf_getrela(data, (int)index, &relocation))
			return;
	} else {
		if (!gelf_getrel(data, (int)index, &bare))
			return;
		relocation.r_info = bare.r_info;
	}
	symbol = GELF_R_SYM(relocation.r_info);
	if (!symbol || symbol >= elf->symbol_count ||
	    !slot_kind(elf, (uint32_t)GELF_R_TYPE(relocation.r_info), relocation.r_addend, &kind))
		return;
	elf->slots[elf->slot_count].symbol = (uint32_t)symbol;
	elf->slots[elf->slot_count++].kind = kind;
}

/* The relocations of one section that the loader applies: they refer to the dynamic symbols. */
static void read_relocations(struct fsc_elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	bool has_addend = header->sh_type == SHT_RELA;
	Elf_Data *data = fsc_elf_section_data(elf, section, header);
	size_t count =
		data ? data->d_size / gelf_fsize(elf->handle, has_addend ? ELF_T_RELA : ELF_T_REL,
						 1, EV_CURRENT)
		     : 0;
	struct fsc_elf_slot *larger;

	if (!count)
		return;
	/* A section is at most FSC_ELF_SECTION_MAX bytes: no overflow. */
	larger = realloc(elf->slots, (elf->slot_count + count) * sizeof(*larger));
	if (!larger) {
		elf->damaged = true;
		return;
	}
	elf->slots = larger;
	for (size_t i = 0; i < count; i++)
		read_slot(elf, data, i, has_addend);
}

static void read_slots(struct fsc_elf *elf, size_t symbols)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf->handle, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_RELA || header.sh_type == SHT_REL) &&
		    header.sh_link == symbols)
			read_relocations(elf, section, &header);
}

void fsc_elf_read_symbols(struct fsc_elf *elf)
{
	GElf_Shdr header;
	Elf_Data *data;
	size_t index;

	data = find_section(elf, SHT_DYNSYM, &header, &index);
	if (!data || elf->symbols)
		return;
	elf->symbol_count = count_symbols(elf, data);
	elf->symbols = calloc(elf->symbol_count ? elf->symbol_count : 1, sizeof(*elf->symbols));
	if (!elf->symbols) {
		elf->symbol_count = 0;
		elf->damaged = true;
		return;
	}
	for (size_t i = 0; i < elf->symbol_count; i++) {
		GElf_Sym symbol;

		elf->symbols[i].name = "";
		if (gelf_getsym(data, (int)i, &symbol))
			read_symbol(elf, i, &symbol, header.sh_link);
	}
	read_version_indices(elf);
	sort_exports(elf);
	read_slots(elf, index);
}

/* ---- direct calls ---- */

/* The place of the address in the list, or count. */
static size_t find_address(const uint64_t *addresses, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addresses[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && addresses[low] == address ? low : count;
}

/* call rel32 and jmp rel32 are E8 and E9 with the distance from the next instruction (AMD APM 3).
 */
static void count_calls(const GElf_Shdr *header, const Elf_Data *data, const uint64_t *addresses,
			uint64_t *counts, size_t count)
{
	const unsigned char *bytes = data->d_buf;

	for (size_t i = 0; i + 5 <= data->d_size; i++) {
		int32_t distance;
		size_t found;

		if ((bytes[i] & 0xfe) != 0xe8)
			continue;
		memcpy(&distance, bytes + i + 1, sizeof(distance));
		found = find_address(addresses, count,
				     header->sh_addr + i + 5 + (uint64_t)(int64_t)distance);
		if (found < count)
			counts[found]++;
	}
}

bool fsc_elf_direct_calls(const struct fsc_elf *elf, const uint64_t *addresses, uint64_t *counts,
			  size_t count)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	if (elf->machine != EM_X86_64 || elf->no_sections)
		return false;
	memset(counts, 0, count * sizeof(*counts));
	while ((section = elf_nextscn(elf->handle, section))) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS ||
		    !(header.sh_flags & SHF_EXECINSTR))
			continue;
		data = header.sh_size <= FSC_ELF_SECTION_MAX ? elf_getdata(section, NULL) : NULL;
		if (!data || !data->d_buf)
			return false;
		count_calls(&header, data, addresses, counts, count);
	}
	return true;
}
