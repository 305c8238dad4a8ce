/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF file: nothing may crash or hang, and what is found lies within the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzers/elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void use(const struct fsc_elf *elf)
{
	uint64_t address[] = { 0x1000 }, count[1];
	size_t length = 0;

	for (size_t i = 0; i < elf->slot_count; i++)
		if (elf->slots[i].symbol >= elf->symbol_count)
			abort();
	for (size_t i = 0; i < elf->symbol_count; i++)
		length += strlen(elf->symbols[i].name);
	for (size_t i = 0; i < elf->function_count; i++)
		length += strlen(elf->functions[i]);
	for (size_t i = 0; i < elf->needed_count; i++)
		length += strlen(elf->needed[i]);
	if (length == SIZE_MAX || fsc_elf_export(elf, "") == (void *)elf)
		abort();
	fsc_elf_direct_calls(elf, address, count, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static int file = -1;
	static char path[64];
	struct fsc_error error = { 0 };
	struct fsc_elf *elf;

	if (file < 0) {
		file = memfd_create("input", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
		abort();
	if (fsc_elf_open(&elf, path, &error)) {
		if (elf || !*error.what)
			abort();
		return 0;
	}
	fsc_elf_read_tables(elf);
	use(elf);
	fsc_elf_destroy(elf);
	return 0;
}
