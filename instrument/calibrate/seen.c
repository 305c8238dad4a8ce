/* SPDX-License-Identifier: MIT */
/*
 * What is hard: the rings must be as cold as in a recorded program, whose drain reads them on
 * another processor: so they are read by a thread that is kept from this one's. And a ring that is
 * full is followed by a larger one. Begin at fsc_seen_take().
 */
#include "seen.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace_points/image.h"

static int image_fd = -1;
static struct fsc_image *image;
static pthread_t taker;
static sem_t wanted, taken;
static struct fsc_seen *takers; /* what it fills */

/* A piece of the image file, shared with the library that records into it. */
static void *map_piece(uint64_t offset, size_t bytes)
{
	uint64_t page = offset & ~(uint64_t)(FSC_PAGE - 1);
	char *piece = mmap(NULL, bytes + (offset - page), PROT_READ | PROT_WRITE, MAP_SHARED,
			   image_fd, (off_t)page);

	return piece == MAP_FAILED ? NULL : piece + (offset - page);
}

static void add(struct fsc_seen_sum *sum, uint64_t ticks)
{
	sum->count++;
	sum->ticks += ticks;
}

static void take_call(struct fsc_seen *seen, const struct fsc_call_record *call)
{
	if (call->flags & FSC_CALL_NESTED)
		add(&seen->nested, call->duration_ticks);
	else if (call->flags & FSC_CALL_BUFFER)
		add(&seen->made, call->duration_ticks);
	else
		add(&seen->outermost, call->duration_ticks);
}

static void take_record(struct fsc_seen *seen, const uint8_t *at, uint32_t id)
{
	if (id == FSC_EVENT_call)
		take_call(seen, (const struct fsc_call_record *)at);
	else if (id == FSC_EVENT_call_made)
		add(&seen->made, ((const struct fsc_call_made_record *)at)->duration_ticks);
	else if (id == FSC_EVENT_call_freed)
		add(&seen->freed, ((const struct fsc_call_freed_record *)at)->duration_ticks);
	else if (id == FSC_EVENT_phase)
		add(&seen->phases, ((const struct fsc_phase_record *)at)->duration_ticks);
}

static void take_ring(struct fsc_seen *seen, struct fsc_ring *ring)
{
	const uint8_t *data = (const uint8_t *)(ring + 1);

	while (ring->tail < ring->head) {
		uint32_t place = (uint32_t)(ring->tail % ring->capacity), id, bytes;

		memcpy(&id, data + place, sizeof(id));
		bytes = id == FSC_EVENT_GAP ? ring->capacity - place : fsc_event_record_bytes(id);
		if (!bytes)
			return;
		take_record(seen, data + place, id);
		ring->tail += bytes;
	}
}

static void take(struct fsc_seen *seen)
{
	struct fsc_slot *slot = (struct fsc_slot *)((char *)image + FSC_SLOTS_OFFSET);
	uint64_t next = slot->ring;

	memset(seen, 0, sizeof(*seen));
	while (next) {
		struct fsc_ring *ring = map_piece(next, sizeof(*ring));
		uint32_t capacity = ring ? ring->capacity : 0;

		if (!ring)
			return;
		slot->ring = next;
		munmap(ring, sizeof(*ring));
		ring = map_piece(next, sizeof(*ring) + capacity);
		if (!ring)
			return;
		take_ring(seen, ring);
		next = ring->next;
		munmap(ring, sizeof(*ring) + capacity);
	}
}

static void *take_when_wanted(void *unused)
{
	for (;;)
		if (sem_wait(&wanted) == 0) {
			take(takers);
			sem_post(&taken);
		}
	return unused;
}

bool fsc_seen_open(const char *session, bool *system_clock)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%d-0%s", session, (int)getpid(), FSC_IMAGE_SUFFIX);
	image_fd = open(path, O_RDWR | O_CLOEXEC);
	image = image_fd < 0 ? NULL : map_piece(0, FSC_ARENA_OFFSET);
	if (!image)
		return false;
	*system_clock = image->clock_mode == FSC_CLOCK_SYSTEM;
	return sem_init(&wanted, 0, 0) == 0 && sem_init(&taken, 0, 0) == 0 &&
	       pthread_create(&taker, NULL, take_when_wanted, NULL) == 0;
}

void fsc_seen_take(struct fsc_seen *seen)
{
	cpu_set_t others;

	/* Where there is but one processor this fails, and a recorded program's rings are as warm.
	 */
	if (sched_getaffinity(0, sizeof(others), &others) == 0) {
		CPU_CLR((size_t)sched_getcpu(), &others);
		(void)pthread_setaffinity_np(taker, sizeof(others), &others);
	}
	takers = seen;
	sem_post(&wanted);
	while (sem_wait(&taken) != 0)
		;
}
