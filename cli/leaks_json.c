/* SPDX-License-Identifier: MIT */
/* The JSON contract, schema ffiscope.leaks/1: members are only ever added; not known is null. */
#include "cli/leaks_internal.h"

#include "cli/json_members.h"

enum { BUFFER_BYTES = 65536 };

static void put_call(struct fsc_json *json, const char *name, const struct fsc_leak_call *call)
{
	fsc_json_key(json, name);
	if (!call->known) {
		fsc_json_null(json);
		return;
	}
	fsc_json_object_begin(json);
	fsc_json_member_u64(json, "pid", call->pid);
	fsc_json_member_u64(json, "tid", call->tid);
	fsc_json_member_u64(json, "number", call->number);
	fsc_json_member_i64(json, "start_ns", call->start_ns);
	fsc_json_object_end(json);
}

/* Stacks are not recorded: what is not known is null. */
static void put_lists(struct fsc_json *json, const struct fsc_leak *leak)
{
	fsc_json_key(json, "threads");
	fsc_json_array_begin(json);
	for (size_t i = 0; i < leak->thread_count; i++)
		fsc_json_u64(json, leak->threads[i]);
	fsc_json_array_end(json);
	fsc_json_member_bool(json, "more_threads", leak->more_threads);
	fsc_json_member_null(json, "stack");
}

static void put_leak(struct fsc_json *json, const struct fsc_leak *leak)
{
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "kind", fsc_leak_kind_name(leak->kind));
	fsc_json_member_bool(json, "uncertain", leak->uncertain);
	fsc_json_member_u64(json, "pid", leak->pid);
	fsc_json_member_u64(json, "image", leak->image);
	fsc_json_members_text(json, "entry_point", leak->entry_point);
	fsc_json_members_text(json, "library", leak->library);
	fsc_json_member_u64(json, "count", leak->count);
	fsc_json_member_u64(json, "without_details", leak->without_details);
	fsc_json_members_maybe(json, "bytes", leak->bytes);
	put_call(json, "first_call", &leak->first_call);
	put_call(json, "last_call", &leak->last_call);
	put_lists(json, leak);
	fsc_json_members_text(json, "host", leak->host);
	fsc_json_object_end(json);
}

static void put_leaks(struct fsc_json *json, const char *name, const struct fsc_leak *list,
		      size_t count)
{
	fsc_json_key(json, name);
	fsc_json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		fsc_json_newline(json);
		put_leak(json, &list[i]);
	}
	fsc_json_array_end(json);
	fsc_json_newline(json);
}

static void put_totals(struct fsc_json *json, const struct fsc_leaks_result *leaks)
{
	fsc_json_members_loss(json, &leaks->loss);
	fsc_json_key(json, "buffers");
	fsc_json_object_begin(json);
	fsc_json_members_maybe(json, "made", leaks->made);
	fsc_json_members_maybe(json, "freed", leaks->freed);
	fsc_json_members_maybe(json, "live", leaks->live);
	fsc_json_member_u64(json, "without_place", leaks->ledger_full);
	fsc_json_object_end(json);
	fsc_json_member_bool(json, "uncertain", leaks->uncertain);
	fsc_json_newline(json);
}

void fsc_leaks_json_write(const struct fsc_leaks_result *leaks, const struct fsc_output *output)
{
	static char buffer[BUFFER_BYTES];
	struct fsc_json json;

	fsc_json_init(&json, buffer, sizeof(buffer), fsc_output_flush_json, output->stream);
	fsc_json_object_begin(&json);
	fsc_json_member_string(&json, "schema", "ffiscope.leaks/1");
	fsc_json_newline(&json);
	put_totals(&json, leaks);
	put_leaks(&json, "findings", leaks->findings, leaks->finding_count);
	put_leaks(&json, "live_at_end", leaks->live_at_end, leaks->live_at_end_count);
	put_leaks(&json, "awaiting_finalizer", leaks->awaiting_finalizer,
		  leaks->awaiting_finalizer_count);
	fsc_json_object_end(&json);
	/* A failed write is a failed stream, which fsc_output_finish() reports. */
	(void)fsc_json_finish(&json);
}
