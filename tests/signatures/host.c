/* SPDX-License-Identifier: MIT */
/*
 * Calls the generated functions, each by an address that nobody looked up and by the one that dlsym
 * gave, and compares both with what must come out.
 *
 *   host LIBRARY FIRST LAST STACK_FROM STACK_TO    functions FIRST .. LAST - 1 that have so many
 *                                                  bytes of stack arguments
 *   host LIBRARY probe ROUNDS STACK_TO             the probes: probe.h
 *
 * stdout: a line per function, and what is wrong; stderr: how many functions are wrapped. Each
 * function is called ROUNDS times: on the main thread, on a thread of its own, inside another call,
 * and on the main thread again.
 */
#include "signatures.h"

#include "probe.h"

#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4, STACK_STEP = 16, STACK_STEPS = 256 };

static struct sig_call *calls;
static unsigned int call_count, round_now;
static uint64_t wrong;
static struct sig_seen *seen;

static void *look_up(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		printf("no %s: %s\n", name, dlerror());
		exit(99);
	}
	return found;
}

void sig_give(struct sig_call *call, const struct sig_type *type, void *argument)
{
	sig_fill(&call->random, type, argument);
	call->hash = sig_hash(call->hash, type, argument);
}

static void is_wrong(const struct sig_call *call, int way, const char *what)
{
	wrong++;
	printf("wrong: %s, %s, round %u: %s\n", call->entry->name,
	       way == SIG_DIRECTLY ? "directly" : "looked up", round_now, what);
}

void sig_check(struct sig_call *call, int way, const struct sig_type *type, const void *result)
{
	_Alignas(SIG_TYPE_MAX) unsigned char expected[SIG_TYPE_MAX];
	uint64_t state = call->hash;

	if (seen->calls != 1)
		is_wrong(call, way, "not called once");
	if (seen->hash != call->hash)
		is_wrong(call, way, "arguments");
	if (seen->stack_misaligned)
		is_wrong(call, way, "the stack's alignment");
	if (seen->argument_misaligned)
		is_wrong(call, way, "an argument's alignment");
	memset(seen, 0, sizeof(*seen));
	if (!type)
		return;
	sig_fill(&state, type, expected);
	if (!sig_same(type, expected, result))
		is_wrong(call, way, "result");
	call->result_hash = sig_hash(call->result_hash, type, result);
}

/* From another place of the stack each time: in a page, and among 128 bytes. */
static __attribute__((noinline)) void call_from(struct sig_call *call, unsigned int place)
{
	volatile char *space = alloca((size_t)(place % STACK_STEPS) * STACK_STEP + 1);

	space[0] = 0;
	call->entry->call(call);
	space[0] = 1;
}

static void call_all(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < call_count; i++) {
		calls[i].hash = (uint64_t)(calls[i].entry - sig_entries);
		calls[i].random = calls[i].hash << 8 | round_now;
		call_from(&calls[i], i * 37 + round_now * 101);
	}
	round_now++;
}

static void *call_all_on_a_thread(void *unused)
{
	call_all(NULL);
	return unused;
}

static void on_a_thread(void *(*body)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, NULL) || pthread_join(thread, NULL))
		exit(97);
}

/* The level of a function: an index into the generator's list. */
static bool processor_has(int level)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	if (level == 1)
		return __builtin_cpu_supports("avx2");
	if (level == 2)
		return __builtin_cpu_supports("avx512f");
#endif
	return level == 0;
}

static unsigned int choose(void *library, unsigned int first, unsigned int last,
			   unsigned int stack_from, unsigned int stack_to)
{
	const void *const *direct = look_up(library, "sig_direct");
	unsigned int wrapped = 0;

	if (last > sig_entry_count)
		last = sig_entry_count;
	calls = calloc(sig_entry_count, sizeof(*calls));
	for (unsigned int i = first; i < last; i++) {
		const struct sig_entry *entry = &sig_entries[i];
		struct sig_call *call = &calls[call_count];

		if (entry->stack < stack_from || entry->stack > stack_to ||
		    !processor_has(entry->level))
			continue;
		call->entry = entry;
		call->ways[SIG_DIRECTLY] = direct[i];
		call->ways[SIG_LOOKED_UP] = look_up(library, entry->name);
		wrapped += call->ways[SIG_LOOKED_UP] != direct[i];
		call_count++;
	}
	return wrapped;
}

static void call_and_compare(void *library, char **argument)
{
	void (*nest)(void (*)(void *), void *) = look_up(library, "sig_nest");
	unsigned int wrapped = choose(library, atoi(argument[0]), atoi(argument[1]),
				      atoi(argument[2]), atoi(argument[3]));

	call_all(NULL);
	on_a_thread(call_all_on_a_thread);
	nest(call_all, NULL);
	call_all(NULL);
	for (unsigned int i = 0; i < call_count; i++)
		printf("%s %016lx %016lx\n", calls[i].entry->name, (unsigned long)calls[i].hash,
		       (unsigned long)calls[i].result_hash);
	printf("functions=%u\nrounds=%u\n", call_count, round_now);
	fprintf(stderr, "wrapped=%u\n", wrapped);
	free(calls);
}

static unsigned int probe_rounds;

static void probe_all(void *unused)
{
	(void)unused;
	wrong += probe_run(probe_rounds);
}

static void *probe_on_a_thread(void *unused)
{
	probe_all(NULL);
	return unused;
}

static void probe(void *library, unsigned int rounds, unsigned int stack_to)
{
	void (*nest)(void (*)(void *), void *) = look_up(library, "sig_nest");

	probe_rounds = rounds;
	probe_look_up(library, look_up, stack_to);
	probe_all(NULL);
	on_a_thread(probe_on_a_thread);
	nest(probe_all, NULL);
	printf("probes=%u\nrounds=%u\n", probe_count(), 3 * rounds);
	fprintf(stderr, "wrapped=%u\n", probe_wrapped());
}

int main(int argc, char **argv)
{
	void *library;

	if (argc != 5 && argc != 6)
		return 96;
	library = dlopen(argv[1], RTLD_NOW);
	if (!library) {
		printf("cannot open: %s\n", dlerror());
		return 98;
	}
	seen = look_up(library, "sig_seen");
	if (argc == 5)
		probe(library, atoi(argv[3]), atoi(argv[4]));
	else
		call_and_compare(library, argv + 2);
	printf("wrong=%lu\n", (unsigned long)wrong);
	return wrong != 0;
}
