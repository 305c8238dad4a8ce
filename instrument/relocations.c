/* SPDX-License-Identifier: MIT */
/*
 * What is hard: other threads load and unload objects meanwhile. All reading and writing happens
 * inside the dl_iterate_phdr callback, which holds the lock of the loader's list, and a slot is
 * touched only when it already holds the real function's address, or, bound lazily, an address
 * inside its own object. But that lock does not keep dlopen from filling an object's slots and then
 * making them read-only: so nothing is touched while an object is there that came after a lookup
 * waited for dlopen. Begin at visit().
 */
#include "relocations_internal.h"

#include <link.h>
#include <pthread.h>

#include "allocation_internal.h"
#include "lookup_internal.h"
#include "modules_internal.h"
#include "session_internal.h"
#include "sites_internal.h"
#include "system_internal.h"

enum {
	VISITED_MAX = 4096, /* objects remembered as patched; a power of two */
	RETRIES_MAX = 64
};

struct object {
	struct fsc_dynamic dynamic;
	const char *path;
	uintptr_t first; /* mapped range */
	uintptr_t last;
	uintptr_t relro;
	uintptr_t relro_bytes;
	uintptr_t writable; /* a page that can be written, 0 = none known */
	bool unprotected;   /* only since we made it so */
	bool incomplete;    /* a slot of interest is not relocated yet */
};

static uintptr_t visited[VISITED_MAX]; /* hash set of symbol table addresses */
static const uint64_t turn_wait_ns = 200000000u;
static uint64_t seen_adds, seen_subs;
static bool come_again;	 /* an object was incomplete: visit again at the next lookup */
static uint32_t retries; /* objects found incomplete so far */

/* The place of a key in visited[], or the free one where it would go; NULL: full. */
static uintptr_t *visited_place(uintptr_t key)
{
	uint32_t at = (uint32_t)(key >> 4) % VISITED_MAX;

	for (uint32_t i = 0; i < VISITED_MAX; i++, at = (at + 1) % VISITED_MAX)
		if (visited[at] == key || !visited[at])
			return &visited[at];
	return NULL;
}

/* The page that was made writable becomes what it was. */
static void protect_again(struct object *object)
{
	if (object->unprotected)
		system_protect((void *)object->writable, FSC_PAGE, PROT_READ);
	object->unprotected = false;
	object->writable = 0;
}

/*
 * The program may have changed the protection of any page. One that it made writable stays so; one
 * that cannot be written is made writable only where the loader itself made it read-only (RELRO).
 */
static bool make_writable(struct object *object, uintptr_t *slot)
{
	uintptr_t page = (uintptr_t)slot & ~(uintptr_t)(FSC_PAGE - 1);

	if (page == object->writable)
		return true;
	protect_again(object);
	if (!system_writable(slot)) {
		if ((uintptr_t)slot - object->relro >= object->relro_bytes ||
		    system_protect((void *)page, FSC_PAGE, PROT_READ | PROT_WRITE) != 0)
			return false;
		object->unprotected = true;
	}
	object->writable = page;
	return true;
}

static bool write_slot(struct object *object, uintptr_t *slot, uintptr_t value)
{
	if (!make_writable(object, slot))
		return false;
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	return true;
}

/*
 * The definition that the slot stands for: its value's, or when lazily bound the first in scope.
 * The scope of an object opened after the start is unknown, so there the name must be unique.
 * *value: 0 when it cannot be said.
 */
static const struct link_map *definition(const struct object *object, const char *name,
					 uintptr_t *value)
{
	const struct link_map *map = NULL;

	if (*value - object->first < object->last - object->first) {
		*value = fsc_modules_bound_symbol(name, fsc_lookup_ready, &map);
		return map;
	}
	for (map = _r_debug.r_map; map; map = map->l_next) {
		struct fsc_dynamic dynamic;
		unsigned char type = STT_NOTYPE;

		fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
		if (fsc_modules_symbol(&dynamic, name, &type) == *value && type == STT_FUNC)
			return map;
	}
	return NULL;
}

static bool is_codec(const struct fsc_boundary_row *row)
{
	return row->kind == FSC_ROW_ENCODE || row->kind == FSC_ROW_DECODE;
}

/*
 * A codec in a table of virtual functions of the library that defines it: other objects call
 * through that. The slot must hold the library's own definition, or it stays.
 */
static void patch_virtual(struct object *object, uintptr_t *slot, const char *name)
{
	char buffer[FSC_PATH_BYTES];
	unsigned char type = STT_NOTYPE;
	struct fsc_site_request request = { .name = name, .bound = FSC_BOUND_SLOT };

	request.library = fsc_modules_real_path(object->path, buffer, sizeof(buffer));
	request.target = fsc_modules_symbol(&object->dynamic, name, &type);
	request.library_base = object->dynamic.base;
	if (fsc_rules_choose(&fsc_settings.rules, name, request.library, &request.row) !=
		    FSC_CHOICE_ROW ||
	    !is_codec(request.row) || request.target != *slot || type != STT_FUNC)
		return;
	(void)write_slot(object, slot, fsc_sites_wrap(&request));
}

/*
 * A library calls its own entry points without crossing anything; a codec that a row of the user's
 * names does its work wherever it is called.
 */
static bool calls_itself(const struct object *object, const struct fsc_site_request *request)
{
	return request->library_base == object->dynamic.base &&
	       (request->row->built_in || !is_codec(request->row));
}

static void patch_row(struct object *object, uintptr_t *slot, const char *name)
{
	char buffer[FSC_PATH_BYTES];
	uintptr_t target = *slot, stub;
	const struct link_map *map = definition(object, name, &target);
	struct fsc_site_request request;

	if (!map)
		object->incomplete = true;
	if (!map || !target || map->l_addr == fsc_modules_own_base())
		return;
	request.name = name;
	request.library = fsc_modules_real_path(map->l_name, buffer, sizeof(buffer));
	if (fsc_rules_choose(&fsc_settings.rules, name, request.library, &request.row) !=
	    FSC_CHOICE_ROW)
		return;
	request.target = target;
	request.library_base = map->l_addr;
	request.bound = FSC_BOUND_SLOT;
	if (calls_itself(object, &request))
		return;
	stub = fsc_sites_wrap(&request);
	if (stub == target || !write_slot(object, slot, stub))
		return;
	if (is_codec(request.row))
		fsc_sites_library_has_codecs(object->dynamic.base);
}

static bool is_interposed(const char *name)
{
#define FSC_ALLOCATION(function, result, parameters, arguments) \
	if (fsc_text_same(name, #function))                     \
		return true;
#include "trace_points/allocation_hooks.def"
#undef FSC_ALLOCATION
	return fsc_text_same(name, "dlsym") || fsc_text_same(name, "dlvsym");
}

/* libc's definition when no other object but this library has one; else 0. */
static uintptr_t only_definition(const char *name)
{
	uintptr_t only = fsc_modules_libc_symbol(name);

	for (const struct link_map *map = _r_debug.r_map; only && map; map = map->l_next) {
		struct fsc_dynamic dynamic;
		uintptr_t address;

		fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
		address = fsc_modules_symbol(&dynamic, name, NULL);
		if (address && address != only && map->l_addr != fsc_modules_own_base())
			only = 0;
	}
	return only;
}

/*
 * What the slot holds or will hold. Nothing says in which scope a lazy one will be bound, its
 * object's (RTLD_DEEPBIND) or the program's; but when libc alone defines the name, both lead to
 * libc, or past us to libc. Objects there at start are bound in the program's scope, which begins
 * with us.
 */
static uintptr_t destination(const struct object *object, const uintptr_t *slot, const char *name)
{
	bool lazy = *slot - object->first < object->last - object->first;

	return lazy && fsc_lookup_ready && is_interposed(name) ? only_definition(name) : *slot;
}

/* Objects that bind past LD_PRELOAD (RTLD_DEEPBIND): their dlsym and malloc family becomes ours. */
static bool patch_own(struct object *object, uintptr_t *slot, const char *name)
{
	uintptr_t value = destination(object, slot, name);
	uintptr_t ours = fsc_allocation_replacement(name, value);

	if (!ours && value == (uintptr_t)fsc_real_dlsym && fsc_text_same(name, "dlsym"))
		ours = fsc_allocation_own("dlsym");
	if (!ours && value == (uintptr_t)fsc_real_dlvsym && fsc_text_same(name, "dlvsym"))
		ours = fsc_allocation_own("dlvsym");
	if (ours)
		(void)write_slot(object, slot, ours);
	return ours != 0;
}

static void patch_slot(struct object *object, const FSC_ARCH_RELOCATION *relocation)
{
	uint32_t type = (uint32_t)FSC_ELF(R_TYPE)(relocation->r_info);
	uint32_t index = (uint32_t)FSC_ELF(R_SYM)(relocation->r_info);
	const ElfW(Sym) *symbol = &object->dynamic.symbols[index];
	uintptr_t *slot = (uintptr_t *)(object->dynamic.base + relocation->r_offset);
	const char *name = object->dynamic.strings + symbol->st_name;

	if (!index || (type != FSC_ARCH_SLOT_CALL && type != FSC_ARCH_SLOT_DATA &&
		       (type != FSC_ARCH_SLOT_POINTER || FSC_ARCH_ADDEND(relocation))))
		return;
	if ((FSC_ELF(ST_TYPE)(symbol->st_info) != STT_FUNC &&
	     FSC_ELF(ST_TYPE)(symbol->st_info) != STT_NOTYPE) ||
	    symbol->st_other & FSC_ARCH_OTHER_CALLS)
		return;
	if (fsc_sites_is_stub(*slot) || patch_own(object, slot, name) ||
	    !fsc_boundary_has_name(&fsc_settings.rules.boundary, name))
		return;
	if (type == FSC_ARCH_SLOT_POINTER && *slot - object->first < object->last - object->first)
		patch_virtual(object, slot, name);
	else if (*slot)
		patch_row(object, slot, name);
	else if (FSC_ELF(ST_BIND)(symbol->st_info) != STB_WEAK)
		object->incomplete = true;
}

static void patch_table(struct object *object, const FSC_ARCH_RELOCATION *table, uintptr_t bytes)
{
	for (uintptr_t i = 0; table && i < bytes / sizeof(*table); i++)
		patch_slot(object, &table[i]);
}

static void describe(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){ .path = info->dlpi_name, .first = UINTPTR_MAX };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = start + segment->p_memsz;

		if (segment->p_type == PT_DYNAMIC)
			fsc_modules_read(&object->dynamic, info->dlpi_addr, (const void *)start);
		if (segment->p_type == PT_GNU_RELRO) {
			object->relro = start & ~(uintptr_t)(FSC_PAGE - 1);
			object->relro_bytes = (end & ~(uintptr_t)(FSC_PAGE - 1)) - object->relro;
		}
		if (segment->p_type == PT_LOAD && start < object->first)
			object->first = start;
		if (segment->p_type == PT_LOAD && end > object->last)
			object->last = end;
	}
}

static int visit(struct dl_phdr_info *info)
{
	struct object object;
	uintptr_t *place;

	if (info->dlpi_subs != seen_subs) {
		for (uint32_t i = 0; i < VISITED_MAX; i++)
			visited[i] = 0;
		seen_subs = info->dlpi_subs;
	}
	describe(&object, info);
	if (!object.dynamic.symbols || !object.dynamic.strings ||
	    info->dlpi_addr == fsc_modules_own_base())
		return 0;
	place = visited_place((uintptr_t)object.dynamic.symbols);
	if (!place || *place)
		return 0;
	patch_table(&object, object.dynamic.call_relocations, object.dynamic.call_relocation_bytes);
	patch_table(&object, object.dynamic.relocations, object.dynamic.relocation_bytes);
	protect_again(&object);
	if (!object.incomplete || ++retries > RETRIES_MAX)
		*place = (uintptr_t)object.dynamic.symbols;
	else
		come_again = true;
	return 0;
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds)
{
	(void)size;
	*(uint64_t *)adds = info->dlpi_adds;
	return 1;
}

struct pass {
	uint64_t loaded; /* objects of which it is known that nobody is opening them any more */
	bool visits;
	bool is_late;
};

/* The counters are read under the same lock as the visits that follow. */
static int visit_if_changed(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct pass *pass = argument;

	if (!pass->visits) {
		if (info->dlpi_adds == seen_adds && info->dlpi_subs == seen_subs && !come_again)
			return 1;
		pass->is_late = info->dlpi_adds != pass->loaded;
		if (pass->is_late)
			return 1;
		pass->visits = true;
		come_again = false;
		seen_adds = info->dlpi_adds;
	}
	(void)size;
	return visit(info);
}

enum turn { VISIT, FORK };

/*
 * dl_iterate_phdr holds a lock of the loader's that fork does not reset in the child: a child
 * forked meanwhile by another thread could open no library any more. So nobody visits while
 * somebody forks. The word says who does which, by thread pointer; it lies in memory that fork
 * zeroes. The wait is bounded: without the turn nothing is visited this time. false also when the
 * thread has it already: for what a signal handler interrupted, or in another's handler of fork.
 */
static bool take_turn(enum turn turn)
{
	uintptr_t self = fsc_arch_thread_pointer();
	struct system_wait wait = { 0 };

	for (;;) {
		uintptr_t owner = 0;
		/* Who looks up all the time must not keep who forks from its turn. */
		bool waits = turn == VISIT && __atomic_load_n(&fsc_live->forking, __ATOMIC_RELAXED);

		if (waits)
			owner = __atomic_load_n(&fsc_live->visitor, __ATOMIC_RELAXED);
		else if (__atomic_compare_exchange_n(&fsc_live->visitor, &owner, self | turn, false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		if ((owner & ~(uintptr_t)FORK) == self || !system_wait(&wait, turn_wait_ns))
			return false;
	}
}

static void end_turn(enum turn turn)
{
	uintptr_t own = fsc_arch_thread_pointer() | turn;

	__atomic_compare_exchange_n(&fsc_live->visitor, &own, 0, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
}

uint64_t fsc_relocations_loaded(void)
{
	uint64_t adds = UINT64_MAX;

	if (!take_turn(VISIT))
		return adds;
	dl_iterate_phdr(read_adds, &adds);
	end_turn(VISIT);
	return adds;
}

bool fsc_relocations_update(uint64_t loaded)
{
	struct pass pass = { .loaded = loaded };

	if (loaded == UINT64_MAX || !take_turn(VISIT))
		return true;
	dl_iterate_phdr(visit_if_changed, &pass);
	end_turn(VISIT);
	return !pass.is_late;
}

static void before_fork(void)
{
	__atomic_fetch_add(&fsc_live->forking, 1, __ATOMIC_RELAXED);
	(void)take_turn(FORK);
}

static void after_fork(void)
{
	__atomic_fetch_sub(&fsc_live->forking, 1, __ATOMIC_RELAXED);
	end_turn(FORK);
}

void fsc_relocations_start(void)
{
	(void)pthread_atfork(before_fork, after_fork, NULL);
	(void)fsc_relocations_update(fsc_relocations_loaded());
}
