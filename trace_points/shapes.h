/* SPDX-License-Identifier: MIT */
/*
 * shapes.h - the payload of every event, field by field.
 *
 * Each shape is a list of F(type, name, unit). Types are u8 u16 u32 u64 and textN (N bytes of
 * UTF-8, padded with NUL). Units decide the suffix of a field's name: `time` (an instant) and
 * `duration` become name_ticks in the embedded structs and in the CTF files, name_ns everywhere
 * else; the others leave the name alone: bytes, count, address (virtual address in the recorded
 * process), bits (flags), text, id (number of a site, string, module, phase, stack; 0 = none),
 *   number (n-th call of its thread, from 1; 0 = none), tid (kernel thread id), owner (the same, of
 *   the thread that the event itself is about).
 *
 * Fields are packed without holes: shapes are laid out so that a plain struct of fixed-width
 * members in this order has the same layout on every architecture when packed. A shape only ever
 * grows at its end, so that older readers skip what they do not know and newer ones see what is
 * missing.
 */
#ifndef TRACE_POINTS_SHAPES_H
#define TRACE_POINTS_SHAPES_H

/* A text that others refer to by string; longer than one part goes on in the next. */
#define FSC_SHAPE_string(F)  \
	F(u32, string, id)   \
	F(u16, part, count)  \
	F(u16, parts, count) \
	F(text104, text, text)

/* A mapped object that defines a wrapped function. */
#define FSC_SHAPE_module(F)   \
	F(u32, module, id)    \
	F(u32, path, id)      \
	F(u64, base, address) \
	F(text40, build_id, text)

/* A wrapped function. kind: enum fsc_site_kind. bound: enum fsc_site_bound. */
#define FSC_SHAPE_site(F)       \
	F(u16, site, id)        \
	F(u8, kind, bits)       \
	F(u8, bound, bits)      \
	F(u32, name, id)        \
	F(u32, module, id)      \
	F(u64, offset, address) \
	F(u16, alias_of, id)    \
	F(u16, flags, bits)

/*
 * One finished call; the header's timestamp is its end. children: time of the calls made from
 * inside it; child_calls: how many. flags: enum fsc_call_flag.
 */
#define FSC_SHAPE_call(F)             \
	F(u32, duration, duration)    \
	F(u16, site, id)              \
	F(u8, flags, bits)            \
	F(u8, child_calls, count)     \
	F(u32, number, number)        \
	F(u32, parent, number)        \
	F(u32, children, duration)    \
	F(u32, request_bytes, bytes)  \
	F(u32, response_bytes, bytes) \
	F(u64, request, address)

/* A call with a field that does not fit the narrow shape. */
#define FSC_SHAPE_call_wide(F)        \
	F(u64, duration, duration)    \
	F(u16, site, id)              \
	F(u8, flags, bits)            \
	F(u8, reserved, bits)         \
	F(u32, child_calls, count)    \
	F(u64, number, number)        \
	F(u64, parent, number)        \
	F(u64, children, duration)    \
	F(u64, request_bytes, bytes)  \
	F(u64, response_bytes, bytes) \
	F(u64, request, address)

/* Allocations inside a call, its child calls left out. Comes just before its call. */
#define FSC_SHAPE_call_alloc(F)        \
	F(u64, call, number)           \
	F(u64, allocations, count)     \
	F(u64, allocated_bytes, bytes) \
	F(u64, frees, count)           \
	F(u64, freed_bytes, bytes)

/* When the host allocated the request buffer of a call. Comes just before its call. */
#define FSC_SHAPE_request_buffer(F) \
	F(u64, call, number)        \
	F(u64, allocated, time)     \
	F(u64, pointer, address)

/*
 * One finished phase; the header's timestamp is its end. call: the call it ran inside, 0 = host
 * side. inner: time of the phases and calls inside it; inner_count: how many. depth: 0 = not inside
 * another phase of the same call. phase: enum fsc_phase_id or a string id of ffiscope_intern().
 * buffer: the encoded bytes; message: the decoded form; 0 = not known. bytes: only known with the
 * flag FSC_PHASE_BYTES (enum fsc_phase_flag).
 */
#define FSC_SHAPE_phase(F)         \
	F(u64, duration, duration) \
	F(u64, inner, duration)    \
	F(u32, inner_count, count) \
	F(u32, phase, id)          \
	F(u16, site, id)           \
	F(u8, depth, count)        \
	F(u8, flags, bits)         \
	F(u64, call, number)       \
	F(u64, message, address)   \
	F(u64, buffer, address)    \
	F(u64, bytes, bytes)       \
	F(u64, allocations, count) \
	F(u64, allocated_bytes, bytes)

/* A point in time named by ffiscope_mark(). */
#define FSC_SHAPE_mark(F) \
	F(u32, name, id)  \
	F(u64, call, number)

/* A response buffer entered the ledger. Comes just before the call that made it. */
#define FSC_SHAPE_buffer_made(F) \
	F(u64, call, number)     \
	F(u64, pointer, address) \
	F(u64, length, bytes)    \
	F(u64, capacity, bytes)  \
	F(u32, stack, id)        \
	F(u16, site, id)         \
	F(u16, flags, bits)

/*
 * A buffer was given back, or something else was given to a free function. verdict: enum
 * fsc_verdict. length and capacity: as given back; the made_ fields: as the ledger knew it
 * (made_tid 0 = unknown). call: the freeing call, 0 = a plain free(). made: start of the making
 * call; ended: its end.
 */
#define FSC_SHAPE_buffer_freed(F)    \
	F(u64, call, number)         \
	F(u64, pointer, address)     \
	F(u64, length, bytes)        \
	F(u64, capacity, bytes)      \
	F(u64, made_call, number)    \
	F(u64, made_length, bytes)   \
	F(u64, made_capacity, bytes) \
	F(u64, made, time)           \
	F(u64, made_ended, time)     \
	F(u32, made_tid, tid)        \
	F(u32, stack, id)            \
	F(u16, made_site, id)        \
	F(u16, site, id)             \
	F(u32, verdict, bits)

/*
 * The usual request in one record, where the numbers fit: stands for call_alloc (if it allocated or
 * freed), request_buffer (if allocated is not 0), buffer_made (if pointer is not 0: it has a place
 * in the ledger) and call, in this order. allocated: from the request buffer's allocation to the
 * call's end. No call ran inside it, and it inside none.
 */
#define FSC_SHAPE_call_made(F)         \
	F(u32, duration, duration)     \
	F(u16, site, id)               \
	F(u8, flags, bits)             \
	F(u8, reserved, bits)          \
	F(u32, number, number)         \
	F(u32, allocated, duration)    \
	F(u64, request, address)       \
	F(u64, pointer, address)       \
	F(u32, request_bytes, bytes)   \
	F(u32, response_bytes, bytes)  \
	F(u32, capacity, bytes)        \
	F(u32, stack, id)              \
	F(u16, allocations, count)     \
	F(u16, frees, count)           \
	F(u32, allocated_bytes, bytes) \
	F(u32, freed_bytes, bytes)

/*
 * The same of the call that gives it back, as it was made and with the verdict FSC_VERDICT_FREED:
 * stands for call_alloc (if it freed), buffer_freed and call. made, made_ended: from the begin and
 * the end of the making call to this one's end.
 */
#define FSC_SHAPE_call_freed(F)      \
	F(u32, duration, duration)   \
	F(u16, site, id)             \
	F(u8, flags, bits)           \
	F(u8, reserved, bits)        \
	F(u32, number, number)       \
	F(u32, frees, count)         \
	F(u32, freed_bytes, bytes)   \
	F(u32, length, bytes)        \
	F(u32, capacity, bytes)      \
	F(u64, pointer, address)     \
	F(u32, made_call, number)    \
	F(u32, made_tid, tid)        \
	F(u32, made, duration)       \
	F(u32, made_ended, duration) \
	F(u16, made_site, id)        \
	F(u16, made_flags, bits)     \
	F(u32, stack, id)

/* A buffer that was in the ledger when the process image ended. flags: enum fsc_buffer_flag. */
#define FSC_SHAPE_buffer_live(F)  \
	F(u64, pointer, address)  \
	F(u64, length, bytes)     \
	F(u64, capacity, bytes)   \
	F(u64, made_call, number) \
	F(u64, made, time)        \
	F(u64, made_ended, time)  \
	F(u32, made_tid, tid)     \
	F(u32, stack, id)         \
	F(u16, made_site, id)     \
	F(u16, flags, bits)

/*
 * The two clocks at one moment: the header's ticks and CLOCK_MONOTONIC. bracket: its uncertainty.
 * pace: the sum of what fsc_clock_pace_ticks() said until then, asked pace_count times by the
 * threads that recorded. A probe costs as much more than when its cost was measured as the mean of
 * these is above probe_cost's. growth: what those threads spent, once, on their memory.
 */
#define FSC_SHAPE_clock(F)          \
	F(u64, monotonic_ns, count) \
	F(u64, realtime_ns, count)  \
	F(u64, bracket, duration)   \
	F(u64, pace, duration)      \
	F(u64, pace_count, count)   \
	F(u64, growth, duration)

/*
 * What measuring costs: inside the measured time, and around it. kind: enum fsc_probe_kind. In
 * thousandths of ns, because that is finer than a tick.
 */
#define FSC_SHAPE_probe_cost(F)  \
	F(u32, kind, bits)       \
	F(u32, inner_ps, count)  \
	F(u32, outer_ps, count)  \
	F(u32, spread_ps, count) \
	F(u32, pace, duration)

/* The exact totals of one thread slot and site, whatever became of the events. */
#define FSC_SHAPE_site_total(F)       \
	F(u32, slot, count)           \
	F(u32, tid, owner)            \
	F(u32, site, id)              \
	F(u32, reserved, bits)        \
	F(u64, calls, count)          \
	F(u64, completed, count)      \
	F(u64, unwound, count)        \
	F(u64, skipped, count)        \
	F(u64, total, duration)       \
	F(u64, request_bytes, bytes)  \
	F(u64, response_bytes, bytes) \
	F(u64, sampled_out, count)

/*
 * Which calls of its thread are timed and recorded from here on: one in so many outermost ones,
 * chosen at random, each with what belongs to it. 1 = all, 0 = none. Without it: all.
 */
#define FSC_SHAPE_detail(F) F(u32, one_in, count)

/* The exact totals of the ledger. */
#define FSC_SHAPE_ledger_total(F)    \
	F(u64, made, count)          \
	F(u64, freed, count)         \
	F(u64, live, count)          \
	F(u64, full, count)          \
	F(u64, freed_twice, count)   \
	F(u64, freed_unknown, count) \
	F(u64, size_mismatch, count) \
	F(u64, foreign_free, count)

/*
 * The profile sink: all values of one thread slot, site, kind (enum fsc_profile_kind) and phase (0
 * = none). Values are durations; apart: enum fsc_profile_kind says which of them. Buckets are of
 * ticks of the image's clock, whatever form the durations have: those of profile.h, where an octave
 * has 2^bits of them. threads: that had the slot one after the other and added a value.
 */
#define FSC_SHAPE_site_profile(F) \
	F(u32, slot, count)       \
	F(u32, threads, count)    \
	F(u16, site, id)          \
	F(u8, kind, bits)         \
	F(u8, bits, bits)         \
	F(u32, phase, id)         \
	F(u64, count, count)      \
	F(u64, total, duration)   \
	F(u64, least, duration)   \
	F(u64, most, duration)    \
	F(u64, apart, count)

/* Of the same values; comes only where there is something to say. */
#define FSC_SHAPE_site_inside(F)       \
	F(u32, slot, count)            \
	F(u16, site, id)               \
	F(u8, kind, bits)              \
	F(u8, reserved, bits)          \
	F(u32, phase, id)              \
	F(u32, most_probes, count)     \
	F(u64, children, duration)     \
	F(u64, child_calls, count)     \
	F(u64, own_phases, count)      \
	F(u64, probes, count)          \
	F(u64, allocations, count)     \
	F(u64, allocated_bytes, bytes) \
	F(u64, frees, count)           \
	F(u64, freed_bytes, bytes)

/* Values in the buckets bucket, bucket + 1, ...; other buckets hold none. */
#define FSC_SHAPE_site_histogram(F) \
	F(u32, slot, count)         \
	F(u16, site, id)            \
	F(u8, kind, bits)           \
	F(u8, bits, bits)           \
	F(u32, phase, id)           \
	F(u32, bucket, count)       \
	F(u64, count0, count)       \
	F(u64, count1, count)       \
	F(u64, count2, count)       \
	F(u64, count3, count)       \
	F(u64, count4, count)       \
	F(u64, count5, count)       \
	F(u64, count6, count)       \
	F(u64, count7, count)

/* Events that were not recorded: by thread slot, or for the whole image (slot = all ones). */
#define FSC_SHAPE_loss(F)     \
	F(u32, slot, count)   \
	F(u32, tid, owner)    \
	F(u64, events, count) \
	F(u64, findings, count)

/*
 * A process image, told under sink lttng alone, where there is no process.json. Events of state
 * come in rounds of one time; this one is a round's last. exe: FSC_STRING_EXE. state: enum
 * fsc_image_state. clock_mode: enum fsc_clock_mode. flags: enum fsc_image_flag. transport: enum
 * fsc_transport. calls, lost_events, lost_findings: so far, of all threads; what the tracer itself
 * discarded is not among them.
 */
#define FSC_SHAPE_image(F)         \
	F(u32, format, count)      \
	F(u32, parent, number)     \
	F(u32, exe, id)            \
	F(u32, state, bits)        \
	F(u32, clock_mode, bits)   \
	F(u32, machine, bits)      \
	F(u32, flags, bits)        \
	F(u32, transport, bits)    \
	F(u64, start, time)        \
	F(u64, calls, count)       \
	F(u64, lost_events, count) \
	F(u64, lost_findings, count)

#endif
