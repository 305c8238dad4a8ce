/* SPDX-License-Identifier: MIT */
/*
 * meta.json of a recording without a recorder. What is hard: several processes share it, each may
 * be killed, and "complete" must not be said while one is open that never will end. So it counts
 * the open images, in text of one width that is changed in place, under a lock that ends with
 * whoever holds it. Begin at fsc_standalone_meta_open().
 */
#include "session_internal.h"
#include "standalone_internal.h"
#include "system_internal.h"
#include "trace_points/clock.h"
#include "trace_points/json_writer.h"
#include "trace_points/packet.h"
#include "trace_points/recording.h"

/* The file's first members. Spaces before a value are JSON's too (RFC 8259, section 2). */
#define SCHEMA	 "{\"schema\":\"" FSC_META_SCHEMA "\","
#define COMPLETE "\"complete\":"
#define OPEN	 ",\"open_images\":"

enum {
	COMPLETE_AT = sizeof(SCHEMA COMPLETE) - 1,
	OPEN_AT = sizeof(SCHEMA COMPLETE "false" OPEN) - 1,
	HEAD_BYTES = OPEN_AT + 10,
	META_BYTES = 1024
};

static const char empty_head[] = SCHEMA COMPLETE " true" OPEN "         0";
_Static_assert(sizeof(empty_head) == HEAD_BYTES + 1, "ten digits");

static const uint64_t lock_wait_ns = 200000000u;
static uint32_t counted_pid; /* whose image stands in the file as open */

static void head_write(char *head, uint32_t open_images)
{
	const char *complete = open_images ? "false" : " true";

	for (int i = 0; i < HEAD_BYTES; i++)
		head[i] = empty_head[i];
	for (int i = 0; i < 5; i++)
		head[COMPLETE_AT + i] = complete[i];
	for (char *at = head + HEAD_BYTES; open_images; open_images /= 10)
		*--at = (char)('0' + open_images % 10);
}

/* false: it is another writer's. */
static bool head_read(const char *head, uint32_t *open_images)
{
	char expected[HEAD_BYTES];
	uint64_t number = 0;

	for (int i = OPEN_AT; i < HEAD_BYTES; i++)
		if (head[i] >= '0' && head[i] <= '9')
			number = number * 10 + (uint64_t)(head[i] - '0');
	*open_images = (uint32_t)number;
	head_write(expected, *open_images);
	for (int i = 0; i < HEAD_BYTES; i++)
		if (head[i] != expected[i])
			return false;
	return true;
}

/* The members that stay as the first image of the recording wrote them. */
static void put_members(struct fsc_json *json, const struct fsc_process_origin *origin)
{
	fsc_json_member_u64(json, "format", FSC_FORMAT_VERSION);
	fsc_json_member_u64(json, "start_ns", origin->pair.monotonic_ns);
	fsc_json_member_null(json, "end_ns");
	fsc_json_member_null(json, "exit_status");
	fsc_json_key(json, "clock");
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "mode", fsc_clock_mode_name(fsc_clock_mode_now));
	fsc_json_member_u64(json, "ticks_per_s", origin->ticks_per_s);
	fsc_json_member_u64(json, "step_ticks",
			    fsc_clock_step_ticks(fsc_clock_mode_now == FSC_CLOCK_SYSTEM));
	fsc_json_object_end(json);
	fsc_json_member_null(json, "probe_cost");
}

/* What is not known without a record process (the command, the probe cost, the end) is null. */
static bool write_new(long fd, const struct fsc_process_origin *origin)
{
	char text[META_BYTES];
	struct fsc_json json;
	long bytes;

	fsc_json_init(&json, text + HEAD_BYTES, sizeof(text) - HEAD_BYTES, NULL, NULL);
	fsc_json_object_begin(&json);
	put_members(&json, origin);
	fsc_json_object_end(&json);
	if (!fsc_json_finish(&json))
		return false;
	head_write(text, 1);
	text[HEAD_BYTES] = ','; /* where the members' own '{' stood */
	bytes = HEAD_BYTES + (long)json.used;
	if (system_write_at(fd, text, (size_t)bytes, 0) == bytes)
		return true;
	system_truncate(fd, 0);
	return false;
}

static bool change(long fd, const char *head, int by)
{
	char changed[HEAD_BYTES];
	uint32_t open_images;

	if (!head_read(head, &open_images) || (by < 0 && open_images == 0))
		return false;
	head_write(changed, open_images + (uint32_t)by);
	return system_write_at(fd, changed, sizeof(changed), 0) == sizeof(changed);
}

static bool lock(long fd)
{
	struct system_wait wait = { 0 };

	while (system_lock(fd) != 0)
		if (!system_wait(&wait, lock_wait_ns))
			return false;
	return true;
}

/* Count an image in (origin is given) or out. Closing ends the lock. */
static bool count(const struct fsc_process_origin *origin)
{
	char path[FSC_PATH_BYTES + 16], head[HEAD_BYTES] = "";
	const char *const parts[] = { fsc_settings.output, "/" FSC_META_NAME, NULL };
	bool counted = false;
	long fd, bytes;

	fsc_text_join(path, sizeof(path), parts);
	fd = system_open(path, O_RDWR | O_NOFOLLOW | (origin ? O_CREAT : 0), 0600);
	if (fd < 0)
		return false;
	if (lock(fd)) {
		bytes = system_read(fd, head, sizeof(head));
		if (bytes == 0 && origin)
			counted = write_new(fd, origin);
		else if (bytes == sizeof(head))
			counted = change(fd, head, origin ? 1 : -1);
	}
	system_close(fd);
	return counted;
}

void fsc_standalone_meta_open(const struct fsc_process_origin *origin)
{
	if (count(origin))
		counted_pid = fsc_live->owner;
}

void fsc_standalone_meta_close(void)
{
	if (counted_pid == fsc_live->owner)
		count(NULL);
	counted_pid = 0;
}
