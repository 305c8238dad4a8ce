/* SPDX-License-Identifier: MIT */
/* Calls that pass unseen, and what a thread needs so that they do not. Nothing is hard here. */
#include "call_hooks_internal.h"
#include "sites_internal.h"

static uint64_t attach_outside(void *argument)
{
	return fsc_attach_thread(argument);
}

struct counters_request {
	struct fsc_thread *thread;
	uint32_t site;
};

static uint64_t counters_outside(void *argument)
{
	struct counters_request *request = argument;

	return fsc_attach_counters(request->thread, request->site);
}

static uint64_t skipped_outside(void *argument)
{
	const struct fsc_site *site = argument;

	fsc_sites_skipped(site->id);
	return 0;
}

int64_t fsc_call_pass_without_thread(const struct fsc_site *site)
{
	if (site->kind == FSC_SITE_ENTRY || site->kind == FSC_SITE_FREE)
		fsc_arch_call_outside(skipped_outside, (void *)site);
	else
		fsc_live_lose(false);
	return FSC_CALL_UNSEEN;
}

int64_t fsc_call_pass_unseen(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct fsc_cursor *cursor = thread->cursor;

	/* What this interrupts may be about to store a sum that it loaded before. */
	if (!FSC_ARCH_ADDS_AT_ONCE || site->id >= cursor->counter_limit ||
	    (site->kind != FSC_SITE_ENTRY && site->kind != FSC_SITE_FREE))
		return fsc_call_pass_without_thread(site);
	cursor->counters[site->id].calls++;
	cursor->counters[site->id].skipped++;
	return FSC_CALL_UNSEEN;
}

bool fsc_call_make_ready(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct counters_request request = { thread, site->id };

	if (!thread->cursor->counter_limit && !fsc_arch_call_outside(attach_outside, thread))
		return false;
	return site->id < thread->cursor->counter_limit ||
	       fsc_arch_call_outside(counters_outside, &request);
}
