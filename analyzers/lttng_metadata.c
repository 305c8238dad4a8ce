/* SPDX-License-Identifier: MIT */
/*
 * What is read here of metadata is little; babeltrace2 reads it all. LTTng writes it in packets
 * (Common Trace Format 1.8.3, section 7.1); a copy may be plain text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/lttng_folder_internal.h"

#define PACKET_MAGIC	     0x75d11d57u
#define PACKET_MAGIC_SWAPPED 0x571dd175u

static const char plain_begin[] = "/* CTF 1.8";

struct __attribute__((packed)) packet_header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t checksum;
	uint32_t content_bits;
	uint32_t packet_bits;
	uint8_t schemes[3];
	uint8_t version[2];
};

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	char *bytes = NULL;
	size_t got = 0;

	if (fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) &&
	    info.st_size <= FSC_LTTNG_METADATA_MAX)
		bytes = malloc((size_t)info.st_size + 1);
	while (bytes && got < (size_t)info.st_size) {
		ssize_t done = read(fd, bytes + got, (size_t)info.st_size - got);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		got += (size_t)done;
	}
	if (fd >= 0)
		close(fd);
	if (bytes)
		bytes[got] = '\0';
	*size = got;
	return bytes;
}

/* Put the texts of all packets together, in place. Returns the length. */
static size_t join_packets(char *bytes, size_t size, bool *cut)
{
	size_t length = 0, at = 0;

	while (size - at >= sizeof(struct packet_header)) {
		struct packet_header header;
		size_t content, packet;
		bool swapped;

		memcpy(&header, bytes + at, sizeof(header));
		swapped = header.magic == PACKET_MAGIC_SWAPPED;
		if (!swapped && header.magic != PACKET_MAGIC)
			break;
		content = (swapped ? __builtin_bswap32(header.content_bits) : header.content_bits) /
			  8;
		packet = (swapped ? __builtin_bswap32(header.packet_bits) : header.packet_bits) / 8;
		if (content < sizeof(header) || packet < content)
			break;
		*cut = *cut || content > size - at;
		if (content > size - at)
			content = size - at;
		memmove(bytes + length, bytes + at + sizeof(header), content - sizeof(header));
		length += content - sizeof(header);
		at = packet > size - at ? size : at + packet;
	}
	*cut = *cut || at < size;
	bytes[length] = '\0';
	return length;
}

/* The end of a comment or a quoted text that begins here; else the next character. */
static size_t skip(const char *text, size_t at)
{
	const char *end = NULL;

	if (text[at] == '"') {
		for (at++; text[at] && text[at] != '"'; at++)
			if (text[at] == '\\' && text[at + 1])
				at++;
		return text[at] ? at + 1 : at;
	}
	if (text[at] == '/' && text[at + 1] == '*') {
		end = strstr(text + at + 2, "*/");
		return end ? (size_t)(end - text) + 2 : at + strlen(text + at);
	}
	return at + 1;
}

/* End the text after its last whole declaration. */
static void end_whole(char *text, bool *cut)
{
	size_t at = 0, end = 0;
	int depth = 0;

	while (text[at]) {
		depth += (text[at] == '{') - (text[at] == '}');
		if (text[at] == ';' && !depth)
			end = at + 1;
		at = skip(text, at);
	}
	if (depth) {
		text[end] = '\0';
		*cut = true;
	}
}

char *fsc_lttng_metadata_read(const char *path, bool *cut)
{
	size_t size, length;
	uint32_t magic;
	char *text = read_file(path, &size);

	*cut = false;
	if (!text || size < sizeof(plain_begin))
		goto none;
	memcpy(&magic, text, sizeof(magic));
	length = strlen(text);
	if (magic == PACKET_MAGIC || magic == PACKET_MAGIC_SWAPPED)
		length = join_packets(text, size, cut);
	else if (strncmp(text, plain_begin, sizeof(plain_begin) - 1) != 0)
		goto none;
	if (!length)
		goto none;
	end_whole(text, cut);
	return text;
none:
	free(text);
	return NULL;
}

bool fsc_lttng_metadata_is_ours(const char *text)
{
	return strstr(text, "\"ffiscope:");
}

void fsc_lttng_metadata_stage(char *text)
{
	static const char text_field[] = "string _records;";
	char *event = strstr(text, "\"ffiscope:batch\"");
	char *end = event ? strstr(event, "\nevent ") : NULL;
	char *field = event ? strstr(event, "_records[") : NULL;
	char *begin, *stop;

	if (!field || (end && field > end))
		return;
	/* From `integer {...}` on; its inner semicolons stand between braces. */
	for (begin = field; begin > event && strncmp(begin, "integer", 7) != 0; begin--)
		;
	stop = strchr(field, ';');
	if (begin == event || !stop || (size_t)(stop + 1 - begin) < sizeof(text_field) - 1)
		return;
	memset(begin, ' ', (size_t)(stop + 1 - begin));
	memcpy(begin, text_field, sizeof(text_field) - 1);
}

void fsc_lttng_metadata_uuid(const char *text, char uuid[40])
{
	const char *trace = strstr(text, "trace {");
	const char *at = trace ? strstr(trace, "uuid = \"") : NULL;

	uuid[0] = '\0';
	if (at)
		(void)sscanf(at, "uuid = \"%39[0-9a-fA-F-]", uuid);
}

/* Do the fields of the struct that begins there have these names, in this order? */
static bool has_fields(const char *text, const char *begin, const char *const *names, size_t count)
{
	const char *at = strstr(text, begin);
	const char *end = at ? strchr(at, '}') : NULL;

	for (size_t i = 0; at && i < count; i++) {
		size_t length = strlen(names[i]);

		at = strchr(at, ';');
		while (at && i == 0 && at > end)
			return false;
		if (!at || at > end || (size_t)(at - text) < length ||
		    strncmp(at - length, names[i], length) != 0)
			return false;
		at++;
	}
	return at;
}

uint32_t fsc_lttng_metadata_content_offset(const char *text)
{
	static const char *const header[] = { " magic", " uuid[16]", " stream_id",
					      " stream_instance_id" };
	static const char *const context[] = { " timestamp_begin", " timestamp_end",
					       " content_size", " packet_size" };
	/* u32, 16 bytes, u32, u64; then two u64. */
	bool known = has_fields(text, "packet.header := struct {", header, 4) &&
		     has_fields(text, "struct packet_context {", context, 4);

	return known && strstr(text, "byte_order = le;") ? 32 + 16 : 0;
}
