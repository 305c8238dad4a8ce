/* SPDX-License-Identifier: MIT */
/*
 * What dladdr and dladdr1 say of a thunk's address: what they would say of its function. What is
 * hard: sanitizers call them before they can stand any call of libc. Begin at dladdr1().
 */
#include <dlfcn.h>

#include "modules_internal.h"
#include "sites_internal.h"

#define FSC_EXPORT __attribute__((visibility("default")))

static int (*real_dladdr1)(const void *address, Dl_info *info, void **extra, int flags);

static void find_real(void)
{
	uintptr_t found = fsc_modules_libc_symbol("dladdr1");

	/* Before glibc 2.34 it lies in libdl.so.2. */
	if (!found)
		found = fsc_modules_next_symbol("dladdr1", NULL);
	__atomic_store_n(&real_dladdr1, (int (*)(const void *, Dl_info *, void **, int))found,
			 __ATOMIC_RELEASE);
}

FSC_EXPORT int dladdr1(const void *address, Dl_info *info, void **extra, int flags)
{
	const void *function = (const void *)fsc_sites_function((uintptr_t)address);
	int result;

	if (!__atomic_load_n(&real_dladdr1, __ATOMIC_ACQUIRE))
		find_real();
	if (!real_dladdr1)
		return 0;
	result = real_dladdr1(function, info, extra, flags);
	/* To the program the function begins at the address that it was given. */
	if (result && function != address && info->dli_saddr == function)
		info->dli_saddr = (void *)address;
	return result;
}

/* dladdr(3): dladdr1 without anything extra. */
FSC_EXPORT int dladdr(const void *address, Dl_info *info)
{
	return dladdr1(address, info, NULL, 0);
}
