/* SPDX-License-Identifier: MIT */
/*
 * ctf_source.h - the CTF files of the embedded sink as a source of events.
 *
 * In:     the ctf folder of one process image (trace_points/recording.h).
 * Out:    an event source (event_stream.h): all slot streams merged by time.
 * Cost:   the files are mapped, one heap entry per stream; no allocation per event.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_CTF_SOURCE_H
#define ANALYZERS_CTF_SOURCE_H

#include "analyzers/event_stream.h"

/* As fsc_event_stream_open(), which calls it. */
FSC_MUST_CHECK enum fsc_status fsc_ctf_source_open(struct fsc_event_stream *out,
						   const struct fsc_recording *recording,
						   const struct fsc_process *process,
						   struct fsc_warnings *warnings,
						   struct fsc_error *error);

#endif
