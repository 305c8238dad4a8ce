/* SPDX-License-Identifier: MIT */
/*
 * One look at an image while its program runs. What is hard: nothing in it is believed, and it
 * changes while it is read: each place is checked before it is followed, and a number is read until
 * it says the same twice where its writer stores it in halves (i386). Begin at
 * fsc_top_sample_take().
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "analyzers/profiles.h"
#include "cli/top_internal.h"
#include "trace_points/clock.h"
#include "trace_points/ledger.h"

enum { TRIES = 8 };

static const uint64_t ns_per_s = 1000000000;

/* What lies at that place of the file, or NULL. */
static const void *at(const struct fsc_top_sample *sample, uint64_t offset, uint64_t bytes)
{
	if (offset > sample->map_bytes || bytes > sample->map_bytes - offset || offset % 8)
		return NULL;
	return sample->map + offset;
}

static uint64_t number(const uint64_t *word)
{
	uint64_t value = __atomic_load_n(word, __ATOMIC_RELAXED), again;

	for (int i = 0; i < TRIES; i++) {
		again = __atomic_load_n(word, __ATOMIC_RELAXED);
		if (again == value)
			break;
		value = again;
	}
	return value;
}

static const struct fsc_slot *slot_at(const struct fsc_top_sample *sample, uint32_t slot)
{
	return (const struct fsc_slot *)(sample->map + FSC_SLOTS_OFFSET) + slot;
}

/* A text of strings[] that ends within it; else "". */
static const char *text_at(const struct fsc_top_sample *sample, uint32_t offset)
{
	const char *text = (const char *)sample->map + FSC_STRINGS_OFFSET + offset;

	if (offset >= FSC_STRING_BYTES || !memchr(text, '\0', FSC_STRING_BYTES - offset))
		return "";
	return text;
}

static struct fsc_top_row *row_of(struct fsc_top_sample *sample, uint32_t site)
{
	const struct fsc_shared_site *sites =
		(const struct fsc_shared_site *)(sample->map + FSC_SITES_OFFSET);

	/* What happens under an alias belongs to the first name. */
	if (site < sample->row_count && sites[site].alias_of &&
	    sites[site].alias_of < sample->row_count)
		site = sites[site].alias_of;
	return site < sample->row_count ? &sample->rows[site] : NULL;
}

static void name_rows(struct fsc_top_sample *sample)
{
	const struct fsc_shared_site *sites =
		(const struct fsc_shared_site *)(sample->map + FSC_SITES_OFFSET);
	const struct fsc_shared_module *modules =
		(const struct fsc_shared_module *)(sample->map + FSC_MODULES_OFFSET);

	for (uint32_t i = 1; i < sample->row_count; i++) {
		struct fsc_top_row *row = &sample->rows[i];

		row->site = (uint16_t)i;
		row->kind = sites[i].kind;
		row->name = text_at(sample, sites[i].name);
		row->library = "";
		if (sites[i].module < FSC_MODULES_MAX)
			row->library = text_at(sample, modules[sites[i].module].path);
		row->calls = number(&sites[i].skipped);
	}
}

static void add_counters(struct fsc_top_sample *sample, uint32_t slot)
{
	/* The limit first: the counters that are found then are at least that many. */
	uint32_t limit = __atomic_load_n(&slot_at(sample, slot)->counter_limit, __ATOMIC_ACQUIRE);
	uint64_t offset = __atomic_load_n(&slot_at(sample, slot)->counters, __ATOMIC_ACQUIRE);
	const struct fsc_counter *counters;

	if (limit > FSC_SITES_MAX)
		limit = FSC_SITES_MAX;
	counters = at(sample, offset, limit * sizeof(*counters));
	for (uint32_t i = 1; counters && offset >= FSC_ARENA_OFFSET && i < limit; i++) {
		struct fsc_top_row *row = row_of(sample, i);

		if (!row)
			continue;
		row->calls += number(&counters[i].calls);
		row->completed += number(&counters[i].completed);
		row->ticks += number(&counters[i].ticks);
		row->bytes +=
			number(&counters[i].request_bytes) + number(&counters[i].response_bytes);
	}
}

static void add_live(struct fsc_top_sample *sample)
{
	const struct fsc_ledger *ledger =
		at(sample, sample->image.ledger_offset, sizeof(struct fsc_ledger));

	if (!ledger || sample->image.ledger_offset < FSC_ARENA_OFFSET)
		return;
	for (uint32_t i = 0; i < FSC_LEDGER_BUCKETS * FSC_LEDGER_WAYS; i++) {
		const struct fsc_ledger_bucket *bucket = &ledger->bucket[i / FSC_LEDGER_WAYS];
		int way = (int)(i % FSC_LEDGER_WAYS);
		struct fsc_top_row *row;

		if (!fsc_ledger_live_pointer(bucket, way))
			continue;
		sample->live++;
		row = row_of(sample, bucket->entry[way].site);
		if (row)
			row->live++;
	}
}

/* ---- distributions ---- */

static const void *place_at(const struct fsc_top_sample *sample, uint32_t place, uint64_t bytes)
{
	uint64_t offset = (uint64_t)place * FSC_PROFILE_UNIT;

	if (!place || offset > sample->image.profile_bytes ||
	    bytes > sample->image.profile_bytes - offset)
		return NULL;
	return at(sample, sample->image.profile_offset + offset, bytes);
}

static enum fsc_status add_octave(const struct fsc_top_sample *sample,
				  struct fsc_profiles *profiles, uint16_t site, uint32_t octave,
				  uint32_t place)
{
	uint32_t buckets = octave ? FSC_PROFILE_PER_OCTAVE : 2 * FSC_PROFILE_PER_OCTAVE;
	const uint64_t *counts = place_at(sample, fsc_profile_counts_place(octave, place),
					  buckets * sizeof(*counts));
	struct fsc_site_histogram_record record = { .site = site,
						    .kind = FSC_PROFILE_CALL,
						    .bits = FSC_PROFILE_BITS };
	enum fsc_status status = FSC_OK;

	for (uint32_t i = 0; counts && !status && i < buckets; i += 8) {
		record.bucket = (octave ? (octave + 1) * FSC_PROFILE_PER_OCTAVE : 0) + i;
		record.count0 = number(&counts[i]);
		record.count1 = number(&counts[i + 1]);
		record.count2 = number(&counts[i + 2]);
		record.count3 = number(&counts[i + 3]);
		record.count4 = number(&counts[i + 4]);
		record.count5 = number(&counts[i + 5]);
		record.count6 = number(&counts[i + 6]);
		record.count7 = number(&counts[i + 7]);
		status = fsc_profiles_add(profiles, FSC_EVENT_site_histogram, &record);
	}
	return status;
}

static enum fsc_status add_cell(struct fsc_top_sample *sample, struct fsc_profiles *profiles,
				const struct fsc_profile_cell *cell)
{
	const struct fsc_top_row *row = row_of(sample, cell->site);
	struct fsc_site_profile_record record = { .kind = FSC_PROFILE_CALL };
	enum fsc_status status;

	if (cell->kind != FSC_PROFILE_CALL || !row)
		return FSC_OK;
	record.site = row->site;
	record.total_ticks = number(&cell->total_ticks);
	record.least_ticks = number(&cell->least_ticks);
	record.most_ticks = number(&cell->most_ticks);
	status = fsc_profiles_add(profiles, FSC_EVENT_site_profile, &record);
	for (uint32_t i = 0; !status && i < FSC_PROFILE_OCTAVES; i++) {
		uint32_t place = __atomic_load_n(&cell->octave[i], __ATOMIC_ACQUIRE);

		if (place)
			status = add_octave(sample, profiles, row->site, i, place);
	}
	return status;
}

static enum fsc_status add_slot(struct fsc_top_sample *sample, struct fsc_profiles *profiles,
				uint32_t slot)
{
	uint64_t cells = sample->image.profile_bytes / sizeof(struct fsc_profile_cell);
	uint32_t place = __atomic_load_n(&slot_at(sample, slot)->profile, __ATOMIC_ACQUIRE);
	const struct fsc_profile_slot *shared =
		place_at(sample, place, sizeof(struct fsc_profile_slot));
	const struct fsc_profile_cell *cell;
	enum fsc_status status = FSC_OK;

	if (!shared)
		return FSC_OK;
	place = __atomic_load_n(&shared->cells, __ATOMIC_ACQUIRE);
	for (; !status && cells > 0; cells--) {
		cell = place_at(sample, place, sizeof(*cell));
		if (!cell)
			break;
		status = add_cell(sample, profiles, cell);
		place = cell->next;
	}
	return status;
}

static enum fsc_status add_quantiles(struct fsc_top_sample *sample, uint32_t slots)
{
	struct fsc_profiles *profiles = calloc(1, sizeof(*profiles));
	enum fsc_status status = profiles ? FSC_OK : FSC_E_NOMEM;

	for (uint32_t i = 0; !status && i < slots; i++)
		status = add_slot(sample, profiles, i);
	for (size_t i = 0; !status && i < profiles->count; i++) {
		struct fsc_top_row *row = row_of(sample, profiles->items[i].site);
		struct fsc_histogram histogram = { 0 };

		fsc_profiles_spread(&histogram, &profiles->items[i], sample->ticks_per_s);
		row->p50_ns = fsc_histogram_quantile(&histogram, 500);
		row->p99_ns = fsc_histogram_quantile(&histogram, 990);
		fsc_histogram_fini(&histogram);
	}
	if (profiles)
		fsc_profiles_fini(profiles);
	free(profiles);
	return status == FSC_E_LIMIT ? FSC_OK : status;
}

/* ---- the sample ---- */

/* Ticks in a second since the image began; 0: no time has passed. */
static uint64_t find_rate(const struct fsc_image *image, const struct fsc_clock_pair *now)
{
	uint64_t ns = now->monotonic_ns - image->start_ns;

	if (image->clock_mode == FSC_CLOCK_SYSTEM)
		return ns_per_s;
	if (now->monotonic_ns <= image->start_ns || now->ticks <= image->start_ticks)
		return 0;
	return (uint64_t)((unsigned __int128)(now->ticks - image->start_ticks) * ns_per_s / ns);
}

static enum fsc_status map_image(struct fsc_top_sample *sample, int fd)
{
	const void *map = mmap(NULL, FSC_ARENA_OFFSET, PROT_READ, MAP_SHARED, fd, 0);
	struct stat status;
	uint64_t end;

	if (map == MAP_FAILED || fstat(fd, &status) != 0)
		return FSC_E_IO;
	memcpy(&sample->image, map, sizeof(sample->image));
	sample->image.exe[sizeof(sample->image.exe) - 1] = '\0';
	munmap((void *)map, FSC_ARENA_OFFSET);
	end = sample->image.arena_next;
	if (end > (uint64_t)status.st_size)
		end = (uint64_t)status.st_size;
	if (end < FSC_ARENA_OFFSET || end > SIZE_MAX)
		return FSC_E_IO;
	map = mmap(NULL, (size_t)end, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (map == MAP_FAILED)
		return FSC_E_NOMEM;
	sample->map = map;
	sample->map_bytes = (size_t)end;
	return FSC_OK;
}

/* Rows that were called, at the front; the others go. */
static void keep_called(struct fsc_top_sample *sample)
{
	size_t kept = 0;

	for (size_t i = 1; i < sample->row_count; i++) {
		struct fsc_top_row *row = &sample->rows[i];

		if (!row->calls || row->kind > FSC_SITE_FREE)
			continue;
		if (row->completed && sample->ticks_per_s)
			row->mean_ns = fsc_known(
				fsc_profiles_ns(row->ticks / row->completed, sample->ticks_per_s));
		sample->calls += row->calls;
		sample->rows[kept++] = *row;
	}
	sample->row_count = kept;
}

enum fsc_status fsc_top_sample_take(struct fsc_top_sample *sample,
				    const struct fsc_live_session *live)
{
	struct fsc_clock_pair now;
	enum fsc_status status;
	uint32_t slots;

	*sample = (struct fsc_top_sample){ 0 };
	status = map_image(sample, live->image_fd);
	if (status)
		return status;
	now = fsc_clock_pair_read(sample->image.clock_mode == FSC_CLOCK_SYSTEM);
	sample->time_ns = now.monotonic_ns;
	sample->ticks_per_s = find_rate(&sample->image, &now);
	sample->row_count =
		sample->image.site_count < FSC_SITES_MAX ? sample->image.site_count : FSC_SITES_MAX;
	sample->rows = calloc(sample->row_count + 1, sizeof(*sample->rows));
	if (!sample->rows)
		return FSC_E_NOMEM;
	name_rows(sample);
	slots = sample->image.slot_count < FSC_SLOTS_MAX ? sample->image.slot_count : FSC_SLOTS_MAX;
	for (uint32_t i = 0; i < slots; i++) {
		sample->threads += __atomic_load_n(&slot_at(sample, i)->state, __ATOMIC_RELAXED) ==
				   FSC_SLOT_OWNED;
		add_counters(sample, i);
	}
	add_live(sample);
	if (sample->image.sink == FSC_SINK_PROFILE && sample->ticks_per_s)
		status = add_quantiles(sample, slots);
	keep_called(sample);
	return status;
}

void fsc_top_sample_fini(struct fsc_top_sample *sample)
{
	free(sample->rows);
	fsc_lttng_live_forget(&sample->session);
	if (sample->map)
		munmap((void *)sample->map, sample->map_bytes);
	*sample = (struct fsc_top_sample){ 0 };
}

static struct fsc_maybe per_s(uint64_t now, uint64_t before, int64_t interval_ns)
{
	if (now < before || interval_ns <= 0)
		return FSC_UNKNOWN;
	return fsc_known(
		(int64_t)((unsigned __int128)(now - before) * ns_per_s / (uint64_t)interval_ns));
}

void fsc_top_sample_compare(struct fsc_top_sample *sample, const struct fsc_top_sample *before)
{
	int64_t interval_ns = (int64_t)(sample->time_ns - before->time_ns);

	if (sample->url || !before->rows || sample->image.pid != before->image.pid ||
	    sample->image.number != before->image.number || interval_ns <= 0)
		return;
	sample->interval_ns = fsc_known(interval_ns);
	sample->calls_per_s = per_s(sample->calls, before->calls, interval_ns);
	for (size_t i = 0; i < sample->row_count; i++) {
		struct fsc_top_row *row = &sample->rows[i];
		uint64_t calls = 0;

		for (size_t j = 0; j < before->row_count; j++)
			if (before->rows[j].site == row->site)
				calls = before->rows[j].calls;
		row->calls_per_s = per_s(row->calls, calls, interval_ns);
	}
}

/* ---- order ---- */

static const struct {
	const char *name;
	char letter;
} keys[FSC_TOP_KEYS] = {
	[FSC_TOP_CALLS] = { "calls", 'c' }, [FSC_TOP_RATE] = { "rate", 'r' },
	[FSC_TOP_MEAN] = { "mean", 'm' },   [FSC_TOP_P99] = { "p99", 'p' },
	[FSC_TOP_BYTES] = { "bytes", 'b' }, [FSC_TOP_LIVE] = { "live", 'l' },
};

const char *fsc_top_key_name(enum fsc_top_key key)
{
	return keys[key].name;
}

enum fsc_top_key fsc_top_key_of_word(const char *word)
{
	enum fsc_top_key key = 0;

	while (key < FSC_TOP_KEYS && strcmp(word, keys[key].name) != 0)
		key++;
	return key;
}

enum fsc_top_key fsc_top_key_of_letter(char letter)
{
	enum fsc_top_key key = 0;

	while (key < FSC_TOP_KEYS && letter != keys[key].letter)
		key++;
	return key;
}

static int64_t or_least(struct fsc_maybe value)
{
	return value.known ? value.value : -1;
}

static int64_t value_of(const struct fsc_top_row *row, enum fsc_top_key key)
{
	switch (key) {
	case FSC_TOP_RATE:
		return or_least(row->calls_per_s);
	case FSC_TOP_MEAN:
		return or_least(row->mean_ns);
	case FSC_TOP_P99:
		return or_least(row->p99_ns);
	case FSC_TOP_BYTES:
		return (int64_t)row->bytes;
	case FSC_TOP_LIVE:
		return (int64_t)row->live;
	case FSC_TOP_CALLS:
	case FSC_TOP_KEYS:
		break;
	}
	return (int64_t)row->calls;
}

static int compare(const void *left, const void *right, void *key)
{
	const struct fsc_top_row *a = left, *b = right;
	int64_t value_a = value_of(a, *(const enum fsc_top_key *)key);
	int64_t value_b = value_of(b, *(const enum fsc_top_key *)key);

	if (value_a != value_b)
		return value_a > value_b ? -1 : 1;
	if (a->calls != b->calls)
		return a->calls > b->calls ? -1 : 1;
	return strcmp(a->name, b->name);
}

void fsc_top_sort(struct fsc_top_sample *sample, enum fsc_top_key key)
{
	if (sample->row_count)
		qsort_r(sample->rows, sample->row_count, sizeof(*sample->rows), compare, &key);
}
