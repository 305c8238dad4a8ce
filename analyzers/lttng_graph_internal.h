/* SPDX-License-Identifier: MIT */
/*
 * lttng_graph_internal.h - read LTTng traces by libbabeltrace2.
 *
 * In:     folders that lttng_folder_internal.h made ready.
 * Out:    every event of ffiscope, in the order of LTTng's clock, and what the tracer dropped, into
 *         an import (lttng_import_internal.h).
 * Cost:   that of babeltrace2, less its muxer: the streams are merged here, so that one that is
 *         damaged ends alone.
 * Thread: one graph at a time. Meant for a process of its own: babeltrace2 2.0.4 may end it.
 */
#ifndef ANALYZERS_LTTNG_GRAPH_INTERNAL_H
#define ANALYZERS_LTTNG_GRAPH_INTERNAL_H

#include "analyzers/lttng_import_internal.h"

/* Folders that are pieces of one trace (rotated, snapshots), which has a number of its own. */
struct fsc_lttng_input {
	const char *const *folders;
	size_t folder_count;
};

/*
 * Read all of them. What cannot be read is told to the import; FSC_E_NOMEM, FSC_E_IO: the import
 * could not take more.
 */
FSC_MUST_CHECK enum fsc_status fsc_lttng_graph_run(const struct fsc_lttng_input *inputs,
						   size_t input_count,
						   struct fsc_lttng_import *import);

/*
 * Read a session as it goes on, by the URL of its relay daemon, until it ends. What is read is
 * flushed into the import each second, and when nothing comes. FSC_E_NOMEM, FSC_E_IO.
 */
FSC_MUST_CHECK enum fsc_status fsc_lttng_graph_follow(const char *url,
						      struct fsc_lttng_import *import);

#endif
