/* SPDX-License-Identifier: MIT */
/*
 * packet_reader_internal.h - the records of one CTF stream file, as they stand in it.
 *
 * In:     a stream file (trace_points/packet.h), mapped read-only, or compressed, or bytes in
 * memory. Out:    records one by one; each has at least the bytes that this version's struct has.
 * Cost:   no allocation, no copy (except of records shorter than this version's). Of a compressed
 * file one packet at a time is in memory. Thread: one object per thread.
 *
 * Nothing in the file is trusted. A last packet that is cut off gives its whole records; a packet
 * that makes no sense ends the stream. Both are warnings.
 */
#ifndef ANALYZERS_PACKET_READER_INTERNAL_H
#define ANALYZERS_PACKET_READER_INTERNAL_H

#include "analyzers/recording.h"
#include "analyzers/status.h"
#include "trace_points/events.h"
#include "trace_points/packet.h"

struct fsc_unpacker;

struct fsc_packet_reader {
	const uint8_t *base; /* of the file, or of what is unpacked of it */
	size_t size;
	uint64_t offset;    /* of base in the stream */
	size_t at;	    /* the next record */
	size_t content_end; /* of the packet at hand */
	size_t packet_end;
	size_t released; /* mapped bytes before it were handed back to the system */
	bool mapped;
	const void *file; /* as mapped */
	size_t file_bytes;
	struct fsc_unpacker *unpacker; /* NULL: the file is not compressed */
	bool ended;
	bool damaged;		 /* some of the stream was not read */
	uint64_t discarded;	 /* events_discarded of the last packet */
	uint64_t skipped_events; /* stepped over */
	uint64_t packets;
	uint32_t slot; /* of the packet at hand */
	uint32_t tid;
	const uint32_t *record_bytes; /* by event id, FSC_EVENT_IDS_MAX; 0 = unknown */
	const char *path;
	struct fsc_warnings *warnings;		/* may be NULL */
	uint8_t extended[FSC_RECORD_MAX_BYTES]; /* a short record, its missing fields zero */
};

/* Sizes to read a process's records with: the writer's where it said them, else our own. */
void fsc_packet_reader_sizes(const struct fsc_process *process,
			     uint32_t record_bytes[FSC_EVENT_IDS_MAX]);

/*
 * Read from memory. record_bytes, path and warnings must outlive the reader.
 */
void fsc_packet_reader_init(struct fsc_packet_reader *reader, const void *bytes, size_t size,
			    const uint32_t *record_bytes);

/*
 * Map the file at path; it is compressed when its name ends in FSC_COMPRESSED_SUFFIX.
 * FSC_E_NOT_FOUND, FSC_E_IO, FSC_E_NOMEM: *reader is an empty stream.
 */
FSC_MUST_CHECK enum fsc_status fsc_packet_reader_open(struct fsc_packet_reader *reader,
						      const char *path,
						      const uint32_t *record_bytes,
						      struct fsc_warnings *warnings,
						      struct fsc_error *error);
void fsc_packet_reader_fini(struct fsc_packet_reader *reader);

/*
 * The next record whose id this version knows (cast it to its struct fsc_<name>_record), or NULL at
 * the end. Valid until the next call. Its id is the first u32.
 */
const uint8_t *fsc_packet_reader_next(struct fsc_packet_reader *reader);

/* Has every record that this version knows the size that it has here? */
bool fsc_packet_reader_usual(const struct fsc_packet_reader *reader);

/* What is left of the packet at hand; valid like a record. */
static inline const uint8_t *fsc_packet_reader_ahead(const struct fsc_packet_reader *reader,
						     size_t *bytes)
{
	*bytes = reader->content_end - reader->at;
	return reader->base + reader->at;
}

/* So many of these bytes, whole records, were read. */
static inline void fsc_packet_reader_skip(struct fsc_packet_reader *reader, size_t bytes)
{
	reader->at += bytes;
}

#endif
