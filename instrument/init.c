/* SPDX-License-Identifier: MIT */
/*
 * Start and end of the library. What is hard: deciding, before main and without harming anyone,
 * whether to do anything at all. Begin at start().
 */
#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "attach_internal.h"
#include "lookup_internal.h"
#include "relocations_internal.h"
#include "sandbox_internal.h"
#include "session_internal.h"
#include "sites_internal.h"
#include "standalone_internal.h"
#include "system_internal.h"

/*
 * A high priority: other constructors of the program run later, and what they look up is seen. The
 * loader has relocated every start-up object by now.
 */
__attribute__((constructor(101))) static void start(void)
{
	int saved = errno;

	fsc_sandbox_start();
	if (!getauxval(AT_SECURE) && fsc_session_start(__environ)) {
		fsc_arch_start();
		fsc_attach_start();
		fsc_relocations_start();
		__atomic_store_n(&fsc_lookup_ready, true, __ATOMIC_RELEASE);
	}
	errno = saved;
}

/*
 * Once system calls are forbidden the kernel cannot be asked who we are; a child of fork still has
 * no image here, and one of vfork is taken for its parent.
 */
static bool is_ours(const struct fsc_live *live, bool forbidden)
{
	return live->image && (forbidden || live->owner == system_pid());
}

/*
 * exit() was reached; a child of vfork that calls it has not reached the parent's. A recorder still
 * gets the calls of later destructors; what drains itself is complete here.
 */
__attribute__((destructor(101))) static void end(void)
{
	bool forbidden = __atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED) != 0;
	int saved = errno;

	if (is_ours(fsc_live, forbidden)) {
		__atomic_store_n(&fsc_live->image->state, FSC_IMAGE_EXITED, __ATOMIC_RELEASE);
		if (fsc_session_has_helper() && !forbidden)
			fsc_standalone_end();
	}
	errno = saved;
}
