/* SPDX-License-Identifier: MIT */
/* Chooses the source. */
#include "analyzers/event_stream.h"

#include "analyzers/ctf_source.h"
#include "analyzers/lttng_trace_internal.h"

enum fsc_status fsc_event_stream_open(struct fsc_event_stream *out,
				      const struct fsc_recording *recording,
				      const struct fsc_process *process,
				      struct fsc_warnings *warnings, struct fsc_error *error)
{
	*out = (struct fsc_event_stream){ 0 };
	if (fsc_recording_has_events(recording, error))
		return FSC_E_NOT_FOUND;
	if (recording->lttng)
		return fsc_lttng_source_open(out, recording->lttng, process->lttng_image, error);
	return fsc_ctf_source_open(out, recording, process, warnings, error);
}

void fsc_event_stream_close(struct fsc_event_stream *stream)
{
	if (stream->ops)
		stream->ops->destroy(stream->source);
	*stream = (struct fsc_event_stream){ 0 };
}
