/* SPDX-License-Identifier: MIT */
/*
 * What a call must leave alone: errno, callee-saved registers, flags, MXCSR, the x87 unit, the
 * signal mask. Built twice: as the library (LIBRARY) and as the program.
 */
#include "faults.h"

struct registers {
	uint64_t rbx, rbp, r12, r13, r14, r15, flags, rsp_after;
	uint32_t mxcsr;
	uint16_t control, status;
};

#ifdef LIBRARY

/* Fills in what it sees; returns MXCSR with the sticky flags of the caller. */
int state_look(struct registers *seen)
{
	__asm__ volatile("pushfq; popq %0" : "=r"(seen->flags));
	__asm__ volatile("stmxcsr %0" : "=m"(seen->mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(seen->control));
	__asm__ volatile("fnstsw %0" : "=m"(seen->status));
	return 1;
}

/* As fesetround() does: what the function sets must stay. */
int state_set(uint32_t mxcsr, uint16_t control)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	__asm__ volatile("fldcw %0" : : "m"(control));
	return 2;
}

int state_errno(int found, int leave)
{
	int right = errno == found;

	errno = leave;
	return right;
}

int state_errno_left(int found)
{
	return errno == found;
}

#else

static int (*state_look)(struct registers *);
static int (*state_set)(uint32_t, uint16_t);
static int (*state_errno)(int, int);
static int (*state_errno_left)(int);

/* Call f(argument) with known values in every callee-saved register. */
__attribute__((noinline)) static void call_with_values(void *f, void *argument,
						       struct registers *after)
{
	__asm__ volatile(
		"pushq %%rbx; pushq %%rbp; pushq %%r12; pushq %%r13; pushq %%r14; pushq %%r15\n\t"
		"movq %%rsp, %%rax\n\t"
		"andq $-16, %%rsp\n\t"
		"pushq %%rax\n\t"
		"pushq %2\n\t"
		"movq %1, %%rdi\n\t"
		"movq %0, %%rax\n\t"
		"movabsq $0x1111111111111111, %%rbx\n\t"
		"movabsq $0x2222222222222222, %%rbp\n\t"
		"movabsq $0x3333333333333333, %%r12\n\t"
		"movabsq $0x4444444444444444, %%r13\n\t"
		"movabsq $0x5555555555555555, %%r14\n\t"
		"movq %%rsp, %%r15\n\t"
		"call *%%rax\n\t"
		"movq (%%rsp), %%rcx\n\t"
		"movq %%rbx, 0(%%rcx)\n\t"
		"movq %%rbp, 8(%%rcx)\n\t"
		"movq %%r12, 16(%%rcx)\n\t"
		"movq %%r13, 24(%%rcx)\n\t"
		"movq %%r14, 32(%%rcx)\n\t"
		"movq %%r15, 40(%%rcx)\n\t"
		"pushfq\n\t"
		"popq 48(%%rcx)\n\t"
		"movq %%rsp, 56(%%rcx)\n\t"
		"movq 8(%%rsp), %%rsp\n\t"
		"popq %%r15; popq %%r14; popq %%r13; popq %%r12; popq %%rbp; popq %%rbx"
		:
		: "r"(f), "r"(argument), "r"(after)
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

enum { DIRECTION = 1 << 10, STICKY = 0x3f };

static void registers(void)
{
	struct registers seen = { 0 }, after = { 0 };
	uint32_t mxcsr = 0x1f80 | 3 << 13 | 1 << 15, found_mxcsr = 0;
	uint16_t control = 0x037f | 3 << 10, found_control = 0;
	uint32_t plain_mxcsr = 0x1f80;
	uint16_t plain_control = 0x037f;

	call_with_values((void *)state_look, &seen, &after);
	EXPECT(after.rbx == 0x1111111111111111);
	EXPECT(after.rbp == 0x2222222222222222);
	EXPECT(after.r12 == 0x3333333333333333);
	EXPECT(after.r13 == 0x4444444444444444);
	EXPECT(after.r14 == 0x5555555555555555);
	EXPECT(after.r15 == after.rsp_after);
	EXPECT(!(after.flags & DIRECTION));
	EXPECT(!(seen.flags & DIRECTION));

	/* Round to zero, flush to zero; no sticky flag may appear, the x87 unit is empty. */
	__asm__ volatile("ldmxcsr %0; fldcw %1; fnclex" : : "m"(mxcsr), "m"(control));
	EXPECT(state_look(&seen) == 1);
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(found_mxcsr), "=m"(found_control));
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(plain_mxcsr), "m"(plain_control));
	EXPECT(seen.mxcsr == mxcsr);
	EXPECT(seen.control == control);
	EXPECT(!(seen.status & STICKY) && !(seen.status >> 11 & 7));
	EXPECT(found_mxcsr == mxcsr);
	EXPECT(found_control == control);

	/* Sticky flags of the caller stay. */
	mxcsr = 0x1f80 | 0x21;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	EXPECT(state_look(&seen) == 1);
	EXPECT(seen.mxcsr == mxcsr);

	mxcsr = 0x1f80 | 1 << 13;
	EXPECT(state_set(mxcsr, 0x037f | 1 << 10) == 2);
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(found_mxcsr), "=m"(found_control));
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(plain_mxcsr), "m"(plain_control));
	EXPECT(found_mxcsr == mxcsr);
	EXPECT(found_control == (0x037f | 1 << 10));
}

static void errnos(void)
{
	errno = 1234;
	EXPECT(state_errno(1234, 4321) == 1);
	EXPECT(errno == 4321);
	EXPECT(state_errno_left(4321) == 1);
	EXPECT(errno == 4321);
	errno = 0;
	EXPECT(state_errno(0, EXDEV) == 1);
	EXPECT(errno == EXDEV);
}

static void *work(void *unused)
{
	sigset_t before, after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	/* Enough that rings are grown on the way. */
	for (int i = 0; i < 30000; i++) {
		errnos();
		if (i % 10 == 0)
			registers();
	}
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	EXPECT(!memcmp(&before, &after, sizeof(before)));
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];
	void *found;

	(void)argc;
	errno = 77;
	found = dlsym(RTLD_DEFAULT, "printf");
	EXPECT(errno == 77 && found);
	library = open_library(argv[1], RTLD_NOW);
	errno = 1234;
	GET(state_look);
	EXPECT(errno == 1234);
	GET(state_set), GET(state_errno), GET(state_errno_left);
	GET(state_look);
	EXPECT(errno == 1234);
	found = dlvsym(RTLD_DEFAULT, "printf", "GLIBC_2.2.5");
	EXPECT(errno == 1234 && found);
	found = dlsym(RTLD_NEXT, "puts");
	EXPECT(errno == 1234 && found);
	found = dlsym(library, "missing");
	printf("errno after a missing one %d\n", errno);
	errnos(); /* the thread's first call */
	registers();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	puts("done");
	return 0;
}
#endif
