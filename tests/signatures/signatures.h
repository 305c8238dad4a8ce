/* SPDX-License-Identifier: MIT */
/*
 * signatures.h - what the generated functions and their calls are made of.
 *
 * Arguments are random bytes. The callee hashes all of them; its result is random bytes, too, of
 * which the hash is the seed. The host works out the same without a call, so whatever is changed on
 * the way shows: an argument in the hash, a result by itself. Padding is not looked at.
 */
#ifndef SIGNATURES_H
#define SIGNATURES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIG_HIDDEN __attribute__((visibility("hidden")))
#define SIG_EXPORT __attribute__((visibility("default")))

/* ---- types ---- */

enum sig_kind { SIG_BITS, SIG_BOOL, SIG_FLOAT, SIG_DOUBLE, SIG_EXTENDED };

/* Equal elements side by side. */
struct sig_field {
	uint16_t offset;
	uint16_t size;
	uint16_t count;
	uint16_t kind;
};

enum { SIG_TYPE_MAX = 128 };

struct sig_type {
	uint16_t size;
	uint16_t align; /* of an argument */
	uint16_t field_count;
	const struct sig_field *fields;
};

/* Random bytes that every move keeps: no signalling NaN, no invalid long double. */
void sig_fill(uint64_t *state, const struct sig_type *type, void *value);

uint64_t sig_hash(uint64_t hash, const struct sig_type *type, const void *value);

bool sig_same(const struct sig_type *type, const void *one, const void *two);

/* ---- in the library ---- */

/* What the last function saw; sig_seen is data that the host looks up. */
struct sig_seen {
	uint64_t calls;
	uint64_t hash;
	uint64_t stack_misaligned;    /* at the entry of a function */
	uint64_t argument_misaligned; /* an argument is not where its type wants it */
};

struct sig_fold {
	uint64_t hash;
};

/* The stack pointer before the call: the ABI aligns it to 16 bytes. */
#define SIG_FRAME() __builtin_dwarf_cfa()

struct sig_fold sig_enter(unsigned int number, const void *frame);
void sig_fold(struct sig_fold *fold, const struct sig_type *type, const void *argument);
/* The same for a copy, whose place says nothing. */
void sig_fold_copy(struct sig_fold *fold, const struct sig_type *type, const void *argument);
void sig_leave(const struct sig_fold *fold, const struct sig_type *type, void *result);

/* The function under a name that no symbol table shows. */
#define SIG_DIRECT(result, number, name, parameters)               \
	extern __attribute__((alias(#name), visibility("hidden"))) \
	result direct_##number parameters;

/* ---- in the host ---- */

enum { SIG_DIRECTLY, SIG_LOOKED_UP, SIG_WAYS };

struct sig_entry;

struct sig_call {
	const struct sig_entry *entry;
	const void *ways[SIG_WAYS];
	uint64_t random;
	uint64_t hash; /* that the callee must find */
	uint64_t result_hash;
};

struct sig_entry {
	const char *name;
	uint16_t stack; /* bytes of arguments there */
	uint8_t level;	/* of the processor: host.c */
	void (*call)(struct sig_call *call);
};

extern const struct sig_entry sig_entries[];
extern const unsigned int sig_entry_count;

void sig_give(struct sig_call *call, const struct sig_type *type, void *argument);
void sig_check(struct sig_call *call, int way, const struct sig_type *type, const void *result);

#endif
