/* SPDX-License-Identifier: MIT */
/*
 * event_stream.h - the events of one process image in time order, whatever they were read from.
 *
 * In:     a source: the CTF files of the embedded sink (ctf_source.h); others fit the same ops.
 * Out:    struct fsc_event one by one; the image's state (state.h), complete from the start.
 * Cost:   no allocation per event; a heap of as many entries as the image had thread slots.
 * Thread: one object per thread.
 *
 * Order: by time; events of one thread always in the order in which they were recorded (a call's
 * extras just before it, inner calls before outer ones), even where its clock stepped back.
 */
#ifndef ANALYZERS_EVENT_STREAM_H
#define ANALYZERS_EVENT_STREAM_H

#include "analyzers/recording.h"
#include "analyzers/state.h"
#include "analyzers/status.h"
#include "trace_points/events.h"

/* Field names and types of decoded payloads: instants and durations in CLOCK_MONOTONIC ns. */
#define FSC_NS_NAME_time(name)	   name##_ns
#define FSC_NS_NAME_duration(name) name##_ns
#define FSC_NS_NAME_bytes(name)	   name
#define FSC_NS_NAME_count(name)	   name
#define FSC_NS_NAME_address(name)  name
#define FSC_NS_NAME_bits(name)	   name
#define FSC_NS_NAME_text(name)	   name
#define FSC_NS_NAME_id(name)	   name
#define FSC_NS_NAME_number(name)   name
#define FSC_NS_NAME_tid(name)	   name
#define FSC_NS_NAME_owner(name)	   name

#define FSC_NS_TYPE_time(type)	   int64_t
#define FSC_NS_TYPE_duration(type) int64_t
#define FSC_NS_TYPE_bytes(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_count(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_address(type)  FSC_TYPE_##type
#define FSC_NS_TYPE_bits(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_text(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_id(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_number(type)   FSC_TYPE_##type
#define FSC_NS_TYPE_tid(type)	   FSC_TYPE_##type
#define FSC_NS_TYPE_owner(type)	   FSC_TYPE_##type

/* struct fsc_event_<name>: the payload of each event. */
#define FSC_EVENT_FIELD(type, name, unit) FSC_NS_TYPE_##unit(type) FSC_NS_NAME_##unit(name);
#define FSC_EVENT(event_id, event, says)           \
	struct fsc_event_##event {                 \
		FSC_SHAPE_##event(FSC_EVENT_FIELD) \
	};
#include "trace_points/events.def"
#undef FSC_EVENT

/*
 * One event. `call` stands for call and call_wide, with kind FSC_EVENT_call. start_ns: begin of
 * what has a duration (call, phase), else time_ns. An instant that the writer did not know is 0.
 */
struct fsc_event {
	enum fsc_event_id kind;
	uint32_t pid;
	uint32_t image;
	uint32_t slot;
	uint32_t tid;
	int64_t time_ns; /* the end of what has a duration */
	int64_t start_ns;
	union {
		struct fsc_event_call_wide call;
		struct fsc_event_call_alloc call_alloc;
		struct fsc_event_request_buffer request_buffer;
		struct fsc_event_phase phase;
		struct fsc_event_mark mark;
		struct fsc_event_buffer_made buffer_made;
		struct fsc_event_buffer_freed buffer_freed;
		struct fsc_event_detail detail;
	};
};

/* What could not be read or was not recorded. */
struct fsc_stream_loss {
	uint64_t events;	  /* not recorded, as counted by the writer */
	uint64_t findings;	  /* of these, bad verdicts */
	uint64_t overwritten;	  /* ring mode: older than what was kept */
	uint64_t skipped_events;  /* of kinds or sizes that this version does not know */
	uint64_t damaged_streams; /* streams read only in part */
	bool uncounted;		  /* the writer did not get to say: the first three are the least */
};

/* May anything be missing between the events that were read? */
static inline bool fsc_stream_loss_any(const struct fsc_stream_loss *loss)
{
	return loss->events || loss->damaged_streams || loss->overwritten || loss->uncounted;
}

/* One of the first three, unknown where it was not counted. */
static inline struct fsc_maybe fsc_stream_loss_count(const struct fsc_stream_loss *loss,
						     uint64_t count)
{
	return loss->uncounted ? FSC_UNKNOWN : fsc_known((int64_t)count);
}

struct fsc_record_merge; /* record_merge_internal.h */

/*
 * A source. records: its streams, each of which may be read alone instead of calling next. next:
 * fill *event, FSC_END when there is none. state: borrowed, complete before the first next. loss:
 * final after FSC_END. destroy: also ends the state.
 */
struct fsc_event_source_ops {
	struct fsc_record_merge *(*records)(void *source);
	enum fsc_status (*next)(void *source, struct fsc_event *event);
	const struct fsc_state *(*state)(const void *source);
	void (*loss)(const void *source, struct fsc_stream_loss *loss);
	void (*destroy)(void *source);
};

struct fsc_event_stream {
	const struct fsc_event_source_ops *ops;
	void *source;
};

/*
 * Open the events of one image of a recording. What is damaged is a warning in `warnings` (may be
 * NULL; must outlive the stream).
 * FSC_OK: end *out with fsc_event_stream_close(). FSC_E_NOT_FOUND, FSC_E_IO, FSC_E_NOMEM: *out is
 * closed and *error says why.
 */
FSC_MUST_CHECK enum fsc_status fsc_event_stream_open(struct fsc_event_stream *out,
						     const struct fsc_recording *recording,
						     const struct fsc_process *process,
						     struct fsc_warnings *warnings,
						     struct fsc_error *error);
void fsc_event_stream_close(struct fsc_event_stream *stream);

/* FSC_OK, or FSC_END. */
static inline enum fsc_status fsc_event_stream_next(struct fsc_event_stream *stream,
						    struct fsc_event *event)
{
	return stream->ops->next(stream->source, event);
}

static inline const struct fsc_state *fsc_event_stream_state(const struct fsc_event_stream *stream)
{
	return stream->ops->state(stream->source);
}

static inline void fsc_event_stream_loss(const struct fsc_event_stream *stream,
					 struct fsc_stream_loss *loss)
{
	stream->ops->loss(stream->source, loss);
}

#endif
