/* SPDX-License-Identifier: MIT */
/*
 * What is hard: the text must describe the packed structs to the bit. Every integer has align = 8,
 * so that CTF adds no padding; the fields come from the same lists as the structs. Instants inside
 * a payload are not mapped to the clock: a reader would move its clock to them. Source: Common
 * Trace Format specification 1.8.3, section 7 and appendix A.
 */
#include <stdbool.h>
#include <string.h>

#include "trace_points/events.h"
#include "trace_points/packet.h"

struct text {
	char *at;
	size_t left;
	bool full;
};

static void put(struct text *text, const char *part)
{
	size_t length = strlen(part);

	if (length >= text->left) {
		text->full = true;
		return;
	}
	memcpy(text->at, part, length);
	text->at += length;
	text->left -= length;
}

static void put_char(struct text *text, char c)
{
	char part[2] = { c, '\0' };

	put(text, part);
}

static void put_u64(struct text *text, uint64_t value)
{
	char digits[21];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put(text, at);
}

static void put_hex(struct text *text, uint8_t byte)
{
	static const char hex[] = "0123456789abcdef";

	put_char(text, hex[byte >> 4]);
	put_char(text, hex[byte & 15]);
}

/* A string literal. Bytes outside printable ASCII become '_': the values are names for people. */
static void put_quoted(struct text *text, const char *value)
{
	enum { LITERAL_MAX = 256 };

	put_char(text, '"');
	for (size_t i = 0; value && value[i] && i < LITERAL_MAX; i++) {
		bool printable = value[i] >= 0x20 && value[i] < 0x7F;

		if (value[i] == '"' || value[i] == '\\')
			put_char(text, '\\');
		put_char(text, printable ? value[i] : '_');
	}
	put_char(text, '"');
}

static void put_uuid(struct text *text, const uint8_t uuid[16])
{
	put_char(text, '"');
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put_char(text, '-');
		put_hex(text, uuid[i]);
	}
	put_char(text, '"');
}

static void put_env(struct text *text, const struct fsc_metadata *metadata)
{
	put(text, "env {\n\tdomain = \"ffiscope\";\n\ttracer_name = \"ffiscope\";\n\thostname = ");
	put_quoted(text, metadata->hostname);
	put(text, ";\n\tvpid = ");
	put_u64(text, metadata->pid);
	put(text, ";\n\tprocname = ");
	put_quoted(text, metadata->process_name);
	put(text, ";\n\tffiscope_format = ");
	put_u64(text, FSC_FORMAT_VERSION);
	put(text, ";\n};\n\n");
}

static void put_clock(struct text *text, const struct fsc_metadata *metadata)
{
	put(text, "clock {\n\tname = \"ticks\";\n"
		  "\tdescription = \"cycle counter, or CLOCK_MONOTONIC\";\n\tfreq = ");
	put_u64(text, metadata->ticks_per_s);
	put(text, ";\n\toffset_s = ");
	put_u64(text, metadata->epoch_s);
	put(text, ";\n\toffset = ");
	put_u64(text, metadata->epoch_ticks);
	put(text, ";\n\tabsolute = true;\n};\n\n");
}

static void put_types(struct text *text)
{
	put(text,
	    "typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := text;\n"
	    "typealias integer { size = 8; align = 8; signed = false; } := u8;\n"
	    "typealias integer { size = 16; align = 8; signed = false; } := u16;\n"
	    "typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
	    "typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
	    "typealias integer { size = 64; align = 8; signed = false; base = 16; } := x64;\n"
	    "typealias integer { size = 64; align = 8; signed = false; map = clock.ticks.value; }"
	    " := ticks_t;\n\n");
}

static void put_trace(struct text *text, const struct fsc_metadata *metadata)
{
	put(text, "/* CTF 1.8 */\n\n");
	put_types(text);
	put(text, "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n\tuuid = ");
	put_uuid(text, metadata->uuid);
	put(text, ";\n\tpacket.header := struct {\n\t\tu32 magic;\n\t\tu8 uuid[16];\n"
		  "\t\tu32 stream_id;\n\t};\n};\n\n");
	put_env(text, metadata);
	put_clock(text, metadata);
}

static void put_stream(struct text *text)
{
	put(text, "stream {\n\tid = 0;\n\tpacket.context := struct {\n"
		  "\t\tticks_t timestamp_begin;\n\t\tticks_t timestamp_end;\n"
		  "\t\tu64 content_size;\n\t\tu64 packet_size;\n\t\tu64 packet_seq_num;\n"
		  "\t\tu64 events_discarded;\n\t\tu32 slot;\n\t\tu32 tid;\n\t};\n"
		  "\tevent.header := struct {\n\t\tu32 id;\n\t\tticks_t timestamp;\n\t};\n};\n\n");
}

static void put_field(struct text *text, const char *type, const char *name)
{
	put(text, "\t\t");
	put(text, type);
	put(text, " _"); /* the specification's way to keep names clear of its keywords */
	put(text, name);
	put(text, ";\n");
}

static void put_text_field(struct text *text, const char *name, uint64_t bytes)
{
	put(text, "\t\ttext _");
	put(text, name);
	put_char(text, '[');
	put_u64(text, bytes);
	put(text, "];\n");
}

static void put_event_begin(struct text *text, uint64_t id, const char *name)
{
	put(text, "event {\n\tname = ");
	put_quoted(text, name);
	put(text, ";\n\tid = ");
	put_u64(text, id);
	put(text, ";\n\tstream_id = 0;\n\tfields := struct {\n");
}

/* CTF type of each shape type, by unit. */
#define CTF_u8(unit)		    "u8"
#define CTF_u16(unit)		    "u16"
#define CTF_u32(unit)		    "u32"
#define CTF_u64(unit)		    CTF_U64_##unit
#define CTF_U64_time		    "u64"
#define CTF_U64_duration	    "u64"
#define CTF_U64_bytes		    "u64"
#define CTF_U64_count		    "u64"
#define CTF_U64_bits		    "u64"
#define CTF_U64_id		    "u64"
#define CTF_U64_number		    "u64"
#define CTF_U64_tid		    "u64"
#define CTF_U64_owner		    "u64"
#define CTF_U64_address		    "x64"
#define AS_TEXT(name)		    AS_TEXT_OF(name)
#define AS_TEXT_OF(name)	    #name
#define NAME(name, unit)	    AS_TEXT(FSC_TICKS_NAME_##unit(name))
#define PUT_u8(name, unit)	    put_field(text, CTF_u8(unit), NAME(name, unit));
#define PUT_u16(name, unit)	    put_field(text, CTF_u16(unit), NAME(name, unit));
#define PUT_u32(name, unit)	    put_field(text, CTF_u32(unit), NAME(name, unit));
#define PUT_u64(name, unit)	    put_field(text, CTF_u64(unit), NAME(name, unit));
#define PUT_text40(name, unit)	    put_text_field(text, #name, sizeof(fsc_text40));
#define PUT_text104(name, unit)	    put_text_field(text, #name, sizeof(fsc_text104));
#define PUT_FIELD(type, name, unit) PUT_##type(name, unit)

/* NOLINTNEXTLINE(readability-function-size): one statement for each event of events.def */
static void put_events(struct text *text)
{
#define FSC_EVENT(id, name, says)           \
	put_event_begin(text, (id), #name); \
	FSC_SHAPE_##name(PUT_FIELD) put(text, "\t};\n};\n\n");
#include "trace_points/events.def"
#undef FSC_EVENT
}

size_t fsc_metadata_write(const struct fsc_metadata *metadata, char *buffer, size_t size)
{
	struct text text = { .at = buffer, .left = size };

	put_trace(&text, metadata);
	put_stream(&text);
	put_events(&text);
	return text.full ? 0 : (size_t)(text.at - buffer);
}
