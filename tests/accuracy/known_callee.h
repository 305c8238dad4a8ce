/* SPDX-License-Identifier: MIT */
/*
 * known_callee.h - the functions that known.c times: by an address that was looked up (recorded),
 * and by one of the table (bare).
 */
#ifndef TESTS_ACCURACY_KNOWN_CALLEE_H
#define TESTS_ACCURACY_KNOWN_CALLEE_H

#include <stddef.h>
#include <stdint.h>

struct known_buffer {
	uint8_t *ptr;
	size_t len;
	size_t cap;
};

typedef uint64_t (*known_function)(uint64_t value);

/* name, multiplications that depend on each other (about one ns each) */
#define KNOWN_CHAINS(F) \
	F(empty, 0)     \
	F(20ns, 19)     \
	F(100ns, 93)    \
	F(1us, 933)     \
	F(10us, 9333)   \
	F(1ms, 933333)

enum { KNOWN_INSIDE = 4 };

/* Allocation goes through here, so that the bare calls have no hook in it. */
struct known_allocator {
	void *(*allocate)(size_t bytes);
	void (*release)(void *block);
};

struct known_table {
#define KNOWN_FIELD(name, steps) known_function chain_##name;
	KNOWN_CHAINS(KNOWN_FIELD)
#undef KNOWN_FIELD
	/* 100 ns of its own, and KNOWN_INSIDE times the function. */
	uint64_t (*nested)(uint64_t value, known_function inside);
	/* KNOWN_INSIDE blocks allocated and freed, 100 ns. */
	known_function allocating;
	known_function warm_up;
	struct known_buffer (*make)(const uint8_t *data, size_t length);
	void (*give_back)(struct known_buffer buffer);
};

extern const struct known_table accuracy_bare;
extern struct known_allocator accuracy_allocator;

#endif
