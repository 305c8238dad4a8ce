/* SPDX-License-Identifier: MIT */
/* Packets are made in memory and patched when they end (builder_packet). */
#include "builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char plain_meta[] = "{\"schema\":\"ffiscope.recording/1\",\"format\":1,"
				 "\"complete\":true,\"command\":[\"demo\",\"--fast\"],"
				 "\"clock\":{\"mode\":\"fenced\",\"ticks_per_s\":1000000000,"
				 "\"step_ticks\":10}}";

enum { MODULE = 1, LIBRARY = 1000, NAMES = 1001 };

void builder_init(struct builder *builder)
{
	*builder = (struct builder){ .state = "exited", .more = "", .meta = plain_meta };
	snprintf(builder->root, sizeof(builder->root), "%s", "/tmp/fsc-unit-XXXXXX");
	cr_assert_not_null(mkdtemp(builder->root));
	for (uint32_t i = 0; i < BUILDER_SLOTS; i++)
		builder->streams[i].tid = 200 + i;
	BUILDER_PUT(builder, BUILDER_STATE, clock, 1000, .monotonic_ns = 1000);
	BUILDER_PUT(builder, BUILDER_STATE, clock, 1000000000, .monotonic_ns = 1000000000);
	builder_string(builder, LIBRARY, "/lib/libdemo.so");
	BUILDER_PUT(builder, BUILDER_STATE, module, 1000, .module = MODULE, .path = LIBRARY);
}

void builder_fini(struct builder *builder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", builder->root);
	cr_assert_eq(system(command), 0);
	for (int i = 0; i <= BUILDER_SLOTS; i++)
		free(builder->streams[i].bytes);
}

static void append(struct builder_stream *stream, const void *bytes, size_t size)
{
	stream->bytes = realloc(stream->bytes, stream->size + size);
	cr_assert_not_null(stream->bytes);
	memcpy(stream->bytes + stream->size, bytes, size);
	stream->size += size;
}

void builder_record(struct builder *builder, int index, const void *record, size_t bytes)
{
	struct builder_stream *stream = &builder->streams[index];
	struct fsc_packet_header header = { .magic = FSC_PACKET_MAGIC,
					    .slot = (uint32_t)index,
					    .tid = stream->tid };

	if (index == BUILDER_STATE)
		header.slot = FSC_STATE_SLOT;
	if (!stream->open) {
		header.sequence = stream->sequence++;
		header.events_discarded = stream->discarded;
		stream->packet = stream->size;
		stream->open = true;
		append(stream, &header, sizeof(header));
	}
	append(stream, record, bytes);
}

void builder_packet(struct builder *builder, int index)
{
	struct builder_stream *stream = &builder->streams[index];
	struct fsc_packet_header header;

	if (!stream->open)
		return;
	memcpy(&header, stream->bytes + stream->packet, sizeof(header));
	header.content_bits = header.packet_bits = (stream->size - stream->packet) * 8;
	memcpy(stream->bytes + stream->packet, &header, sizeof(header));
	stream->open = false;
}

void builder_string(struct builder *builder, uint32_t id, const char *text)
{
	struct fsc_string_record record = { .id = FSC_EVENT_string, .ticks = 1000, .string = id };
	size_t length = strlen(text), at = 0;

	do {
		size_t bytes =
			length - at < sizeof(record.text) ? length - at : sizeof(record.text);

		memset(record.text, 0, sizeof(record.text));
		memcpy(record.text, text + at, bytes);
		builder_record(builder, BUILDER_STATE, &record, sizeof(record));
		record.part++;
		at += bytes;
	} while (at < length);
}

void builder_site(struct builder *builder, uint16_t id, uint8_t kind, const char *name)
{
	builder_string(builder, NAMES + id, name);
	BUILDER_PUT(builder, BUILDER_STATE, site, 1000, .site = id, .kind = kind,
		    .name = NAMES + id, .module = MODULE);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(bytes, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
}

static void write_text(const struct builder *builder, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", builder->root, name);
	write_file(path, text, strlen(text));
}

void builder_write(struct builder *builder)
{
	char text[1024], path[256];

	snprintf(path, sizeof(path), "%s/100-1", builder->root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/100-1/ctf", builder->root);
	mkdir(path, 0700);
	if (*builder->meta)
		write_text(builder, "meta.json", builder->meta);
	snprintf(text, sizeof(text),
		 "{\"schema\":\"ffiscope.process/1\",\"format\":1,\"pid\":100,\"image\":1,"
		 "\"exe\":\"/bin/demo\",\"state\":\"%s\",\"allocations\":true%s}",
		 builder->state, builder->more);
	if (!builder->no_process_json)
		write_text(builder, "100-1/process.json", text);
	write_text(builder, "100-1/ctf/metadata", "clock {\n\tfreq = 1000000000;\n};\n");
	for (int i = 0; i <= BUILDER_SLOTS; i++) {
		struct builder_stream *stream = &builder->streams[i];

		builder_packet(builder, i);
		if (!stream->size)
			continue;
		if (i == BUILDER_STATE)
			snprintf(path, sizeof(path), "%s/100-1/ctf/state", builder->root);
		else
			snprintf(path, sizeof(path), "%s/100-1/ctf/slot-%05d", builder->root, i);
		write_file(path, stream->bytes, stream->size);
	}
}
