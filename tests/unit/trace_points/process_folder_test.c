/* SPDX-License-Identifier: MIT */
#include "fake_image.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "trace_points/process_folder.h"
#include "trace_points/recording.h"

static struct fake_image fake;
static struct fsc_process_folder folder;
static char recording[64];

static void prepare(const char *boundary)
{
	struct fsc_process_origin origin = { .recording = recording,
					     .hostname = "box",
					     .ticks_per_s = 1000000000 };

	origin.pair = fsc_clock_pair_read(true);
	memcpy(origin.uuid, fake_uuid, sizeof(origin.uuid));
	fake.image->pid = (uint32_t)getpid();
	cr_assert_eq(fsc_process_folder_init(&folder, &origin, fake.image, boundary,
					     boundary ? strlen(boundary) : 0),
		     0);
}

static void begin(void)
{
	fake_create(&fake);
	fake_site_add(&fake, "say \"hello\"", fake_module(&fake, "/opt/fake/libfake.so"));
	snprintf(recording, sizeof(recording), "/tmp/fsc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(recording));
}

static void end(void)
{
	char command[128];

	fake_destroy(&fake);
	snprintf(command, sizeof(command), "rm -rf %s", recording);
	cr_assert_eq(system(command), 0);
}

TestSuite(process_folder, .init = begin, .fini = end);

static const char *file(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder.path, name);
	return path;
}

static off_t size_of(const char *name)
{
	struct stat status;

	return stat(file(name), &status) == 0 ? status.st_size : -1;
}

static const char *content(const char *name)
{
	static char text[65536];
	FILE *from = fopen(file(name), "r");
	size_t length = from ? fread(text, 1, sizeof(text) - 1, from) : 0;

	if (from)
		fclose(from);
	text[length] = '\0';
	return text;
}

/* Events that babeltrace2 finds in the folder; -1: it complained. */
static long babeltrace_events(void)
{
	char command[PATH_MAX + 64], line[4096];
	long events = 0;
	FILE *from;

	snprintf(command, sizeof(command), "ulimit -v 2000000; exec babeltrace2 %s/ctf 2>&1",
		 folder.path);
	from = popen(command, "r");
	while (fgets(line, sizeof(line), from)) {
		if (line[0] != '[')
			events = -1000000;
		events++;
	}
	return pclose(from) == 0 && events >= 0 ? events : -1;
}

static uint64_t written_events;

static int write_and_count(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
			   uint64_t events)
{
	int error = fsc_process_folder_packet(arg, slot, parts, part_count, events);

	written_events += error == 0 ? events : 0;
	return error;
}

static struct fsc_drain *drain_into_folder(void)
{
	struct fsc_drain_output output = { write_and_count, &folder };
	int error;

	return fsc_drain_create(fake.path, fake_uuid, &output, &error);
}

Test(process_folder, nothing_is_made_before_the_first_packet)
{
	prepare(NULL);
	cr_assert_eq(fsc_process_folder_maps(&folder), 0);
	cr_assert_neq(access(folder.path, F_OK), 0);
}

Test(process_folder, the_first_packet_makes_every_file)
{
	uint8_t header[80] = { 0 };
	struct iovec part = { header, sizeof(header) };
	struct stat status;

	prepare("entry x\n");
	cr_assert_eq(fsc_process_folder_packet(&folder, 3, &part, 1, 0), 0);
	cr_assert_eq(size_of("ctf/slot-00003"), 80);
	cr_assert_gt(size_of("ctf/metadata"), 0);
	cr_assert_gt(size_of("maps"), 0);
	cr_assert_str_eq(content("boundary"), "entry x\n");
	cr_assert_not_null(strstr(content("process.json"), "\"state\":\"running\""));
	cr_assert_eq(stat(file("ctf/slot-00003"), &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0600);
	cr_assert_eq(stat(folder.path, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0700);
}

Test(process_folder, babeltrace_reads_every_event_of_a_drained_image)
{
	struct fsc_ring *rings[3];
	struct fsc_drain *drain;
	struct fsc_drain_totals totals;

	prepare(NULL);
	fake.image->start_ticks = 1;
	drain = drain_into_folder();
	for (uint32_t i = 0; i < 3; i++)
		rings[i] = fake_ring(&fake, i, NULL, 4000);
	for (int i = 0; i < 1000; i++) {
		fake_calls(&fake, rings[i % 3], i % 5);
		fsc_drain_poll(drain, i % 10 == 0);
	}
	fsc_drain_finish(drain);
	fsc_drain_totals(drain, &totals);
	fsc_drain_destroy(drain);
	cr_assert_eq(totals.lost_events, 0);
	cr_assert_gt(written_events, 2000);
	cr_assert_eq(babeltrace_events(), (long)written_events);
}

Test(process_folder, describing_again_replaces_the_file)
{
	struct fsc_drain_totals totals = { .calls = 42, .lost_events = 7, .threads = 2 };
	uint8_t header[80] = { 0 };
	struct iovec part = { header, sizeof(header) };

	prepare(NULL);
	fsc_process_folder_packet(&folder, 0, &part, 1, 0);
	folder.overwritten_events = 5;
	cr_assert_eq(fsc_process_folder_describe(&folder, &totals, "exited"), 0);
	cr_assert_not_null(strstr(content("process.json"), "\"state\":\"exited\""));
	cr_assert_not_null(strstr(content("process.json"), "\"calls\":42"));
	cr_assert_not_null(strstr(content("process.json"), "\"lost_events\":7"));
	cr_assert_not_null(strstr(content("process.json"), "\"overwritten_events\":5"));
	cr_assert_not_null(strstr(content("process.json"), "\"name\":\"call\",\"bytes\":48"));
	cr_assert_neq(access(file("process.json.new"), F_OK), 0);
}

Test(process_folder, a_packet_that_does_not_fit_leaves_whole_packets_behind)
{
	struct rlimit limit = { 2000, 2000 };
	struct fsc_drain_totals totals;
	struct fsc_drain *drain;
	struct fsc_ring *ring = fake_ring(&fake, 0, NULL, 4800);

	prepare(NULL);
	drain = drain_into_folder();
	fake_calls(&fake, ring, 20);
	fsc_drain_poll(drain, true);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	fake_calls(&fake, ring, 50);
	fsc_drain_poll(drain, true);
	fake_calls(&fake, ring, 15);
	fsc_drain_poll(drain, true);
	fsc_drain_totals(drain, &totals);
	fsc_drain_destroy(drain);
	cr_assert_eq(size_of("ctf/slot-00000"), (80 + 20 * 48) + (80 + 15 * 48));
	cr_assert_eq(totals.lost_events, 50);
}

Test(process_folder, a_folder_of_an_older_process_of_that_id_is_left_alone)
{
	uint8_t header[80] = { 0 };
	struct iovec part = { header, sizeof(header) };
	char first[PATH_MAX];

	prepare(NULL);
	fsc_process_folder_packet(&folder, 0, &part, 1, 0);
	snprintf(first, sizeof(first), "%s", folder.path);
	prepare(NULL);
	cr_assert_eq(fsc_process_folder_packet(&folder, 0, &part, 1, 0), 0);
	cr_assert_str_neq(folder.path, first);
	cr_assert_eq(folder.image.number, 1);
	cr_assert_eq(size_of("ctf/slot-00000"), 80);
}

Test(process_folder, a_recording_that_cannot_be_written_says_why)
{
	struct iovec part = { recording, sizeof(recording) };

	prepare(NULL);
	rmdir(recording);
	errno = 4711;
	cr_assert_eq(fsc_process_folder_packet(&folder, 0, &part, 1, 0), ENOENT);
	cr_assert_eq(errno, 4711);
	cr_assert_not(folder.made);
}

Test(process_folder, a_name_that_is_too_long_is_refused)
{
	static char name[PATH_MAX * 2];
	struct fsc_process_origin origin = { .recording = name };

	memset(name, 'x', sizeof(name) - 1);
	cr_assert_eq(fsc_process_folder_init(&folder, &origin, fake.image, NULL, 0), ENAMETOOLONG);
}
