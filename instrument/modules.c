/* SPDX-License-Identifier: MIT */
/*
 * What is hard: finding symbols with nothing but loads, because any call could land in a sanitizer
 * that is not up yet. Begin at fsc_modules_symbol().
 */
#include "modules_internal.h"

#include "session_internal.h"
#include "system_internal.h"

/*
 * glibc's dynamic section pointers are relocated in place; those of the vDSO are not. An address
 * below the base is an offset.
 */
static const void *absolute(uintptr_t base, uintptr_t value)
{
	return (const void *)(value < base ? base + value : value);
}

void fsc_modules_read(struct fsc_dynamic *dynamic, uintptr_t base, const ElfW(Dyn) * entries)
{
	*dynamic = (struct fsc_dynamic){ .base = base };
	for (; entries && entries->d_tag != DT_NULL; entries++) {
		const void *address = absolute(base, entries->d_un.d_ptr);

		switch (entries->d_tag) {
		case DT_SYMTAB:
			dynamic->symbols = address;
			break;
		case DT_STRTAB:
			dynamic->strings = address;
			break;
		case DT_GNU_HASH:
			dynamic->gnu_hash = address;
			break;
		case DT_HASH:
			dynamic->sysv_hash = address;
			break;
		case DT_VERSYM:
			dynamic->versions = address;
			break;
		case FSC_ARCH_RELOCATIONS:
			dynamic->relocations = address;
			break;
		case FSC_ARCH_RELOCATION_BYTES:
			dynamic->relocation_bytes = entries->d_un.d_val;
			break;
		case DT_JMPREL:
			dynamic->call_relocations = address;
			break;
		case DT_PLTRELSZ:
			dynamic->call_relocation_bytes = entries->d_un.d_val;
			break;
		default:
			break;
		}
	}
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		hash = (hash ^ (hash >> 28) << 4) & 0x0fffffff;
	}
	return hash;
}

static bool defines(const struct fsc_dynamic *dynamic, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &dynamic->symbols[index];

	return symbol->st_shndx != SHN_UNDEF &&
	       fsc_text_same(dynamic->strings + symbol->st_name, name);
}

/* The index of the next definition after `previous` (0: the first) by the GNU hash table, or 0. */
static uint32_t next_by_gnu_hash(const struct fsc_dynamic *dynamic, const char *name,
				 uint32_t previous)
{
	const uint32_t *table = dynamic->gnu_hash, *buckets, *chain;
	uint32_t hash = gnu_hash(name), bucket_count = table[0], first = table[1], index;

	buckets = (const uint32_t *)((const ElfW(Addr) *)(table + 4) + table[2]);
	chain = buckets + bucket_count;
	if (!bucket_count || (previous && (chain[previous - first] & 1)))
		return 0;
	for (index = previous ? previous + 1 : buckets[hash % bucket_count]; index >= first;
	     index++) {
		if ((chain[index - first] | 1) == (hash | 1) && defines(dynamic, index, name))
			return index;
		if (chain[index - first] & 1)
			break;
	}
	return 0;
}

/* The same of an object that has the older table only (--hash-style=sysv). */
static uint32_t next_by_sysv_hash(const struct fsc_dynamic *dynamic, const char *name,
				  uint32_t previous)
{
	uint32_t bucket_count = dynamic->sysv_hash[0], index;
	const uint32_t *buckets = dynamic->sysv_hash + 2, *chain = buckets + bucket_count;

	if (!bucket_count)
		return 0;
	index = previous ? chain[previous] : buckets[sysv_hash(name) % bucket_count];
	while (index && !defines(dynamic, index, name))
		index = chain[index];
	return index;
}

/* The next definition of that name, of any version, after `previous` (NULL: the first), or NULL. */
static const ElfW(Sym) * next_definition(const struct fsc_dynamic *dynamic, const char *name,
					 const ElfW(Sym) * previous)
{
	uint32_t index = previous ? (uint32_t)(previous - dynamic->symbols) : 0;

	if (!dynamic->symbols || !dynamic->strings)
		return NULL;
	if (dynamic->gnu_hash)
		index = next_by_gnu_hash(dynamic, name, index);
	else if (dynamic->sysv_hash)
		index = next_by_sysv_hash(dynamic, name, index);
	else
		return NULL;
	return index ? &dynamic->symbols[index] : NULL;
}

/* Bit 15 of a version index hides the definition from unversioned lookups. */
static bool is_hidden(const struct fsc_dynamic *dynamic, const ElfW(Sym) * symbol)
{
	return dynamic->versions && dynamic->versions[symbol - dynamic->symbols] & 0x8000;
}

uintptr_t fsc_modules_symbol(const struct fsc_dynamic *dynamic, const char *name,
			     unsigned char *type)
{
	const ElfW(Sym) *symbol = next_definition(dynamic, name, NULL);

	while (symbol && is_hidden(dynamic, symbol))
		symbol = next_definition(dynamic, name, symbol);
	if (!symbol)
		return 0;
	if (type)
		*type = FSC_ELF(ST_TYPE)(symbol->st_info);
	return dynamic->base + symbol->st_value;
}

/* The address of a function whose versions, if it has several, are all the same; else 0. */
static uintptr_t only_function(const struct fsc_dynamic *dynamic, const char *name,
			       const ElfW(Sym) * symbol)
{
	uintptr_t value = symbol->st_value;

	for (; symbol; symbol = next_definition(dynamic, name, symbol))
		if (symbol->st_value != value || FSC_ELF(ST_TYPE)(symbol->st_info) != STT_FUNC)
			return 0;
	return dynamic->base + value;
}

static bool is_own(const struct link_map *map)
{
	return map->l_ld == _DYNAMIC; /* the linker's name for this very object's */
}

uintptr_t fsc_modules_own_base(void)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (is_own(map))
			return map->l_addr;
	return 0;
}

static uintptr_t symbol_of(const struct link_map *map, const char *name)
{
	struct fsc_dynamic dynamic;
	unsigned char type = STT_NOTYPE;
	uintptr_t address;

	fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
	address = fsc_modules_symbol(&dynamic, name, &type);
	return type == STT_FUNC ? address : 0;
}

/* Search from after `map` up to, not including, `end`. */
static uintptr_t search(const struct link_map *map, const struct link_map *end, const char *name,
			const struct link_map **from)
{
	for (; map && map != end; map = map->l_next) {
		uintptr_t address = is_own(map) ? 0 : symbol_of(map, name);

		if (address) {
			if (from)
				*from = map;
			return address;
		}
	}
	return 0;
}

/* The loader binds nothing to the kernel's object, which stands in the link map too (vdso(7)). */
static bool is_kernels(const struct link_map *map)
{
	return fsc_text_same(map->l_name, "linux-vdso.so.1") ||
	       fsc_text_same(map->l_name, "linux-gate.so.1");
}

uintptr_t fsc_modules_bound_symbol(const char *name, bool unique, const struct link_map **from)
{
	uintptr_t address = 0;

	*from = NULL;
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
		const ElfW(Sym) * symbol;
		struct fsc_dynamic dynamic;

		if (is_own(map) || is_kernels(map))
			continue;
		fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
		symbol = next_definition(&dynamic, name, NULL);
		if (!symbol)
			continue;
		if (*from)
			return 0;
		*from = map;
		address = only_function(&dynamic, name, symbol);
		if (!unique)
			break;
	}
	return address;
}

uintptr_t fsc_modules_next_symbol(const char *name, const struct link_map **from)
{
	const struct link_map *own = _r_debug.r_map;
	uintptr_t address;

	while (own && !is_own(own))
		own = own->l_next;
	address = own ? search(own->l_next, NULL, name, from) : 0;
	return address ? address : search(_r_debug.r_map, own, name, from);
}

bool fsc_modules_own_is_first(const char *name)
{
	const struct link_map *own = _r_debug.r_map;

	while (own && !is_own(own))
		own = own->l_next;
	return !search(_r_debug.r_map, own, name, NULL);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = fsc_text_length(text), tail = fsc_text_length(end);

	return length >= tail && fsc_text_same(text + length - tail, end);
}

uintptr_t fsc_modules_libc_symbol(const char *name)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (ends_with(map->l_name, "/libc.so.6"))
			return symbol_of(map, name);
	return 0;
}

const char *fsc_modules_real_path(const char *path, char *buffer, size_t bytes)
{
	char number[21], link[64];
	long fd = system_open(path, O_PATH, 0);
	const char *const parts[] = { "/proc/thread-self/fd/",
				      fsc_text_number(number, (uintptr_t)fd), NULL };
	long length;

	if (fd < 0)
		return path;
	fsc_text_join(link, sizeof(link), parts);
	length = system_link_text(link, buffer, bytes - 1);
	system_close(fd);
	if (length <= 0)
		return path;
	buffer[length] = '\0';
	return buffer;
}

/* ---- modules of wrapped functions; callers hold the registry's lock ---- */

struct module {
	uint32_t path;
	uintptr_t base;
	char build_id[40];
};

static struct module modules[FSC_MODULES_MAX];
static uint32_t module_count = 1;

static void hex(char *text, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
}

/* The note of type NT_GNU_BUILD_ID in one PT_NOTE segment (gABI, "Note Section"). */
static bool read_build_id(const char *notes, uint64_t bytes, char *text)
{
	while (bytes >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)notes;
		uint64_t name_bytes = ((uint64_t)note->n_namesz + 3) & ~3ull;
		uint64_t note_bytes =
			sizeof(*note) + name_bytes + (((uint64_t)note->n_descsz + 3) & ~3ull);

		if (note_bytes > bytes)
			return false;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4) {
			const char *id = notes + sizeof(*note) + name_bytes;

			hex(text, (const unsigned char *)id,
			    note->n_descsz < 20 ? note->n_descsz : 20);
			return true;
		}
		notes += note_bytes;
		bytes -= note_bytes;
	}
	return false;
}

/*
 * From the object's own headers, which stand at its load address. dl_iterate_phdr would take the
 * loader's lock, which the caller's caller may hold or wait for.
 */
static void find_build_id(uintptr_t base, char *text)
{
	const ElfW(Ehdr) *header = (const void *)base;
	const ElfW(Phdr) * segment;

	if (!base || !system_readable(base) || header->e_ident[EI_MAG0] != ELFMAG0 ||
	    header->e_ident[EI_MAG1] != ELFMAG1 || header->e_phoff > FSC_PAGE / 2)
		return;
	segment = (const void *)(base + header->e_phoff);
	for (int i = 0; i < header->e_phnum && i < 16; i++)
		if (segment[i].p_type == PT_NOTE && segment[i].p_vaddr &&
		    read_build_id((const char *)base + segment[i].p_vaddr, segment[i].p_memsz,
				  text))
			return;
}

uint32_t fsc_modules_find(uint32_t path, uintptr_t base)
{
	for (uint32_t i = 1; i < module_count; i++)
		if (modules[i].path == path && modules[i].base == base)
			return i;
	if (module_count == FSC_MODULES_MAX)
		return 0;
	modules[module_count].path = path;
	modules[module_count].base = base;
	find_build_id(base, modules[module_count].build_id);
	return module_count++;
}

uint32_t fsc_modules_count(void)
{
	return module_count;
}

void fsc_modules_describe(uint32_t module, struct fsc_shared_module *shared)
{
	shared->path = modules[module].path;
	shared->base = modules[module].base;
	for (size_t i = 0; i < sizeof(shared->build_id); i++)
		shared->build_id[i] = modules[module].build_id[i];
}
