/* SPDX-License-Identifier: MIT */
/*
 * The babeltrace2 plugin `ffiscope` with its one component class, filter.ffiscope.expand: what
 * comes in goes out, but for each event ffiscope:batch its records as events.
 *
 * What is hard is the order. A batch comes after its records' times, up to the 50 ms that a record
 * waits to be told; and what comes out must not go back in time. So everything is held for a while
 * of the trace's time (is_due), messages in a queue and batches in a heap, and the earlier of both
 * goes out first. What comes even later stands where it comes; its field time_ns says its own time.
 * Begin at next().
 */
#include <babeltrace2/babeltrace.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/batch_reader_internal.h"
#include "analyzers/expand_trace_internal.h"
#include "analyzers/lttng_plan_internal.h"

enum {
	HELD_NS = 1000000000,
	HELD_MAX = 1 << 16,	  /* messages; a power of two */
	HELD_BYTES_MAX = 64 << 20 /* of batches */
};

struct held {
	const bt_message *message; /* a reference */
	int64_t time;		   /* ns from the origin, never less than before */
};

/* A batch from which records are still to come. */
struct batch {
	struct fsc_batch_reader reader;
	const uint8_t *record; /* the next, in the reader */
	int64_t time;	       /* its */
	uint64_t order;	       /* of arrival: records of one thread stay in order */
	struct fsc_expand_thread whose;
	struct expanded *into;
	struct batch *next_spare;
};

/* A trace with batches. */
struct expanded {
	struct fsc_expand_trace *trace;
	bool begun;
	struct expanded *next;
};

struct expand {
	bt_self_message_iterator *self;
	bt_self_component *component;
	bt_message_iterator *upstream;
	bt_message_array_const fetched;
	uint64_t fetched_count;
	uint64_t fetched_at;
	struct held *queue; /* a ring of HELD_MAX */
	size_t queue_begin;
	size_t queue_count;
	struct batch **heap; /* HELD_MAX of them */
	size_t heap_count;
	struct batch *spare; /* a list of those whose memory is used again */
	size_t batch_bytes;
	uint64_t batches; /* so far */
	struct fsc_lttng_plans plans;
	struct fsc_lttng_event event;
	struct expanded *traces;
	int64_t now;  /* of the last message that came in */
	int64_t last; /* of the last that went out */
	bool no_memory;
	bool ended;
	bt_message_iterator_next_status end; /* how */
	const bt_error *error;		     /* why; taken from babeltrace2 */
};

/* ---- the heap of batches ---- */

static bool batch_before(const struct batch *a, const struct batch *b)
{
	return a->time < b->time || (a->time == b->time && a->order < b->order);
}

static void sift_down(struct expand *expand)
{
	struct batch **heap = expand->heap, *batch = heap[0];
	size_t at = 0, child;

	while ((child = at * 2 + 1) < expand->heap_count) {
		if (child + 1 < expand->heap_count && batch_before(heap[child + 1], heap[child]))
			child++;
		if (!batch_before(heap[child], batch))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = batch;
}

static void push(struct expand *expand, struct batch *batch)
{
	struct batch **heap = expand->heap;
	size_t at = expand->heap_count++;

	for (; at && batch_before(batch, heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = batch;
	expand->batch_bytes += batch->reader.capacity;
}

static void put_spare(struct expand *expand, struct batch *batch)
{
	batch->next_spare = expand->spare;
	expand->spare = batch;
}

static void pop(struct expand *expand)
{
	struct batch *batch = expand->heap[0];

	expand->batch_bytes -= batch->reader.capacity;
	put_spare(expand, batch);
	expand->heap[0] = expand->heap[--expand->heap_count];
	if (expand->heap_count)
		sift_down(expand);
}

/* ---- what comes in ---- */

static void advance(struct batch *batch)
{
	uint64_t time_ns;
	int64_t time;

	batch->record = fsc_batch_reader_next(&batch->reader);
	if (!batch->record)
		return;
	memcpy(&time_ns, batch->record + sizeof(uint32_t), sizeof(time_ns));
	time = fsc_expand_trace_time(batch->into->trace, time_ns);
	if (time > batch->time)
		batch->time = time;
}

/* NULL: its records cannot be told in the trace's clock, or there is no memory. */
static struct expanded *expanded_of(struct expand *expand, const bt_stream *stream)
{
	struct expanded *into = expand->traces;

	while (into && !fsc_expand_trace_is_of(into->trace, stream))
		into = into->next;
	if (into)
		return into;
	into = calloc(1, sizeof(*into));
	if (!into)
		return NULL;
	into->trace = fsc_expand_trace_create(expand->component, stream);
	if (!into->trace) {
		free(into);
		return NULL;
	}
	into->next = expand->traces;
	expand->traces = into;
	return into;
}

static struct batch *batch_create(struct expand *expand)
{
	struct batch *batch = expand->spare;

	if (!batch)
		return calloc(1, sizeof(*batch));
	expand->spare = batch->next_spare;
	return batch;
}

/* Hold the batch at hand. false: something in it is no record. */
static bool take_batch(struct expand *expand, struct expanded *into)
{
	const struct fsc_lttng_event *event = &expand->event;
	struct batch *batch = batch_create(expand);
	enum fsc_status status = FSC_E_NOMEM;
	bool whole;

	if (batch)
		status = fsc_batch_reader_begin(&batch->reader, event->clock, event->text,
						event->text_bytes);
	expand->no_memory = status == FSC_E_NOMEM;
	if (!batch)
		return false;
	whole = !status && fsc_batch_reader_is_whole(&batch->reader);
	batch->into = into;
	batch->whose = (struct fsc_expand_thread){ event->pid, event->image, event->tid };
	batch->time = INT64_MIN;
	batch->order = expand->batches++;
	advance(batch);
	if (batch->record)
		push(expand, batch);
	else
		put_spare(expand, batch);
	return whole;
}

/* Is the event a batch, and were its records taken out? Of a damaged one both goes on: it too. */
static bool expand_event(struct expand *expand, const bt_message *message)
{
	const bt_event *event = bt_message_event_borrow_event_const(message);
	const struct fsc_lttng_plan *plan =
		fsc_lttng_plans_find(&expand->plans, bt_event_borrow_class_const(event));
	struct expanded *into;

	if (!plan) {
		expand->no_memory = true;
		return false;
	}
	if (plan->kind != FSC_LTTNG_BATCH)
		return false;
	into = expanded_of(expand, bt_event_borrow_stream_const(event));
	if (!into)
		return false;
	if (!fsc_lttng_plan_read(plan, event, &expand->event)) {
		expand->no_memory = true;
		return false;
	}
	return take_batch(expand, into);
}

/* The time of a message, or that of the one before. */
static int64_t message_time(const struct expand *expand, const bt_message *message)
{
	const bt_clock_snapshot *snapshot = NULL;
	int64_t time = expand->now;

	if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT &&
	    bt_message_event_borrow_stream_class_default_clock_class_const(message))
		snapshot = bt_message_event_borrow_default_clock_snapshot_const(message);
	if (bt_message_get_type(message) == BT_MESSAGE_TYPE_MESSAGE_ITERATOR_INACTIVITY)
		snapshot =
			bt_message_message_iterator_inactivity_borrow_clock_snapshot_const(message);
	if (snapshot && bt_clock_snapshot_get_ns_from_origin(snapshot, &time))
		bt_current_thread_clear_error();
	return time > expand->now ? time : expand->now;
}

static void take_message(struct expand *expand, const bt_message *message)
{
	bt_message_type type = bt_message_get_type(message);

	expand->now = message_time(expand, message);
	/* With its last stream a trace goes, and another's class may have its address. */
	if (type == BT_MESSAGE_TYPE_STREAM_END)
		fsc_lttng_plans_fini(&expand->plans);
	if (type == BT_MESSAGE_TYPE_EVENT && expand_event(expand, message)) {
		bt_message_put_ref(message);
		return;
	}
	expand->queue[(expand->queue_begin + expand->queue_count++) % HELD_MAX] =
		(struct held){ message, expand->now };
}

/* Take one message in. false: there is none now. */
static bool fetch(struct expand *expand)
{
	bt_message_iterator_next_status status;

	if (expand->fetched_at < expand->fetched_count) {
		take_message(expand, expand->fetched[expand->fetched_at++]);
		return true;
	}
	expand->fetched_at = expand->fetched_count = 0;
	status = bt_message_iterator_next(expand->upstream, &expand->fetched,
					  &expand->fetched_count);
	if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
		return true;
	expand->fetched_count = 0;
	if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
		return false;
	/* What came before is handed out first; until then babeltrace2 must not see the error. */
	expand->error = bt_current_thread_take_error();
	expand->ended = true;
	expand->end = status;
	return true;
}

/* ---- what goes out ---- */

static bool batch_is_first(const struct expand *expand)
{
	return expand->heap_count &&
	       (!expand->queue_count ||
		expand->heap[0]->time < expand->queue[expand->queue_begin].time);
}

/* Is it time for the first of what is held? */
static bool is_due(const struct expand *expand)
{
	int64_t first;

	if (!expand->queue_count && !expand->heap_count)
		return false;
	if (expand->ended || expand->queue_count == HELD_MAX || expand->heap_count == HELD_MAX ||
	    expand->batch_bytes >= HELD_BYTES_MAX)
		return true;
	first = batch_is_first(expand) ? expand->heap[0]->time
				       : expand->queue[expand->queue_begin].time;
	return first < expand->now - HELD_NS;
}

static const bt_message *from_batch(struct expand *expand)
{
	struct batch *batch = expand->heap[0];
	struct fsc_expand_trace *trace = batch->into->trace;
	const bt_message *message;

	if (!batch->into->begun) {
		batch->into->begun = true;
		return fsc_expand_trace_begin(trace, expand->self);
	}
	if (batch->time > expand->last)
		expand->last = batch->time;
	message = fsc_expand_trace_event(trace, expand->self, &batch->whose, batch->record,
					 expand->last);
	advance(batch);
	if (batch->record)
		sift_down(expand);
	else
		pop(expand);
	return message;
}

static const bt_message *from_queue(struct expand *expand)
{
	struct held held = expand->queue[expand->queue_begin];

	expand->queue_begin = (expand->queue_begin + 1) % HELD_MAX;
	expand->queue_count--;
	if (held.time > expand->last)
		expand->last = held.time;
	return held.message;
}

/* At the end: the end of a stream of ours that has begun. */
static struct expanded *open_stream(const struct expand *expand)
{
	struct expanded *into = expand->traces;

	while (into && !into->begun)
		into = into->next;
	return into;
}

static bt_message_iterator_class_next_method_status status_of(struct expand *expand, bool again)
{
	if (expand->no_memory)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_MEMORY_ERROR;
	if (again)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_AGAIN;
	if (expand->error)
		bt_current_thread_move_error(expand->error);
	expand->error = NULL;
	/* The values of both are the same by what babeltrace2 says of its statuses. */
	return (bt_message_iterator_class_next_method_status)expand->end;
}

static bt_message_iterator_class_next_method_status next(bt_self_message_iterator *self,
							 bt_message_array_const messages,
							 uint64_t capacity, uint64_t *count)
{
	struct expand *expand = bt_self_message_iterator_get_data(self);
	bool again = false;

	*count = 0;
	while (*count < capacity && !again && !expand->no_memory) {
		struct expanded *open = open_stream(expand);
		const bt_message *message;

		if (is_due(expand)) {
			message = batch_is_first(expand) ? from_batch(expand) : from_queue(expand);
		} else if (!expand->ended) {
			again = !fetch(expand);
			continue;
		} else if (open) {
			open->begun = false;
			message = fsc_expand_trace_end(open->trace, self);
		} else {
			break;
		}
		expand->no_memory = !message;
		if (message)
			messages[(*count)++] = message;
	}
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK : status_of(expand, again);
}

/* ---- the component ---- */

static void expand_destroy(struct expand *expand)
{
	struct expanded *into;
	struct batch *batch;

	for (; expand->queue_count; expand->queue_count--)
		bt_message_put_ref(from_queue(expand));
	while (expand->fetched_at < expand->fetched_count)
		bt_message_put_ref(expand->fetched[expand->fetched_at++]);
	while (expand->heap_count)
		pop(expand);
	while ((batch = expand->spare)) {
		expand->spare = batch->next_spare;
		fsc_batch_reader_fini(&batch->reader);
		free(batch);
	}
	while ((into = expand->traces)) {
		expand->traces = into->next;
		fsc_expand_trace_destroy(into->trace);
		free(into);
	}
	fsc_lttng_plans_fini(&expand->plans);
	bt_message_iterator_put_ref(expand->upstream);
	if (expand->error)
		bt_error_release(expand->error);
	free(expand->event.bytes);
	free(expand->queue);
	free((void *)expand->heap);
	free(expand);
}

static void iterator_finalize(bt_self_message_iterator *self)
{
	expand_destroy(bt_self_message_iterator_get_data(self));
}

static bt_message_iterator_class_initialize_method_status
iterator_initialize(bt_self_message_iterator *self,
		    bt_self_message_iterator_configuration *configuration,
		    bt_self_component_port_output *port)
{
	struct expand *expand = calloc(1, sizeof(*expand));
	bt_self_component *component = bt_self_message_iterator_borrow_component(self);

	(void)configuration;
	(void)port;
	if (!expand)
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	expand->self = self;
	expand->component = component;
	expand->now = INT64_MIN + HELD_NS; /* so that is_due() may go back that far */
	expand->last = INT64_MIN;
	expand->queue = calloc(HELD_MAX, sizeof(*expand->queue));
	expand->heap = calloc(HELD_MAX, sizeof(struct batch *));
	if (!expand->queue || !expand->heap ||
	    bt_message_iterator_create_from_message_iterator(
		    self, bt_self_component_get_data(component), &expand->upstream)) {
		expand_destroy(expand);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_message_iterator_set_data(self, expand);
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static bt_component_class_initialize_method_status
initialize(bt_self_component_filter *self, bt_self_component_filter_configuration *configuration,
	   const bt_value *params, void *data)
{
	bt_self_component_port_input *in = NULL;

	(void)configuration;
	(void)params;
	(void)data;
	if (bt_self_component_filter_add_input_port(self, "in", NULL, &in) ||
	    bt_self_component_filter_add_output_port(self, "out", NULL, NULL))
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	bt_self_component_set_data(bt_self_component_filter_as_self_component(self), in);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

BT_PLUGIN_MODULE();
BT_PLUGIN(ffiscope);
BT_PLUGIN_DESCRIPTION("Calls over a foreign function interface, as ffiscope records them");
BT_PLUGIN_LICENSE("MIT");
BT_PLUGIN_FILTER_COMPONENT_CLASS(expand, next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(expand,
					     "Take events ffiscope:batch apart into single events");
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(expand, initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(expand,
									  iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(expand, iterator_finalize);
