/* SPDX-License-Identifier: MIT */
/*
 * What is hard: nothing in the file is true until it was checked. libelf checks offsets, sizes and
 * texts; this file bounds counts and lets go what does not fit. Begin at fsc_elf_open().
 */
#include "analyzers/elf_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *fsc_elf_kind_name(enum fsc_elf_kind kind)
{
	static const char *const names[] = {
		[FSC_ELF_PROGRAM] = "program",	     [FSC_ELF_STATIC] = "static",
		[FSC_ELF_STATIC_PIE] = "static_pie", [FSC_ELF_LIBRARY] = "library",
		[FSC_ELF_OTHER] = "other",
	};

	return names[kind];
}

const char *fsc_elf_slot_name(enum fsc_elf_slot_kind kind)
{
	static const char *const names[] = { [FSC_ELF_SLOT_CALL] = "call",
					     [FSC_ELF_SLOT_DATA] = "data",
					     [FSC_ELF_SLOT_POINTER] = "pointer" };

	return names[kind];
}

const char *fsc_elf_machine_name(uint16_t machine, char *text)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = { { EM_X86_64, "x86-64" }, { EM_386, "i386" },    { EM_AARCH64, "aarch64" },
		      { EM_ARM, "arm" },       { EM_RISCV, "riscv" }, { EM_PPC64, "ppc64" },
		      { EM_S390, "s390" },     { EM_MIPS, "mips" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	snprintf(text, 32, "machine %u", machine);
	return text;
}

bool fsc_elf_version_less(struct fsc_elf_version a, struct fsc_elf_version b)
{
	return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

/* ---- programs' headers ---- */

static void read_interpreter(struct fsc_elf *elf, const GElf_Phdr *segment)
{
	size_t bytes = sizeof(elf->interpreter) - 1;
	ssize_t got;

	if (segment->p_filesz < bytes)
		bytes = segment->p_filesz;
	got = pread(elf->fd, elf->interpreter, bytes, (off_t)segment->p_offset);
	elf->interpreter[got > 0 ? got : 0] = '\0';
	if (got <= 0)
		elf->damaged = true;
}

/* The kind as far as the program headers tell; what is dynamic follows. */
static enum fsc_elf_kind read_segments(struct fsc_elf *elf, uint16_t type)
{
	bool dynamic = false, interpreted = false;
	size_t count = 0;

	if (type != ET_EXEC && type != ET_DYN)
		return FSC_ELF_OTHER;
	if (elf_getphdrnum(elf->handle, &count) != 0)
		elf->damaged = true;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf->handle, (int)i, &segment)) {
			elf->damaged = true;
			break;
		}
		dynamic |= segment.p_type == PT_DYNAMIC;
		if (segment.p_type != PT_INTERP || interpreted)
			continue;
		interpreted = true;
		read_interpreter(elf, &segment);
	}
	if (interpreted)
		return FSC_ELF_PROGRAM;
	return type == ET_DYN && dynamic ? FSC_ELF_LIBRARY : FSC_ELF_STATIC;
}

/* ---- sections ---- */

Elf_Data *fsc_elf_section_data(struct fsc_elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data;

	if (header->sh_type == SHT_NOBITS || header->sh_size == 0)
		return NULL;
	data = header->sh_size <= FSC_ELF_SECTION_MAX ? elf_getdata(section, NULL) : NULL;
	if (!data || (!data->d_buf && data->d_size))
		elf->damaged = true;
	return data && data->d_buf ? data : NULL;
}

const char *fsc_elf_section_text(struct fsc_elf *elf, size_t section, uint64_t offset)
{
	GElf_Shdr header;
	const char *text = NULL;

	/* libelf reads the whole section at the first text. */
	if (gelf_getshdr(elf_getscn(elf->handle, section), &header) &&
	    header.sh_size <= FSC_ELF_SECTION_MAX)
		text = elf_strptr(elf->handle, section, offset);
	if (!text)
		elf->damaged = true;
	return text ? text : "";
}

static void read_dynamic(struct fsc_elf *elf, const GElf_Shdr *header, Elf_Data *data)
{
	size_t count = data->d_size / gelf_fsize(elf->handle, ELF_T_DYN, 1, EV_CURRENT);
	bool named = false, pie = false;

	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;

		if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
			break;
		named |= entry.d_tag == DT_SONAME;
		if (entry.d_tag == DT_SONAME)
			elf->soname = fsc_elf_section_text(elf, header->sh_link, entry.d_un.d_val);
		pie |= entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE);
		if (entry.d_tag == DT_NEEDED && elf->needed_count < FSC_ELF_NEEDED_MAX)
			elf->needed[elf->needed_count++] =
				fsc_elf_section_text(elf, header->sh_link, entry.d_un.d_val);
	}
	if (elf->kind == FSC_ELF_LIBRARY && pie)
		elf->kind = FSC_ELF_STATIC_PIE;
	/* libc.so.6 can be run, but is no program. */
	if (elf->kind == FSC_ELF_PROGRAM && named && !pie)
		elf->kind = FSC_ELF_LIBRARY;
}

static bool holds(const Elf_Data *data, const char *text)
{
	return memmem(data->d_buf, data->d_size, text, strlen(text)) != NULL;
}

/* The text, and behind it at least that many of the letters: a program may hold it to search. */
static bool holds_before(const Elf_Data *data, const char *text, const char *letters, size_t least)
{
	const char *at = data->d_buf, *end = at + data->d_size;

	while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
		size_t count = 0;

		at += strlen(text);
		while (count < least && at + count < end && at[count] && strchr(letters, at[count]))
			count++;
		if (count == least)
			return true;
	}
	return false;
}

/*
 * rustc leaves its version in .comment, or the paths of its sources in the texts of panics, where
 * /rustc/ stands before the number of a commit; prost the texts of its errors: that of merge_loop()
 * stays also where nobody prints it (prost 0.11).
 */
static void read_texts(struct fsc_elf *elf, const Elf_Data *data)
{
	elf->rust = elf->rust || holds_before(data, "rustc version ", "0123456789", 1) ||
		    holds_before(data, "/rustc/", "0123456789abcdef", 40) ||
		    holds_before(data, "library/std/src/", "abcdefghijklmnopqrstuvwxyz", 1);
	elf->prost = elf->prost || holds(data, "delimited length exceeded") ||
		     holds(data, "failed to decode Protobuf message");
}

static void read_head(struct fsc_elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = fsc_elf_section_data(elf, section, header);

	if (data && header->sh_type == SHT_DYNAMIC)
		read_dynamic(elf, header, data);
	else if (data)
		fsc_elf_read_versions(elf, header, data);
}

static void read_heads(struct fsc_elf *elf, bool promised)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t count = 0;

	elf->stripped = true;
	if (elf_getshdrnum(elf->handle, &count) != 0)
		elf->damaged = true;
	elf->no_sections = count == 0;
	elf->damaged |= promised && count == 0;
	while ((section = elf_nextscn(elf->handle, section))) {
		if (!gelf_getshdr(section, &header))
			elf->damaged = true;
		else if (header.sh_type == SHT_SYMTAB)
			elf->stripped = false;
		else if (header.sh_type == SHT_DYNAMIC || header.sh_type == SHT_GNU_verneed ||
			 header.sh_type == SHT_GNU_verdef)
			read_head(elf, section, &header);
	}
}

/* .comment and .rodata, by their names. */
static void read_named(struct fsc_elf *elf, Elf_Scn *section, const GElf_Shdr *header, size_t names)
{
	const char *name = fsc_elf_section_text(elf, names, header->sh_name);
	const Elf_Data *data;

	if (strcmp(name, ".comment") != 0 && strcmp(name, ".rodata") != 0)
		return;
	data = fsc_elf_section_data(elf, section, header);
	if (data)
		read_texts(elf, data);
}

void fsc_elf_read_tables(struct fsc_elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	size_t names = 0;

	if (elf_getshdrstrndx(elf->handle, &names) != 0)
		elf->damaged = true;
	while ((section = elf_nextscn(elf->handle, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_PROGBITS)
			read_named(elf, section, &header, names);
		if (header.sh_type != SHT_SYMTAB)
			continue;
		data = fsc_elf_section_data(elf, section, &header);
		if (data)
			fsc_elf_read_functions(elf, &header, data);
	}
	elf->prost = elf->prost && elf->rust;
	fsc_elf_read_symbols(elf);
}

/* ---- opening ---- */

static enum fsc_status open_file(struct fsc_elf *elf, struct fsc_error *error)
{
	struct stat status;

	/* A pipe must not make us wait. */
	elf->fd = open(elf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (elf->fd < 0)
		return fsc_error_set(
			error, errno == ENOENT || errno == ENOTDIR ? FSC_E_NOT_FOUND : FSC_E_IO,
			elf->path, "cannot be opened: %s", strerror(errno));
	if (fstat(elf->fd, &status) != 0 || !S_ISREG(status.st_mode))
		return fsc_error_set(error, FSC_E_FORMAT, elf->path, "not a regular file");
	return FSC_OK;
}

/*
 * gABI, ELF header, e_shnum: 0 says that the number, 65,280 or more, stands elsewhere, as some
 * object file's may. libelf takes memory for each section when it begins, so the bytes are asked
 * before; what is compared with 0 needs no byte order.
 */
static bool has_endless_sections(const struct fsc_elf *elf)
{
	union {
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;

	memset(&header, 0, sizeof(header));
	if (pread(elf->fd, &header, sizeof(header), 0) < (ssize_t)sizeof(header.narrow))
		return false;
	return header.narrow.e_ident[EI_CLASS] == ELFCLASS64
		       ? header.wide.e_shoff && !header.wide.e_shnum
		       : header.narrow.e_shoff && !header.narrow.e_shnum;
}

static enum fsc_status read_file(struct fsc_elf *elf, struct fsc_error *error)
{
	GElf_Ehdr header;

	elf_version(EV_CURRENT);
	if (has_endless_sections(elf))
		return fsc_error_set(error, FSC_E_LIMIT, elf->path,
				     "more than 65279 sections, or a damaged number of them");
	/* Read, not mapped: a file that is cut meanwhile must not end us with SIGBUS. */
	elf->handle = elf_begin(elf->fd, ELF_C_READ, NULL);
	if (!elf->handle || elf_kind(elf->handle) != ELF_K_ELF)
		return fsc_error_set(error, FSC_E_FORMAT, elf->path, "not an ELF file");
	if (!gelf_getehdr(elf->handle, &header))
		return fsc_error_set(error, FSC_E_FORMAT, elf->path, "a damaged ELF header");
	elf->machine = header.e_machine;
	elf->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	elf->big_endian = header.e_ident[EI_DATA] == ELFDATA2MSB;
	elf->kind = read_segments(elf, header.e_type);
	read_heads(elf, header.e_shoff != 0);
	return FSC_OK;
}

enum fsc_status fsc_elf_open(struct fsc_elf **out, const char *path, struct fsc_error *error)
{
	struct fsc_elf *elf = calloc(1, sizeof(*elf));
	enum fsc_status status;

	*out = NULL;
	if (!elf)
		return fsc_error_set(error, FSC_E_NOMEM, path, "no memory");
	elf->fd = -1;
	elf->soname = "";
	if ((size_t)snprintf(elf->path, sizeof(elf->path), "%s", path) >= sizeof(elf->path)) {
		status = fsc_error_set(error, FSC_E_LIMIT, NULL, "the path is too long");
		goto fail;
	}
	status = open_file(elf, error);
	if (status)
		goto fail;
	status = read_file(elf, error);
	if (status)
		goto fail;
	*out = elf;
	return FSC_OK;
fail:
	fsc_elf_destroy(elf);
	return status;
}

void fsc_elf_destroy(struct fsc_elf *elf)
{
	if (!elf)
		return;
	free(elf->symbols);
	free(elf->exports);
	free(elf->functions);
	free(elf->slots);
	elf_end(elf->handle);
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf);
}

static int name_and_export(const void *name, const void *export)
{
	return strcmp(name, ((const struct fsc_elf_symbol *)export)->name);
}

const struct fsc_elf_symbol *fsc_elf_export(const struct fsc_elf *elf, const char *name)
{
	return elf->export_count ? bsearch(name, elf->exports, elf->export_count,
					   sizeof(*elf->exports), name_and_export)
				 : NULL;
}

bool fsc_elf_needs(const struct fsc_elf *elf, const char *prefix)
{
	for (size_t i = 0; i < elf->needed_count; i++)
		if (!strncmp(elf->needed[i], prefix, strlen(prefix)))
			return true;
	return false;
}
