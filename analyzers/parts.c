/* SPDX-License-Identifier: MIT */
/* Nothing is hard here; the order of the parts is that in which they would have been recorded. */
#include "analyzers/parts_internal.h"

#include <string.h>

static void add(struct fsc_parts *parts, void *part, uint32_t id, uint64_t ticks)
{
	struct fsc_call_record *header = part; /* all begin with id and ticks */

	header->id = id;
	header->ticks = ticks;
	parts->part[parts->count++] = part;
}

#define ADD(parts, name, event, ticks_of) \
	add((parts), &(parts)->name, FSC_EVENT_##event, (ticks_of)->ticks)

/* An instant that lies so long before the end; a record that lies about it gives 1, the first one.
 */
static uint64_t before(uint64_t ticks, uint32_t duration_ticks)
{
	return ticks > duration_ticks ? ticks - duration_ticks : 1;
}

static void split_made(struct fsc_parts *parts, const struct fsc_call_made_record *from)
{
	if (from->allocations || from->frees) {
		parts->alloc = (struct fsc_call_alloc_record){
			.call = from->number,
			.allocations = from->allocations,
			.allocated_bytes = from->allocated_bytes,
			.frees = from->frees,
			.freed_bytes = from->freed_bytes,
		};
		ADD(parts, alloc, call_alloc, from);
	}
	if (from->allocated_ticks) {
		parts->request = (struct fsc_request_buffer_record){
			.call = from->number,
			.allocated_ticks = before(from->ticks, from->allocated_ticks),
			.pointer = from->request,
		};
		ADD(parts, request, request_buffer, from);
	}
	if (from->pointer) {
		parts->made = (struct fsc_buffer_made_record){
			.call = from->number,
			.pointer = from->pointer,
			.length = from->response_bytes,
			.capacity = from->capacity,
			.stack = from->stack,
			.site = from->site,
		};
		ADD(parts, made, buffer_made, from);
	}
	parts->call = (struct fsc_call_record){
		.duration_ticks = from->duration_ticks,
		.site = from->site,
		.flags = from->flags,
		.number = from->number,
		.request_bytes = from->request_bytes,
		.response_bytes = from->response_bytes,
		.request = from->request,
	};
	ADD(parts, call, call, from);
}

static void split_freed(struct fsc_parts *parts, const struct fsc_call_freed_record *from)
{
	if (from->frees) {
		parts->alloc = (struct fsc_call_alloc_record){
			.call = from->number,
			.frees = from->frees,
			.freed_bytes = from->freed_bytes,
		};
		ADD(parts, alloc, call_alloc, from);
	}
	parts->freed = (struct fsc_buffer_freed_record){
		.call = from->number,
		.pointer = from->pointer,
		.length = from->length,
		.capacity = from->capacity,
		.made_call = from->made_call,
		.made_length = from->length,
		.made_capacity = from->capacity,
		.made_ticks = before(from->ticks, from->made_ticks),
		.made_ended_ticks = before(from->ticks, from->made_ended_ticks),
		.made_tid = from->made_tid,
		.stack = from->stack,
		.made_site = from->made_site,
		.site = from->site,
		.verdict = FSC_VERDICT_FREED,
	};
	ADD(parts, freed, buffer_freed, from);
	parts->call = (struct fsc_call_record){
		.duration_ticks = from->duration_ticks,
		.site = from->site,
		.flags = from->flags,
		.number = from->number,
	};
	ADD(parts, call, call, from);
}

bool fsc_parts_split(struct fsc_parts *parts, const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	if (id != FSC_EVENT_call_made && id != FSC_EVENT_call_freed)
		return false;
	parts->count = parts->next = 0;
	if (id == FSC_EVENT_call_made)
		split_made(parts, (const struct fsc_call_made_record *)record);
	else
		split_freed(parts, (const struct fsc_call_freed_record *)record);
	return true;
}
