/* SPDX-License-Identifier: MIT */
/*
 * The hot loop is count_run(): each record is looked at once, as the successor of the one before
 * it, which is counted when the successor is plain, too. All that makes a call other than plain
 * ends the run, and the usual way goes on from there.
 */
#include "analyzers/plain_runs_internal.h"

#include <stdlib.h>

#include "analyzers/breakdown_internal.h"

enum { NOT_PLAIN = FSC_CALL_NESTED | FSC_CALL_BUFFER };

/* One run, in one packet. */
struct run {
	struct fsc_gatherer *gatherer;
	const struct fsc_clock_map *clock;
	size_t *hint;
	int64_t first_ns;
	int64_t last_ns;
};

/* A plain call and its times. site NULL: it is none. */
struct plain {
	struct fsc_plain_site *site;
	int64_t start_ns;
	int64_t end_ns;
};

void fsc_plain_runs_fini(struct fsc_plain_runs *runs)
{
	for (size_t i = 0; runs->sites && i < FSC_STATE_SITES_MAX; i++)
		free(runs->sites[i]);
	free(runs->sites);
	*runs = (struct fsc_plain_runs){ 0 };
}

/* NULL: its calls go the usual way. */
static struct fsc_plain_site *new_site(struct fsc_gatherer *gatherer, uint16_t id)
{
	const struct fsc_site *site = fsc_state_site(gatherer->state, id);
	struct fsc_plain_runs *runs = &gatherer->plain;

	if (!site || site->kind != FSC_SITE_ENTRY || runs->site_count == FSC_PLAIN_SITES_MAX)
		return NULL;
	if (!runs->sites)
		runs->sites = calloc(FSC_STATE_SITES_MAX, sizeof(struct fsc_plain_site *));
	if (!runs->sites)
		return NULL;
	runs->sites[id] = calloc(1, sizeof(struct fsc_plain_site));
	if (runs->sites[id])
		runs->site_count++;
	return runs->sites[id];
}

/* The site, if it is one whose first calls of this thread were seen. */
static struct fsc_plain_site *known_site(struct fsc_gatherer *gatherer, uint16_t id)
{
	struct fsc_plain_runs *runs = &gatherer->plain;
	struct fsc_plain_site *site = runs->sites ? runs->sites[id] : NULL;

	if (site && site->thread == runs->thread)
		return site;
	if (!fsc_gatherer_knows_thread(gatherer, runs->slot, runs->tid, id))
		return NULL;
	if (!site)
		site = new_site(gatherer, id);
	if (site)
		site->thread = runs->thread;
	return site;
}

/* The times are those that decoding the record gives (record_merge.c). */
static inline struct plain plain_of(struct run *run, const struct fsc_call_record *record)
{
	struct plain plain = { 0 };
	uint64_t begin = 0;

	if (record->id != FSC_EVENT_call || record->flags & NOT_PLAIN || record->child_calls ||
	    record->children_ticks)
		return plain;
	if (record->duration_ticks < record->ticks)
		begin = record->ticks - record->duration_ticks;
	plain.end_ns = fsc_clock_map_ns(run->clock, record->ticks, run->hint);
	plain.start_ns = fsc_clock_map_ns(run->clock, begin, run->hint);
	if (!record->duration_ticks)
		plain.start_ns = plain.end_ns;
	if ((uint64_t)(plain.end_ns - plain.start_ns) < FSC_PLAIN_NS_MAX)
		plain.site = known_site(run->gatherer, record->site);
	return plain;
}

static inline void count(struct run *run, const struct plain *plain,
			 const struct fsc_call_record *record)
{
	struct fsc_plain_site *site = plain->site;

	site->counts[record->flags & FSC_CALL_CODECS ? 1 : 0][plain->end_ns - plain->start_ns]++;
	site->flags |= record->flags;
	if (record->flags & FSC_CALL_REQUEST)
		site->request_bytes += record->request_bytes;
	if (record->flags & FSC_CALL_RESPONSE)
		site->response_bytes += record->response_bytes;
	if (plain->start_ns < run->first_ns)
		run->first_ns = plain->start_ns;
	if (plain->end_ns > run->last_ns)
		run->last_ns = plain->end_ns;
}

/* Records that were counted, out of `records`. */
static size_t count_run(struct run *run, const struct fsc_call_record *record, size_t records)
{
	struct plain plain, next;
	size_t counted = 0;

	if (records < 2)
		return 0;
	plain = plain_of(run, record);
	if (!plain.site)
		return 0;
	next = plain_of(run, record + 1);
	if (!next.site ||
	    !fsc_requests_close_idle(run->gatherer->requests, run->gatherer->plain.slot,
				     run->gatherer->plain.tid))
		return 0;
	run->first_ns = plain.start_ns;
	run->last_ns = plain.end_ns;
	for (;;) {
		count(run, &plain, record + counted);
		counted++;
		if (counted + 1 >= records)
			break;
		plain = next;
		next = plain_of(run, record + counted + 1);
		if (!next.site)
			break;
	}
	return counted;
}

void fsc_plain_runs_read(struct fsc_gatherer *gatherer, const struct fsc_clock_map *clock,
			 struct fsc_record_stream *stream)
{
	struct fsc_plain_runs *runs = &gatherer->plain;
	struct run run = { .gatherer = gatherer, .clock = clock, .hint = &stream->hint };
	const uint8_t *bytes;
	size_t size, counted;

	bytes = stream->ahead(stream, &size);
	if (runs->slot != stream->slot || runs->tid != stream->tid || !runs->thread) {
		runs->slot = stream->slot;
		runs->tid = stream->tid;
		runs->thread++;
	}
	counted = count_run(&run, (const struct fsc_call_record *)bytes,
			    size / sizeof(struct fsc_call_record));
	if (!counted)
		return;
	stream->skip(stream, counted * sizeof(struct fsc_call_record));
	fsc_gatherer_note_time(gatherer, run.first_ns, run.last_ns);
}

static void add_site(struct fsc_gatherer *gatherer, uint16_t id, const struct fsc_plain_site *site)
{
	struct fsc_gathered *row = fsc_gatherer_row(gatherer, id);
	struct fsc_event event = { .kind = FSC_EVENT_call, .call = { .site = id, .number = 1 } };

	for (int codecs = 0; codecs < 2; codecs++) {
		event.call.flags = codecs ? FSC_CALL_CODECS : 0;
		for (int64_t ns = 0; ns < FSC_PLAIN_NS_MAX; ns++) {
			event.time_ns = event.call.duration_ns = ns;
			if (site->counts[codecs][ns])
				fsc_requests_add_alike(gatherer->requests, &event,
						       site->counts[codecs][ns]);
		}
	}
	if (!row)
		return;
	row->request_bytes += site->request_bytes;
	row->response_bytes += site->response_bytes;
	if (site->flags & FSC_CALL_REQUEST)
		row->flags |= FSC_GATHERED_REQUEST_SEEN;
	if (site->flags & FSC_CALL_RESPONSE)
		row->flags |= FSC_GATHERED_RESPONSE_SEEN;
}

void fsc_plain_runs_add(struct fsc_gatherer *gatherer)
{
	const struct fsc_plain_runs *runs = &gatherer->plain;

	for (uint32_t id = 0; runs->sites && id < FSC_STATE_SITES_MAX; id++)
		if (runs->sites[id])
			add_site(gatherer, (uint16_t)id, runs->sites[id]);
}
