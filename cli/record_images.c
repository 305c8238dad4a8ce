/* SPDX-License-Identifier: MIT */
/*
 * The process images of a recording, from their announcement to their end. What is hard: an image
 * ends without a word (SIGKILL, exec), and what it recorded must still be whole. Begin at
 * fsc_record_images_poll().
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/machine.h"
#include "trace_points/packet.h"

enum {
	LIMIT_PARTS = 16, /* packets that --ring or --max-size hold at least */
	PACKET_LEAST_BYTES = 4096,
	MAPS_PERIOD_NS = 2000000000 /* mappings without wrapped functions change too */
};

void fsc_record_images_init(struct fsc_record_images *images,
			    const struct fsc_record_session *session)
{
	memset(images, 0, sizeof(*images));
	images->end = &images->first;
	images->session = session;
	images->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (images->watch >= 0)
		inotify_add_watch(images->watch, session->path, IN_MOVED_TO);
}

void fsc_record_images_note(struct fsc_record_images *images, int error)
{
	if (error == 0 || images->write_error != 0)
		return;
	images->write_error = error;
	fsc_messages_say("cannot write %s: %s; the command goes on, its events are counted as lost",
			 images->recording, strerror(error));
}

/* The packet() of every drain. */
static int take_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
		       uint64_t events)
{
	struct fsc_record_image *image = arg;
	struct fsc_record_images *images = image->all;
	uint64_t bytes = 0;
	int error;

	if (images->counted_only)
		return 0;
	for (int i = 0; i < part_count; i++)
		bytes += parts[i].iov_len;
	if (slot != FSC_STATE_SLOT && images->ring.limit > 0)
		return fsc_record_ring_push(&images->ring, image, slot, parts, part_count, events);
	if (slot != FSC_STATE_SLOT && images->max_bytes > 0 &&
	    images->written_bytes + bytes > images->max_bytes) {
		images->max_reached = true;
		return EDQUOT;
	}
	error = fsc_process_folder_packet(image->folder, slot, parts, part_count, events);
	if (error == 0)
		images->written_bytes += bytes;
	fsc_record_images_note(images, error);
	return error;
}

static struct fsc_record_image *find(const struct fsc_record_images *images, const char *name)
{
	struct fsc_record_image *image = images->first;

	while (image && strcmp(image->name, name) != 0)
		image = image->next;
	return image;
}

static bool gone(const struct fsc_record_image *image)
{
	struct pollfd row = { .fd = image->pidfd, .events = POLLIN };

	if (image->pidfd >= 0)
		return poll(&row, 1, 0) > 0;
	return image->gone || (kill((pid_t)image->process, 0) != 0 && errno == ESRCH);
}

static void copy_maps(struct fsc_record_image *image)
{
	uint64_t now = fsc_clock_monotonic_ns();
	uint32_t modules = fsc_drain_image(image->drain)->module_count;

	if (modules == image->module_count && now - image->maps_ns < MAPS_PERIOD_NS)
		return;
	image->module_count = modules;
	image->maps_ns = now;
	if (image->folder->made)
		(void)fsc_process_folder_maps(image->folder);
}

static const struct fsc_drain_totals *totals_of(struct fsc_record_image *image)
{
	if (image->drain)
		fsc_drain_totals(image->drain, &image->totals);
	return &image->totals;
}

static void unlink_file(const struct fsc_record_image *image)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", image->all->session->path, image->name);
	unlink(path);
}

/* The last look at an image. Its file goes: a process that lives on can make no more rings then. */
static void finish(struct fsc_record_image *image, const char *state)
{
	fsc_drain_finish(image->drain);
	if (strcmp(state, "ended") == 0 && fsc_drain_image(image->drain)->state == FSC_IMAGE_EXITED)
		state = "exited";
	totals_of(image);
	image->state = state;
	image->number = image->folder->image.number;
	image->made = image->folder->made;
	if (!image->all->counted_only)
		fsc_record_images_note(
			image->all,
			fsc_process_folder_describe(image->folder, &image->totals, image->state));
	unlink_file(image);
	fsc_drain_destroy(image->drain);
	image->drain = NULL;
	if (image->pidfd >= 0)
		close(image->pidfd);
	image->pidfd = -1;
	if (image->all->ring.limit == 0) {
		free(image->folder);
		image->folder = NULL;
	}
}

static uint32_t packet_max(const struct fsc_record_images *images)
{
	uint64_t limit = images->ring.limit > 0 ? images->ring.limit : images->max_bytes;
	uint64_t part = limit / LIMIT_PARTS;

	if (limit == 0 || part > FSC_DRAIN_PACKET_BYTES)
		return FSC_DRAIN_PACKET_BYTES;
	return part < PACKET_LEAST_BYTES ? PACKET_LEAST_BYTES : (uint32_t)part;
}

static void make_uuid(uint8_t uuid[16])
{
	if (getrandom(uuid, 16, GRND_NONBLOCK) != 16) {
		uint64_t now[2] = { fsc_clock_monotonic_ns(), (uint64_t)getpid() };

		memcpy(uuid, now, 16);
	}
	uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40); /* version 4, variant 1: RFC 4122, 4.4 */
	uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

/* Did calibration measure such code? Another processor's, or another clock, costs otherwise. */
static bool is_measured(const struct fsc_record_images *images, const struct fsc_image *shared)
{
	const char *mode = fsc_clock_mode_name(shared->clock_mode);

	return shared->machine == FSC_MACHINE_OWN && mode &&
	       strcmp(mode, images->machine->clock_mode) == 0;
}

/* Opens the image: drain, folder, pidfd. false: errno. */
static bool open_image(struct fsc_record_image *image, const char *path)
{
	struct fsc_record_images *images = image->all;
	struct fsc_drain_output output = { take_packet, image };
	struct fsc_process_origin origin = { .recording = images->recording,
					     .hostname = images->machine->host };
	const struct fsc_image *shared;
	int error = ENOMEM;

	image->pidfd = -1;
	image->folder = calloc(1, sizeof(*image->folder));
	make_uuid(origin.uuid);
	image->drain = fsc_drain_create(path, origin.uuid, &output, &error);
	if (!image->drain || !image->folder) {
		errno = error;
		return false;
	}
	shared = fsc_drain_image(image->drain);
	origin.pair = fsc_clock_pair_read(shared->clock_mode == FSC_CLOCK_SYSTEM);
	origin.ticks_per_s =
		shared->clock_mode == FSC_CLOCK_SYSTEM ? 1000000000 : images->machine->ticks_per_s;
	errno = fsc_process_folder_init(image->folder, &origin, shared, images->boundary,
					images->boundary_bytes);
	image->pid = shared->pid;
	image->number = shared->number;
	image->parent = shared->ppid;
	image->exe = strdup(shared->exe);
	image->state = "running";
	fsc_drain_set_packet_max(image->drain, packet_max(images));
	if (images->probe->known && is_measured(images, shared))
		fsc_drain_set_probe_costs(image->drain, images->probe->cost);
	image->process = fsc_record_process_find(images->session, image->name, shared);
	image->folder->process = image->process;
	if (image->process)
		image->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)image->process, 0);
	/* The pid may be another's soon. */
	image->gone = !image->process || (image->pidfd < 0 && errno == ESRCH);
	return true;
}

static void free_image(struct fsc_record_image *image)
{
	fsc_drain_destroy(image->drain);
	if (image->pidfd >= 0)
		close(image->pidfd);
	free(image->folder);
	free(image->exe);
	free(image);
}

/* An earlier image of the same process has been replaced by exec. */
static void finish_replaced(struct fsc_record_images *images, uint32_t process)
{
	for (struct fsc_record_image *image = images->first; image; image = image->next)
		if (image->drain && process && image->process == process)
			finish(image, "exec");
}

static void add(struct fsc_record_images *images, const char *name)
{
	struct fsc_record_image *image = calloc(1, sizeof(*image));
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", images->session->path, name);
	if (!image)
		return;
	image->all = images;
	snprintf(image->name, sizeof(image->name), "%s", name);
	if (!open_image(image, path)) {
		fsc_messages_say("cannot read what %s records: %s", name, strerror(errno));
		free_image(image);
		unlink(path);
		return;
	}
	finish_replaced(images, image->process);
	*images->end = image;
	images->end = &image->next;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_image(const struct dirent *entry)
{
	return ends_with(entry->d_name, FSC_IMAGE_SUFFIX) &&
	       strlen(entry->d_name) < sizeof(((struct fsc_record_image *)0)->name);
}

static void discover(struct fsc_record_images *images)
{
	uint32_t announced =
		__atomic_load_n(&images->session->control->announced, __ATOMIC_ACQUIRE);
	struct dirent **entries = NULL;
	int count;

	if (announced == images->announced)
		return;
	images->announced = announced;
	/* In order, so that of two images of one process the later one replaces the earlier. */
	count = scandir(images->session->path, &entries, is_image, by_number);
	for (int i = 0; i < count; i++) {
		if (!find(images, entries[i]->d_name))
			add(images, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

bool fsc_record_images_poll(struct fsc_record_images *images, bool all)
{
	uint32_t announced = images->announced;
	bool flows = false;

	discover(images);
	for (struct fsc_record_image *image = images->first; image; image = image->next) {
		uint64_t waiting;

		if (!image->drain)
			continue;
		waiting = image->totals.waiting_bytes;
		flows |= fsc_drain_poll(image->drain, all) > 0;
		flows |= totals_of(image)->waiting_bytes > waiting;
		copy_maps(image);
	}
	return flows || announced != images->announced;
}

/* Room for `wanted` rows, or for as many as there is memory. */
static size_t grow_polls(struct fsc_record_images *images, size_t wanted)
{
	struct pollfd *polls;

	if (wanted <= images->poll_room)
		return wanted;
	polls = reallocarray(images->polls, wanted * 2, sizeof(*polls));
	if (!polls)
		return images->poll_room; /* the rest is seen when the timeout ends */
	images->polls = polls;
	images->poll_room = wanted * 2;
	return wanted;
}

struct pollfd *fsc_record_images_polls(struct fsc_record_images *images, size_t *count)
{
	size_t wanted = FSC_RECORD_WATCH_ROW + 1;
	size_t room, used = wanted;

	for (const struct fsc_record_image *image = images->first; image; image = image->next)
		wanted += image->drain && image->pidfd >= 0;
	room = grow_polls(images, wanted);
	*count = 0;
	if (!images->polls)
		return NULL;
	images->polls[FSC_RECORD_WATCH_ROW] =
		(struct pollfd){ .fd = images->watch, .events = POLLIN };
	for (const struct fsc_record_image *image = images->first; image; image = image->next)
		if (image->drain && image->pidfd >= 0 && used < room)
			images->polls[used++] =
				(struct pollfd){ .fd = image->pidfd, .events = POLLIN };
	*count = used;
	return images->polls;
}

void fsc_record_images_watched(struct fsc_record_images *images)
{
	char events[4096];

	while (read(images->watch, events, sizeof(events)) > 0)
		;
}

bool fsc_record_images_alive(const struct fsc_record_images *images)
{
	for (const struct fsc_record_image *image = images->first; image; image = image->next)
		if (image->drain)
			return true;
	return false;
}

void fsc_record_images_reap(struct fsc_record_images *images)
{
	/* First: an image that was replaced by exec must not be taken for one that ended. */
	discover(images);
	for (struct fsc_record_image *image = images->first; image; image = image->next)
		if (image->drain && gone(image))
			finish(image, "ended");
}

void fsc_record_images_finish(struct fsc_record_images *images)
{
	fsc_record_images_reap(images);
	for (struct fsc_record_image *image = images->first; image; image = image->next)
		if (image->drain)
			finish(image, "running");
	if (images->ring.limit == 0)
		return;
	fsc_record_ring_write(&images->ring);
	for (struct fsc_record_image *image = images->first; image; image = image->next) {
		image->totals.lost_events += image->write_lost;
		(void)fsc_process_folder_describe(image->folder, &image->totals, image->state);
		image->made = image->folder->made;
		image->number = image->folder->image.number;
	}
}

void fsc_record_images_fini(struct fsc_record_images *images)
{
	while (images->first) {
		struct fsc_record_image *image = images->first;

		images->first = image->next;
		free_image(image);
	}
	free(images->polls);
	if (images->session && images->watch >= 0)
		close(images->watch);
}
