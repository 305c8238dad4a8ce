/* SPDX-License-Identifier: MIT */
/*
 * sites_internal.h - the wrapped functions of this process, one thunk each.
 *
 * A site's id is the index of its stub. Sites are only ever added; the registry is private memory
 * that a forked child keeps, and is copied into the shared image when one is made.
 */
#ifndef INSTRUMENT_SITES_INTERNAL_H
#define INSTRUMENT_SITES_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "call_hooks_internal.h"
#include "ffi/boundary.h"

/* Can a request or response be seen when the function returns? */
enum fsc_site_carries {
	FSC_CARRIES_NOTHING,
	FSC_CARRIES_PERHAPS, /* built in, and no buffer has proven it yet */
	FSC_CARRIES
};

/* Is it one of the two functions of the usual request? See usual_internal.h. */
enum fsc_site_usual { FSC_USUAL_NOT, FSC_USUAL_MAKER, FSC_USUAL_FREE };

/* What the hooks need of a wrapped function, in one cache line. */
struct fsc_site {
	_Alignas(SITE_BYTES) uintptr_t target; /* the real function */
	uint32_t id;
	uint32_t call_id;	/* the id again; UINT32_MAX: such calls are entered slowly */
	uint32_t call_tag;	/* site and flags of struct fsc_call_record, as they lie there */
	uint16_t stack_words;	/* of stack arguments to copy */
	uint16_t window_limit;	/* they lie in the frame's page up to this offset; see
				   fsc_sites_fits() */
	uint8_t kind;		/* enum fsc_site_kind */
	uint8_t carries;	/* enum fsc_site_carries */
	uint8_t response_style; /* enum fsc_response_style; a proven guess is stored here too */
	bool built_in;		/* guessed: nothing is sure until a buffer proves it */
	bool exact_stack;	/* stack_words is exact, no guard needed */
	bool in_registers;	/* request: pointer and length are neighbours in registers */
	bool by_value;		/* buffer: a struct of three words, which can be read */
	uint16_t flags;		/* enum fsc_site_flag */
	bool trusted;	  /* a buffer was seen behind the hidden pointer: it may be followed */
	uint8_t usual;	  /* enum fsc_site_usual; a maker is one from its first buffer on */
	bool own_free;	  /* its row says free=NAME: see fsc_sites_frees() */
	bool wants_frame; /* calls, phases or allocations were seen inside it */
	uint8_t framed;	  /* calls with a frame so far, while sampling */
	struct fsc_buffer_place request;
	struct fsc_buffer_place response;
	struct fsc_buffer_place buffer;
	struct fsc_place message;
};

_Static_assert(sizeof(struct fsc_site) == SITE_BYTES, "stubs hand over a site's offset");

extern struct fsc_site fsc_sites[FSC_SITES_MAX] FSC_HIDDEN;

/*
 * The real function. It is stored last; who came here by a slot that was patched just now, on a
 * processor that sees stores in another order, waits until all of the site is there.
 */
static inline uintptr_t fsc_sites_target(const struct fsc_site *site)
{
	uintptr_t target = __atomic_load_n(&site->target, __ATOMIC_ACQUIRE);

	while (!FSC_ARCH_STORES_ORDERED && FSC_UNLIKELY(!target))
		target = __atomic_load_n(&site->target, __ATOMIC_ACQUIRE);
	return target;
}

/* Do the words of stack arguments lie in the frame's own page, or are they known to be there? */
static inline bool fsc_sites_fits(const struct fsc_site *site, const struct fsc_frame *frame)
{
	uintptr_t return_address = (uintptr_t)fsc_arch_stack_arguments(frame) - FSC_ARCH_WORD;

	return (return_address & (FSC_PAGE - 1)) <= site->window_limit;
}

/* What a function is to be wrapped as; all of it is copied. */
struct fsc_site_request {
	const char *name;
	const char *library; /* path of the object that defines it */
	uintptr_t target;
	uintptr_t library_base;		    /* load bias */
	const struct fsc_boundary_row *row; /* NULL: an entry point of which nothing is known */
	uint8_t bound;
};

/*
 * The address of the thunk for a function: the one it has, or a new one. Returns target itself when
 * nothing is left (counted).
 */
uintptr_t fsc_sites_wrap(const struct fsc_site_request *request) FSC_HIDDEN;

/* The string's offset in the pool, added if new; UINT32_MAX when the pool is full. */
uint32_t fsc_sites_intern(const char *text) FSC_HIDDEN;

/* Codec functions are now wrapped in the object at that load bias. */
void fsc_sites_library_has_codecs(uintptr_t library_base) FSC_HIDDEN;

/* Does the glob free=NAME of the maker's row match the free function, under any of its names? */
bool fsc_sites_frees(uint32_t maker, uint32_t freer) FSC_HIDDEN;

/* Copy the whole registry into a new shared image. */
void fsc_sites_publish(struct fsc_image *image) FSC_HIDDEN;

/* Count a call that passed unseen on a thread that has no counters of its own. */
void fsc_sites_skipped(uint32_t site) FSC_HIDDEN;

/* Does that id of fsc_image_string_id() stand for that text? */
bool fsc_sites_is_text(uint32_t string, const char *text) FSC_HIDDEN;

/* Is that address one of our stubs? */
bool fsc_sites_is_stub(uintptr_t address) FSC_HIDDEN;

/* The function that the stub at that address stands for; of another address, that address. */
uintptr_t fsc_sites_function(uintptr_t address) FSC_HIDDEN;

#endif
