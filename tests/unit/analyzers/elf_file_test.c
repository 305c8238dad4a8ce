/* SPDX-License-Identifier: MIT */
/* Real files of this build, and the same cut and garbled. */
#include "analyzers/elf_file.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fsc_error error;

static struct fsc_elf *open_elf(const char *path)
{
	struct fsc_elf *elf;

	cr_assert_eq(fsc_elf_open(&elf, path, &error), FSC_OK, "%s: %s", path, error.what);
	fsc_elf_read_tables(elf);
	return elf;
}

Test(elf_file, a_program_has_an_interpreter_and_names_what_it_needs)
{
	struct fsc_elf *elf = open_elf("/proc/self/exe");

	cr_assert_eq(elf->kind, FSC_ELF_PROGRAM);
	cr_assert(strstr(elf->interpreter, "ld-"));
	cr_assert(fsc_elf_needs(elf, "libcriterion.so"));
	cr_assert_not(fsc_elf_needs(elf, "libm.so.7"));
	cr_assert_not(elf->damaged);
	fsc_elf_destroy(elf);
}

Test(elf_file, a_library_exports_functions_that_a_lookup_finds)
{
	struct fsc_elf *elf = open_elf(SERVICE);
	const struct fsc_elf_symbol *hello = fsc_elf_export(elf, "proto2ffi_say_hello");

	cr_assert_eq(elf->kind, FSC_ELF_LIBRARY);
	cr_assert_eq(elf->bits, (int)(8 * sizeof(void *)));
	cr_assert(hello && hello->function && hello->address);
	cr_assert_null(fsc_elf_export(elf, "protobuf_c_message_pack"));
	cr_assert_null(fsc_elf_export(elf, ""));
	cr_assert_not(elf->rust);
	fsc_elf_destroy(elf);
}

Test(elf_file, an_imported_function_has_a_slot)
{
	struct fsc_elf *elf = open_elf(SERVICE);
	size_t slots = 0;

	for (size_t i = 0; i < elf->slot_count; i++)
		if (!strcmp(elf->symbols[elf->slots[i].symbol].name, "protobuf_c_message_pack"))
			slots++;
	cr_assert_geq(slots, 1);
	fsc_elf_destroy(elf);
}

Test(elf_file, nothing_calls_an_address_that_is_none)
{
	struct fsc_elf *elf = open_elf("/proc/self/exe");
	uint64_t addresses[] = { 1, UINT64_MAX }, counts[2] = { 7, 7 };

	cr_assert_eq(fsc_elf_direct_calls(elf, addresses, counts, 2), elf->machine == EM_X86_64);
	cr_assert(elf->machine != EM_X86_64 || (counts[0] == 0 && counts[1] == 0));
	fsc_elf_destroy(elf);
}

Test(elf_file, versions_compare_as_numbers)
{
	struct fsc_elf_version old = { 2, 4 }, new = { 2, 34 }, next = { 3, 0 };

	cr_assert(fsc_elf_version_less(old, new));
	cr_assert(fsc_elf_version_less(new, next));
	cr_assert_not(fsc_elf_version_less(new, new));
}

Test(elf_file, what_is_no_elf_file_is_refused)
{
	struct fsc_elf *elf = (void *)1;

	cr_assert_eq(fsc_elf_open(&elf, "/proc/self/cmdline", &error), FSC_E_FORMAT);
	cr_assert_null(elf);
	cr_assert_eq(fsc_elf_open(&elf, "/dev/null", &error), FSC_E_FORMAT);
	cr_assert_eq(fsc_elf_open(&elf, "/proc/self", &error), FSC_E_FORMAT);
	cr_assert_eq(fsc_elf_open(&elf, "/no/such/file", &error), FSC_E_NOT_FOUND);
	cr_assert_str_eq(error.file, "/no/such/file");
}

/* The bytes of the service library, and a file of the test's own to put changed ones into. */
static unsigned char *bytes;
static size_t size;
static char path[64];
static int file;

static void begin_damage(void)
{
	struct stat status;
	int from = open(SERVICE, O_RDONLY);

	cr_assert(from >= 0 && fstat(from, &status) == 0);
	size = (size_t)status.st_size;
	bytes = malloc(size);
	cr_assert_eq(read(from, bytes, size), (ssize_t)size);
	close(from);
	file = memfd_create("damaged", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
}

static void end_damage(void)
{
	free(bytes);
	close(file);
}

TestSuite(elf_damage, .init = begin_damage, .fini = end_damage);

/* Everything that a command asks of a file. false: it was refused. */
static bool use(void)
{
	struct fsc_elf *elf;
	uint64_t counts[1], address[1] = { 0x1000 };
	size_t length = 0;

	if (fsc_elf_open(&elf, path, &error)) {
		cr_assert_null(elf);
		cr_assert(*error.what);
		return false;
	}
	fsc_elf_read_tables(elf);
	for (size_t i = 0; i < elf->symbol_count; i++)
		length += strlen(elf->symbols[i].name);
	for (size_t i = 0; i < elf->function_count; i++)
		length += strlen(elf->functions[i]);
	for (size_t i = 0; i < elf->needed_count; i++)
		length += strlen(elf->needed[i]);
	for (size_t i = 0; i < elf->slot_count; i++)
		cr_assert_lt(elf->slots[i].symbol, elf->symbol_count);
	cr_assert_lt(length, (size_t)1 << 32);
	fsc_elf_direct_calls(elf, address, counts, 1);
	fsc_elf_destroy(elf);
	return true;
}

Test(elf_damage, a_file_cut_anywhere_is_read_or_refused)
{
	size_t read_count = 0;

	for (size_t length = size; length > 0; length -= length > 997 ? 997 : length) {
		cr_assert_eq(ftruncate(file, 0), 0);
		cr_assert_eq(pwrite(file, bytes, length, 0), (ssize_t)length);
		read_count += use();
	}
	cr_assert_geq(read_count, 1);
	cr_assert_eq(ftruncate(file, 40), 0);
	cr_assert_not(use(), "a header that is cut off");
}

Test(elf_damage, a_cut_file_says_that_it_is_damaged)
{
	struct fsc_elf *elf;

	/* Section headers stand at the end of the file. */
	cr_assert_eq(pwrite(file, bytes, size / 2, 0), (ssize_t)(size / 2));
	elf = open_elf(path);
	cr_assert(elf->damaged);
	cr_assert(elf->no_sections);
	cr_assert_eq(elf->symbol_count, 0);
	fsc_elf_destroy(elf);
}

Test(elf_damage, section_headers_that_were_removed_are_no_damage)
{
	struct fsc_elf *elf;
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;

	header->e_shoff = 0;
	header->e_shnum = header->e_shstrndx = 0;
	cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
	elf = open_elf(path);
	cr_assert(elf->no_sections);
	cr_assert_not(elf->damaged);
	fsc_elf_destroy(elf);
}

Test(elf_damage, a_number_of_sections_without_bound_is_refused)
{
	const uint64_t count = 1 << 16;
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Shdr first = { .sh_size = count };
	struct fsc_elf *elf;

	header->e_shnum = 0;
	header->e_shoff = size;
	cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
	cr_assert_eq(pwrite(file, &first, sizeof(first), (off_t)size), (ssize_t)sizeof(first));
	/* Sparse: it takes no room, and has one for every header. */
	cr_assert_eq(ftruncate(file, (off_t)(size + (count + 1) * sizeof(first))), 0);
	cr_assert_eq(fsc_elf_open(&elf, path, &error), FSC_E_LIMIT);
	cr_assert(strstr(error.what, "sections"), "%s", error.what);

	((Elf32_Ehdr *)bytes)->e_ident[EI_CLASS] = ELFCLASS32;
	((Elf32_Ehdr *)bytes)->e_shoff = (Elf32_Off)size;
	((Elf32_Ehdr *)bytes)->e_shnum = 0;
	cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
	cr_assert_eq(fsc_elf_open(&elf, path, &error), FSC_E_LIMIT);
}

Test(elf_damage, texts_of_a_section_beyond_the_limit_are_not_read)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + header->e_shoff);
	struct fsc_elf *elf;

	for (int i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_DYNSYM)
			sections[sections[i].sh_link].sh_size = FSC_ELF_SECTION_MAX + 1;
	cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
	cr_assert_eq(ftruncate(file, 2 * (off_t)FSC_ELF_SECTION_MAX), 0);
	elf = open_elf(path);
	cr_assert(elf->damaged);
	cr_assert_null(fsc_elf_export(elf, "proto2ffi_say_hello"));
	fsc_elf_destroy(elf);
}

/* Put a text where the library has one of its own, of at least that length. */
static void plant(const char *text)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(bytes + header->e_shoff);
	const char *names = (const char *)bytes + sections[header->e_shstrndx].sh_offset;

	for (int i = 0; i < header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, ".rodata")) {
			cr_assert_gt(sections[i].sh_size, strlen(text));
			strcpy((char *)bytes + sections[i].sh_offset, text);
		}
	cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
}

Test(elf_damage, the_words_that_tell_rust_are_not_rust_by_themselves)
{
	static const struct {
		const char *text;
		bool rust;
	} rows[] = {
		{ "/rustc/", false },
		{ "/rustc/%s/library", false },
		{ "rustc version %d", false },
		{ "library/std/src/", false },
		{ "delimited length exceeded", false },
		{ "/rustc/90c541806f23a127002de5b4038be731ba1458ca/x.rs", true },
		{ "rustc version 1.63.0", true },
		{ "library/std/src/io/mod.rs", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fsc_elf *elf;

		plant(rows[i].text);
		elf = open_elf(path);
		cr_assert_eq(elf->rust, rows[i].rust, "%s", rows[i].text);
		cr_assert_not(elf->prost, "%s", rows[i].text);
		fsc_elf_destroy(elf);
	}
}

Test(elf_damage, flipped_bytes_do_no_harm)
{
	uint32_t random = 12345;

	for (int round = 0; round < 400; round++) {
		cr_assert_eq(pwrite(file, bytes, size, 0), (ssize_t)size);
		for (int i = 0; i < 40; i++) {
			unsigned char byte;
			/* Half of them in the ELF header and the last kilobytes: section headers.
			 */
			size_t range = i % 2 ? size : 4096;

			random = random * 1664525u + 1013904223u;
			byte = (unsigned char)(random >> 24);
			cr_assert_eq(
				pwrite(file, &byte, 1,
				       (off_t)(i % 4 ? size - 1 - random % range : random % range)),
				1);
		}
		/* The magic number and the class stay, so that more than the refusal is tried. */
		cr_assert_eq(pwrite(file, bytes, EI_NIDENT, 0), EI_NIDENT);
		use();
	}
}
