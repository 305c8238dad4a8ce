/* SPDX-License-Identifier: MIT */
/* The arguments of a frame whose caller may have none: the stack may end right above it. */
#include "readable_internal.h"

/* For the thunk, when the frame's arguments reach into the next page. */
void fsc_arch_take_arguments(struct fsc_frame *frame) FSC_HIDDEN;

void fsc_arch_take_arguments(struct fsc_frame *frame)
{
	const uintptr_t *word = fsc_arch_stack_arguments(frame);

	for (int i = 0; i < FSC_ARCH_ARGUMENT_REGISTERS; i++)
		frame->argument[i] =
			fsc_readable(frame, (uintptr_t)&word[i], sizeof(*word)) ? word[i] : 0;
}
