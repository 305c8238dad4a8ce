/* SPDX-License-Identifier: MIT */
/*
 * What a program does with the addresses and the slots that it was given: asks whose they are,
 * makes slots read-only or writable. Built twice: as the program, and as a library (LIBRARY) that
 * binds to lib_add by a slot of each kind.
 */
#include "faults.h"

#include <link.h>

enum { PAGE = 4096 };

int lib_add(int a, int b);

#ifdef LIBRARY

/* Alone on its page. */
static struct {
	_Alignas(PAGE) int (*function)(int, int);
	char rest[PAGE - sizeof(void *)];
} slot = { lib_add, "" };

int own_add(int a, int b)
{
	return lib_add(a, b) + slot.function(a, b);
}

/* As programs do that fear for their pointers. */
__attribute__((constructor)) static void protect(void)
{
	if (getenv("PROTECT"))
		mprotect(&slot, PAGE, PROT_READ);
}

#else

static int (*own_add)(int, int);

static void readonly(void)
{
	GET(own_add);
	for (int i = 0; i < 100; i++)
		EXPECT(own_add(i, 1) == 2 * (i + 1));
}

/* The page that the loader made read-only, as who rewrites slots makes it. */
static void writable(void)
{
	const struct link_map *map = library;
	const ElfW(Ehdr) *header = (void *)map->l_addr;
	const ElfW(Phdr) *segment = (void *)(map->l_addr + header->e_phoff);

	for (int i = 0; i < header->e_phnum; i++) {
		uintptr_t start = (map->l_addr + segment[i].p_vaddr) & -(uintptr_t)PAGE;
		volatile char *byte = (char *)start;

		if (segment[i].p_type != PT_GNU_RELRO)
			continue;
		EXPECT(!mprotect((void *)start, PAGE, PROT_READ | PROT_WRITE));
		readonly();
		*byte = *byte;
		puts("written");
	}
}

static void say_address(const char *name, const void *address)
{
	const ElfW(Sym) *symbol = NULL;
	struct link_map *map = NULL;
	Dl_info info = { 0 };
	int result = dladdr(address, &info);
	const char *file = info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;

	printf("%s: %d, %s in %s, at it %d\n", name, result, info.dli_sname, file,
	       info.dli_saddr == address);
	result = dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT);
	printf("symbol %d, %lx, at it %d\n", result, symbol ? (long)symbol->st_size : -1,
	       info.dli_saddr == address);
	result = dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP);
	printf("link map %d, base %d\n", result, map && (void *)map->l_addr == info.dli_fbase);
}

static void addresses(void)
{
	int (*found)(int, int);

	GET(own_add);
	*(void **)&found = look_in(library, "lib_add");
	EXPECT(found(1, 2) == 3 && own_add(1, 2) == 6);
	say_address("looked up", (const void *)found);
	say_address("own", (const void *)own_add);
	say_address("data", &own_add);
	say_address("main", (const void *)look_in);
	say_address("libc", (const void *)strlen);
	say_address("nothing", (const void *)(uintptr_t)1);
}

int main(int argc, char **argv)
{
	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	if (!strcmp(argv[2], "readonly"))
		readonly();
	else if (!strcmp(argv[2], "writable"))
		writable();
	else
		addresses();
	return 0;
}

#endif
