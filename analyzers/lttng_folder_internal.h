/* SPDX-License-Identifier: MIT */
/*
 * lttng_folder_internal.h - find the LTTng traces in a folder and make them ready for babeltrace2.
 *
 * In:     a folder with traces anywhere below it: a session, the output of lttng-relayd, several
 *         hosts, rotated pieces, a kernel trace beside them.
 * Out:    those with events of ffiscope; a folder of links to their streams, with metadata as text.
 * Cost:   the metadata is read whole, of a stream the header of each packet. A stream that is
 *         damaged is copied up to the damage.
 * Thread: one object per thread.
 *
 * babeltrace2 2.0.4 loops for ever at a packet of size 0, reads nothing of a stream of which one
 * packet is cut off, nothing of a trace with a foreign file in it, and makes a field of every byte
 * of a batch. So it gets to see streams whose packets make sense, and metadata in which a batch is
 * a text (trace_points/batch.h).
 */
#ifndef ANALYZERS_LTTNG_FOLDER_INTERNAL_H
#define ANALYZERS_LTTNG_FOLDER_INTERNAL_H

#include "analyzers/status.h"

enum fsc_lttng_folder_limit {
	FSC_LTTNG_DEPTH_MAX = 16,	   /* of folders in folders */
	FSC_LTTNG_FOLDERS_MAX = 4096,	   /* traces */
	FSC_LTTNG_METADATA_MAX = 256 << 20 /* bytes */
};

struct fsc_lttng_folder {
	char *path;	  /* owned */
	char *metadata;	  /* text, owned; NULL once it is staged */
	char *staged;	  /* owned; NULL: not yet */
	char uuid[40];	  /* of the trace; pieces of one have the same; "" = none */
	uint32_t damaged; /* streams that were cut */
};

struct fsc_lttng_folders {
	struct fsc_lttng_folder *list; /* owned; those of one trace stand together */
	size_t count;
	size_t foreign; /* traces without events of ffiscope */
	char *stage;	/* owned; "" = none */
};

/* Zeroed memory is an empty list. FSC_E_NOMEM, FSC_E_LIMIT, FSC_E_IO. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_folders_find(struct fsc_lttng_folders *folders,
						      const char *path,
						      struct fsc_warnings *warnings,
						      struct fsc_error *error);

/* Make the links. FSC_E_NOMEM, FSC_E_IO: there is no place for them. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_folders_stage(struct fsc_lttng_folders *folders,
						       struct fsc_warnings *warnings,
						       struct fsc_error *error);

/* Remove the links, free the list. */
void fsc_lttng_folders_fini(struct fsc_lttng_folders *folders);

/* ---- lttng_metadata.c ---- */

/*
 * The text of a metadata file, whatever its form; what is cut off at its end is left out up to the
 * last whole declaration. NULL: it is none, or there is no memory. *cut: something was left out.
 */
char *fsc_lttng_metadata_read(const char *path, bool *cut);

/* Does it declare an event of ffiscope? */
bool fsc_lttng_metadata_is_ours(const char *text);

/* Declare the records of a batch as a text, in place: no byte of them is NUL, but the last. */
void fsc_lttng_metadata_stage(char *text);

void fsc_lttng_metadata_uuid(const char *text, char uuid[40]);

/* Bytes of a packet before content_size; 0: the form of packets is not known. */
uint32_t fsc_lttng_metadata_content_offset(const char *text);

/* ---- lttng_stream.c ---- */

/* How much of a stream file makes sense. */
struct fsc_lttng_stream {
	uint64_t good;	 /* bytes of whole packets from its begin */
	uint64_t cut;	 /* bytes of a packet after them that begins well; 0 = none */
	bool damaged;	 /* there is more in the file */
	const char *why; /* for the person */
};

/* content_offset: as above. FSC_E_IO, FSC_E_FORMAT: not a stream. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_stream_check(struct fsc_lttng_stream *stream,
						      const char *path, uint32_t content_offset);

/* Write what makes sense of the file `from` to the new file `to`. FSC_E_IO. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_stream_copy(const struct fsc_lttng_stream *stream,
						     const char *from, const char *to,
						     uint32_t content_offset);

#endif
