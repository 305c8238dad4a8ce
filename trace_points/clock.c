/* SPDX-License-Identifier: MIT */
/* What is hard: a pair is two readings that cannot happen at once; the narrowest bracket wins. */
#include "trace_points/clock.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "trace_points/image.h"

enum { PAIR_TRIES = 9, STEP_TRIES = 2000 };

const char *fsc_clock_mode_name(uint32_t mode)
{
	static const char *const names[] = { [FSC_CLOCK_FENCED] = "fenced",
					     [FSC_CLOCK_FAST] = "fast",
					     [FSC_CLOCK_SYSTEM] = "system" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : NULL;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t fsc_clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

enum fsc_clock_lack fsc_clock_lacks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned int eax, ebx, ecx, edx;
	int allowed = PR_TSC_ENABLE;
	int saved = errno;

	if (!__get_cpuid(0x80000007u, &eax, &ebx, &ecx, &edx) || !(edx & 1u << 8))
		return FSC_CLOCK_LACKS_RATE;
	if (prctl(PR_GET_TSC, &allowed, 0, 0, 0) != 0)
		allowed = PR_TSC_ENABLE;
	errno = saved;
	return allowed == PR_TSC_ENABLE ? FSC_CLOCK_LACKS_NOTHING : FSC_CLOCK_LACKS_PERMISSION;
#elif defined(__aarch64__)
	return FSC_CLOCK_LACKS_NOTHING;
#else
	return FSC_CLOCK_LACKS_COUNTER;
#endif
}

bool fsc_clock_has_counter(void)
{
	return fsc_clock_lacks() == FSC_CLOCK_LACKS_NOTHING;
}

static uint64_t ticks_now(bool system)
{
	return system ? fsc_clock_monotonic_ns() : fsc_clock_counter();
}

struct fsc_clock_pair fsc_clock_pair_read(bool system)
{
	struct fsc_clock_pair best = { .bracket_ticks = UINT64_MAX };

	for (int i = 0; i < PAIR_TRIES; i++) {
		uint64_t before = ticks_now(system);
		uint64_t monotonic = fsc_clock_monotonic_ns();
		uint64_t after = ticks_now(system);

		if (after - before >= best.bracket_ticks)
			continue;
		best.ticks = before + (after - before) / 2;
		best.monotonic_ns = monotonic;
		best.bracket_ticks = after - before;
	}
	if (system)
		best.ticks = best.monotonic_ns;
	best.realtime_ns =
		clock_ns(CLOCK_REALTIME) - (fsc_clock_monotonic_ns() - best.monotonic_ns);
	return best;
}

uint64_t fsc_clock_ticks_per_s(bool system, uint64_t wait_ns)
{
	struct fsc_clock_pair first, last;

	if (system)
		return 1000000000u;
	first = fsc_clock_pair_read(false);
	do {
		last = fsc_clock_pair_read(false);
	} while (last.monotonic_ns - first.monotonic_ns < wait_ns);
	return (uint64_t)((double)(last.ticks - first.ticks) * 1e9 /
			  (double)(last.monotonic_ns - first.monotonic_ns));
}

uint64_t fsc_clock_step_ticks(bool system)
{
	uint64_t step = UINT64_MAX;
	uint64_t last = ticks_now(system);

	for (int i = 0; i < STEP_TRIES; i++) {
		uint64_t now = ticks_now(system);

		if (now != last && now - last < step)
			step = now - last;
		last = now;
	}
	return step == UINT64_MAX ? 1 : step;
}

static uint64_t fenced_counter(void)
{
	uint64_t now = fsc_clock_counter();

#if defined(__x86_64__) || defined(__i386__)
	__asm__ __volatile__("lfence" : : : "memory");
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" : : : "memory");
#endif
	return now;
}

/* A third each of readings, stores to what was just loaded, and additions of four at a time. */
static void work(void)
{
	enum { WORDS = 32, ADDITIONS = 64 };
	volatile uint32_t words[WORDS];
	uint32_t a = 1, b = 2, c = 3, d = 4;

	(void)fenced_counter();
	(void)fenced_counter();
	for (int i = 0; i < WORDS; i++)
		words[i] = 0;
	for (int i = 0; i < WORDS; i++)
		words[i] = words[i] + 1;
	for (int i = 0; i < ADDITIONS; i++) {
		a += 3;
		b ^= 7;
		c += 9;
		d ^= a;
		__asm__ __volatile__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
}

uint64_t fsc_clock_pace_ticks(void)
{
	enum { TRIES = 3 }; /* the first finds cold caches, another may be interrupted */
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t begin = fenced_counter(), taken;

		work();
		taken = fenced_counter() - begin;
		least = taken < least ? taken : least;
	}
	return least;
}
