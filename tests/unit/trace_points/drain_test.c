/* SPDX-License-Identifier: MIT */
/* What a drain makes of a healthy image. */
#include "drain_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

TestSuite(drain, .init = begin, .fini = end, .timeout = 60);

Test(drain, an_image_without_events_leaves_nothing)
{
	fsc_drain_finish(drain);
	cr_assert_eq(output.packets, 0);
}

Test(drain, what_is_in_a_ring_becomes_one_packet)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 16384);
	const struct fsc_packet_header *packet;

	fake_calls(&fake, ring, 3);
	cr_assert_eq(fsc_drain_poll(drain, true), 3 * sizeof(struct fsc_call_record));
	packet = fake_packet(&output, 0, 0);
	cr_assert_not_null(packet);
	cr_assert_null(fake_packet(&output, 0, 1));
	cr_assert_eq(packet->magic, FSC_PACKET_MAGIC);
	cr_assert_eq(memcmp(packet->uuid, fake_uuid, 16), 0);
	cr_assert_eq(packet->begin_ticks, 2000);
	cr_assert_eq(packet->end_ticks, 4000);
	cr_assert_eq(packet->content_bits, 8 * (80 + 3 * 48));
	cr_assert_eq(packet->tid, 1000);
	cr_assert_eq(ring->tail, ring->head);
}

Test(drain, a_ring_is_left_alone_until_it_is_a_quarter_full)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 16384);

	fake_calls(&fake, ring, 4096 / 48 - 1);
	cr_assert_eq(fsc_drain_poll(drain, false), 0);
	cr_assert_eq(totals().waiting_bytes, ring->head);
	fake_calls(&fake, ring, 2);
	cr_assert_eq(fsc_drain_poll(drain, false), ring->head);
	cr_assert_eq(totals().waiting_bytes, 0);
}

Test(drain, a_wrapped_ring_keeps_its_order_and_leaves_its_gap_out)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 1000); /* 20 calls and 40 bytes */
	const struct fsc_packet_header *packet;
	struct fsc_call_record first, last;

	fake_calls(&fake, ring, 15);
	fsc_drain_poll(drain, true);
	fake_calls(&fake, ring, 15);
	fsc_drain_poll(drain, true);
	packet = fake_packet(&output, 0, 1);
	cr_assert_eq(packet->content_bits, 8 * (80 + 15 * 48));
	memcpy(&first, packet + 1, sizeof(first));
	memcpy(&last, (const uint8_t *)packet + 80 + (14 * 48), sizeof(last));
	cr_assert_eq(first.number, 16);
	cr_assert_eq(last.number, 30);
	cr_assert_eq(ring->dropped, 0);
}

Test(drain, every_record_passes_once_through_a_ring_that_is_never_large_enough)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 516);
	const void *last = NULL;

	for (int i = 0; i < 5000; i++) {
		fake_call(&fake, ring);
		if (i % 7 == 0)
			fsc_drain_poll(drain, true);
	}
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, &last), 5000);
	cr_assert_eq(((const struct fsc_call_record *)last)->number, 5000);
	cr_assert_eq(totals().lost_events, 0);
}

Test(drain, a_ring_that_grew_is_followed_and_its_memory_given_back)
{
	struct fsc_ring *small = fake_ring(&fake, 0, NULL, 65536);
	struct fsc_ring *large;
	struct stat before, after;

	fake_calls(&fake, small, 1000);
	large = fake_ring(&fake, 0, small, 262144);
	fake_calls(&fake, large, 10);
	stat(fake.path, &before);
	fsc_drain_poll(drain, true);
	stat(fake.path, &after);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 1010);
	cr_assert_eq(fake.slots[0].ring, (uint64_t)((uint8_t *)large - fake.map));
	cr_assert_lt(after.st_blocks, before.st_blocks);
}

Test(drain, a_slot_handed_on_names_its_new_thread)
{
	struct fsc_ring *first = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_ring *second;

	fake_calls(&fake, first, 2);
	second = fake_ring(&fake, 0, first, 4096);
	second->tid = 4242;
	fake_calls(&fake, second, 2);
	fsc_drain_poll(drain, true);
	cr_assert_eq(fake_packet(&output, 0, 0)->tid, 1000);
	cr_assert_eq(fake_packet(&output, 0, 1)->tid, 4242);
	cr_assert_eq(fake_packet(&output, 0, 1)->sequence, 1);
}

Test(drain, packets_of_a_stream_never_run_backwards)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_mark_record late = { .id = FSC_EVENT_mark, .ticks = 50000 };
	struct fsc_mark_record early = { .id = FSC_EVENT_mark, .ticks = 40000 };

	fake_put(ring, &late, sizeof(late));
	fsc_drain_poll(drain, true);
	fake_put(ring, &early, sizeof(early));
	fsc_drain_poll(drain, true);
	cr_assert_eq(fake_packet(&output, 0, 1)->begin_ticks, 50000);
	cr_assert_eq(fake_packet(&output, 0, 1)->end_ticks, 50000);
}

Test(drain, dropped_events_add_up_over_the_rings_of_a_slot)
{
	struct fsc_ring *first = fake_ring(&fake, 0, NULL, 480);
	struct fsc_ring *second;
	const void *loss = NULL;

	fake_calls(&fake, first, 13); /* room for 10 */
	second = fake_ring(&fake, 0, first, 480);
	fake_calls(&fake, second, 12);
	second->findings = 1;
	fsc_drain_finish(drain);
	cr_assert_eq(fake_packet(&output, 0, 0)->events_discarded, 3);
	cr_assert_eq(fake_packet(&output, 0, 1)->events_discarded, 5);
	cr_assert_eq(totals().lost_events, 5);
	cr_assert_eq(totals().lost_findings, 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_loss, &loss), 1);
	cr_assert_eq(((const struct fsc_loss_record *)loss)->events, 5);
	cr_assert_eq(((const struct fsc_loss_record *)loss)->findings, 1);
}

Test(drain, a_refused_packet_counts_as_lost_and_the_next_one_says_so)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	struct fsc_buffer_freed_record freed = { .id = FSC_EVENT_buffer_freed,
						 .ticks = 3000,
						 .verdict = FSC_VERDICT_FREED_TWICE };

	output.refuse = ENOSPC;
	fake_put(ring, &freed, sizeof(freed));
	fsc_drain_poll(drain, true);
	output.refuse = 0;
	fake_calls(&fake, ring, 1);
	fsc_drain_poll(drain, true);
	cr_assert_eq(totals().lost_events, 1);
	cr_assert_eq(totals().lost_findings, 1);
	cr_assert_eq(fake_packet(&output, 0, 0)->events_discarded, 1);
	cr_assert_eq(fake_packet(&output, 0, 0)->sequence, 0);
}

Test(drain, losses_outside_rings_are_the_image_s)
{
	const void *loss = NULL;

	fake.image->lost_events = 12;
	fake.image->lost_findings = 2;
	fsc_drain_finish(drain);
	cr_assert_eq(totals().lost_events, 12);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_loss, &loss), 1);
	cr_assert_eq(((const struct fsc_loss_record *)loss)->slot, UINT32_MAX);
	cr_assert_eq(((const struct fsc_loss_record *)loss)->findings, 2);
}

Test(drain, calls_that_no_thread_could_record_are_counted_in_an_image_without_events)
{
	struct fsc_shared_site *sites = (struct fsc_shared_site *)(fake.map + FSC_SITES_OFFSET);
	const void *total = NULL;

	sites[1].skipped = 7;
	fsc_drain_finish(drain);
	cr_assert_eq(totals().calls, 7);
	cr_assert_eq(totals().skipped_calls, 7);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_total, &total), 1);
	cr_assert_eq(((const struct fsc_site_total_record *)total)->skipped, 7);
}

Test(drain, packets_are_as_small_as_asked)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 65536);

	fsc_drain_set_packet_max(drain, 480);
	fake_calls(&fake, ring, 100);
	fsc_drain_poll(drain, true);
	cr_assert_not_null(fake_packet(&output, 0, 9));
	cr_assert_null(fake_packet(&output, 0, 10));
	cr_assert_eq(fake_packet(&output, 0, 9)->sequence, 9);
}

Test(drain, the_image_may_be_unlinked_and_errno_is_kept)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	unlink(fake.path);
	fake_calls(&fake, ring, 2);
	errno = 4711;
	fsc_drain_finish(drain);
	cr_assert_eq(errno, 4711);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 2);
}

/* The program closes all descriptors, and a file of its own gets the number of the drain's. */
static void replace_descriptor(int other)
{
	for (int fd = 3; fd < 64; fd++) {
		struct stat status, image;

		if (fstat(fd, &status) == 0 && stat(fake.path, &image) == 0 &&
		    status.st_ino == image.st_ino && status.st_dev == image.st_dev)
			dup2(other, fd);
	}
}

Test(drain, a_descriptor_that_the_program_closed_is_opened_again)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);
	int other = open("/dev/null", O_RDWR);

	replace_descriptor(other);
	close(other);
	fake_calls(&fake, ring, 2);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 2);
}

/* A drain whose packets go through `packet` first. */
static void drain_through(int (*packet)(void *arg, uint32_t slot, const struct iovec *parts,
					int part_count, uint64_t events))
{
	struct fsc_drain_output sink = { packet, &output };
	int error;

	fsc_drain_destroy(drain);
	drain = fsc_drain_create(fake.path, fake_uuid, &sink, &error);
	cr_assert_not_null(drain);
}

/* The write stalls so long that what the program records meanwhile was the far future before it. */
static int stalled_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
			  uint64_t events)
{
	struct fsc_mark_record mark = { .id = FSC_EVENT_mark,
					.ticks = fsc_clock_monotonic_ns() + FSC_DRAIN_SLACK_TICKS };

	if (slot == 0 && !fake_packet(&output, 0, 0))
		fake_put(fake_ring_at(&fake, fake.slots[0].ring), &mark, sizeof(mark));
	return fake_output_packet(arg, slot, parts, part_count, events);
}

Test(drain, what_was_recorded_while_a_write_stalled_is_not_of_the_future)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4096);

	fake.image->clock_mode = FSC_CLOCK_SYSTEM;
	drain_through(stalled_packet);
	fake_calls(&fake, ring, 2);
	fsc_drain_poll(drain, true);
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_mark, NULL), 1);
	cr_assert_eq(totals().lost_events, 0);
}

static uint8_t *foreign; /* a file of the program's, as large as the image */

static int packet_while_descriptors_are_reused(void *arg, uint32_t slot, const struct iovec *parts,
					       int part_count, uint64_t events)
{
	char path[] = "/dev/shm/fsc-test-XXXXXX";
	int other;

	if (slot != FSC_STATE_SLOT && !foreign) {
		other = mkstemp(path);
		unlink(path);
		cr_assert_eq(ftruncate(other, FAKE_BYTES), 0);
		foreign = mmap(NULL, FAKE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
		cr_assert_neq(foreign, MAP_FAILED);
		memset(foreign, 'x', FAKE_BYTES);
		replace_descriptor(other);
		close(other);
	}
	return fake_output_packet(arg, slot, parts, part_count, events);
}

Test(drain, a_descriptor_reused_during_a_poll_harms_no_file_of_the_program)
{
	struct fsc_ring *first = fake_ring(&fake, 0, NULL, 16384);
	struct fsc_ring *second;

	drain_through(packet_while_descriptors_are_reused);
	fake_calls(&fake, first, 5);
	second = fake_ring(&fake, 0, first, 65536);
	fake_calls(&fake, second, 5);
	fsc_drain_poll(drain, true);
	fsc_drain_finish(drain);
	cr_assert_eq(foreign[0], 'x');
	cr_assert_eq(memcmp(foreign, foreign + 1, FAKE_BYTES - 1), 0, "all bytes are as they were");
	munmap(foreign, FAKE_BYTES);
	cr_assert_eq(fake_count(&output, 0, FSC_EVENT_call, NULL), 10);
	cr_assert_eq(totals().lost_events, 0);
}

Test(drain, a_producer_killed_in_mid_write_loses_only_what_it_had_not_committed)
{
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 65536);
	int status, drained = 0;
	pid_t child = fork();

	if (child == 0) {
		/* A test that fails must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			fake_call(&fake, ring);
	}
	while (drained < 10)
		drained += fsc_drain_poll(drain, false) > 0;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	fsc_drain_finish(drain);
	cr_assert_eq(ring->tail, ring->head);
	cr_assert_eq(totals().lost_events, ring->dropped);
	cr_assert_gt(fake_count(&output, 0, FSC_EVENT_call, NULL), 10 * 300);
}
