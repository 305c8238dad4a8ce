/* SPDX-License-Identifier: MIT */
/*
 * What must arrive and what must survive on x86-64: psABI 1.0, 3.2.1 (registers), 3.2.3 (arguments
 * and results). probe_call() in probe_x86_64.S is the call itself.
 */
#include "probe.h"

#include "probe_x86_64_layout.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PROBES = 8, DEFAULT_WIDTH = 16 };
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

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
	if (__builtin_cpu_supports("avx"))
		probe_own_width = 32;
	if (__builtin_cpu_supports("avx512f"))
		probe_own_width = 64;
	*(uint32_t *)look_up(library, "probe_width") = probe_own_width;
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
	to->mxcsr = (to->mxcsr & MXCSR_ALL) | MXCSR_MASKS;
	to->x87[0] = (to->x87[0] & X87_GARBAGE) | X87_MASKS;
	to->general[RSP] = next() % 8 * 16;
	to->x87_used = next() % 2;
	for (int i = 0; i < 2; i++) /* as in values.c: valid long doubles */
		to->st[i][7] |= 0x80, to->st[i][8] |= 1, to->st[i][9] &= 0xbf;
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

/* What the callee found. */
static void check_arrival(unsigned int probe, bool wrapped)
{
	static const struct {
		uint8_t number;
		const char *name;
	} kept[] = { { RAX, "RAX arrives" }, { RDI, "RDI arrives" }, { RSI, "RSI arrives" },
		     { RDX, "RDX arrives" }, { RCX, "RCX arrives" }, { R8, "R8 arrives" },
		     { R9, "R9 arrives" },   { R10, "R10 arrives" }, { RBX, "RBX arrives" },
		     { R12, "R12 arrives" }, { R13, "R13 arrives" }, { R14, "R14 arrives" },
		     { R15, "R15 arrives" } };
	uint64_t place = seen->general[RSP] + 8;

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		is(seen->general[kept[i].number] == probe_before.general[kept[i].number],
		   kept[i].name, probe, wrapped);
	for (int i = 0; i < 8; i++)
		is(!memcmp(seen->vector[i], probe_before.vector[i], probe_own_width),
		   "vector argument arrives", probe, wrapped);
	is(!memcmp(seen->stack, probe_before.stack, stack_bytes[probe]), "stack arguments arrive",
	   probe, wrapped);
	is(place % 128 == probe_stack % 128, "the stack's alignment", probe, wrapped);
	is(seen->mxcsr == probe_before.mxcsr, "MXCSR arrives", probe, wrapped);
	is((seen->x87[0] & 0xffff) == probe_before.x87[0], "x87 control word arrives", probe,
	   wrapped);
	is((seen->x87[2] & 0xffff) == X87_EMPTY, "x87 stack is empty", probe, wrapped);
	is(!(seen->flags & DIRECTION), "direction flag is clear", probe, wrapped);
}

/* What the caller found afterwards. */
static void check_return(unsigned int probe, bool wrapped)
{
	static const struct {
		uint8_t number;
		const char *name;
	} kept[] = { { RBX, "RBX survives" }, { RBP, "RBP survives" }, { R12, "R12 survives" },
		     { R13, "R13 survives" }, { R14, "R14 survives" }, { R15, "R15 survives" } };

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		is(probe_after.general[kept[i].number] == probe_before.general[kept[i].number],
		   kept[i].name, probe, wrapped);
	is(probe_after.general[RSP] == probe_stack, "RSP survives", probe, wrapped);
	is(probe_after.general[RAX] == results->general[RAX], "RAX comes back", probe, wrapped);
	is(probe_after.general[RDX] == results->general[RDX], "RDX comes back", probe, wrapped);
	for (int i = 0; i < 2; i++)
		is(!memcmp(probe_after.vector[i], results->vector[i], probe_own_width),
		   "vector result comes back", probe, wrapped);
	for (int i = 0; results->x87_used && i < 2; i++)
		is(!memcmp(probe_after.st[i], results->st[i], 10), "x87 result comes back", probe,
		   wrapped);
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
