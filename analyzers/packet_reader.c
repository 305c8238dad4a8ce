/* SPDX-License-Identifier: MIT */
/*
 * The hard part is distrust: every offset is checked against the file before it is used, and
 * whatever is wrong ends in a warning and an end of stream, never in a loop or a wild read. Begin
 * reading at fsc_packet_reader_next().
 */
#include "analyzers/packet_reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/unpacker_internal.h"
#include "trace_points/recording.h"

/* Mapped bytes that were read are handed back in such pieces, so that memory stays small. */
enum { RELEASE_BYTES = 4 << 20 };

void fsc_packet_reader_sizes(const struct fsc_process *process,
			     uint32_t record_bytes[FSC_EVENT_IDS_MAX])
{
	for (uint32_t id = 0; id < FSC_EVENT_IDS_MAX; id++) {
		uint32_t said = process->record_bytes[id];

		record_bytes[id] = fsc_event_record_bytes(id);
		if (id && said >= FSC_RECORD_HEADER_BYTES && said <= FSC_RECORD_BYTES_MAX)
			record_bytes[id] = said;
	}
}

void fsc_packet_reader_init(struct fsc_packet_reader *reader, const void *bytes, size_t size,
			    const uint32_t *record_bytes)
{
	*reader = (struct fsc_packet_reader){
		.base = bytes, .size = size, .record_bytes = record_bytes, .path = ""
	};
}

static bool is_compressed(const char *path)
{
	size_t length = strlen(path), suffix = sizeof(FSC_COMPRESSED_SUFFIX) - 1;

	return length > suffix && !strcmp(path + length - suffix, FSC_COMPRESSED_SUFFIX);
}

static enum fsc_status begin_reading(struct fsc_packet_reader *reader, struct fsc_error *error)
{
	if (!is_compressed(reader->path)) {
		reader->base = reader->file;
		reader->size = reader->file_bytes;
		return FSC_OK;
	}
	reader->unpacker = fsc_unpacker_create(reader->file, reader->file_bytes);
	if (reader->unpacker)
		return FSC_OK;
	fsc_packet_reader_fini(reader);
	return fsc_error_set(error, FSC_E_NOMEM, reader->path, "no memory");
}

enum fsc_status fsc_packet_reader_open(struct fsc_packet_reader *reader, const char *path,
				       const uint32_t *record_bytes, struct fsc_warnings *warnings,
				       struct fsc_error *error)
{
	struct stat info;
	void *base;
	int fd;

	fsc_packet_reader_init(reader, NULL, 0, record_bytes);
	reader->path = path;
	reader->warnings = warnings;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fsc_error_set(error, errno == ENOENT ? FSC_E_NOT_FOUND : FSC_E_IO, path,
				     "cannot be opened: %s", strerror(errno));
	if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
		close(fd);
		return fsc_error_set(error, FSC_E_IO, path, "not a regular file");
	}
	if (info.st_size <= 0) {
		close(fd);
		return FSC_OK;
	}
	base = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (base == MAP_FAILED)
		return fsc_error_set(error, FSC_E_IO, path, "cannot be mapped: %s",
				     strerror(errno));
	madvise(base, (size_t)info.st_size, MADV_SEQUENTIAL);
	reader->file = base;
	reader->file_bytes = (size_t)info.st_size;
	return begin_reading(reader, error);
}

void fsc_packet_reader_fini(struct fsc_packet_reader *reader)
{
	if (reader->file)
		munmap((void *)reader->file, reader->file_bytes);
	fsc_unpacker_destroy(reader->unpacker);
	reader->file = NULL;
	reader->unpacker = NULL;
	reader->base = NULL;
	reader->size = reader->at = reader->content_end = reader->packet_end = 0;
}

static struct fsc_error *warn(struct fsc_packet_reader *reader, size_t offset, const char *what)
{
	struct fsc_error *warning;

	reader->damaged = true;
	warning = reader->warnings ? fsc_warnings_next(reader->warnings) : NULL;
	fsc_error_set(warning, FSC_E_FORMAT, reader->path, "%s", what);
	if (warning) {
		warning->has_offset = true;
		warning->offset = reader->offset + offset;
	}
	return warning;
}

static void end_stream(struct fsc_packet_reader *reader)
{
	reader->at = reader->content_end = reader->packet_end = reader->size;
	reader->ended = true;
}

/* Hand mapped pages back; they are read again from the file should anyone ask. */
static void release(struct fsc_packet_reader *reader)
{
	size_t until = reader->at & ~((size_t)RELEASE_BYTES - 1);

	if (reader->unpacker || !reader->file || until <= reader->released)
		return;
	madvise((void *)(reader->base + reader->released), until - reader->released, MADV_DONTNEED);
	reader->released = until;
}

static const char *header_fault(const struct fsc_packet_header *header)
{
	const uint64_t header_bits = sizeof(*header) * 8;

	if (header->magic != FSC_PACKET_MAGIC)
		return "no packet begins here: the rest of this stream is left out";
	if (header->stream_id)
		return "a packet of an unknown stream class: the rest of this stream is left out";
	if (header->content_bits < header_bits || header->packet_bits < header->content_bits ||
	    header->packet_bits % 8 || header->content_bits % 8)
		return "a packet whose sizes make no sense: the rest of this stream is left out";
	return NULL;
}

/*
 * Have the bytes from `begin` on at hand, at least `need` if there are as many. Returns where they
 * begin now. Of a file that is not compressed all are.
 */
static size_t reach(struct fsc_packet_reader *reader, size_t begin, size_t need)
{
	if (!reader->unpacker || reader->ended)
		return begin;
	reader->size = fsc_unpacker_fill(reader->unpacker, begin, need, &reader->base);
	reader->offset += begin;
	reader->at = reader->packet_end = 0;
	return 0;
}

/* All of a compressed stream is used up: was that its end? */
static bool no_more(struct fsc_packet_reader *reader)
{
	const char *fault = reader->unpacker ? fsc_unpacker_fault(reader->unpacker) : NULL;

	if (fault && !reader->ended)
		warn(reader, reader->size, fault);
	end_stream(reader);
	return false;
}

/* The next packet. false: there is none. */
static bool packet_begin(struct fsc_packet_reader *reader)
{
	struct fsc_packet_header header;
	size_t begin, room;
	const char *fault;

	release(reader);
	begin = reach(reader, reader->packet_end, sizeof(header));
	room = reader->size - begin;
	if (!room)
		return no_more(reader);
	if (room < sizeof(header)) {
		warn(reader, begin, "cut off inside a packet header");
		end_stream(reader);
		return false;
	}
	memcpy(&header, reader->base + begin, sizeof(header));
	fault = header_fault(&header);
	if (fault) {
		warn(reader, begin, fault);
		end_stream(reader);
		return false;
	}
	begin = reach(reader, begin, header.packet_bits / 8);
	room = reader->size - begin;
	reader->packets++;
	reader->slot = header.slot;
	reader->tid = header.tid;
	if (header.events_discarded > reader->discarded)
		reader->discarded = header.events_discarded;
	reader->at = begin + sizeof(header);
	if (header.packet_bits / 8 > room)
		warn(reader, reader->size, "cut off inside a packet: its whole records are read");
	/* Both are at most room now, so that the sums stay inside the file. */
	reader->packet_end =
		begin + (header.packet_bits / 8 > room ? room : (size_t)(header.packet_bits / 8));
	reader->content_end =
		begin + (header.content_bits / 8 > room ? room : (size_t)(header.content_bits / 8));
	return true;
}

static void skip_packet(struct fsc_packet_reader *reader, uint32_t id)
{
	struct fsc_error *warning;

	warning = warn(reader, reader->at,
		       "an event of unknown kind and size: the rest of its packet is left out");
	fsc_error_hint(warning, "event id %u; was this recorded by a newer version?", id);
	reader->skipped_events++;
	reader->at = reader->content_end;
}

/* The record at hand as this version's struct, or NULL when it is to be stepped over. */
static const uint8_t *record_as_known(struct fsc_packet_reader *reader, uint32_t id, uint32_t bytes)
{
	uint32_t known = fsc_event_record_bytes(id);
	const uint8_t *record = reader->base + reader->at;

	reader->at += bytes;
	if (!known) {
		reader->skipped_events++;
		return NULL;
	}
	if (bytes >= known)
		return record;
	memcpy(reader->extended, record, bytes);
	memset(reader->extended + bytes, 0, known - bytes);
	return reader->extended;
}

const uint8_t *fsc_packet_reader_next(struct fsc_packet_reader *reader)
{
	const uint8_t *record;
	uint32_t id, bytes;

	for (;;) {
		size_t room = reader->content_end - reader->at;

		if (room < FSC_RECORD_HEADER_BYTES) {
			if (room && !reader->damaged)
				warn(reader, reader->at, "a record that does not fit its packet");
			if (!packet_begin(reader))
				return NULL;
			continue;
		}
		memcpy(&id, reader->base + reader->at, sizeof(id));
		bytes = id < FSC_EVENT_IDS_MAX ? reader->record_bytes[id] : 0;
		if (!bytes) {
			skip_packet(reader, id);
			continue;
		}
		if (bytes > room) {
			if (!reader->damaged)
				warn(reader, reader->at, "a record that does not fit its packet");
			reader->at = reader->content_end;
			continue;
		}
		record = record_as_known(reader, id, bytes);
		if (record)
			return record;
	}
}

bool fsc_packet_reader_usual(const struct fsc_packet_reader *reader)
{
	for (uint32_t id = 0; id < FSC_EVENT_COUNT; id++)
		if (reader->record_bytes[id] != fsc_event_record_bytes(id))
			return false;
	return true;
}
