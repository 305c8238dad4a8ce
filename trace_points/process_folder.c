/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a full disk or a limit on file sizes may cut any write short, and what stands in
 * ctf/ must still be whole packets. Begin reading at append().
 */
#define _FILE_OFFSET_BITS 64 /* stream files may pass 2 GiB, also in a 32-bit process */
#include "trace_points/process_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* rename() only */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_points/clock.h"
#include "trace_points/events.h"
#include "trace_points/json_writer.h"
#include "trace_points/machine.h"
#include "trace_points/packet.h"
#include "trace_points/recording.h"

enum { COPY_BYTES = 4096, PARTS_MAX = 4, NUMBER_TRIES = 10000, NS_PER_S = 1000000000 };

/* A file beside ctf/ while the process is recorded, for totals and losses on a disk that is full.
 */
#define SPARE_NAME "spare"
enum { SPARE_BYTES = 16 << 10 };

struct path {
	char text[PATH_MAX];
	size_t length;
};

static void path_add(struct path *path, const char *part)
{
	size_t length = strlen(part);

	if (length >= sizeof(path->text) - path->length)
		length = sizeof(path->text) - path->length - 1;
	memcpy(path->text + path->length, part, length);
	path->length += length;
	path->text[path->length] = '\0';
}

static void path_add_u64(struct path *path, uint64_t value, int width)
{
	char digits[21];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
		width--;
	} while (value > 0 || width > 0);
	path_add(path, at);
}

/* <folder>/a or <folder>/a/b (b may be NULL). */
static struct path path_of(const struct fsc_process_folder *folder, const char *a, const char *b)
{
	struct path path = { .length = 0 };

	path_add(&path, folder->path);
	path_add(&path, "/");
	path_add(&path, a);
	if (b) {
		path_add(&path, "/");
		path_add(&path, b);
	}
	return path;
}

static struct path stream_path(const struct fsc_process_folder *folder, uint32_t slot)
{
	struct path path = path_of(folder, FSC_CTF_FOLDER, "");

	if (slot == FSC_STATE_SLOT) {
		path_add(&path, FSC_STATE_NAME);
	} else {
		path_add(&path, FSC_SLOT_PREFIX);
		path_add_u64(&path, slot, FSC_SLOT_DIGITS);
	}
	return path;
}

static int set_path(struct fsc_process_folder *folder)
{
	struct path path = { .length = 0 };

	path_add(&path, folder->recording);
	path_add(&path, "/");
	path_add_u64(&path, folder->image.pid, 1);
	path_add(&path, "-");
	path_add_u64(&path, folder->image.number, 1);
	if (path.length >= sizeof(folder->path))
		return ENAMETOOLONG;
	memcpy(folder->path, path.text, path.length + 1);
	return 0;
}

static bool copy_text(char *to, size_t size, const char *from)
{
	size_t length = from ? strlen(from) : 0;
	bool fits = length < size;

	if (!fits)
		length = size - 1;
	if (length > 0)
		memcpy(to, from, length);
	to[length] = '\0';
	return fits;
}

int fsc_process_folder_init(struct fsc_process_folder *folder,
			    const struct fsc_process_origin *origin, const struct fsc_image *image,
			    const char *boundary, size_t boundary_bytes)
{
	memset(folder, 0, sizeof(*folder));
	if (!copy_text(folder->recording, sizeof(folder->recording), origin->recording))
		return ENAMETOOLONG;
	(void)copy_text(folder->hostname, sizeof(folder->hostname), origin->hostname);
	folder->origin = *origin;
	folder->origin.recording = folder->recording;
	folder->origin.hostname = folder->hostname;
	folder->image = *image;
	folder->process = image->pid;
	folder->boundary = boundary;
	folder->boundary_bytes = boundary_bytes;
	return set_path(folder);
}

/* Write everything; 0 or errno. parts are used up. */
static int write_parts(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t written = writev(fd, parts, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		if (written == 0)
			return EIO;
		while (count > 0 && (size_t)written >= parts->iov_len) {
			written -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count > 0) {
			parts->iov_base = (uint8_t *)parts->iov_base + written;
			parts->iov_len -= (size_t)written;
		}
	}
	return 0;
}

static int write_bytes(int fd, const void *bytes, size_t length)
{
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };

	return write_parts(fd, &part, length > 0);
}

/* A file that is filled under another name in the process's folder (never in ctf/) and renamed. */
struct draft {
	struct path temporary;
	struct path final;
	int fd;
	int error;
};

static struct draft draft_open(const struct fsc_process_folder *folder, const char *a,
			       const char *b)
{
	struct draft draft = { .final = path_of(folder, a, b) };

	draft.temporary = path_of(folder, b ? b : a, NULL);
	path_add(&draft.temporary, ".new");
	draft.fd = open(draft.temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	draft.error = draft.fd < 0 ? errno : 0;
	return draft;
}

static int draft_close(struct draft *draft)
{
	if (draft->fd >= 0)
		close(draft->fd);
	if (draft->error == 0 && rename(draft->temporary.text, draft->final.text) != 0)
		draft->error = errno;
	if (draft->error != 0 && draft->fd >= 0)
		unlink(draft->temporary.text);
	return draft->error;
}

static bool draft_flush(void *arg, const char *text, size_t length)
{
	struct draft *draft = arg;

	if (draft->error == 0)
		draft->error = write_bytes(draft->fd, text, length);
	return draft->error == 0;
}

/* Whole seconds and the rest in ticks of CLOCK_REALTIME at tick 0. */
static void set_epoch(struct fsc_metadata *metadata, const struct fsc_clock_pair *pair)
{
	uint64_t frequency = metadata->ticks_per_s;
	uint64_t elapsed_s = pair->ticks / frequency;
	uint64_t rest_ns = pair->ticks % frequency * NS_PER_S / frequency;
	uint64_t real_s = pair->realtime_ns / NS_PER_S;
	uint64_t real_ns = pair->realtime_ns % NS_PER_S;

	if (real_ns < rest_ns) {
		real_ns += NS_PER_S;
		real_s -= real_s > 0;
	}
	metadata->epoch_s = real_s > elapsed_s ? real_s - elapsed_s : 0;
	metadata->epoch_ticks = (real_ns - rest_ns) * frequency / NS_PER_S;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int write_metadata(const struct fsc_process_folder *folder)
{
	/* Hz above which set_epoch() would leave 64 bits. */
	const uint64_t frequency_max = UINT64_MAX / NS_PER_S / 2;
	char text[FSC_METADATA_BYTES];
	struct fsc_metadata metadata = { .ticks_per_s = folder->origin.ticks_per_s,
					 .pid = folder->image.pid,
					 .hostname = folder->hostname,
					 .process_name = last_part(folder->image.exe) };
	struct draft draft = draft_open(folder, FSC_CTF_FOLDER, FSC_METADATA_NAME);

	if (metadata.ticks_per_s == 0 || metadata.ticks_per_s > frequency_max)
		metadata.ticks_per_s = NS_PER_S;
	memcpy(metadata.uuid, folder->origin.uuid, sizeof(metadata.uuid));
	set_epoch(&metadata, &folder->origin.pair);
	if (draft.error == 0)
		draft.error = write_bytes(draft.fd, text,
					  fsc_metadata_write(&metadata, text, sizeof(text)));
	return draft_close(&draft);
}

static int write_boundary(const struct fsc_process_folder *folder)
{
	struct draft draft;

	if (!folder->boundary)
		return 0;
	draft = draft_open(folder, FSC_BOUNDARY_NAME, NULL);
	draft_flush(&draft, folder->boundary, folder->boundary_bytes);
	return draft_close(&draft);
}

/*
 * The folder of its own. Process ids come around: when an earlier process of that id left a folder
 * with the same number, this one takes the next.
 */
static int make_own_folder(struct fsc_process_folder *folder)
{
	int error = folder->own ? 0 : EEXIST;

	for (int i = 0; error == EEXIST && i < NUMBER_TRIES; i++) {
		if (i > 0)
			folder->image.number++;
		error = set_path(folder);
		if (error == 0 && mkdir(folder->path, 0700) != 0)
			error = errno;
	}
	folder->own = error == 0;
	return error;
}

static void put_event_sizes(struct fsc_json *json)
{
	fsc_json_newline(json);
	fsc_json_key(json, "events");
	fsc_json_array_begin(json);
	for (uint32_t id = 1; id < FSC_EVENT_COUNT; id++) {
		if (!fsc_event_name(id))
			continue;
		fsc_json_newline(json);
		fsc_json_object_begin(json);
		fsc_json_member_u64(json, "id", id);
		fsc_json_member_string(json, "name", fsc_event_name(id));
		fsc_json_member_u64(json, "bytes", fsc_event_record_bytes(id));
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void put_process(struct fsc_json *json, const struct fsc_process_folder *folder,
			const struct fsc_drain_totals *totals, const char *state)
{
	const struct fsc_image *image = &folder->image;

	fsc_json_object_begin(json);
	fsc_json_member_string(json, "schema", FSC_PROCESS_SCHEMA);
	fsc_json_member_u64(json, "format", FSC_FORMAT_VERSION);
	fsc_json_member_u64(json, "pid", image->pid);
	fsc_json_member_u64(json, "image", image->number);
	fsc_json_member_u64(json, "parent", image->ppid);
	fsc_json_member_string(json, "exe", image->exe);
	fsc_json_newline(json);
	fsc_json_member_string(json, "state", state);
	fsc_json_member_bool(json, "forked", image->forked);
	fsc_json_member_u64(json, "start_ns", image->start_ns);
	fsc_json_member_string(json, "sink", fsc_sink_name(image->sink));
	fsc_json_member_string(json, "clock_mode", fsc_clock_mode_name(image->clock_mode));
	fsc_json_member_bool(json, "allocations", image->allocations_on);
	fsc_json_member_bool(json, "codecs", image->codecs_on);
	fsc_json_member_string(json, "machine", fsc_machine_name(image->machine));
	fsc_json_newline(json);
	fsc_json_member_u64(json, "calls", totals->calls);
	fsc_json_member_u64(json, "skipped_calls", totals->skipped_calls);
	fsc_json_member_u64(json, "lost_events", totals->lost_events);
	fsc_json_member_u64(json, "lost_findings", totals->lost_findings);
	fsc_json_member_u64(json, "overwritten_events", folder->overwritten_events);
	fsc_json_member_u64(json, "threads", totals->threads);
	fsc_json_member_u64(json, "profile_missed", totals->profile_missed);
	put_event_sizes(json);
	fsc_json_object_end(json);
}

static int write_process(const struct fsc_process_folder *folder,
			 const struct fsc_drain_totals *totals, const char *state)
{
	char buffer[COPY_BYTES];
	struct fsc_json json;
	struct draft draft = draft_open(folder, FSC_PROCESS_NAME, NULL);

	fsc_json_init(&json, buffer, sizeof(buffer), draft_flush, &draft);
	put_process(&json, folder, totals, state);
	if (!fsc_json_finish(&json) && draft.error == 0)
		draft.error = EIO;
	return draft_close(&draft);
}

/* ---- spare room ---- */

/* Without room for it the folder goes without. */
static void keep_spare(struct fsc_process_folder *folder)
{
	static const uint8_t bytes[SPARE_BYTES];
	struct path path = path_of(folder, SPARE_NAME, NULL);
	int fd = open(path.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	folder->spare = write_bytes(fd, bytes, sizeof(bytes)) == 0;
	close(fd);
	if (!folder->spare)
		unlink(path.text);
}

/* false: there was none. */
static bool give_spare_back(struct fsc_process_folder *folder)
{
	struct path path = path_of(folder, SPARE_NAME, NULL);
	bool was = folder->spare;

	folder->spare = false;
	return was && unlink(path.text) == 0;
}

/* ---- packets ---- */

static int make(struct fsc_process_folder *folder)
{
	static const struct fsc_drain_totals none;
	int error = make_own_folder(folder);
	struct path ctf = path_of(folder, FSC_CTF_FOLDER, NULL);

	if (error == 0 && mkdir(ctf.text, 0700) != 0 && errno != EEXIST)
		error = errno;
	if (error == 0)
		error = write_metadata(folder);
	if (error == 0)
		error = write_boundary(folder);
	if (error != 0)
		return error;
	folder->made = true;
	(void)fsc_process_folder_maps(folder); /* not ours to read, perhaps: then there is none */
	error = write_process(folder, &none, "running");
	keep_spare(folder);
	return error;
}

static int append(int fd, const struct iovec *parts, int part_count)
{
	struct iovec left[PARTS_MAX];
	struct stat status;
	int error;

	if (part_count > PARTS_MAX)
		return EINVAL;
	if (fstat(fd, &status) != 0)
		return errno;
	memcpy(left, parts, (size_t)part_count * sizeof(*parts));
	error = write_parts(fd, left, part_count);
	if (error != 0 && ftruncate(fd, status.st_size) != 0)
		error = errno;
	return error;
}

static int append_to(const struct fsc_process_folder *folder, uint32_t slot,
		     const struct iovec *parts, int part_count)
{
	struct path path = stream_path(folder, slot);
	int fd = open(path.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? errno : append(fd, parts, part_count);

	if (fd >= 0)
		close(fd);
	return error;
}

int fsc_process_folder_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
			      uint64_t events)
{
	struct fsc_process_folder *folder = arg;
	int saved = errno;
	int error = folder->made ? 0 : make(folder);

	(void)events;
	if (error == 0) {
		error = append_to(folder, slot, parts, part_count);
		if (error == ENOSPC && slot == FSC_STATE_SLOT && give_spare_back(folder))
			error = append_to(folder, slot, parts, part_count);
	}
	errno = saved;
	return error;
}

int fsc_process_folder_describe(struct fsc_process_folder *folder,
				const struct fsc_drain_totals *totals, const char *state)
{
	int saved = errno;
	int error;

	if (!folder->made)
		return 0;
	error = write_process(folder, totals, state);
	if (give_spare_back(folder) && error != 0)
		error = write_process(folder, totals, state);
	errno = saved;
	return error;
}

/* ---- maps ---- */

static int copy(int from, struct draft *draft)
{
	char bytes[COPY_BYTES];
	ssize_t count = 1;
	uint64_t total = 0;

	while (draft->error == 0 && count > 0) {
		count = read(from, bytes, sizeof(bytes));
		if (count < 0 && errno == EINTR) {
			count = 1;
		} else if (count < 0) {
			draft->error = errno;
		} else {
			draft_flush(draft, bytes, (size_t)count);
			total += (uint64_t)count;
		}
	}
	/* A process that is just going away has no mappings: the copy before says more. */
	if (draft->error == 0 && total == 0)
		draft->error = ESRCH;
	return draft->error;
}

int fsc_process_folder_maps(const struct fsc_process_folder *folder)
{
	struct path path = { .length = 0 };
	struct draft draft;
	int saved = errno;
	int error, from;

	if (!folder->made)
		return 0;
	path_add(&path, "/proc/");
	path_add_u64(&path, folder->process, 1);
	path_add(&path, "/maps");
	from = open(path.text, O_RDONLY | O_CLOEXEC);
	if (from < 0) {
		error = errno;
	} else {
		draft = draft_open(folder, FSC_MAPS_NAME, NULL);
		copy(from, &draft);
		error = draft_close(&draft);
		close(from);
	}
	errno = saved;
	return error;
}
