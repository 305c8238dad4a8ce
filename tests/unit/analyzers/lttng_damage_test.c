/* SPDX-License-Identifier: MIT */
/* Of a damaged trace is read what can be read, and memory stays bounded. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzers/event_stream.h"
#include "lttng_builder.h"
#include "trace_points/image.h"

enum {
	PACKETS = 3,
	CALLS = 5, /* in each */
	HEADER_BYTES = 84,
	CONTENT_OFFSET = 48,
	PACKET_OFFSET = 56
};

static const struct lttng_builder_thread one = { 100, 1, 101 };
static const struct lttng_builder_thread two = { 100, 1, 102 };

struct seen {
	uint64_t calls[2]; /* of each thread */
	uint64_t warnings;
	uint64_t damaged;
	char first[256]; /* warning */
};

/* Each thread on a processor of its own: two streams. */
static void make(struct lttng_builder *builder)
{
	lttng_builder_init(builder);
	for (uint32_t i = 0; i < PACKETS * CALLS; i++) {
		LTTNG_PUT(builder, 0, &one, call, 1000 + i * 10, .site = 1, .number = i + 1);
		LTTNG_PUT(builder, 1, &two, call, 1005 + i * 10, .site = 1, .number = i + 1);
		if (i % CALLS == CALLS - 1) {
			lttng_builder_packet(builder, 0);
			lttng_builder_packet(builder, 1);
		}
	}
	LTTNG_PUT(builder, 1, &two, image, 9000, .state = FSC_IMAGE_EXITED,
		  .calls = (uint64_t)2 * PACKETS * CALLS);
	lttng_builder_write(builder, "ust");
}

static char *path_of(const struct lttng_builder *builder, const char *name, char path[128])
{
	snprintf(path, 128, "%s/ust/%s", builder->root, name);
	return path;
}

static uint64_t size_of(const char *path)
{
	struct stat info;

	cr_assert_eq(stat(path, &info), 0);
	return (uint64_t)info.st_size;
}

static void overwrite(const char *path, uint64_t at, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);

	cr_assert(fd >= 0);
	cr_assert_eq(pwrite(fd, bytes, size, (off_t)at), (ssize_t)size);
	close(fd);
}

/* false: it is not a trace any more. */
static bool look(const struct lttng_builder *builder, struct seen *seen)
{
	struct fsc_recording *recording;
	struct fsc_event_stream stream;
	struct fsc_error error = { 0 };
	struct fsc_stream_loss loss;
	struct fsc_event event;

	*seen = (struct seen){ 0 };
	if (fsc_recording_open(&recording, builder->root, &error)) {
		snprintf(seen->first, sizeof(seen->first), "%s", error.what);
		return false;
	}
	seen->warnings = recording->warnings.count;
	if (seen->warnings)
		snprintf(seen->first, sizeof(seen->first), "%s", recording->warnings.list[0].what);
	for (size_t i = 0; i < recording->process_count; i++) {
		cr_assert_eq(fsc_event_stream_open(&stream, recording, &recording->processes[i],
						   NULL, &error),
			     FSC_OK);
		while (!fsc_event_stream_next(&stream, &event))
			if (event.tid == one.tid || event.tid == two.tid)
				seen->calls[event.tid - one.tid]++;
		fsc_event_stream_loss(&stream, &loss);
		seen->damaged += loss.damaged_streams;
		fsc_event_stream_close(&stream);
	}
	fsc_recording_destroy(recording);
	return true;
}

/* Events that are whole in the first `left` bytes of a stream of `size` bytes. */
static uint64_t whole_events(uint64_t size, uint64_t left)
{
	uint64_t packet = size / PACKETS, event = (packet - HEADER_BYTES) / CALLS;
	uint64_t rest = left % packet;

	return left / packet * CALLS + (rest > HEADER_BYTES ? (rest - HEADER_BYTES) / event : 0);
}

Test(lttng_damage, a_stream_that_is_cut_anywhere_gives_its_whole_events)
{
	struct lttng_builder builder;
	struct seen seen;
	uint64_t size;
	char path[128];

	make(&builder);
	size = size_of(path_of(&builder, "channel_0", path));
	/* From the longest to the shortest; a prime step meets all kinds of places. */
	for (uint64_t left = size; left > 0; left = left > 37 ? left - 37 : 0) {
		cr_assert_eq(truncate(path, (off_t)left), 0);
		cr_assert(look(&builder, &seen));
		cr_assert_eq(seen.calls[1], PACKETS * CALLS, "of %lu bytes: %lu %lu %s", left,
			     seen.calls[0], seen.calls[1], seen.first);
		cr_assert_eq(seen.calls[0], whole_events(size, left), "%lu of %lu bytes", left,
			     size);
		if (left * PACKETS % size)
			cr_assert(seen.warnings && seen.damaged);
	}
	lttng_builder_fini(&builder);
}

Test(lttng_damage, a_packet_of_no_size_ends_its_stream)
{
	static const uint64_t none[2];
	struct lttng_builder builder;
	struct seen seen;
	char path[128];

	make(&builder);
	path_of(&builder, "channel_0", path);
	overwrite(path, size_of(path) / PACKETS + CONTENT_OFFSET, none, sizeof(none));
	cr_assert(look(&builder, &seen));
	cr_assert_eq(seen.calls[0], CALLS);
	cr_assert_eq(seen.calls[1], PACKETS * CALLS);
	cr_assert_eq(seen.warnings, 1);
	cr_assert(strstr(seen.first, "no packet begins here"));
	cr_assert_eq(seen.damaged, 1);
	lttng_builder_fini(&builder);
}

Test(lttng_damage, sizes_that_lie_end_the_stream)
{
	static const uint64_t lies[] = { 1, 8, UINT64_MAX, UINT64_MAX / 8 * 8, 1ull << 40 };
	struct lttng_builder builder;
	struct seen seen;
	char path[128];

	for (size_t i = 0; i < 2 * sizeof(lies) / sizeof(lies[0]); i++) {
		make(&builder);
		path_of(&builder, "channel_0", path);
		overwrite(path, size_of(path) / PACKETS + (i % 2 ? CONTENT_OFFSET : PACKET_OFFSET),
			  &lies[i / 2], sizeof(lies[0]));
		cr_assert(look(&builder, &seen));
		cr_assert_geq(seen.calls[0], CALLS);
		cr_assert_eq(seen.calls[1], PACKETS * CALLS);
		cr_assert_eq(seen.damaged, 1);
		lttng_builder_fini(&builder);
	}
}

Test(lttng_damage, an_event_that_no_metadata_declares_ends_its_stream)
{
	static const uint32_t unknown = 777;
	struct lttng_builder builder;
	struct seen seen;
	char path[128];

	make(&builder);
	path_of(&builder, "channel_0", path);
	/* The first event of the second packet, behind the packet's header. */
	overwrite(path, size_of(path) / PACKETS + HEADER_BYTES, &unknown, sizeof(unknown));
	cr_assert(look(&builder, &seen));
	cr_assert_eq(seen.calls[0], CALLS);
	cr_assert_eq(seen.calls[1], PACKETS * CALLS);
	cr_assert_eq(seen.damaged, 1);
	cr_assert_eq(seen.warnings, 1);
	cr_assert(strstr(seen.first, "bytes that are no event"));
	lttng_builder_fini(&builder);
}

Test(lttng_damage, a_sequence_without_end_does_not_take_all_memory)
{
	static const uint64_t clock[4];
	static const uint32_t endless = UINT32_MAX;
	const uint8_t record[] = { 0 };
	struct lttng_builder builder;
	struct rusage usage;
	struct seen seen;
	char path[128];

	lttng_builder_init(&builder);
	LTTNG_PUT(&builder, 0, &one, call, 1000, .site = 1);
	lttng_builder_packet(&builder, 0);
	lttng_builder_batch(&builder, 0, &one, 2000, clock, 0, record, sizeof(record));
	lttng_builder_write(&builder, "ust");
	path_of(&builder, "channel_0", path);
	/* Behind it come 32 bytes of clock, 4 of length, 9 of text. */
	overwrite(path, size_of(path) - 9 - 4 - 32 - 4, &endless, sizeof(endless));
	cr_assert(look(&builder, &seen));
	cr_assert_geq(seen.warnings, 1);
	cr_assert_geq(seen.damaged + (seen.calls[0] == 0), 1);
	cr_assert_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
	cr_assert_lt(usage.ru_maxrss, 1400 << 10, "%ld KiB", usage.ru_maxrss);
	lttng_builder_fini(&builder);
}

Test(lttng_damage, a_foreign_file_beside_the_streams_is_left_out)
{
	struct lttng_builder builder;
	struct seen seen;
	char path[128];
	FILE *out;

	make(&builder);
	out = fopen(path_of(&builder, "notes.txt", path), "w");
	fputs("what I wanted to remember of this trace, more than a header's worth of text, "
	      "so that it could be one by its size\n",
	      out);
	fclose(out);
	cr_assert(look(&builder, &seen));
	cr_assert_eq(seen.calls[0] + seen.calls[1], 2 * PACKETS * CALLS);
	cr_assert_eq(seen.warnings, 1);
	cr_assert(strstr(seen.first, "not a stream"));
	lttng_builder_fini(&builder);
}

Test(lttng_damage, metadata_that_is_cut_anywhere_neither_hangs_nor_crashes)
{
	struct lttng_builder builder;
	struct seen seen;
	uint64_t size;
	char path[128];

	make(&builder);
	size = size_of(path_of(&builder, "metadata", path));
	for (uint64_t left = size; left > 0; left = left > 499 ? left - 499 : 0) {
		cr_assert_eq(truncate(path, (off_t)left), 0);
		if (look(&builder, &seen))
			cr_assert(seen.warnings ||
				  seen.calls[0] + seen.calls[1] == 2 * PACKETS * CALLS);
		else
			cr_assert_neq(*seen.first, '\0');
	}
	lttng_builder_fini(&builder);
}

Test(lttng_damage, nothing_is_left_in_the_temporary_folder)
{
	char folder[] = "/tmp/fsc-tmpdir-XXXXXX";
	struct lttng_builder builder;
	struct seen seen;

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(setenv("TMPDIR", folder, 1), 0);
	make(&builder);
	cr_assert(look(&builder, &seen));
	cr_assert_eq(seen.calls[0], PACKETS * CALLS);
	cr_assert_eq(rmdir(folder), 0);
	cr_assert_not(look(&builder, &seen));
	cr_assert(strstr(seen.first, "no place"), "%s", seen.first);
	lttng_builder_fini(&builder);
}
