/* SPDX-License-Identifier: MIT */
/*
 * host_dlopen.c - reaches the service as language bindings do: dlopen, and one dlsym per entry
 * point. Begin at fsc_host_open().
 */
#include "ffi/host/host.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char library_name[] = "libffiscope_service.so";

/* The library beside this program. */
static bool default_path(char *path, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", path, bytes);
	char *slash;

	if (length <= 0 || (size_t)length >= bytes)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + sizeof(library_name) > bytes)
		return false;
	memcpy(slash + 1, library_name, sizeof(library_name));
	return true;
}

static void *look_up(void *library, const char *name, bool *ok)
{
	void *found = dlsym(library, name);

	if (!found) {
		(void)fprintf(stderr, "%s\n", dlerror());
		*ok = false;
	}
	return found;
}

bool fsc_host_open(struct fsc_host_api *api, const struct fsc_host_options *options)
{
	char path[PATH_MAX] = "";
	bool ok = true;
	void *library;

	if (options->library[0] == '\0' && !default_path(path, sizeof(path))) {
		(void)fprintf(stderr, "where is %s? use --library\n", library_name);
		return false;
	}
	library = dlopen(path[0] != '\0' ? path : options->library, RTLD_NOW);
	if (!library) {
		(void)fprintf(stderr, "%s\n", dlerror());
		return false;
	}
#define FSC_SERVICE_ENTRY_POINT(name) api->name = (__typeof__(name) *)look_up(library, #name, &ok);
#include "ffi/service/entry_points.def"
#undef FSC_SERVICE_ENTRY_POINT
	return ok;
}
