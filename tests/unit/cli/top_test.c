/* SPDX-License-Identifier: MIT */
/* Samples of a running image, and what is made of them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/top_internal.h"
#include "trace_points/events.h"

enum {
	BYTES = FSC_ARENA_OFFSET + 65536,
	COUNTERS = FSC_ARENA_OFFSET + 4096 - FSC_ARENA_OFFSET % 4096
};

/* An image with the sites "give" and "say", and one slot. */
static uint8_t *make_image(struct fsc_live_session *live)
{
	struct fsc_shared_site *sites;
	struct fsc_counter *counters;
	struct fsc_image *image;
	struct fsc_slot *slot;
	uint8_t *map;

	*live = (struct fsc_live_session){ .image_fd = memfd_create("image", MFD_CLOEXEC) };
	cr_assert_eq(ftruncate(live->image_fd, BYTES), 0);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, live->image_fd, 0);
	cr_assert_neq(map, MAP_FAILED);
	image = (struct fsc_image *)map;
	image->pid = 77;
	image->arena_next = BYTES;
	image->site_count = 3;
	image->slot_count = 1;
	image->clock_mode = FSC_CLOCK_SYSTEM;
	memcpy(map + FSC_STRINGS_OFFSET, "\0give\0say", 10);
	sites = (struct fsc_shared_site *)(map + FSC_SITES_OFFSET);
	sites[1].name = 1;
	sites[1].kind = FSC_SITE_FREE;
	sites[2].name = 6;
	slot = (struct fsc_slot *)(map + FSC_SLOTS_OFFSET);
	slot->state = FSC_SLOT_OWNED;
	slot->counters = COUNTERS;
	slot->counter_limit = 4;
	counters = (struct fsc_counter *)(map + COUNTERS);
	counters[1] = (struct fsc_counter){ .calls = 5, .completed = 5, .ticks = 500 };
	counters[2] = (struct fsc_counter){
		.calls = 4, .completed = 2, .ticks = 600, .request_bytes = 7, .response_bytes = 8
	};
	return map;
}

static void end(struct fsc_top_sample *sample, uint8_t *map, struct fsc_live_session *live)
{
	fsc_top_sample_fini(sample);
	munmap(map, BYTES);
	close(live->image_fd);
}

Test(top, a_sample_has_what_was_called)
{
	struct fsc_live_session live;
	uint8_t *map = make_image(&live);
	struct fsc_top_sample sample;

	cr_assert_eq(fsc_top_sample_take(&sample, &live), FSC_OK);
	cr_assert_eq(sample.row_count, 2);
	cr_assert_eq(sample.calls, 9);
	cr_assert_eq(sample.threads, 1);
	fsc_top_sort(&sample, FSC_TOP_MEAN);
	cr_assert_str_eq(sample.rows[0].name, "say");
	cr_assert_eq(sample.rows[0].mean_ns.value, 300);
	cr_assert_eq(sample.rows[0].bytes, 15);
	cr_assert_not(sample.rows[0].p99_ns.known);
	fsc_top_sort(&sample, FSC_TOP_CALLS);
	cr_assert_str_eq(sample.rows[0].name, "give");
	end(&sample, map, &live);
}

Test(top, rates_come_from_two_samples_of_one_image)
{
	struct fsc_live_session live;
	uint8_t *map = make_image(&live);
	struct fsc_top_sample first, second;

	cr_assert_eq(fsc_top_sample_take(&first, &live), FSC_OK);
	((struct fsc_counter *)(map + COUNTERS))[2].calls += 30;
	cr_assert_eq(fsc_top_sample_take(&second, &live), FSC_OK);
	second.time_ns = first.time_ns + 500000000;
	fsc_top_sample_compare(&second, &first);
	fsc_top_sort(&second, FSC_TOP_RATE);
	cr_assert_str_eq(second.rows[0].name, "say");
	cr_assert_eq(second.rows[0].calls_per_s.value, 60);
	cr_assert_eq(second.rows[1].calls_per_s.value, 0);
	cr_assert_eq(second.calls_per_s.value, 60);
	first.image.number++;
	second.calls_per_s = FSC_UNKNOWN;
	fsc_top_sample_compare(&second, &first);
	cr_assert_not(second.calls_per_s.known);
	fsc_top_sample_fini(&first);
	end(&second, map, &live);
}

Test(top, numbers_that_lead_nowhere_are_not_followed)
{
	struct fsc_live_session live;
	uint8_t *map = make_image(&live);
	struct fsc_image *image = (struct fsc_image *)map;
	struct fsc_slot *slot = (struct fsc_slot *)(map + FSC_SLOTS_OFFSET);
	struct fsc_top_sample sample;

	image->site_count = UINT32_MAX;
	image->slot_count = UINT32_MAX;
	image->ledger_offset = UINT64_MAX - 7;
	image->sink = FSC_SINK_PROFILE;
	image->profile_offset = UINT64_MAX - 7;
	image->profile_bytes = UINT64_MAX;
	slot->profile = UINT32_MAX;
	slot->counters = UINT64_MAX - 7;
	slot->counter_limit = UINT32_MAX;
	((struct fsc_shared_site *)(map + FSC_SITES_OFFSET))[2].name = UINT32_MAX;
	((struct fsc_shared_site *)(map + FSC_SITES_OFFSET))[2].module = UINT32_MAX;
	cr_assert_eq(fsc_top_sample_take(&sample, &live), FSC_OK);
	cr_assert_eq(sample.calls, 0);
	end(&sample, map, &live);
}

Test(top, keys_are_letters_and_words)
{
	for (enum fsc_top_key key = 0; key < FSC_TOP_KEYS; key++) {
		const char *name = fsc_top_key_name(key);

		cr_assert_eq(fsc_top_key_of_word(name), key);
		cr_assert_eq(fsc_top_key_of_letter(*name), key);
	}
	cr_assert_eq(fsc_top_key_of_word("name"), FSC_TOP_KEYS);
	cr_assert_eq(fsc_top_key_of_letter('q'), FSC_TOP_KEYS);
}
