/* SPDX-License-Identifier: MIT */
/*
 * Many threads make, take and take again buffers in buckets that they share. A plain program,
 * because Criterion does not run under ThreadSanitizer. Exits 1 when a buffer was lost or given out
 * twice.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/trace_points/enter_buffer.h"

enum { THREADS = 4, ROUNDS = 30000, ADDRESSES = 32 };

static uint64_t crowded[THREADS * ADDRESSES];

static struct fsc_ledger *ledger;

static void *work(void *argument)
{
	uint64_t thread = (uint64_t)(uintptr_t)argument, wrong = 0;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t pointer = crowded[round % ADDRESSES * THREADS + thread];
		struct fsc_ledger_entry entry = { .call = round, .tid = (uint32_t)thread },
					found = { 0 };

		wrong += enter_buffer(ledger, pointer, &entry) != FSC_LEDGER_ENTERED;
		wrong += !fsc_ledger_maybe_live(ledger, pointer);
		wrong += fsc_ledger_take(ledger, pointer, &found) != FSC_LEDGER_WAS_LIVE;
		wrong += found.call != round || found.tid != thread;
		wrong += fsc_ledger_take(ledger, pointer, &found) == FSC_LEDGER_WAS_LIVE;
		/* Somebody else's: free, live or given back, but never torn. */
		fsc_ledger_look(ledger,
				crowded[round % ADDRESSES * THREADS + (thread + 1) % THREADS]);
	}
	return (void *)(uintptr_t)wrong;
}

int main(void)
{
	pthread_t threads[THREADS];
	uint64_t wrong = 0;

	ledger = calloc(1, sizeof(*ledger));
	if (!ledger)
		return 2;
	crowd(crowded, THREADS * ADDRESSES);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			return 2;
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (uintptr_t)result;
	}
	free(ledger);
	printf("%llu wrong\n", (unsigned long long)wrong);
	return wrong != 0;
}
