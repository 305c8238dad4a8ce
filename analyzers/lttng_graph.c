/* SPDX-License-Identifier: MIT */
/*
 * One source component for each trace, one sink component of ours with an input port for each of
 * their streams; its consume method merges them by time with a heap. An error of babeltrace2 ends
 * the stream that it came from, and is cleared. Begin at fsc_lttng_graph_run().
 */
#include "analyzers/lttng_graph_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace_points/clock.h"

enum { BEFORE_CHECK = 4096, IDLE_NS = 100000000, FLUSH_NS = 1000000000 };

/* One stream of a trace. */
struct port {
	bt_message_iterator *iterator;
	bt_message_array_const messages;
	uint64_t count;
	uint64_t next;
	uint64_t time; /* of the message at hand, never less than before */
	uint32_t trace;
	const bt_stream *stream; /* borrowed; whose host is known */
	char host[64];
};

struct graph {
	struct fsc_lttng_import *import;
	struct port *ports;
	struct port **heap;
	size_t port_count;
	size_t heap_count;
	struct fsc_lttng_plans plans;
	enum fsc_status status;
	const struct fsc_lttng_input *inputs;
	size_t input_count;
	const bt_component_source **sources;
	bool live;
	uint64_t flushed_ns;
};

static void trouble(struct graph *graph, uint32_t trace, const char *what)
{
	const struct bt_error *error = bt_current_thread_take_error();
	char text[1024];

	if (error)
		bt_error_release(error);
	snprintf(text, sizeof(text), "%s", what);
	fsc_lttng_import_damaged(graph->import, trace);
	fsc_lttng_import_trouble(graph->import, text);
}

/* ---- the sink component ---- */

static struct graph *graph_of(bt_self_component_sink *sink)
{
	return bt_self_component_get_data(bt_self_component_sink_as_self_component(sink));
}

static bt_component_class_initialize_method_status
sink_initialize(bt_self_component_sink *sink, bt_self_component_sink_configuration *configuration,
		const bt_value *params, void *data)
{
	struct graph *graph = data;
	char name[32];

	(void)configuration;
	(void)params;
	bt_self_component_set_data(bt_self_component_sink_as_self_component(sink), graph);
	for (size_t i = 0; i < graph->port_count; i++) {
		snprintf(name, sizeof(name), "in%zu", i);
		if (bt_self_component_sink_add_input_port(sink, name, NULL, NULL))
			return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

/* The time of a message; those that have none come right after the one before. */
static uint64_t message_time(const struct port *port, const bt_message *message)
{
	uint64_t time = port->time;

	if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT)
		time = bt_clock_snapshot_get_value(
			bt_message_event_borrow_default_clock_snapshot_const(message));
	return time > port->time ? time : port->time;
}

static void flush(struct graph *graph)
{
	if (!graph->status)
		graph->status = fsc_lttng_import_flush(graph->import);
	graph->flushed_ns = fsc_clock_monotonic_ns();
}

/* Of a session that goes on there is nothing new. */
static void idle(struct graph *graph)
{
	static const struct timespec pause = { .tv_nsec = IDLE_NS };

	flush(graph);
	nanosleep(&pause, NULL);
}

/* Have a message at hand. false: the stream is at its end. */
static bool fill(struct graph *graph, struct port *port)
{
	bt_message_iterator_next_status status = BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN;

	if (port->next < port->count)
		return true;
	port->next = port->count = 0;
	while (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN && !graph->status) {
		status = bt_message_iterator_next(port->iterator, &port->messages, &port->count);
		if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
			idle(graph);
	}
	/* 2.0.4 may leave an error lying about whatever it returns, and would end the process at
	 * the next call to anything. What came before an error is handed out first; it comes again.
	 */
	bt_current_thread_clear_error();
	if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
		return true;
	port->count = 0;
	if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_END)
		trouble(graph, port->trace,
			"a stream has bytes that are no event: the rest of it is left out");
	return false;
}

static bool port_before(const struct port *a, const struct port *b)
{
	return a->time < b->time || (a->time == b->time && a < b);
}

static void sift(struct graph *graph, size_t at)
{
	struct port **heap = graph->heap, *port = heap[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= graph->heap_count)
			break;
		if (child + 1 < graph->heap_count && port_before(heap[child + 1], heap[child]))
			child++;
		if (!port_before(heap[child], port))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = port;
}

static bt_component_class_sink_graph_is_configured_method_status
sink_is_configured(bt_self_component_sink *sink)
{
	struct graph *graph = graph_of(sink);

	for (size_t i = 0; i < graph->port_count; i++) {
		struct port *port = &graph->ports[i];

		if (bt_message_iterator_create_from_sink_component(
			    sink, bt_self_component_sink_borrow_input_port_by_index(sink, i),
			    &port->iterator)) {
			trouble(graph, port->trace, "a stream cannot be read: it is left out");
			continue;
		}
		if (!fill(graph, port))
			continue;
		port->time = message_time(port, port->messages[0]);
		graph->heap[graph->heap_count++] = port;
	}
	for (size_t i = graph->heap_count / 2; i-- > 0;)
		sift(graph, i);
	return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

static void find_host(struct port *port, const bt_stream *stream)
{
	const bt_value *host = bt_trace_borrow_environment_entry_value_by_name_const(
		bt_stream_borrow_trace_const(stream), "hostname");

	port->stream = stream;
	port->host[0] = '\0';
	if (host && bt_value_is_string(host))
		snprintf(port->host, sizeof(port->host), "%s", bt_value_string_get(host));
}

static void on_event(struct graph *graph, struct port *port, const bt_message *message)
{
	const bt_event *event = bt_message_event_borrow_event_const(message);
	const bt_stream *stream = bt_event_borrow_stream_const(event);
	const struct fsc_lttng_plan *plan =
		fsc_lttng_plans_find(&graph->plans, bt_event_borrow_class_const(event));

	if (stream != port->stream)
		find_host(port, stream);
	if (plan && plan->kind == FSC_LTTNG_FOREIGN)
		return;
	if (!plan || !fsc_lttng_plan_read(plan, event, fsc_lttng_import_event(graph->import)))
		graph->status = FSC_E_NOMEM;
	else
		graph->status = fsc_lttng_import_add(graph->import, port->trace, port->host, plan);
}

/* Could an event of another provider have been among those that were dropped? */
static bool only_ours(const bt_stream *stream)
{
	const bt_stream_class *class = bt_stream_borrow_class_const(stream);
	uint64_t count = bt_stream_class_get_event_class_count(class);

	for (uint64_t i = 0; i < count; i++) {
		const char *name = bt_event_class_get_name(
			bt_stream_class_borrow_event_class_by_index_const(class, i));

		if (!name || strncmp(name, "ffiscope:", 9) != 0)
			return false;
	}
	return true;
}

static void on_discarded_events(struct graph *graph, const struct port *port,
				const bt_message *message)
{
	const bt_stream *stream = bt_message_discarded_events_borrow_stream_const(message);
	uint64_t count = 0;
	bool counted = bt_message_discarded_events_get_count(message, &count) ==
		       BT_PROPERTY_AVAILABILITY_AVAILABLE;

	fsc_lttng_import_lost(graph->import, port->trace, counted ? count : 0, only_ours(stream),
			      counted);
}

static void on_message(struct graph *graph, struct port *port, const bt_message *message)
{
	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_EVENT:
		on_event(graph, port, message);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		on_discarded_events(graph, port, message);
		break;
	case BT_MESSAGE_TYPE_STREAM_END:
		/* With its last stream a trace goes, and another's class may have its address. */
		fsc_lttng_plans_fini(&graph->plans);
		break;
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		fsc_lttng_import_lost(graph->import, port->trace, 0, true, false);
		break;
	default:
		break;
	}
}

/* Take the earliest message. */
static void step(struct graph *graph)
{
	struct port *port = graph->heap[0];
	const bt_message *message = port->messages[port->next++];

	on_message(graph, port, message);
	bt_message_put_ref(message);
	if (fill(graph, port))
		port->time = message_time(port, port->messages[port->next]);
	else
		graph->heap[0] = graph->heap[--graph->heap_count];
	if (graph->heap_count > 1)
		sift(graph, 0);
}

static bt_component_class_sink_consume_method_status sink_consume(bt_self_component_sink *sink)
{
	struct graph *graph = graph_of(sink);

	for (int i = 0; i < BEFORE_CHECK && graph->heap_count && !graph->status; i++)
		step(graph);
	if (graph->live && fsc_clock_monotonic_ns() - graph->flushed_ns > FLUSH_NS)
		flush(graph);
	return graph->heap_count && !graph->status
		       ? BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK
		       : BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
}

static void sink_finalize(bt_self_component_sink *sink)
{
	struct graph *graph = graph_of(sink);

	for (size_t i = 0; i < graph->port_count; i++) {
		struct port *port = &graph->ports[i];

		while (port->next < port->count)
			bt_message_put_ref(port->messages[port->next++]);
		bt_message_iterator_put_ref(port->iterator);
		port->iterator = NULL;
	}
}

/* ---- the graph ---- */

static bool add_source(struct graph *graph, bt_graph *bt, const bt_component_class_source *class,
		       uint32_t index)
{
	const struct fsc_lttng_input *input = &graph->inputs[index];
	bt_value *params = bt_value_map_create(), *list = NULL;
	char name[32];
	bool added;

	added = params && !bt_value_map_insert_empty_array_entry(params, "inputs", &list) &&
		(!graph->live ||
		 !bt_value_map_insert_string_entry(params, "session-not-found-action", "fail"));
	for (size_t i = 0; added && i < input->folder_count; i++)
		added = !bt_value_array_append_string_element(list, input->folders[i]);
	snprintf(name, sizeof(name), "trace%u", index);
	added = added &&
		!bt_graph_add_source_component(bt, class, name, params, BT_LOGGING_LEVEL_NONE,
					       &graph->sources[index]);
	bt_value_put_ref(params);
	if (added)
		graph->port_count +=
			bt_component_source_get_output_port_count(graph->sources[index]);
	else
		trouble(graph, index, "babeltrace2 cannot read the trace");
	return added;
}

static bool add_sources(struct graph *graph, bt_graph *bt)
{
	const bt_component_class_source *class = NULL;
	const bt_plugin *plugin = NULL;

	if (!bt_plugin_find("ctf", BT_FALSE, BT_FALSE, BT_TRUE, BT_FALSE, BT_FALSE, &plugin))
		class = bt_plugin_borrow_source_component_class_by_name_const(
			plugin, graph->live ? "lttng-live" : "fs");
	if (!class) {
		trouble(graph, 0,
			"libbabeltrace2 has no plugin `ctf`: install the package libbabeltrace2-0");
		return false;
	}
	for (uint32_t i = 0; i < graph->input_count; i++)
		add_source(graph, bt, class, i);
	bt_plugin_put_ref(plugin);
	graph->ports = calloc(graph->port_count + 1, sizeof(*graph->ports));
	graph->heap = calloc(graph->port_count + 1, sizeof(struct port *));
	if (!graph->ports || !graph->heap)
		graph->status = FSC_E_NOMEM;
	return !graph->status;
}

static bt_component_class_sink *sink_class(void)
{
	bt_component_class_sink *class = bt_component_class_sink_create("ffiscope", sink_consume);

	if (!class)
		return NULL;
	bt_component_class_sink_set_initialize_method(class, sink_initialize);
	bt_component_class_sink_set_graph_is_configured_method(class, sink_is_configured);
	bt_component_class_sink_set_finalize_method(class, sink_finalize);
	return class;
}

static bool connect(struct graph *graph, bt_graph *bt, const bt_component_sink *sink)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < graph->input_count; i++) {
		uint64_t count = 0;

		if (graph->sources[i])
			count = bt_component_source_get_output_port_count(graph->sources[i]);
		for (uint64_t k = 0; k < count; k++, at++) {
			graph->ports[at].trace = i;
			if (bt_graph_connect_ports(
				    bt,
				    bt_component_source_borrow_output_port_by_index_const(
					    graph->sources[i], k),
				    bt_component_sink_borrow_input_port_by_index_const(sink, at),
				    NULL))
				return false;
		}
	}
	return true;
}

static void run(struct graph *graph, bt_graph *bt)
{
	bt_component_class_sink *class = sink_class();
	const bt_component_sink *sink = NULL;
	bt_graph_run_status status = BT_GRAPH_RUN_STATUS_ERROR;

	if (!class) {
		graph->status = FSC_E_NOMEM;
		return;
	}
	if (!bt_graph_add_sink_component_with_initialize_method_data(
		    bt, class, "sink", NULL, graph, BT_LOGGING_LEVEL_NONE, &sink) &&
	    connect(graph, bt, sink))
		do
			status = bt_graph_run(bt);
		while (status == BT_GRAPH_RUN_STATUS_AGAIN);
	if (status != BT_GRAPH_RUN_STATUS_OK)
		trouble(graph, 0, "babeltrace2 gave up: what it read until then is shown");
	bt_component_class_sink_put_ref(class);
}

static enum fsc_status run_all(struct graph *graph)
{
	bt_graph *bt;

	bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
	graph->sources = calloc(graph->input_count + 1, sizeof(void *));
	bt = bt_graph_create(0);
	if (!graph->sources || !bt)
		graph->status = FSC_E_NOMEM;
	else if (add_sources(graph, bt) && graph->port_count)
		run(graph, bt);
	bt_graph_put_ref(bt);
	fsc_lttng_plans_fini(&graph->plans);
	free(graph->ports);
	free(graph->heap);
	free((void *)graph->sources);
	return graph->status;
}

enum fsc_status fsc_lttng_graph_run(const struct fsc_lttng_input *inputs, size_t input_count,
				    struct fsc_lttng_import *import)
{
	struct graph graph = { .import = import, .inputs = inputs, .input_count = input_count };

	return run_all(&graph);
}

enum fsc_status fsc_lttng_graph_follow(const char *url, struct fsc_lttng_import *import)
{
	struct fsc_lttng_input input = { &url, 1 };
	struct graph graph = { .import = import, .inputs = &input, .input_count = 1, .live = true };

	return run_all(&graph);
}
