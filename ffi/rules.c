/* SPDX-License-Identifier: MIT */
/* The order of the questions is the rule; begin at fsc_rules_choose(). */
#include "ffi/rules.h"

/*
 * Functions that return twice cannot be called through: their second return would find the thunk's
 * frame gone (setjmp(3), vfork(2), getcontext(3)).
 */
static const char never[] = "setjmp\n_setjmp\n__setjmp\nsigsetjmp\n__sigsetjmp\nvfork\n__vfork\n"
			    "getcontext\nswapcontext\nmakecontext\nsavectx\nffiscope_*\n"
			    "dlsym\ndlvsym\ndlopen\ndlmopen\nclone\n__clone";

/* Entry points of language modules: the interpreter's own business, not an FFI call. */
static const char initializers[] =
	"PyInit_*\nPyInitU_*\nnapi_*\nnode_*\nInit_*\nluaopen_*\n"
	"get_module\n_init\n_fini\nJNI_On*\nOPENSSL_*\nv_check\nbind_engine";

void fsc_rules_complete(struct fsc_rules *rules, const char *entries)
{
	char glob[FSC_BOUNDARY_GLOB_MAX];

	fsc_boundary_add_built_in(&rules->boundary);
	while (fsc_glob_list_next(&entries, glob))
		fsc_boundary_add_entry(&rules->boundary, glob);
}

enum fsc_choice fsc_rules_choose(const struct fsc_rules *rules, const char *name,
				 const char *library, const struct fsc_boundary_row **row)
{
	const struct fsc_boundary_row *found;
	bool codec;

	*row = NULL;
	if (fsc_glob_list_match(never, name))
		return FSC_CHOICE_NEVER;
	if (fsc_glob_list_match(rules->exclude, name))
		return FSC_CHOICE_EXCLUDED;
	found = fsc_boundary_find(&rules->boundary, name, library);
	codec = found && (found->kind == FSC_ROW_ENCODE || found->kind == FSC_ROW_DECODE);
	if (found && (rules->codecs || !codec)) {
		*row = found;
		return FSC_CHOICE_ROW;
	}
	if (rules->has_boundary_file)
		return codec ? FSC_CHOICE_CODECS_OFF : FSC_CHOICE_UNNAMED;
	if (fsc_rules_is_system(library))
		return codec ? FSC_CHOICE_CODECS_OFF : FSC_CHOICE_SYSTEM;
	return fsc_glob_list_match(initializers, name) ? FSC_CHOICE_INITIALIZER : FSC_CHOICE_LOOKUP;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start && *text == *start) {
		text++;
		start++;
	}
	return !*start;
}

static bool has_slash(const char *path)
{
	while (*path && *path != '/')
		path++;
	return *path == '/';
}

bool fsc_rules_is_system(const char *real_path)
{
	static const char *const folders[] = { "/lib/",	      "/lib32/",     "/lib64/",
					       "/libx32/",    "/usr/lib/",   "/usr/lib32/",
					       "/usr/lib64/", "/usr/libx32/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (starts_with(real_path, folders[i]))
			return true;
	return !has_slash(real_path);
}
