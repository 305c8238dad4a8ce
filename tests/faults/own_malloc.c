/* SPDX-License-Identifier: MIT */
/* A program with an allocator of its own, which everybody in the process must use. */
#include "faults.h"

static char arena[64 << 20] __attribute__((aligned(64)));
static size_t used;
static long made, freed, foreign;

static bool ours(const void *pointer)
{
	return (const char *)pointer >= arena && (const char *)pointer < arena + sizeof(arena);
}

void *malloc(size_t size)
{
	size_t whole = (size + 31) & ~(size_t)15;
	size_t at = __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED);

	if (at + whole > sizeof(arena))
		return NULL;
	__atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
	*(size_t *)(arena + at) = size;
	return arena + at + 16;
}

void free(void *pointer)
{
	if (!pointer)
		return;
	__atomic_fetch_add(ours(pointer) ? &freed : &foreign, 1, __ATOMIC_RELAXED);
	if (ours(pointer))
		memset(pointer, 0xdd, *(size_t *)((char *)pointer - 16));
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* the arena is zero and never used twice */
}

void *realloc(void *pointer, size_t size)
{
	void *other = malloc(size);
	size_t old = pointer ? *(size_t *)((char *)pointer - 16) : 0;

	if (pointer)
		memcpy(other, pointer, old < size ? old : size);
	free(pointer);
	return other;
}

void *memalign(size_t alignment, size_t size)
{
	return alignment <= 16 ? malloc(size) : NULL;
}

int main(int argc, char **argv)
{
	void *(*lib_allocate)(size_t);
	void (*lib_release)(void *);
	long before, in_arena = 0;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_allocate), GET(lib_release);
	lib_release(lib_allocate(1));
	before = made - freed;
	for (int i = 0; i < 5000; i++) {
		char *block = lib_allocate(100), *mine = malloc(50);

		in_arena += ours(block) && ours(mine);
		lib_release(i % 2 ? block : mine);
		free(i % 2 ? mine : block);
	}
	EXPECT(made - freed == before);
	SAY(in_arena), SAY(foreign);
	return 0;
}
