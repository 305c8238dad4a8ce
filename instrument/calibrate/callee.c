/* SPDX-License-Identifier: MIT */
/*
 * A function of known latency. An empty function would not do: clock readings overlap with it, so
 * the time that is measured of it says little of the time that is measured of a real one.
 */
#include "callee.h"

enum { DEPENDENT_MULTIPLICATIONS = 24 };

/* The result of one call feeds the next, so that calls in a loop take their latency, not less. */
uint64_t proto2ffi_calibrate_callee(uint64_t value)
{
	for (int i = 0; i < DEPENDENT_MULTIPLICATIONS; i++) {
		value *= 0x9E3779B97F4A7C15ull;
		__asm__ __volatile__("" : "+r"(value));
	}
	return value;
}

/* The same function by a pointer that no lookup returned and no other object holds: unwrapped. */
uint64_t (*const ffi_calibrate_bare)(uint64_t) = proto2ffi_calibrate_callee;
