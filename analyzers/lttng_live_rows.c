/* SPDX-License-Identifier: MIT */
/*
 * An image tells its totals in rounds, of which the event `image` is the end (lttng_image.c has the
 * same for a trace at rest). Begin at fsc_lttng_live_take() and fsc_lttng_live_look().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/lttng_live_internal.h"
#include "trace_points/clock.h"
#include "trace_points/image.h"

#define SILENT_NS 5000000000u

static const uint64_t ns_per_s = 1000000000;

static uint32_t id_of(const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	return id;
}

/* NULL: no memory, or no such function can be. */
static struct fsc_live_site *site_of(struct fsc_live_image *image, uint32_t site)
{
	uint32_t count = image->site_count ? image->site_count : 16;
	struct fsc_live_site *grown;

	if (!site || site >= FSC_STATE_SITES_MAX)
		return NULL;
	while (count <= site)
		count *= 2;
	if (count != image->site_count) {
		grown = realloc(image->sites, count * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + image->site_count, 0, (count - image->site_count) * sizeof(*grown));
		image->sites = grown;
		image->site_count = count;
	}
	return &image->sites[site];
}

/* ---- what comes ---- */

static void begin_round(struct fsc_live_image *image, uint64_t time_ns)
{
	if (image->coming_ns == time_ns)
		return;
	for (uint32_t i = 0; i < image->site_count; i++)
		image->sites[i].coming = (struct fsc_live_totals){ 0 };
	image->coming_ns = time_ns;
}

static void add_total(struct fsc_live_image *image, const struct fsc_site_total_record *record)
{
	struct fsc_live_site *site = site_of(image, record->site);

	if (!site)
		return;
	site->coming.calls += record->calls;
	site->coming.completed += record->completed;
	site->coming.total_ns += record->total_ticks;
	site->coming.bytes += record->request_bytes + record->response_bytes;
}

static void add_live(struct fsc_live_image *image, const struct fsc_buffer_live_record *record)
{
	struct fsc_live_site *site = site_of(image, record->made_site);

	if (site)
		site->coming.live++;
}

static struct fsc_maybe rate_of(uint64_t now, uint64_t before, uint64_t interval_ns)
{
	if (now < before || !interval_ns)
		return FSC_UNKNOWN;
	return fsc_known((int64_t)((unsigned __int128)(now - before) * ns_per_s / interval_ns));
}

static void end_round(struct fsc_live_image *image, const struct fsc_image_record *record)
{
	begin_round(image, record->ticks);
	for (uint32_t i = 0; i < image->site_count; i++) {
		struct fsc_live_site *site = &image->sites[i];

		if (image->rounds && record->ticks > image->told_ns)
			site->calls_per_s = rate_of(site->coming.calls, site->told.calls,
						    record->ticks - image->told_ns);
		if (record->state == FSC_IMAGE_EXITED)
			site->calls_per_s = fsc_known(0);
		site->told = site->coming;
	}
	image->told_ns = record->ticks;
	image->heard_ns = fsc_clock_monotonic_ns();
	image->coming_ns = 0;
	image->lost_events = record->lost_events;
	image->ended = record->state == FSC_IMAGE_EXITED;
	image->rounds++;
}

static enum fsc_status take_state(struct fsc_live_image *image, const uint8_t *record)
{
	uint64_t time_ns;

	memcpy(&time_ns, record + sizeof(uint32_t), sizeof(time_ns));
	switch (id_of(record)) {
	case FSC_EVENT_string:
	case FSC_EVENT_module:
	case FSC_EVENT_site:
		return fsc_state_builder_add(&image->names, record);
	case FSC_EVENT_site_total:
		begin_round(image, time_ns);
		add_total(image, (const void *)record);
		return FSC_OK;
	case FSC_EVENT_buffer_live:
		begin_round(image, time_ns);
		add_live(image, (const void *)record);
		return FSC_OK;
	case FSC_EVENT_image:
		end_round(image, (const void *)record);
		return FSC_OK;
	default:
		return FSC_OK;
	}
}

static void take_call(struct fsc_live_image *image, uint16_t id, uint64_t duration_ns)
{
	struct fsc_live_site *site = site_of(image, id);

	if (site)
		fsc_histogram_add(&site->times,
				  duration_ns < INT64_MAX ? (int64_t)duration_ns : INT64_MAX);
}

#define CALL(name)                                                                       \
	case FSC_EVENT_##name:                                                           \
		take_call(image, ((const struct fsc_##name##_record *)record)->site,     \
			  ((const struct fsc_##name##_record *)record)->duration_ticks); \
		break;

static enum fsc_status take_event(struct fsc_live_image *image, const uint8_t *record)
{
	switch (id_of(record)) {
		CALL(call)
		CALL(call_wide)
		CALL(call_made)
		CALL(call_freed)
	default:
		break;
	}
	return FSC_OK;
}

static enum fsc_status take_records(struct fsc_live_image *image,
				    const struct fsc_spool_chunk *chunk, const uint8_t *bytes)
{
	enum fsc_status status = FSC_OK;
	uint32_t size;

	for (size_t at = 0; at + FSC_RECORD_HEADER_BYTES <= chunk->bytes && !status; at += size) {
		size = fsc_event_record_bytes(id_of(bytes + at));
		if (!size || size > chunk->bytes - at)
			break;
		status = chunk->kind == FSC_SPOOL_STATE ? take_state(image, bytes + at)
							: take_event(image, bytes + at);
	}
	return status;
}

static enum fsc_status add_image(struct fsc_lttng_live *live, const uint8_t *bytes)
{
	size_t count = live->image_count;
	struct fsc_live_image *grown;

	if (count >= FSC_LIVE_IMAGES_MAX)
		return FSC_E_LIMIT;
	if (!(count & (count - 1))) {
		grown = realloc(live->images, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		live->images = grown;
	}
	live->images[count] = (struct fsc_live_image){ 0 };
	memcpy(&live->images[count].said, bytes, sizeof(struct fsc_spool_image));
	fsc_state_builder_init(&live->images[count].names);
	live->image_count++;
	return FSC_OK;
}

enum fsc_status fsc_lttng_live_take(struct fsc_lttng_live *live,
				    const struct fsc_spool_chunk *chunk, const uint8_t *bytes)
{
	size_t length;

	switch ((enum fsc_spool_kind)chunk->kind) {
	case FSC_SPOOL_IMAGE:
		return chunk->bytes == sizeof(struct fsc_spool_image) ? add_image(live, bytes)
								      : FSC_OK;
	case FSC_SPOOL_RECORDS:
	case FSC_SPOOL_STATE:
		return chunk->image < live->image_count
			       ? take_records(&live->images[chunk->image], chunk, bytes)
			       : FSC_OK;
	case FSC_SPOOL_DROPPED:
		live->dropped += chunk->count;
		return FSC_OK;
	case FSC_SPOOL_TROUBLE:
		length = chunk->bytes < sizeof(live->trouble) ? chunk->bytes
							      : sizeof(live->trouble) - 1;
		memcpy(live->trouble, bytes, length);
		live->trouble[length] = '\0';
		return FSC_OK;
	case FSC_SPOOL_END:
		live->whole = true;
		return FSC_OK;
	default:
		return FSC_OK;
	}
}

void fsc_lttng_live_images_fini(struct fsc_lttng_live *live)
{
	for (size_t i = 0; i < live->image_count; i++) {
		struct fsc_live_image *image = &live->images[i];

		for (uint32_t k = 0; k < image->site_count; k++)
			fsc_histogram_fini(&image->sites[k].times);
		free(image->sites);
		fsc_state_builder_fini(&image->names);
	}
	free(live->images);
}

/* ---- what is known ---- */

/* A function of an image, by its names. */
struct found {
	char *name;
	char *library;
	uint8_t kind;
	const struct fsc_live_site *site;
	struct fsc_maybe calls_per_s;
};

static const char *text_of(const struct fsc_state_builder *names, uint32_t id)
{
	return id < names->text_capacity && names->texts[id].text ? names->texts[id].text : "";
}

static bool find_names(struct found *found, const struct fsc_live_image *image, uint32_t site)
{
	const struct fsc_state_builder *names = &image->names;
	const struct fsc_site *known =
		site < names->state.site_count ? &names->state.sites[site] : NULL;
	char number[32];

	snprintf(number, sizeof(number), "site %u", site);
	found->kind = FSC_SITE_ENTRY;
	found->name = NULL;
	if (known && known->known) {
		const char *name = text_of(names, names->name_ids[site]);
		uint32_t module = known->module;

		/* What happens under an alias belongs to the first name. */
		if (known->alias_of && known->alias_of < site)
			return find_names(found, image, known->alias_of);
		found->kind = known->kind;
		found->name = strdup(*name ? name : number);
		found->library = strdup(module < names->state.module_count
						? text_of(names, names->path_ids[module])
						: "");
	} else {
		found->name = strdup(number);
		found->library = strdup("");
	}
	return found->name && found->library;
}

static int by_name(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->library, b->library);
}

/* An image tells its state each second while its session is on; one that was killed does not. */
static bool is_silent(const struct fsc_live_image *image)
{
	return fsc_clock_monotonic_ns() - image->heard_ns > SILENT_NS;
}

static bool is_called(const struct fsc_live_site *site)
{
	return site->told.calls || site->times.count;
}

static size_t count_called(const struct fsc_lttng_live *live)
{
	size_t count = 0;

	for (size_t i = 0; i < live->image_count; i++)
		for (uint32_t k = 0; k < live->images[i].site_count; k++)
			count += is_called(&live->images[i].sites[k]);
	return count;
}

static void free_found(struct found *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++) {
		free(list[i].name);
		free(list[i].library);
	}
	free(list);
}

/* All that were called, by name. NULL: no memory. */
static struct found *find_all(const struct fsc_lttng_live *live, size_t count)
{
	struct found *list = calloc(count + 1, sizeof(*list));
	size_t at = 0;

	for (size_t i = 0; list && i < live->image_count; i++)
		for (uint32_t k = 0; k < live->images[i].site_count; k++) {
			if (!is_called(&live->images[i].sites[k]))
				continue;
			list[at].site = &live->images[i].sites[k];
			if (live->images[i].ended || !is_silent(&live->images[i]))
				list[at].calls_per_s = list[at].site->calls_per_s;
			if (!find_names(&list[at++], &live->images[i], k)) {
				free_found(list, count);
				return NULL;
			}
		}
	if (list && count)
		qsort(list, count, sizeof(*list), by_name);
	return list;
}

/* Sum up functions of the same names, whose first one gives its names away. */
static enum fsc_status fill_row(struct fsc_lttng_live_row *row, struct found *list, size_t count)
{
	struct fsc_histogram times = { 0 };
	enum fsc_status status = FSC_OK;

	*row = (struct fsc_lttng_live_row){ .name = list->name,
					    .library = list->library,
					    .kind = list->kind };
	list->name = list->library = NULL;
	for (size_t i = 0; i < count && !status; i++) {
		const struct fsc_live_totals *told = &list[i].site->told;
		struct fsc_maybe rate = list[i].calls_per_s;

		/* An image that told no state is known by its events alone. */
		row->calls += told->calls ? told->calls : list[i].site->times.count;
		row->completed += told->completed;
		row->total_ns += told->total_ns;
		row->bytes += told->bytes;
		row->live += told->live;
		if (rate.known)
			row->calls_per_s = fsc_known(row->calls_per_s.value + rate.value);
		status = fsc_histogram_merge(&times, &list[i].site->times);
	}
	row->p50_ns = fsc_histogram_quantile(&times, 500);
	row->p99_ns = fsc_histogram_quantile(&times, 990);
	fsc_histogram_fini(&times);
	return status;
}

static enum fsc_status fill_rows(struct fsc_lttng_live_sample *sample, struct found *list,
				 size_t count)
{
	enum fsc_status status = FSC_OK;
	size_t same;

	sample->rows = calloc(count + 1, sizeof(*sample->rows));
	if (!sample->rows)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < count && !status; i += same) {
		for (same = 1; i + same < count && !by_name(&list[i], &list[i + same]);)
			same++;
		if (list[i].kind <= FSC_SITE_FREE)
			status = fill_row(&sample->rows[sample->row_count++], &list[i], same);
	}
	return status;
}

static void count_images(const struct fsc_lttng_live *live, struct fsc_lttng_live_sample *sample)
{
	sample->lost_events = live->dropped;
	sample->processes = live->image_count;
	sample->ended = live->ended;
	for (size_t i = 0; i < live->image_count; i++) {
		const struct fsc_live_image *image = &live->images[i];
		bool first = true;

		for (size_t k = 0; k < i; k++)
			first = first && strcmp(live->images[k].said.host, image->said.host) != 0;
		sample->hosts += first;
		sample->running += !image->ended && !is_silent(image);
		sample->lost_events += image->lost_events;
		if (image->rounds > sample->rounds)
			sample->rounds = image->rounds;
	}
}

enum fsc_status fsc_lttng_live_look(const struct fsc_lttng_live *live,
				    struct fsc_lttng_live_sample *sample)
{
	size_t count = count_called(live);
	struct found *list = find_all(live, count);
	enum fsc_status status;

	*sample = (struct fsc_lttng_live_sample){ 0 };
	if (!list)
		return FSC_E_NOMEM;
	count_images(live, sample);
	status = fill_rows(sample, list, count);
	free_found(list, count);
	return status;
}

void fsc_lttng_live_forget(struct fsc_lttng_live_sample *sample)
{
	for (size_t i = 0; i < sample->row_count; i++) {
		free(sample->rows[i].name);
		free(sample->rows[i].library);
	}
	free(sample->rows);
	*sample = (struct fsc_lttng_live_sample){ 0 };
}
