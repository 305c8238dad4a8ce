/* SPDX-License-Identifier: MIT */
/* What the generated functions call in their library, and a function that calls back. */
#include "signatures.h"

enum { STACK_ALIGN = 16 };

SIG_EXPORT struct sig_seen sig_seen;

SIG_EXPORT void sig_nest(void (*inside)(void *), void *argument);

struct sig_fold sig_enter(unsigned int number, const void *frame)
{
	sig_seen.calls++;
	if ((uintptr_t)frame % STACK_ALIGN)
		sig_seen.stack_misaligned++;
	return (struct sig_fold){ number };
}

void sig_fold_copy(struct sig_fold *fold, const struct sig_type *type, const void *argument)
{
	fold->hash = sig_hash(fold->hash, type, argument);
}

void sig_fold(struct sig_fold *fold, const struct sig_type *type, const void *argument)
{
	if ((uintptr_t)argument % type->align)
		sig_seen.argument_misaligned++;
	sig_fold_copy(fold, type, argument);
}

void sig_leave(const struct sig_fold *fold, const struct sig_type *type, void *result)
{
	uint64_t state = fold->hash;

	sig_seen.hash = fold->hash;
	if (type)
		sig_fill(&state, type, result);
}

void sig_nest(void (*inside)(void *), void *argument)
{
	inside(argument);
}
