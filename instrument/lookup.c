/* SPDX-License-Identifier: MIT */
/*
 * What a host's dlsym is answered with. What is hard: the answer, and what dlerror() says
 * afterwards, must be what the real call would have given that caller; and sanitizers call dlsym
 * before they can stand any call of libc. Begin at fsc_lookup_find().
 */
#include "lookup_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#include "modules_internal.h"
#include "relocations_internal.h"
#include "session_internal.h"
#include "sites_internal.h"

enum { TRIES_MAX = 3 };

bool fsc_lookup_ready;
void *(*fsc_real_dlsym)(void *handle, const char *name);
void *(*fsc_real_dlvsym)(void *handle, const char *name, const char *version);

/* The main program's name in the link map is empty. */
static bool is_main_program(const struct link_map *map)
{
	return !map->l_prev && !map->l_name[0];
}

/*
 * A library that looks up a function of its own crosses nothing, and may compare the answer with
 * the address that it knows (Ruby does, to find out whether an extension is of its own version). A
 * main program may hold host and library in one.
 */
static bool looks_itself_up(const void *caller, const struct link_map *map)
{
	struct link_map *own = NULL;
	Dl_info info;

	return !is_main_program(map) &&
	       dladdr1(caller, &info, (void **)&own, RTLD_DL_LINKMAP) != 0 && own == map;
}

static void *wrap(const char *name, void *address, const void *caller)
{
	char buffer[FSC_PATH_BYTES];
	const ElfW(Sym) *symbol = NULL;
	struct link_map *map = NULL;
	struct fsc_site_request request;
	Dl_info info;

	/*
	 * Data, an IFUNC (its result has no symbol), a TLS object: left alone, and functions that
	 * keep registers which our slow paths do not (vector PCS). dladdr1 leaves
	 * dlerror() as it is; dlinfo would not.
	 */
	if (!dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol ||
	    FSC_ELF(ST_TYPE)(symbol->st_info) != STT_FUNC || info.dli_saddr != address ||
	    symbol->st_other & FSC_ARCH_OTHER_CALLS ||
	    !dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
		return address;
	__atomic_fetch_add(&fsc_session->lookups, 1, __ATOMIC_RELAXED);
	if (map->l_addr == fsc_modules_own_base() || looks_itself_up(caller, map))
		return address;
	request.name = name;
	request.library = fsc_modules_real_path(map->l_name, buffer, sizeof(buffer));
	if (fsc_rules_choose(&fsc_settings.rules, name, request.library, &request.row) >
	    FSC_CHOICE_LOOKUP)
		return address;
	request.target = (uintptr_t)address;
	request.library_base = map->l_addr;
	request.bound = FSC_BOUND_LOOKUP;
	return (void *)fsc_sites_wrap(&request);
}

static void find_real(void)
{
	uintptr_t symbol = fsc_modules_libc_symbol("dlsym");
	uintptr_t versioned = fsc_modules_libc_symbol("dlvsym");

	/* Before glibc 2.34 they lie in libdl.so.2. */
	if (!symbol)
		symbol = fsc_modules_next_symbol("dlsym", NULL);
	if (!versioned)
		versioned = fsc_modules_next_symbol("dlvsym", NULL);
	fsc_real_dlvsym = (void *(*)(void *, const char *, const char *))versioned;
	__atomic_store_n(&fsc_real_dlsym, (void *(*)(void *, const char *))symbol,
			 __ATOMIC_RELEASE);
}

static void *look(void *handle, const char *name, const char *version)
{
	return version ? fsc_real_dlvsym(handle, name, version) : fsc_real_dlsym(handle, name);
}

/*
 * Does the caller's own object define the name otherwise than we would answer? An object opened
 * RTLD_DEEPBIND asks itself first; the link map does not say who was, so such a lookup is left to
 * the real function.
 */
static bool caller_knows_better(const void *caller, const char *name, const char *version)
{
	struct link_map *map = NULL;
	struct fsc_dynamic dynamic;
	uintptr_t own;
	Dl_info info;

	if (!dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) || !map || is_main_program(map))
		return false;
	fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
	own = fsc_modules_symbol(&dynamic, name, NULL);
	return own && own != (uintptr_t)look(RTLD_DEFAULT, name, version);
}

/*
 * Look up and patch what was loaded meanwhile. When other threads load all the time, the slots stay
 * for the next lookup.
 */
static void *look_and_patch(void *handle, const char *name, const char *version)
{
	void *found = NULL;
	bool done = false;

	for (int tries = 0; tries < TRIES_MAX && !done; tries++) {
		uint64_t loaded = fsc_relocations_loaded();
		int saved;

		found = look(handle, name, version);
		if (!found)
			return NULL;
		saved = errno;
		done = fsc_relocations_update(loaded);
		errno = saved;
	}
	return found;
}

int fsc_lookup_find(void *handle, const char *name, const char *version, void **answer,
		    const void *caller)
{
	int saved;

	if (!__atomic_load_n(&fsc_real_dlsym, __ATOMIC_ACQUIRE))
		find_real();
	if (handle == RTLD_NEXT || !fsc_lookup_ready)
		return 0;
	if (handle == RTLD_DEFAULT && caller_knows_better(caller, name, version))
		return 0;
	*answer = look_and_patch(handle, name, version);
	/* A library opened RTLD_LOCAL may find in its own scope what we do not find in ours. */
	if (!*answer && handle == RTLD_DEFAULT)
		return 0;
	if (!*answer)
		return 1;
	saved = errno;
	*answer = wrap(name, *answer, caller);
	errno = saved;
	return 1;
}
