/* SPDX-License-Identifier: MIT */
/*
 * What must arrive and what must survive on aarch64: AAPCS64, 6.1.1 and 6.1.2 (registers), 6.8.2
 * (arguments), 6.9 (results). probe_call() in probe_aarch64.S is the call itself. Vectors are
 * looked at as far as they are 128 bits wide: a function of the base standard may count on no more.
 */
#include "probe.h"

#include "probe_aarch64_layout.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PROBES = 8, SP = 31, VECTOR_ARGUMENTS = 8, VECTOR_RESULTS = 4, STACK_ALIGN = 16 };

#define FPCR_GARBAGE 0x03c00000u /* default NaN, flush to zero, rounding */
#define FPSR_GARBAGE 0x0800009fu /* what happened so far */

/* Used by the assembly. */
struct probe_state probe_before, probe_after;
const void *probe_target;
uint64_t probe_stack;
void probe_call(void);

static struct probe_state *seen, *results;
static const void *direct[PROBES], *looked_up[PROBES];
static unsigned int stack_bytes[PROBES];
static unsigned int count;
static uint64_t state;
static uint64_t wrong;

static uint64_t next(void)
{
	uint64_t mixed = state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

void probe_look_up(void *library, void *(*look_up)(void *, const char *), unsigned int stack_to)
{
	static const uint16_t bytes[PROBES] = { 0, 8, 40, 104, 120, 128, 136, 256 };
	const void *const *own = look_up(library, "probe_direct");
	char name[32];

	seen = look_up(library, "probe_seen");
	results = look_up(library, "probe_results");
	for (count = 0; count < PROBES && bytes[count] <= stack_to; count++) {
		snprintf(name, sizeof(name), "probe_%u_s%u_value", count, bytes[count]);
		direct[count] = own[count];
		looked_up[count] = look_up(library, name);
		stack_bytes[count] = bytes[count];
	}
}

unsigned int probe_count(void)
{
	return count;
}

unsigned int probe_wrapped(void)
{
	unsigned int wrapped = 0;

	for (unsigned int i = 0; i < count; i++)
		wrapped += direct[i] != looked_up[i];
	return wrapped;
}

static void fill(struct probe_state *to)
{
	uint64_t *words = (uint64_t *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*words); i++)
		words[i] = next();
	to->fpcr &= FPCR_GARBAGE;
	to->fpsr &= FPSR_GARBAGE;
	to->general[SP] = next() % 8 * STACK_ALIGN;
}

static void is(bool right, const char *what, int number, unsigned int probe, bool wrapped)
{
	if (right)
		return;
	wrong++;
	if (wrong < 50)
		printf("wrong: probe_%u, %s: %s%d\n", probe, wrapped ? "looked up" : "directly",
		       what, number);
}

/* What the callee found: arguments, the static chain (X9, X15, X18), what is the caller's to keep.
 */
static void check_arrival(unsigned int probe, bool wrapped)
{
	static const uint8_t arrive[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  15,
					  18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28 };

	for (size_t i = 0; i < sizeof(arrive) / sizeof(*arrive); i++)
		is(seen->general[arrive[i]] == probe_before.general[arrive[i]], "what arrives in X",
		   arrive[i], probe, wrapped);
	for (int i = 0; i < VECTOR_ARGUMENTS; i++)
		is(!memcmp(seen->vector[i], probe_before.vector[i], 16), "what arrives in V", i,
		   probe, wrapped);
	is(!memcmp(seen->stack, probe_before.stack, stack_bytes[probe]),
	   "stack arguments, bytes: ", (int)stack_bytes[probe], probe, wrapped);
	is(seen->general[SP] % STACK_ALIGN == 0, "alignment of the stack, not to ", STACK_ALIGN,
	   probe, wrapped);
	is(seen->fpcr == probe_before.fpcr, "FPCR arrives as ", (int)seen->fpcr, probe, wrapped);
	is(seen->fpsr == probe_before.fpsr, "FPSR arrives as ", (int)seen->fpsr, probe, wrapped);
}

/* What the caller found afterwards. */
static void check_return(unsigned int probe, bool wrapped)
{
	for (int i = 0; i < 2; i++)
		is(probe_after.general[i] == results->general[i], "what comes back in X", i, probe,
		   wrapped);
	for (int i = 0; i < VECTOR_RESULTS; i++)
		is(!memcmp(probe_after.vector[i], results->vector[i], 16), "what comes back in V",
		   i, probe, wrapped);
	for (int i = 19; i <= 29; i++)
		is(probe_after.general[i] == probe_before.general[i], "what survives in X", i,
		   probe, wrapped);
	for (int i = 8; i <= 15; i++)
		is(!memcmp(probe_after.vector[i], probe_before.vector[i], 8), "what survives in D",
		   i, probe, wrapped);
	is(probe_after.general[SP] == probe_stack, "what survives in X", SP, probe, wrapped);
	is(probe_after.fpcr == probe_before.fpcr, "FPCR survives as ", (int)probe_after.fpcr, probe,
	   wrapped);
	is(probe_after.fpsr == results->fpsr, "FPSR comes back as ", (int)probe_after.fpsr, probe,
	   wrapped);
}

static void one(unsigned int probe, bool wrapped)
{
	fill(&probe_before);
	fill(results);
	memset(seen, 0, sizeof(*seen));
	memset(&probe_after, 0, sizeof(probe_after));
	probe_target = wrapped ? looked_up[probe] : direct[probe];
	probe_call();
	check_arrival(probe, wrapped);
	check_return(probe, wrapped);
}

uint64_t probe_run(unsigned int rounds)
{
	uint64_t before = wrong;

	for (unsigned int i = 0; i < rounds; i++)
		for (unsigned int probe = 0; probe < count; probe++) {
			one(probe, false);
			one(probe, true);
		}
	return wrong - before;
}
