/* SPDX-License-Identifier: MIT */
/* The headers of a stream's packets, one by one; nothing in them is trusted. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/lttng_folder_internal.h"
#include "trace_points/packet.h"

/* content_size and packet_size, which follow each other, in bits. */
struct sizes {
	uint64_t content;
	uint64_t packet;
};

/* What LTTng writes behind the sizes: sequence number, discarded events, processor. */
enum { AFTER_SIZES_BYTES = 8 + 8 + 4 };

/* Bytes until after the sizes. */
static uint64_t head_bytes(uint32_t content_offset)
{
	return content_offset + sizeof(struct sizes);
}

/* The packet at `at`, of which `room` bytes are there. false: there is no packet. */
static bool read_sizes(int fd, uint64_t at, uint64_t room, uint32_t content_offset,
		       struct sizes *sizes)
{
	uint32_t magic;

	if (room < head_bytes(content_offset) ||
	    pread(fd, &magic, sizeof(magic), (off_t)at) != sizeof(magic) ||
	    pread(fd, sizes, sizeof(*sizes), (off_t)(at + content_offset)) != sizeof(*sizes))
		return false;
	return magic == FSC_PACKET_MAGIC && sizes->packet % 8 == 0 &&
	       sizes->content <= sizes->packet && sizes->content >= head_bytes(content_offset) * 8;
}

static enum fsc_status check(struct fsc_lttng_stream *stream, int fd, uint64_t size,
			     uint32_t content_offset)
{
	while (stream->good < size) {
		uint64_t room = size - stream->good;
		struct sizes sizes;

		if (!read_sizes(fd, stream->good, room, content_offset, &sizes)) {
			stream->damaged = true;
			stream->why = "no packet begins here: the rest of this stream is left out";
			break;
		}
		if (sizes.packet / 8 > room) {
			stream->damaged = true;
			if (room >= head_bytes(content_offset) + AFTER_SIZES_BYTES)
				stream->cut = room;
			stream->why = "cut off inside a packet: its whole events are read";
			break;
		}
		stream->good += sizes.packet / 8;
	}
	return stream->damaged && !stream->good && !stream->cut ? FSC_E_FORMAT : FSC_OK;
}

enum fsc_status fsc_lttng_stream_check(struct fsc_lttng_stream *stream, const char *path,
				       uint32_t content_offset)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum fsc_status status = FSC_E_IO;
	struct stat info;

	*stream = (struct fsc_lttng_stream){ .why = strerror(errno) };
	if (fd < 0)
		return FSC_E_IO;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode))
		stream->why = "not a regular file";
	else
		status = check(stream, fd, (uint64_t)info.st_size, content_offset);
	close(fd);
	return status;
}

static bool copy_bytes(int from, int to, uint64_t bytes)
{
	while (bytes) {
		ssize_t done = sendfile(to, from, NULL, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes -= (uint64_t)done;
	}
	return true;
}

/* The packet that is cut off ends where its bytes end. */
static bool mend(int to, const struct fsc_lttng_stream *stream, uint32_t content_offset)
{
	struct sizes sizes;
	off_t at = (off_t)(stream->good + content_offset);

	if (!stream->cut)
		return true;
	if (pread(to, &sizes, sizeof(sizes), at) != sizeof(sizes))
		return false;
	sizes.packet = stream->cut * 8;
	if (sizes.content > sizes.packet)
		sizes.content = sizes.packet;
	return pwrite(to, &sizes, sizeof(sizes), at) == sizeof(sizes);
}

enum fsc_status fsc_lttng_stream_copy(const struct fsc_lttng_stream *stream, const char *from,
				      const char *to, uint32_t content_offset)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool copied = in >= 0 && out >= 0 && copy_bytes(in, out, stream->good + stream->cut) &&
		      mend(out, stream, content_offset);

	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return copied ? FSC_OK : FSC_E_IO;
}
