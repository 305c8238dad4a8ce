/* SPDX-License-Identifier: MIT */
/*
 * The ledger did the pairing while the program ran; here its verdicts and what is live at the end
 * are grouped (add_case), and its exact totals say how many cases left no event (add_missing).
 * Begin reading at read_image().
 */
#include "analyzers/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "analyzers/habits_internal.h"

enum list_kind { LIST_FINDINGS, LIST_LIVE_AT_END, LIST_AWAITING, LIST_KINDS };

struct list {
	struct fsc_leak *items;
	size_t count;
	size_t capacity;
	size_t image_first; /* first group of the image at hand */
};

struct fsc_leaks {
	struct list lists[LIST_KINDS];
	struct fsc_leaks_result result;
};

/* The image that is being read. */
struct image {
	struct fsc_leaks *leaks;
	const struct fsc_process *process;
	const struct fsc_state *state;
	struct fsc_stream_loss loss;
	struct fsc_habits habits;
	uint64_t seen[FSC_LEAK_KINDS]; /* cases with details, findings or not */
	bool no_memory;
};

/* One buffer that is a finding, or part of one. */
struct leak_case {
	enum fsc_leak_kind kind;
	uint16_t site;
	uint64_t bytes; /* 0: not known, it was given by its pointer alone */
	struct fsc_leak_call call;
};

static const char *const kind_names[] = {
	[FSC_LEAK_NEVER_FREED] = "never_freed",	    [FSC_LEAK_FREED_TWICE] = "freed_twice",
	[FSC_LEAK_FREED_UNKNOWN] = "freed_unknown", [FSC_LEAK_SIZE_MISMATCH] = "size_mismatch",
	[FSC_LEAK_FOREIGN_FREE] = "foreign_free",
};

const char *fsc_leak_kind_name(enum fsc_leak_kind kind)
{
	return kind < FSC_LEAK_KINDS ? kind_names[kind] : "unknown";
}

static const struct fsc_site *primary_site(const struct fsc_state *state, uint16_t id)
{
	const struct fsc_site *site = fsc_state_site(state, id);
	const struct fsc_site *first = site ? fsc_state_site(state, site->alias_of) : NULL;

	return first ? first : site;
}

static struct fsc_leak *new_group(struct list *list, const char *name, const char *library)
{
	size_t capacity = list->capacity ? list->capacity * 2 : 16;
	struct fsc_leak *leak;

	if (list->count == list->capacity) {
		leak = realloc(list->items, capacity * sizeof(*leak));
		if (!leak)
			return NULL;
		list->items = leak;
		list->capacity = capacity;
	}
	leak = &list->items[list->count];
	*leak = (struct fsc_leak){ .entry_point = strdup(name), .library = strdup(library) };
	if (!leak->entry_point || !leak->library) {
		free(leak->entry_point);
		free(leak->library);
		return NULL;
	}
	list->count++;
	return leak;
}

/* The image's group of that kind and entry point, a new one if need be; NULL: no memory. */
static struct fsc_leak *group_of(struct image *image, struct list *list, enum fsc_leak_kind kind,
				 uint16_t site_id)
{
	const struct fsc_site *site = primary_site(image->state, site_id);
	const char *name = site ? site->name : "";
	const char *library = site ? site->library : "";
	struct fsc_leak *leak;

	for (size_t i = list->image_first; i < list->count; i++) {
		leak = &list->items[i];
		if (leak->kind == kind && !strcmp(leak->entry_point, name) &&
		    !strcmp(leak->library, library))
			return leak;
	}
	leak = new_group(list, name, library);
	if (!leak) {
		image->no_memory = true;
		return NULL;
	}
	leak->kind = kind;
	leak->pid = image->process->pid;
	leak->image = image->process->image;
	leak->host = image->process->host;
	leak->bytes = fsc_known(0);
	return leak;
}

static void add_thread(struct fsc_leak *leak, uint32_t tid)
{
	for (size_t i = 0; i < leak->thread_count; i++)
		if (leak->threads[i] == tid)
			return;
	if (leak->thread_count < FSC_LEAK_THREADS_MAX)
		leak->threads[leak->thread_count++] = tid;
	else
		leak->more_threads = true;
}

static void add_case(struct image *image, struct list *list, const struct leak_case *one)
{
	struct fsc_leak *leak = group_of(image, list, one->kind, one->site);

	if (!leak)
		return;
	leak->count++;
	leak->bytes.value += (int64_t)one->bytes;
	if (!one->bytes)
		leak->bytes.known = false;
	if (!one->call.known)
		return;
	if (!leak->first_call.known || one->call.start_ns < leak->first_call.start_ns)
		leak->first_call = one->call;
	if (!leak->last_call.known || one->call.start_ns >= leak->last_call.start_ns)
		leak->last_call = one->call;
	add_thread(leak, one->call.tid);
}

static struct list *live_list(struct image *image)
{
	bool exited = image->process->state == FSC_PROCESS_EXITED;

	return &image->leaks->lists[exited ? LIST_FINDINGS : LIST_LIVE_AT_END];
}

static void add_live(struct image *image)
{
	struct list *list = live_list(image);
	bool exited = list == &image->leaks->lists[LIST_FINDINGS];

	for (size_t i = 0; i < image->state->live_count; i++) {
		const struct fsc_live_buffer *live = &image->state->live[i];
		struct leak_case one = {
			.kind = FSC_LEAK_NEVER_FREED,
			.site = live->made_site,
			.bytes = live->capacity ? live->capacity : live->length,
			.call = { .known = live->made_tid != 0,
				  .pid = image->process->pid,
				  .tid = live->made_tid,
				  .number = live->made_call,
				  .start_ns = live->made_ns },
		};

		if (exited && fsc_habits_awaits(&image->habits, live))
			add_case(image, &image->leaks->lists[LIST_AWAITING], &one);
		else
			add_case(image, list, &one);
	}
	image->seen[FSC_LEAK_NEVER_FREED] = image->state->live_count;
}

/* FSC_LEAK_KINDS: not a bad verdict. */
static enum fsc_leak_kind kind_of(uint32_t verdict)
{
	switch (verdict) {
	case FSC_VERDICT_FREED_TWICE:
		return FSC_LEAK_FREED_TWICE;
	case FSC_VERDICT_FREED_UNKNOWN:
		return FSC_LEAK_FREED_UNKNOWN;
	case FSC_VERDICT_SIZE_MISMATCH:
		return FSC_LEAK_SIZE_MISMATCH;
	case FSC_VERDICT_FOREIGN_FREE:
		return FSC_LEAK_FOREIGN_FREE;
	default:
		return FSC_LEAK_KINDS;
	}
}

/* Are all makers known, so that a buffer unknown to the ledger is wrong? all: whatever the library.
 */
static bool makers_described(const struct fsc_state *state, uint32_t module, bool all)
{
	bool any = false;

	for (uint32_t i = 0; i < state->site_count; i++) {
		const struct fsc_site *site = fsc_state_site(state, i);

		if (!site || site->kind != FSC_SITE_ENTRY || (!all && site->module != module))
			continue;
		if (!(site->flags & FSC_SITE_DESCRIBED))
			return false;
		any = true;
	}
	return any;
}

/*
 * Could a maker that nobody described explain a case of that kind? One may have made what the
 * ledger never saw; and where allocations pass unseen, also one at the address of a buffer that was
 * freed.
 */
static bool needs_all_makers(const struct image *image, enum fsc_leak_kind kind)
{
	const struct fsc_maybe *hooks = &image->process->allocations;

	return kind == FSC_LEAK_FREED_UNKNOWN ||
	       (kind == FSC_LEAK_FREED_TWICE && hooks->known && !hooks->value);
}

/* May a case of that kind be none? module: the free function's; all: whatever the library. */
static bool is_explained(const struct image *image, enum fsc_leak_kind kind, uint32_t module,
			 bool all)
{
	/* Of a buffer that found no place the ledger knows nothing. */
	if (kind == FSC_LEAK_FREED_UNKNOWN && image->state->ledger.full)
		return true;
	return needs_all_makers(image, kind) && !makers_described(image->state, module, all);
}

static void add_freed(struct image *image, const struct fsc_event *event)
{
	const struct fsc_event_buffer_freed *freed = &event->buffer_freed;
	enum fsc_leak_kind kind = kind_of(freed->verdict);
	const struct fsc_site *site = fsc_state_site(image->state, freed->site);
	struct leak_case one = { .kind = kind, .site = freed->made_site };

	if (kind == FSC_LEAK_KINDS)
		return;
	image->seen[kind]++;
	if (is_explained(image, kind, site ? site->module : 0, false))
		return;
	one.bytes = freed->made_capacity ? freed->made_capacity : freed->made_length;
	one.call = (struct fsc_leak_call){ .known = true,
					   .pid = image->process->pid,
					   .tid = freed->made_tid,
					   .number = freed->made_call,
					   .start_ns = freed->made_ns };
	if (!freed->made_tid) {
		one.site = freed->site;
		one.bytes = freed->capacity ? freed->capacity : freed->length;
		one.call.tid = event->tid;
		one.call.number = freed->call;
		one.call.start_ns = event->time_ns;
	}
	add_case(image, &image->leaks->lists[LIST_FINDINGS], &one);
}

static uint64_t total_of(const struct fsc_ledger_totals *ledger, enum fsc_leak_kind kind)
{
	switch (kind) {
	case FSC_LEAK_NEVER_FREED:
		return ledger->live;
	case FSC_LEAK_FREED_TWICE:
		return ledger->freed_twice;
	case FSC_LEAK_FREED_UNKNOWN:
		return ledger->freed_unknown;
	case FSC_LEAK_SIZE_MISMATCH:
		return ledger->size_mismatch;
	case FSC_LEAK_FOREIGN_FREE:
		return ledger->foreign_free;
	case FSC_LEAK_KINDS:
		break;
	}
	return 0;
}

/* The image's only group of that kind; a nameless new one when there is none or more than one. */
static struct fsc_leak *group_for_missing(struct image *image, struct list *list,
					  enum fsc_leak_kind kind)
{
	struct fsc_leak *only = NULL;

	for (size_t i = list->image_first; i < list->count; i++) {
		if (list->items[i].kind != kind)
			continue;
		if (only)
			return group_of(image, list, kind, 0);
		only = &list->items[i];
	}
	return only ? only : group_of(image, list, kind, 0);
}

/* Cases that the totals count and no event tells. */
static void add_missing(struct image *image, enum fsc_leak_kind kind)
{
	struct list *list = &image->leaks->lists[LIST_FINDINGS];
	uint64_t total = total_of(&image->state->ledger, kind);
	struct fsc_leak *leak;

	if (!image->state->ledger.known || total <= image->seen[kind])
		return;
	if (kind == FSC_LEAK_NEVER_FREED)
		list = live_list(image);
	if (is_explained(image, kind, 0, true))
		return;
	leak = group_for_missing(image, list, kind);
	if (!leak)
		return;
	leak->without_details = total - image->seen[kind];
	leak->count += leak->without_details;
	leak->bytes = FSC_UNKNOWN;
	leak->uncertain = true;
}

/* An image whose ledger was never made has no totals: it made no buffer. */
static bool totals_known(const struct image *image)
{
	return image->state->ledger.known || image->state->complete;
}

static void add_totals(struct image *image)
{
	const struct fsc_ledger_totals *ledger = &image->state->ledger;
	struct fsc_leaks_result *result = &image->leaks->result;

	if (!totals_known(image)) {
		result->made.known = result->freed.known = result->live.known = false;
		return;
	}
	result->made.value += (int64_t)ledger->made;
	result->freed.value += (int64_t)ledger->freed;
	result->live.value += (int64_t)ledger->live;
	result->ledger_full += ledger->full;
	/* Whether a buffer without a place was given back nobody knows. */
	if (ledger->full)
		result->freed.known = result->live.known = false;
}

static void add_loss(struct fsc_stream_loss *into, const struct fsc_stream_loss *from)
{
	into->events += from->events;
	into->findings += from->findings;
	into->overwritten += from->overwritten;
	into->skipped_events += from->skipped_events;
	into->damaged_streams += from->damaged_streams;
	into->uncounted = into->uncounted || from->uncounted;
}

/* What the image could not see makes its findings uncertain. */
static void judge(struct image *image)
{
	bool all = image->state->ledger.full || image->loss.findings ||
		   image->loss.damaged_streams || !totals_known(image);
	bool unknown = all || fsc_stream_loss_any(&image->loss);
	const struct fsc_maybe *hooks = &image->process->allocations;

	for (int i = 0; i < LIST_KINDS; i++) {
		struct list *list = &image->leaks->lists[i];

		for (size_t g = list->image_first; g < list->count; g++) {
			struct fsc_leak *leak = &list->items[g];

			leak->uncertain = leak->uncertain || all ||
					  (unknown && leak->kind == FSC_LEAK_FREED_UNKNOWN) ||
					  (!hooks->known && leak->kind == FSC_LEAK_FREED_TWICE);
		}
	}
	image->leaks->result.uncertain = image->leaks->result.uncertain || all;
}

static enum fsc_status read_image(struct fsc_leaks *leaks, const struct fsc_recording *recording,
				  const struct fsc_process *process, struct fsc_warnings *warnings,
				  struct fsc_error *error)
{
	struct image image = { .leaks = leaks, .process = process };
	struct fsc_event_stream stream;
	enum fsc_status status;
	struct fsc_event event;

	status = fsc_event_stream_open(&stream, recording, process, warnings, error);
	if (status)
		return status;
	image.state = fsc_event_stream_state(&stream);
	for (int i = 0; i < LIST_KINDS; i++)
		leaks->lists[i].image_first = leaks->lists[i].count;
	image.no_memory = fsc_habits_init(&image.habits, image.state) != FSC_OK;
	while (!image.no_memory && !fsc_event_stream_next(&stream, &event)) {
		fsc_habits_add(&image.habits, &event);
		if (event.kind == FSC_EVENT_buffer_freed)
			add_freed(&image, &event);
	}
	if (!image.no_memory)
		add_live(&image);
	fsc_event_stream_loss(&stream, &image.loss);
	for (int kind = 0; kind < FSC_LEAK_KINDS; kind++)
		add_missing(&image, (enum fsc_leak_kind)kind);
	add_totals(&image);
	add_loss(&leaks->result.loss, &image.loss);
	judge(&image);
	fsc_habits_fini(&image.habits);
	fsc_event_stream_close(&stream);
	if (image.no_memory)
		return fsc_error_set(error, FSC_E_NOMEM, process->folder, "no memory");
	return FSC_OK;
}

/* An image that cannot be read leaves everything uncertain. */
static void image_failed(struct fsc_leaks *leaks, struct fsc_warnings *warnings,
			 const struct fsc_error *problem)
{
	struct fsc_error *warning = warnings ? fsc_warnings_next(warnings) : NULL;

	if (warning)
		*warning = *problem;
	leaks->result.uncertain = true;
	leaks->result.loss.damaged_streams++;
	leaks->result.loss.uncounted = true;
	leaks->result.made.known = leaks->result.freed.known = leaks->result.live.known = false;
}

static int by_bytes(const void *left, const void *right)
{
	const struct fsc_leak *a = left, *b = right;

	if (a->bytes.value != b->bytes.value)
		return a->bytes.value > b->bytes.value ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return strcmp(a->entry_point, b->entry_point);
}

static void finish(struct fsc_leaks *leaks)
{
	struct list *findings = &leaks->lists[LIST_FINDINGS];
	struct list *live = &leaks->lists[LIST_LIVE_AT_END];
	struct list *awaiting = &leaks->lists[LIST_AWAITING];

	for (int i = 0; i < LIST_KINDS; i++)
		if (leaks->lists[i].count)
			qsort(leaks->lists[i].items, leaks->lists[i].count, sizeof(struct fsc_leak),
			      by_bytes);
	leaks->result.findings = findings->items;
	leaks->result.finding_count = findings->count;
	leaks->result.live_at_end = live->items;
	leaks->result.live_at_end_count = live->count;
	leaks->result.awaiting_finalizer = awaiting->items;
	leaks->result.awaiting_finalizer_count = awaiting->count;
}

static bool in_scope(const struct fsc_leaks_scope *scope, const struct fsc_process *process)
{
	return (!scope->image || scope->image == process) &&
	       (!*scope->host || !strcmp(scope->host, process->host)) &&
	       (!scope->pid || scope->pid == process->pid);
}

enum fsc_status fsc_leaks_read(struct fsc_leaks **out, const struct fsc_recording *recording,
			       const struct fsc_leaks_scope *only, struct fsc_warnings *warnings,
			       struct fsc_error *error)
{
	struct fsc_error problem = { 0 };
	enum fsc_status status;
	struct fsc_leaks *leaks;

	*out = NULL;
	if (fsc_recording_has_events(recording, error))
		return FSC_E_NOT_FOUND;
	leaks = calloc(1, sizeof(*leaks));
	if (!leaks)
		return fsc_error_set(error, FSC_E_NOMEM, recording->path, "no memory");
	leaks->result.made = leaks->result.freed = leaks->result.live = fsc_known(0);
	for (size_t i = 0; i < recording->process_count; i++) {
		if (only && !in_scope(only, &recording->processes[i]))
			continue;
		status = read_image(leaks, recording, &recording->processes[i], warnings, &problem);
		if (status == FSC_E_NOMEM) {
			if (error)
				*error = problem;
			fsc_leaks_destroy(leaks);
			return status;
		}
		if (status)
			image_failed(leaks, warnings, &problem);
	}
	/* An image that could not be recorded at all: what it made nobody knows. */
	if (!only && recording->seen_refused.known && recording->seen_refused.value > 0)
		leaks->result.made.known = leaks->result.freed.known = leaks->result.live.known =
			false;
	finish(leaks);
	*out = leaks;
	return FSC_OK;
}

void fsc_leaks_destroy(struct fsc_leaks *leaks)
{
	if (!leaks)
		return;
	for (int i = 0; i < LIST_KINDS; i++) {
		for (size_t g = 0; g < leaks->lists[i].count; g++) {
			free(leaks->lists[i].items[g].entry_point);
			free(leaks->lists[i].items[g].library);
		}
		free(leaks->lists[i].items);
	}
	free(leaks);
}

const struct fsc_leaks_result *fsc_leaks_borrow(const struct fsc_leaks *leaks)
{
	return &leaks->result;
}
