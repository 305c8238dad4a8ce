/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a state stream and as a slot stream, all the way to stitched requests: nothing may
 * crash, hang or be undefined, and a request's parts add up.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzers/packet_reader_internal.h"
#include "analyzers/parts_internal.h"
#include "analyzers/requests.h"
#include "analyzers/state_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void on_request(void *arg, const struct fsc_request *request)
{
	int64_t sum = 0;

	(void)arg;
	for (size_t i = 0; i < request->claim_count; i++)
		sum += request->claims[i].raw_ns;
	if (sum != request->end_ns - request->start_ns)
		abort();
}

static void on_call(void *arg, const struct fsc_call_seen *call)
{
	(void)arg;
	(void)call;
}

static void on_held(void *arg, uint16_t made_site, int64_t held_ns, uint32_t weight)
{
	(void)weight;
	(void)arg;
	(void)made_site;
	(void)held_ns;
}

/* Calls and phases as they stand, bounded so that their sums cannot overflow. */
static void stitch(struct fsc_requests *requests, const uint8_t *record)
{
	const struct fsc_phase_record *phase = (const void *)record;
	const struct fsc_call_record *call = (const void *)record;
	struct fsc_event event = { .kind = (enum fsc_event_id)call->id,
				   .time_ns = (int64_t)(call->ticks >> 4) };

	event.start_ns = event.time_ns;
	if (call->id == FSC_EVENT_call) {
		event.start_ns -= call->duration_ticks;
		event.call.duration_ns = call->duration_ticks;
		event.call.site = call->site;
		event.call.flags = call->flags;
		event.call.number = call->number;
		event.call.parent = call->parent;
		event.call.request = call->request;
	} else if (phase->id == FSC_EVENT_phase) {
		event.phase.duration_ns = (int64_t)(phase->duration_ticks >> 24);
		event.start_ns -= event.phase.duration_ns;
		event.phase.inner_ns = (int64_t)(phase->inner_ticks >> 24);
		event.phase.phase = phase->phase;
		event.phase.call = phase->call;
		event.phase.buffer = phase->buffer;
	} else {
		return;
	}
	if (fsc_requests_add(requests, &event))
		return;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct fsc_requests_sink sink = { on_request, on_call, on_held, NULL };
	static const struct fsc_state_witness witness = { .whole = true };
	static const struct fsc_process process;
	uint32_t record_bytes[FSC_EVENT_IDS_MAX];
	struct fsc_state_builder builder;
	struct fsc_packet_reader reader;
	struct fsc_parts parts = { 0 };
	struct fsc_requests *requests;
	const uint8_t *record;

	fsc_packet_reader_sizes(&process, record_bytes);
	fsc_packet_reader_init(&reader, bytes, size, record_bytes);
	fsc_state_builder_init(&builder);
	while ((record = fsc_packet_reader_next(&reader)))
		if (fsc_state_builder_add(&builder, record))
			break;
	if (!fsc_state_builder_finish(&builder, &witness, 0) &&
	    !fsc_requests_create(&requests, &builder.state, &sink)) {
		fsc_packet_reader_init(&reader, bytes, size, record_bytes);
		while ((record = fsc_packet_reader_next(&reader))) {
			bool split = fsc_parts_split(&parts, record);

			if (split)
				record = fsc_parts_next(&parts);
			for (; record; record = split ? fsc_parts_next(&parts) : NULL)
				stitch(requests, record);
		}
		fsc_requests_finish(requests);
		fsc_requests_destroy(requests);
	}
	fsc_state_builder_fini(&builder);
	return 0;
}
