/* SPDX-License-Identifier: MIT */
/*
 * Little-endian, nothing aligned, a packet's sizes patched when it ends. The form is that of
 * LTTng-UST 2.13, with a plainer event header.
 */
#include "lttng_builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_points/batch.h"

enum { BATCH_ID = 200, NEWER_ID = 201, FOREIGN_ID = 202, UUID_BYTES = 16 };

struct __attribute__((packed)) packet {
	uint32_t magic;
	uint8_t uuid[UUID_BYTES];
	uint32_t stream_id;
	uint64_t instance;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t content_bits;
	uint64_t packet_bits;
	uint64_t sequence;
	uint64_t discarded;
	uint32_t cpu;
};

void lttng_builder_init(struct lttng_builder *builder)
{
	*builder = (struct lttng_builder){ .host = "one" };
	snprintf(builder->root, sizeof(builder->root), "%s", "/tmp/fsc-lttng-XXXXXX");
	cr_assert_not_null(mkdtemp(builder->root));
}

static void shell(const char *format, const char *one, const char *other)
{
	char command[512];

	snprintf(command, sizeof(command), format, one, other);
	cr_assert_eq(system(command), 0);
}

static void forget(struct lttng_builder *builder)
{
	for (int i = 0; i < LTTNG_BUILDER_CPUS; i++) {
		free(builder->streams[i].bytes);
		builder->streams[i] = (struct lttng_builder_stream){ 0 };
	}
}

void lttng_builder_fini(struct lttng_builder *builder)
{
	forget(builder);
	shell("rm -rf '%s'%s", builder->root, "");
}

static void append(struct lttng_builder_stream *stream, const void *bytes, size_t size)
{
	/* Room doubles at powers of two: a trace for the bench has many events. */
	for (size_t i = 0; i < size; i++) {
		if (!(stream->size & (stream->size - 1)))
			stream->bytes = realloc(stream->bytes, stream->size ? stream->size * 2 : 1);
		stream->bytes[stream->size++] = ((const uint8_t *)bytes)[i];
	}
}

static void uuid_of(const struct lttng_builder *builder, uint8_t uuid[UUID_BYTES])
{
	memset(uuid, 0x11, UUID_BYTES);
	uuid[UUID_BYTES - 1] = builder->number;
}

/* The event's header and context. */
static struct lttng_builder_stream *begin(struct lttng_builder *builder, int cpu, uint32_t id,
					  uint64_t time_ns)
{
	struct lttng_builder_stream *stream = &builder->streams[cpu];
	static const char process_name[17] = "demo";
	static const int32_t vpid = 7;

	if (!stream->open) {
		struct packet packet = { .magic = 0xc1fc1fc1,
					 .instance = (uint64_t)cpu,
					 .begin_ns = time_ns,
					 .sequence = stream->sequence++,
					 .cpu = (uint32_t)cpu };

		uuid_of(builder, packet.uuid);
		stream->packet = stream->size;
		stream->open = true;
		append(stream, &packet, sizeof(packet));
	}
	stream->last_ns = time_ns;
	append(stream, &id, sizeof(id));
	append(stream, &time_ns, sizeof(time_ns));
	if (builder->contexts) {
		append(stream, &vpid, sizeof(vpid));
		append(stream, process_name, sizeof(process_name));
	}
	return stream;
}

void lttng_builder_packet(struct lttng_builder *builder, int cpu)
{
	struct lttng_builder_stream *stream = &builder->streams[cpu];
	struct packet packet;

	if (!stream->open)
		return;
	memcpy(&packet, stream->bytes + stream->packet, sizeof(packet));
	packet.end_ns = stream->last_ns;
	packet.content_bits = packet.packet_bits = (stream->size - stream->packet) * 8;
	packet.discarded = stream->discarded;
	memcpy(stream->bytes + stream->packet, &packet, sizeof(packet));
	stream->open = false;
}

void lttng_builder_discard(struct lttng_builder *builder, int cpu, uint64_t events)
{
	builder->streams[cpu].discarded += events;
}

static void put_common(struct lttng_builder_stream *stream,
		       const struct lttng_builder_thread *thread, uint64_t time_ns)
{
	append(stream, &time_ns, sizeof(time_ns));
	append(stream, thread, sizeof(*thread));
}

static void put_u64(struct lttng_builder_stream *stream, uint64_t value)
{
	append(stream, &value, sizeof(value));
}

static void put_text(struct lttng_builder_stream *stream, const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	append(stream, text, length);
	append(stream, "", 1);
}

#define PUT_time(name)	   put_u64(stream, record->name##_ticks);
#define PUT_duration(name) put_u64(stream, record->name##_ticks);
#define PUT_bytes(name)	   append(stream, &record->name, sizeof(record->name));
#define PUT_count(name)	   append(stream, &record->name, sizeof(record->name));
#define PUT_address(name)  append(stream, &record->name, sizeof(record->name));
#define PUT_bits(name)	   append(stream, &record->name, sizeof(record->name));
#define PUT_id(name)	   append(stream, &record->name, sizeof(record->name));
#define PUT_number(name)   append(stream, &record->name, sizeof(record->name));
#define PUT_tid(name)	   append(stream, &record->name, sizeof(record->name));
#define PUT_text(name)	   put_text(stream, record->name, sizeof(record->name));
#define PUT_owner(name)
#define PUT_FIELD(type, name, unit) PUT_##unit(name)

#define FSC_EVENT(event_id, event, says)                                   \
	static void put_##event(struct lttng_builder_stream *stream,       \
				const struct fsc_##event##_record *record) \
	{                                                                  \
		FSC_SHAPE_##event(PUT_FIELD)                               \
	}
#include "trace_points/events.def"
#undef FSC_EVENT

void lttng_builder_record(struct lttng_builder *builder, int cpu,
			  const struct lttng_builder_thread *thread, const void *record)
{
	struct lttng_builder_stream *stream;
	uint64_t time_ns;
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	memcpy(&time_ns, (const uint8_t *)record + sizeof(id), sizeof(time_ns));
	stream = begin(builder, cpu, id, time_ns);
	put_common(stream, thread, time_ns);
	switch (id) {
#define FSC_EVENT(event_id, event, says)     \
	case event_id:                       \
		put_##event(stream, record); \
		break;
#include "trace_points/events.def"
#undef FSC_EVENT
	default:
		cr_assert_fail("no such event");
	}
}

void lttng_builder_batch(struct lttng_builder *builder, int cpu,
			 const struct lttng_builder_thread *thread, uint64_t time_ns,
			 const uint64_t clock[4], uint64_t lost, const void *records, size_t bytes)
{
	struct lttng_builder_stream *stream = begin(builder, cpu, BATCH_ID, time_ns);
	uint32_t pairs = 4, packed_bytes = (uint32_t)FSC_BATCH_PACKED(bytes);
	uint8_t *packed = malloc(packed_bytes);

	cr_assert_not_null(packed);
	fsc_batch_pack(packed, records, bytes);
	put_common(stream, thread, time_ns);
	put_u64(stream, lost);
	append(stream, &pairs, sizeof(pairs));
	append(stream, clock, 4 * sizeof(*clock));
	append(stream, &packed_bytes, sizeof(packed_bytes));
	append(stream, packed, packed_bytes);
	free(packed);
}

void lttng_builder_foreign(struct lttng_builder *builder, int cpu, uint64_t time_ns)
{
	struct lttng_builder_stream *stream = begin(builder, cpu, FOREIGN_ID, time_ns);

	put_text(stream, "of another provider", 64);
}

void lttng_builder_newer(struct lttng_builder *builder, int cpu,
			 const struct lttng_builder_thread *thread, uint64_t time_ns)
{
	put_common(begin(builder, cpu, NEWER_ID, time_ns), thread, time_ns);
}

/* ---- metadata ---- */

static void declare_integer(FILE *out, size_t bytes, const char *name)
{
	fprintf(out,
		"\t\tinteger { size = %zu; align = 8; signed = 0; encoding = none; base = 10; } "
		"_%s;\n",
		bytes * 8, name);
}

static void declare_common(FILE *out, const char *name, uint32_t id)
{
	fprintf(out,
		"event {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = 0;\n\tloglevel = 13;\n"
		"\tfields := struct {\n",
		name, id);
	if (id == FOREIGN_ID)
		return;
	declare_integer(out, 8, "time_ns");
	declare_integer(out, 4, "pid");
	declare_integer(out, 4, "image");
	declare_integer(out, 4, "tid");
}

#define DECLARE_time(type, name)     declare_integer(out, 8, #name "_ns");
#define DECLARE_duration(type, name) declare_integer(out, 8, #name "_ns");
#define DECLARE_bytes(type, name)    declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_count(type, name)    declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_address(type, name)  declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_bits(type, name)     declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_id(type, name)	     declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_number(type, name)   declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_tid(type, name)	     declare_integer(out, sizeof(FSC_TYPE_##type), #name);
#define DECLARE_text(type, name)     fprintf(out, "\t\tstring _%s;\n", #name);
#define DECLARE_owner(type, name)
#define DECLARE_FIELD(type, name, unit) DECLARE_##unit(type, name)

static void declare_events(FILE *out, bool foreign)
{
#define FSC_EVENT(event_id, event, says)                   \
	declare_common(out, "ffiscope:" #event, event_id); \
	FSC_SHAPE_##event(DECLARE_FIELD) fputs("\t};\n};\n\n", out);
#include "trace_points/events.def"
#undef FSC_EVENT
	declare_common(out, "ffiscope:batch", BATCH_ID);
	declare_integer(out, 8, "lost");
	declare_integer(out, 4, "_clock_length");
	fputs("\t\tinteger { size = 64; align = 8; signed = 0; } _clock[ __clock_length ];\n", out);
	declare_integer(out, 4, "_records_length");
	fputs("\t\tinteger { size = 8; align = 8; signed = 0; encoding = none; base = 10; } "
	      "_records[ __records_length ];\n\t};\n};\n\n",
	      out);
	declare_common(out, "ffiscope:of_tomorrow", NEWER_ID);
	fputs("\t};\n};\n\n", out);
	if (foreign) {
		declare_common(out, "other:event", FOREIGN_ID);
		fputs("\t\tstring _text;\n\t};\n};\n\n", out);
	}
}

static void declare_trace(FILE *out, const struct lttng_builder *builder)
{
	fprintf(out,
		"/* CTF 1.8 */\n\n"
		"typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
		"typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
		"typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
		"typealias integer { size = 64; align = 8; signed = false; } := unsigned long;\n\n"
		"trace {\n\tmajor = 1;\n\tminor = 8;\n"
		"\tuuid = \"11111111-1111-1111-1111-1111111111%02x\";\n\tbyte_order = le;\n"
		"\tpacket.header := struct {\n\t\tuint32_t magic;\n\t\tuint8_t  uuid[16];\n"
		"\t\tuint32_t stream_id;\n\t\tuint64_t stream_instance_id;\n\t};\n};\n\n"
		"env {\n\tdomain = \"ust\";\n\ttracer_name = \"lttng-ust\";\n"
		"\ttracer_major = 2;\n\ttracer_minor = 13;\n\thostname = \"%s\";\n};\n\n"
		"clock {\n\tname = \"monotonic\";\n\tfreq = 1000000000;\n"
		"\toffset = 1400000000000000000;\n};\n\n"
		"typealias integer { size = 64; align = 8; signed = false; map = "
		"clock.monotonic.value; } := uint64_clock_monotonic_t;\n\n"
		"struct packet_context {\n\tuint64_clock_monotonic_t timestamp_begin;\n"
		"\tuint64_clock_monotonic_t timestamp_end;\n\tuint64_t content_size;\n"
		"\tuint64_t packet_size;\n\tuint64_t packet_seq_num;\n"
		"\tunsigned long events_discarded;\n\tuint32_t cpu_id;\n};\n\n"
		"stream {\n\tid = 0;\n"
		"\tevent.header := struct { uint32_t id; uint64_clock_monotonic_t timestamp; };\n"
		"\tpacket.context := struct packet_context;\n%s};\n\n",
		builder->number, builder->host,
		builder->contexts
			? "\tevent.context := struct {\n"
			  "\t\tinteger { size = 32; align = 8; signed = 1; } _vpid;\n"
			  "\t\tinteger { size = 8; align = 8; signed = 1; encoding = UTF8; } "
			  "_procname[17];\n\t};\n"
			: "");
}

/* In packets of at most so many bytes of text. */
static void write_packets(FILE *out, const struct lttng_builder *builder, const char *text,
			  size_t size)
{
	enum { TEXT_BYTES = 4000, HEADER_BYTES = 37 };

	for (size_t at = 0; at < size; at += TEXT_BYTES) {
		size_t bytes = size - at < TEXT_BYTES ? size - at : TEXT_BYTES;
		uint8_t header[HEADER_BYTES] = { 0x57, 0x1d, 0xd1, 0x75 };
		uint32_t content = (uint32_t)(bytes + HEADER_BYTES) * 8;
		uint32_t packet = (TEXT_BYTES + HEADER_BYTES + 3) * 8;

		uuid_of(builder, header + 4);
		memcpy(header + 24, &content, sizeof(content));
		memcpy(header + 28, &packet, sizeof(packet));
		header[35] = 1;
		header[36] = 8;
		fwrite(header, 1, HEADER_BYTES, out);
		fwrite(text + at, 1, bytes, out);
		for (size_t i = content / 8; i < packet / 8; i++)
			fputc(0, out);
	}
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	cr_assert_not_null(out);
	cr_assert_eq(fwrite(bytes, 1, size, out), size);
	cr_assert_eq(fclose(out), 0);
}

static void write_metadata(const struct lttng_builder *builder, const char *folder)
{
	char path[256], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	declare_trace(out, builder);
	declare_events(out, builder->foreign);
	cr_assert_eq(fclose(out), 0);
	if (builder->plain_metadata) {
		write_file(folder, "metadata", text, size);
	} else {
		snprintf(path, sizeof(path), "%s/metadata", folder);
		out = fopen(path, "w");
		cr_assert_not_null(out);
		write_packets(out, builder, text, size);
		cr_assert_eq(fclose(out), 0);
	}
	free(text);
}

void lttng_builder_write(struct lttng_builder *builder, const char *folder)
{
	char path[160], name[32];

	snprintf(path, sizeof(path), "%s/%s", builder->root, folder);
	shell("mkdir -p '%s'%s", path, "");
	write_metadata(builder, path);
	for (int cpu = 0; cpu < LTTNG_BUILDER_CPUS; cpu++) {
		lttng_builder_packet(builder, cpu);
		snprintf(name, sizeof(name), "channel_%d", cpu);
		if (builder->streams[cpu].size)
			write_file(path, name, builder->streams[cpu].bytes,
				   builder->streams[cpu].size);
	}
	forget(builder);
	builder->number++;
}
