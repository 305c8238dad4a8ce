/* SPDX-License-Identifier: MIT */
/*
 * What must arrive and what must survive on i386: psABI 1.1, 2.2.1 (registers), 2.2.3 (arguments
 * and results); EAX, ECX and EDX as regparm, fastcall and thiscall use them (GCC's manual, "x86
 * Function Attributes"). probe_call() in probe_i386.S is the call itself.
 */
#include "probe.h"

#include "probe_i386_layout.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PROBES = 8, DEFAULT_WIDTH = 16, VECTOR_ARGUMENTS = 3 };
enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

#define MXCSR_MASKS 0x1f80u /* no exception traps */
#define MXCSR_ALL   0xffffu
#define X87_MASKS   0x007fu /* the same, and the bit that is always 1 */
#define X87_GARBAGE 0x0f00u /* precision and rounding */
#define X87_EMPTY   0xffffu
#define DIRECTION   0x400u

/* Used by the assembly. */
struct probe_state probe_before, probe_after;
const void *probe_target;
uint32_t probe_own_width = DEFAULT_WIDTH;
uint32_t probe_stack;
void probe_call(void);

static const struct {
	uint16_t stack_bytes;
	uint16_t popped; /* by the callee */
} probes[PROBES] = { { 0, 0 },	 { 8, 4 },   { 40, 40 },   { 104, 0 },
		     { 120, 4 }, { 128, 0 }, { 136, 136 }, { 256, 4 } };

static struct probe_state *seen, *results;
static const void *direct[PROBES], *looked_up[PROBES];
static unsigned int count;
static uint64_t state;
static uint64_t wrong;

static uint32_t next(void)
{
	uint64_t mixed = state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(mixed ^ mixed >> 31);
}

void probe_look_up(void *library, void *(*look_up)(void *, const char *), unsigned int stack_to)
{
	const void *const *own = look_up(library, "probe_direct");
	char name[32];

	seen = look_up(library, "probe_seen");
	results = look_up(library, "probe_results");
	if (__builtin_cpu_supports("avx"))
		probe_own_width = 32;
	if (__builtin_cpu_supports("avx512f"))
		probe_own_width = 64;
	*(uint32_t *)look_up(library, "probe_width") = probe_own_width;
	for (count = 0; count < PROBES && probes[count].stack_bytes <= stack_to; count++) {
		snprintf(name, sizeof(name), "probe_%u_s%u_value", count,
			 probes[count].stack_bytes);
		direct[count] = own[count];
		looked_up[count] = look_up(library, name);
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
	uint32_t *words = (uint32_t *)to;
	uint32_t mode = next() % 3;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*words); i++)
		words[i] = next();
	to->mxcsr = (to->mxcsr & MXCSR_ALL) | MXCSR_MASKS;
	to->x87[0] = (to->x87[0] & X87_GARBAGE) | X87_MASKS;
	/* Old programs align their stack to 4 bytes. */
	to->general[ESP] = next() % 32 * 4;
	to->x87_used = mode == 1;
	to->mmx_used = mode == 2;
	/* As in values.c: a valid long double. */
	to->st0[7] |= 0x80;
	to->st0[8] |= 1;
	to->st0[9] &= 0xbf;
}

static void is(bool right, const char *what, unsigned int probe, bool wrapped)
{
	if (right)
		return;
	wrong++;
	if (wrong < 50)
		printf("wrong: probe_%u, %s: %s\n", probe, wrapped ? "looked up" : "directly",
		       what);
}

/* What MMX makes of the x87 stack: a tag of two bits each, 3 = empty. */
static bool no_empty_tag(uint32_t tags)
{
	return !(tags & tags >> 1 & 0x5555);
}

/* What the callee found. */
static void check_arrival(unsigned int probe, bool wrapped)
{
	static const struct {
		uint8_t number;
		const char *name;
	} kept[] = { { EAX, "EAX arrives" }, { ECX, "ECX arrives" }, { EDX, "EDX arrives" },
		     { EBX, "EBX arrives" }, { ESI, "ESI arrives" }, { EDI, "EDI arrives" } };
	uint32_t place = seen->general[ESP] + 4;

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		is(seen->general[kept[i].number] == probe_before.general[kept[i].number],
		   kept[i].name, probe, wrapped);
	for (int i = 0; i < VECTOR_ARGUMENTS; i++)
		is(!memcmp(seen->vector[i], probe_before.vector[i], probe_own_width),
		   "vector argument arrives", probe, wrapped);
	for (int i = 0; probe_before.mmx_used && i < MMX_VECTORS; i++)
		is(!memcmp(seen->mmx[i], probe_before.mmx[i], sizeof(seen->mmx[i])),
		   "MMX argument arrives", probe, wrapped);
	is(!memcmp(seen->stack, probe_before.stack, probes[probe].stack_bytes),
	   "stack arguments arrive", probe, wrapped);
	is(place % 128 == probe_stack % 128, "the stack's alignment", probe, wrapped);
	is(seen->mxcsr == probe_before.mxcsr, "MXCSR arrives", probe, wrapped);
	is((seen->x87[0] & 0xffff) == probe_before.x87[0], "x87 control word arrives", probe,
	   wrapped);
	is(probe_before.mmx_used ? no_empty_tag(seen->x87[2])
				 : (seen->x87[2] & 0xffff) == X87_EMPTY,
	   "x87 tags arrive", probe, wrapped);
	is(!(seen->flags & DIRECTION), "direction flag is clear", probe, wrapped);
}

/* What the caller found afterwards. */
static void check_return(unsigned int probe, bool wrapped)
{
	static const struct {
		uint8_t number;
		const char *name;
	} kept[] = { { EBX, "EBX survives" },
		     { EBP, "EBP survives" },
		     { ESI, "ESI survives" },
		     { EDI, "EDI survives" } };

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		is(probe_after.general[kept[i].number] == probe_before.general[kept[i].number],
		   kept[i].name, probe, wrapped);
	is(probe_after.general[ESP] == probe_stack + probes[probe].popped,
	   "the callee's arguments are gone", probe, wrapped);
	is(probe_after.general[EAX] == results->general[EAX], "EAX comes back", probe, wrapped);
	is(probe_after.general[EDX] == results->general[EDX], "EDX comes back", probe, wrapped);
	is(!memcmp(probe_after.vector[0], results->vector[0], probe_own_width),
	   "vector result comes back", probe, wrapped);
	if (results->x87_used)
		is(!memcmp(probe_after.st0, results->st0, 10), "x87 result comes back", probe,
		   wrapped);
	if (results->mmx_used)
		is(!memcmp(probe_after.mmx[0], results->mmx[0], sizeof(results->mmx[0])),
		   "MMX result comes back", probe, wrapped);
	is(probe_after.mxcsr == results->mxcsr, "MXCSR survives", probe, wrapped);
	is((probe_after.x87[0] & 0xffff) == probe_before.x87[0], "x87 control word survives", probe,
	   wrapped);
	is((probe_after.x87[2] & 0xffff) == X87_EMPTY, "x87 stack is empty after it", probe,
	   wrapped);
	is(!(probe_after.flags & DIRECTION), "direction flag stays clear", probe, wrapped);
}

static void one(unsigned int probe, bool wrapped)
{
	fill(&probe_before);
	fill(results);
	/* The control bits are the caller's to keep, the status bits the callee's to set. */
	results->mxcsr = (probe_before.mxcsr & ~0x3fu) | (results->mxcsr & 0x3f);
	results->x87_used = probe_before.x87_used;
	results->mmx_used = probe_before.mmx_used;
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
