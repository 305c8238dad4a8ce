/* SPDX-License-Identifier: MIT */
/*
 * The functions of libc that a hook's slow code calls are the program's own here, and leave garbage
 * in every register that a function may overwrite, vectors at their full width included. The probe
 * of tests/signatures calls with other garbage, first on many threads, whose first call makes ready
 * what the thread needs; with "refused" there is nothing to be had, and each call asks anew and
 * then goes on unseen.
 */
#include "../signatures/probe.h"
#include "faults.h"

#include <sys/resource.h>

enum { THREADS = 200, ROUNDS = 20, STACK_TO = 128 };

static uint64_t wrong, asked;

static void overwrite_registers(void)
{
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" : : : "memory");
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1;"
			 "pcmpeqd %%xmm2, %%xmm2; pcmpeqd %%xmm3, %%xmm3;"
			 "pcmpeqd %%xmm4, %%xmm4; pcmpeqd %%xmm5, %%xmm5;"
			 "pcmpeqd %%xmm6, %%xmm6; pcmpeqd %%xmm7, %%xmm7;"
			 "movq $-1, %%rcx; movq %%rcx, %%rdx; movq %%rcx, %%rsi;"
			 "movq %%rcx, %%rdi; movq %%rcx, %%r8; movq %%rcx, %%r9;"
			 "movq %%rcx, %%r10; movq %%rcx, %%r11"
			 :
			 :
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1",
			   "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

/* Found as RTLD_NEXT, which no one answers otherwise. */
#define NEXT(name)                                                 \
	__extension__({                                            \
		static __typeof__(name) *next;                     \
		if (!next)                                         \
			*(void **)&next = dlsym(RTLD_NEXT, #name); \
		asked++;                                           \
		overwrite_registers();                             \
		next;                                              \
	})

int *__errno_location(void)
{
	return NEXT(__errno_location)();
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	return NEXT(pthread_setspecific)(key, value);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	return NEXT(clock_gettime)(clock, time);
}

static void *first_calls(void *argument)
{
	wrong += probe_run(1);
	return argument;
}

int main(int argc, char **argv)
{
	struct rlimit small = { 65536, 65536 };
	unsigned int wrapped;
	pthread_t thread;

	(void)argc;
	if (!strcmp(argv[2], "refused"))
		EXPECT(!setrlimit(RLIMIT_FSIZE, &small));
	library = open_library(argv[1], RTLD_NOW);
	probe_look_up(library, look_in, STACK_TO);
	asked = 0;
	for (int i = 0; i < THREADS; i++)
		if (!pthread_create(&thread, NULL, first_calls, NULL))
			pthread_join(thread, NULL);
	TELL(asked);
	wrong += probe_run(ROUNDS);
	SAY(wrong);
	wrapped = probe_wrapped();
	TELL(wrapped);
	return 0;
}
