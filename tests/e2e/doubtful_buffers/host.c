/* SPDX-License-Identifier: MIT */
/* host LIBRARY CASE: calls library.c COUNT times, in the way that the case names. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct buffer {
	uint8_t *pointer;
	size_t length;
	size_t capacity;
};

enum { COUNT = 100, BYTES = 64, HELD = 20 };

static struct buffer (*proto2ffi_make)(size_t), (*other_make)(size_t);
static void (*proto2ffi_free_byte_buffer)(struct buffer);
static void *(*proto2ffi_open)(void);
static uintptr_t (*proto2ffi_keep)(size_t);
static void (*lib_call)(void (*)(void));
static void (*store_query)(size_t, uint8_t **, size_t *, size_t *);
static void (*store_free)(uint8_t *, size_t, size_t);
static jmp_buf before;
static void *handles[COUNT];

static void jump(void)
{
	longjmp(before, 1);
}

static void in_turn(void)
{
	proto2ffi_free_byte_buffer(proto2ffi_make(BYTES));
	proto2ffi_free_byte_buffer(other_make(BYTES));
}

static void twice(void)
{
	struct buffer buffer = proto2ffi_make(BYTES);

	proto2ffi_free_byte_buffer(buffer);
	buffer.pointer = memcpy(malloc(BYTES), buffer.pointer ? "x" : "", 1); /* the same block */
	proto2ffi_free_byte_buffer(buffer);
}

static struct buffer held[HELD];
static int calls;

/* As a finalizer does it: HELD calls later, and the last ones not at all. */
static void late(void)
{
	struct buffer *buffer = &held[calls++ % HELD];

	if (calls == COUNT - 2 * HELD)
		usleep(50000); /* the longest that any is held, whatever the machine does */
	if (buffer->pointer)
		proto2ffi_free_byte_buffer(*buffer);
	*buffer = proto2ffi_make(BYTES);
}

/* The same, but for one that is forgotten. */
static void late_but_one(void)
{
	if (calls == HELD + 5)
		held[5].pointer = NULL;
	late();
}

static void open_handle(void)
{
	static int count;

	handles[count++] = proto2ffi_open();
}

/*
 * A struct that an earlier call left says, by chance, what this one allocates; where its address
 * travels in a register of its own, it is still there.
 */
static void stale(void)
{
	uint8_t *block = malloc(BYTES);
	struct buffer left = { block, BYTES / 2, BYTES };
	uintptr_t kept;

	free(block);
#ifdef __aarch64__
	{
		register size_t argument __asm__("x0") = BYTES;
		register struct buffer *where __asm__("x8") = &left;

		__asm__ volatile("blr %2"
				 : "+r"(argument), "+r"(where)
				 : "r"(proto2ffi_keep)
				 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11",
				   "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x30", "cc",
				   "memory");
		kept = argument;
	}
#else
	kept = proto2ffi_keep(BYTES);
#endif
	if (kept != (uintptr_t)left.pointer)
		exit(4);
}

static void plain_after_jump(void)
{
	struct buffer buffer = proto2ffi_make(BYTES);

	if (!setjmp(before))
		lib_call(jump);
	free(buffer.pointer);
}

static void query(size_t less)
{
	uint8_t *pointer;
	size_t length, capacity;

	store_query(BYTES, &pointer, &length, &capacity);
	store_free(pointer, length, capacity - less);
}

static void query_well(void)
{
	query(0);
}

static void query_badly(void)
{
	query(8);
}

static void *look(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		exit(3);
	return found;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = { { "in turn", in_turn },
		      { "twice", twice },
		      { "late", late },
		      { "late but one", late_but_one },
		      { "handles", open_handle },
		      { "stale", stale },
		      { "plain after jump", plain_after_jump },
		      { "query well", query_well },
		      { "query badly", query_badly } };
	void *library = argc > 2 ? dlopen(argv[1], RTLD_NOW) : NULL;

	if (!library)
		return 2;
#define GET(name) *(void **)&name = look(library, #name)
	GET(proto2ffi_make), GET(proto2ffi_free_byte_buffer);
	GET(proto2ffi_open), GET(proto2ffi_keep), GET(lib_call), GET(store_query), GET(store_free);
	if (!strcmp(argv[2], "in turn"))
		GET(other_make);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int n = 0; n < COUNT && !strcmp(argv[2], cases[i].name); n++)
			cases[i].run();
	return 0;
}
