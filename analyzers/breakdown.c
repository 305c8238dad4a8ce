/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: it runs the image's events through the files of breakdown_internal.h. */
#include "analyzers/breakdown.h"

#include <stdlib.h>

#include "analyzers/breakdown_internal.h"
#include "analyzers/summary_internal.h"

static enum fsc_status gather(struct fsc_breakdown_image *image, struct fsc_event_stream *stream)
{
	struct fsc_gatherer *gatherer = &image->gatherer;
	struct fsc_stream_loss loss;

	image->state = fsc_event_stream_state(stream);
	if (fsc_gatherer_init(gatherer, image->state) || fsc_breakdown_count(image))
		return FSC_E_NOMEM;
	fsc_breakdown_profile_add(image);
	if (fsc_gather_streams(gatherer, stream->ops->records(stream->source)))
		return FSC_E_NOMEM;
	fsc_event_stream_loss(stream, &loss);
	if (fsc_breakdown_settle(image, &loss) || gatherer->no_memory)
		return FSC_E_NOMEM;
	return FSC_OK;
}

enum fsc_status fsc_breakdown_gather(struct fsc_breakdown *breakdown,
				     const struct fsc_recording *recording,
				     const struct fsc_process *process,
				     struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct fsc_breakdown_image image = { .recording = recording, .process = process };
	struct fsc_event_stream stream;
	enum fsc_status status;
	uint64_t warned;

	status = fsc_event_stream_open(&stream, recording, process, warnings, error);
	if (status)
		return status;
	warned = warnings ? warnings->count : 0;
	status = gather(&image, &stream);
	if (warnings)
		fsc_warnings_order(warnings, warned);
	if (!status) {
		breakdown->facts = image.facts;
		breakdown->gathering = image.gatherer.gathering;
		image.gatherer.gathering = (struct fsc_gathering){ 0 };
	}
	fsc_gatherer_fini(&image.gatherer);
	fsc_event_stream_close(&stream);
	return status ? fsc_error_set(error, status, process->folder, "no memory") : FSC_OK;
}

static enum fsc_status copy_sums(struct fsc_breakdown *breakdown,
				 const struct fsc_recording *recording, struct fsc_error *error)
{
	breakdown->facts = recording->sums->facts;
	if (fsc_gathering_add(&breakdown->gathering, &recording->sums->gathering))
		return fsc_error_set(error, FSC_E_NOMEM, recording->path, "no memory");
	return FSC_OK;
}

enum fsc_status fsc_breakdown_read(struct fsc_breakdown **out,
				   const struct fsc_recording *recording,
				   const struct fsc_process *process, struct fsc_warnings *warnings,
				   struct fsc_error *error)
{
	struct fsc_breakdown *breakdown = calloc(1, sizeof(*breakdown));
	enum fsc_status status;

	*out = NULL;
	if (!breakdown)
		return fsc_error_set(error, FSC_E_NOMEM, recording->path, "no memory");
	if (recording->sums)
		status = copy_sums(breakdown, recording, error);
	else
		status = fsc_breakdown_gather(breakdown, recording, process, warnings, error);
	if (!status && fsc_breakdown_rows_make(breakdown))
		status = fsc_error_set(error, FSC_E_NOMEM, recording->path, "no memory");
	if (status) {
		fsc_breakdown_destroy(breakdown);
		return status;
	}
	*out = breakdown;
	return FSC_OK;
}

void fsc_breakdown_destroy(struct fsc_breakdown *breakdown)
{
	if (!breakdown)
		return;
	fsc_gathering_fini(&breakdown->gathering);
	fsc_breakdown_rows_free(breakdown);
	free(breakdown);
}

const struct fsc_breakdown_result *fsc_breakdown_borrow(const struct fsc_breakdown *breakdown)
{
	return &breakdown->result;
}
