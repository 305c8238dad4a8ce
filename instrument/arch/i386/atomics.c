/* SPDX-License-Identifier: MIT */
/*
 * Atomic access to 8 bytes without x87 and vector registers. GCC calls these functions (its
 * libatomic documents them) where it may use neither; all of them come down to cmpxchg8b, which is
 * a full barrier. A load is a store, too: of what is there. It must not be asked of memory that is
 * only readable.
 */
#include <stdbool.h>
#include <stdint.h>

#include "thread_internal.h"

static inline uint64_t swap_if(uint64_t *place, uint64_t expected, uint64_t wanted)
{
	return __sync_val_compare_and_swap(place, expected, wanted);
}

/* Other names in C: the compiler knows those of the library as its own. */
uint64_t fsc_arch_load_8(uint64_t *place, int order) __asm__("__atomic_load_8") FSC_HIDDEN;
void fsc_arch_store_8(uint64_t *place, uint64_t value,
		      int order) __asm__("__atomic_store_8") FSC_HIDDEN;
uint64_t fsc_arch_fetch_add_8(uint64_t *place, uint64_t value,
			      int order) __asm__("__atomic_fetch_add_8") FSC_HIDDEN;
bool fsc_arch_compare_exchange_8(uint64_t *place, uint64_t *expected, uint64_t wanted, int success,
				 int failure) __asm__("__atomic_compare_exchange_8") FSC_HIDDEN;

uint64_t fsc_arch_load_8(uint64_t *place, int order)
{
	(void)order;
	return swap_if(place, 0, 0);
}

void fsc_arch_store_8(uint64_t *place, uint64_t value, int order)
{
	uint64_t seen = *(volatile uint64_t *)place, before;

	(void)order;
	while ((before = swap_if(place, seen, value)) != seen)
		seen = before;
}

uint64_t fsc_arch_fetch_add_8(uint64_t *place, uint64_t value, int order)
{
	uint64_t seen = *(volatile uint64_t *)place, before;

	(void)order;
	while ((before = swap_if(place, seen, seen + value)) != seen)
		seen = before;
	return before;
}

bool fsc_arch_compare_exchange_8(uint64_t *place, uint64_t *expected, uint64_t wanted, int success,
				 int failure)
{
	uint64_t before = swap_if(place, *expected, wanted);
	bool swapped = before == *expected;

	(void)success;
	(void)failure;
	*expected = before;
	return swapped;
}
