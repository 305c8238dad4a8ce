/* SPDX-License-Identifier: MIT */
#include "attach_internal.h"

/* The thunks treat every processor of this architecture alike. */
void fsc_arch_start(void)
{
}
