/* SPDX-License-Identifier: MIT */
/*
 * What is hard: the first thread that needs the shared image makes it while others wait, without a
 * lock that a fork could leave taken (the state lies in memory that fork zeroes); and nothing may
 * be touched that could raise SIGBUS or SIGXFSZ in someone else's program: every piece of the file
 * is allocated before it is mapped, and the file's size is checked against RLIMIT_FSIZE before it
 * is set. Begin at fsc_session_attach_image().
 */
#include "pace_internal.h"
#include "session_internal.h"

#include <errno.h>

#include "lttng_sink_internal.h"
#include "modules_internal.h"
#include "profile_internal.h"
#include "sites_internal.h"
#include "standalone_internal.h"
#include "system_internal.h"
#include "trace_points/clock.h"
#include "trace_points/machine.h"
#include "trace_points/options.h"

struct fsc_settings fsc_settings;
struct fsc_session *fsc_session;

static struct fsc_live off; /* until a session starts, so that hooks need not ask */
struct fsc_live *fsc_live = &off;

static const uint64_t attach_wait_ns = 1000000000u;
static uint32_t image_pid, image_number;     /* <pid>-<n> as claimed by the constructor */
static char image_path[FSC_PATH_BYTES + 64]; /* of this image's file; a forked child writes anew */

static const char *setting(char **environment, enum fsc_option_id id)
{
	const char *value = fsc_text_environment(environment, fsc_options[id].variable);

	return value ? value : fsc_options[id].value;
}

static bool setting_flag(char **environment, enum fsc_option_id id)
{
	bool value = true;

	if (!fsc_option_parse_flag(setting(environment, id), &value))
		fsc_option_parse_flag(fsc_options[id].value, &value);
	return value;
}

static uint64_t setting_size(char **environment, enum fsc_option_id id, uint64_t least,
			     uint64_t most)
{
	uint64_t value;

	if (!fsc_option_parse_size(setting(environment, id), &value))
		fsc_option_parse_size(fsc_options[id].value, &value);
	return value < least ? least : value > most ? most : value;
}

/* A copy for as long as the program lives: it may write over its environment. */
static const char *keep_setting(const char *value)
{
	size_t bytes = fsc_text_length(value) + 1;
	char *kept = bytes > 1 ? system_map(-1, 0, bytes) : NULL;
	const char *const parts[] = { value, NULL };

	if (bytes == 1)
		return "";
	if (kept)
		fsc_text_join(kept, bytes, parts);
	return kept;
}

static void copy_setting(char *buffer, size_t bytes, const char *value)
{
	const char *const parts[] = { value, NULL };

	fsc_text_join(buffer, bytes, parts);
}

static size_t read_all(long fd, char *text, size_t bytes)
{
	size_t length = 0;
	long got;

	while (length < bytes && (got = system_read(fd, text + length, bytes - length)) > 0)
		length += (size_t)got;
	return length;
}

/* The rows of a file. A bad one was refused by record already; here it is as if there were none. */
static void read_boundary(const char *path)
{
	const size_t bytes = FSC_BOUNDARY_FILE_MAX + 1; /* one more than is allowed, not less */
	struct fsc_boundary *boundary = &fsc_settings.rules.boundary;
	struct fsc_boundary_error error;
	long fd = system_open(path, O_RDONLY, 0);
	char *text;

	if (fd < 0)
		return;
	text = system_map(-1, 0, bytes);
	if (text) {
		fsc_settings.rules.has_boundary_file =
			fsc_boundary_parse(boundary, text, read_all(fd, text, bytes), &error);
		if (!fsc_settings.rules.has_boundary_file)
			boundary->row_count = 0;
		system_unmap(text, bytes);
	}
	system_close(fd);
}

static void read_settings(char **environment)
{
	const char *boundary = setting(environment, FSC_OPTION_BOUNDARY);
	const char *sink = setting(environment, FSC_OPTION_SINK);
	bool fast = fsc_text_same(setting(environment, FSC_OPTION_CLOCK), "fast");

	copy_setting(fsc_settings.session, sizeof(fsc_settings.session),
		     setting(environment, FSC_OPTION_SESSION));
	copy_setting(fsc_settings.output, sizeof(fsc_settings.output),
		     setting(environment, FSC_OPTION_OUTPUT));
	fsc_settings.rules.exclude = keep_setting(setting(environment, FSC_OPTION_EXCLUDE));
	if (*boundary)
		read_boundary(boundary);
	fsc_rules_complete(&fsc_settings.rules, setting(environment, FSC_OPTION_ENTRY));
	fsc_settings.rules.codecs = setting_flag(environment, FSC_OPTION_CODECS);
	fsc_settings.follow = setting_flag(environment, FSC_OPTION_FOLLOW);
	fsc_settings.window_words =
		(uint32_t)(setting_size(environment, FSC_OPTION_WINDOW, 0, 4096) + FSC_ARCH_WORD -
			   1) /
		FSC_ARCH_WORD;
	fsc_settings.ring_max_bytes =
		setting_size(environment, FSC_OPTION_BUFFER_SIZE, 16384, 64u << 20) &
		~(uint64_t)(FSC_PAGE - 1);
	if (fsc_text_same(sink, fsc_sink_name(FSC_SINK_PROFILE)))
		fsc_settings.sink = FSC_SINK_PROFILE;
	else if (fsc_text_same(sink, fsc_sink_name(FSC_SINK_LTTNG)))
		fsc_settings.sink = FSC_SINK_LTTNG;
	if (fsc_text_same(setting(environment, FSC_OPTION_TRANSPORT), "batch"))
		fsc_settings.transport = FSC_TRANSPORT_BATCH;
	fsc_settings.profile_bytes =
		setting_size(environment, FSC_OPTION_PROFILE_SIZE, 256u << 10, 4ull << 30) &
		~(uint64_t)(FSC_PAGE - 1);
	if (!fsc_option_parse_rate(setting(environment, FSC_OPTION_SAMPLE),
				   &fsc_settings.sample_one_in))
		fsc_settings.sample_one_in = 1;
	/* An allocator before us in the program's scope: what is allocated never comes by here. */
	if (setting_flag(environment, FSC_OPTION_ALLOCATIONS) && fsc_modules_own_is_first("malloc"))
		fsc_record_allocation_mask = FSC_ALLOCATION_COUNT;
	fsc_clock_mode_now = !fsc_clock_has_counter() ? FSC_CLOCK_SYSTEM
			     : fast		      ? FSC_CLOCK_FAST
						      : FSC_CLOCK_FENCED;
}

static struct fsc_session *map_control(void)
{
	char path[FSC_PATH_BYTES + 16];
	const char *const parts[] = { fsc_settings.session, "/" FSC_CONTROL_NAME, NULL };
	struct fsc_session *control;
	long fd;

	fsc_text_join(path, sizeof(path), parts);
	fd = system_open(path, O_RDWR, 0);
	if (fd < 0)
		return NULL;
	control = system_map(fd, 0, FSC_PAGE);
	system_close(fd);
	if (control &&
	    (control->magic != FSC_SESSION_MAGIC || control->version != FSC_IMAGE_VERSION)) {
		system_unmap(control, FSC_PAGE);
		return NULL;
	}
	return control;
}

/* Is the process to be recorded? Without --follow only the command is, across its execs. */
static bool is_followed(uint32_t pid)
{
	uint32_t nobody = 0;

	if (fsc_settings.follow)
		return true;
	return __atomic_compare_exchange_n(&fsc_session->root_pid, &nobody, pid, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
	       nobody == pid;
}

/* Claim the next n of <pid>-<n>: the marker stays until the session ends, the image file does not.
 */
static bool claim_number(uint32_t pid, uint32_t *number)
{
	char marker[FSC_PATH_BYTES + 64], pid_text[21], number_text[21];

	for (*number = 0; *number < 100000; (*number)++) {
		const char *const parts[] = { fsc_settings.session,
					      "/",
					      fsc_text_number(pid_text, pid),
					      "-",
					      fsc_text_number(number_text, *number),
					      ".seen",
					      NULL };
		long fd;

		fsc_text_join(marker, sizeof(marker), parts);
		fd = system_open(marker, O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd >= 0) {
			system_close(fd);
			return true;
		}
		if (fd != -EEXIST)
			return false;
	}
	return false;
}

bool fsc_session_start(char **environment)
{
	const char *session =
		fsc_text_environment(environment, fsc_options[FSC_OPTION_SESSION].variable);
	const char *output =
		fsc_text_environment(environment, fsc_options[FSC_OPTION_OUTPUT].variable);
	const char *sink = fsc_text_environment(environment, fsc_options[FSC_OPTION_SINK].variable);
	struct fsc_live *live;

	if (!session && !output && !(sink && fsc_text_same(sink, fsc_sink_name(FSC_SINK_LTTNG))))
		return false;
	read_settings(environment);
	/* The profile sink times each call; who reads from LTTng may have missed the change. */
	if (fsc_settings.sink != FSC_SINK_EMBEDDED)
		fsc_settings.sample_one_in = 1;
	live = system_map(-1, 0, FSC_PAGE);
	if (!fsc_settings.rules.exclude || !live ||
	    system_advise(live, FSC_PAGE, MADV_WIPEONFORK) != 0)
		return false;
	fsc_live = live;
	if (fsc_settings.sink == FSC_SINK_LTTNG && !fsc_lttng_open(environment))
		return false;
	fsc_session = session ? map_control() : fsc_standalone_start();
	if (!fsc_session)
		return false;
	__atomic_fetch_add(&fsc_session->loaded, 1, __ATOMIC_RELAXED);
	if (!session)
		return true;
	/* The recorder ties the image's clock to the system's: it must be able to read it. */
	if (!fsc_machine_shares_counter(fsc_session->machine))
		fsc_clock_mode_now = FSC_CLOCK_SYSTEM;
	/* Claimed here, not with the image file: n counts execs that record nothing too. */
	image_pid = system_pid();
	if (is_followed(image_pid) && claim_number(image_pid, &image_number))
		return true;
	fsc_session = NULL;
	return false;
}

static void image_name(char *path, size_t bytes, uint32_t pid, uint32_t number, const char *suffix)
{
	char pid_text[21], number_text[21];
	const char *const parts[] = { fsc_settings.session,
				      "/",
				      fsc_text_number(pid_text, pid),
				      "-",
				      fsc_text_number(number_text, number),
				      suffix,
				      NULL };

	fsc_text_join(path, bytes, parts);
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + FSC_PAGE - 1) & ~(uint64_t)(FSC_PAGE - 1);
}

/* Size the file and map its fixed part. Returns NULL and *problem (an errno value). */
static struct fsc_image *make_file(const char *path, int *problem)
{
	uint64_t fixed = round_up(FSC_ARENA_OFFSET);
	uint64_t limit = system_file_limit() & ~(uint64_t)(FSC_PAGE - 1);
	uint64_t bytes = limit < FSC_IMAGE_FILE_BYTES ? limit : FSC_IMAGE_FILE_BYTES;
	struct fsc_image *image = NULL;
	long fd, result;

	*problem = EFBIG;
	if (bytes < fixed + (1u << 20))
		return NULL; /* RLIMIT_FSIZE: growing the file would raise SIGXFSZ */
	fd = system_open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
	if (fd < 0) {
		*problem = (int)-fd;
		return NULL;
	}
	result = system_truncate(fd, bytes);
	if (result == 0)
		result = system_allocate(fd, 0, fixed);
	if (result == 0 && !(image = system_map(fd, 0, fixed)))
		result = -ENOMEM;
	system_close(fd);
	if (!image) {
		*problem = (int)-result;
		system_unlink(path);
		return NULL;
	}
	system_advise(image, fixed, MADV_DONTFORK);
	image->arena_next = fixed;
	image->file_bytes = bytes;
	return image;
}

static void describe(struct fsc_image *image, uint32_t pid, uint32_t number)
{
	bool system_clock = fsc_clock_mode_now == FSC_CLOCK_SYSTEM;
	struct fsc_clock_pair now = fsc_clock_pair_read(system_clock);
	static bool attached_before; /* private memory: true in a forked child */
	long length;

	image->pid = pid;
	image->ppid = system_parent();
	image->pid_namespace = system_pid_namespace();
	image->number = number;
	image->clock_mode = fsc_clock_mode_now;
	image->start_ticks = now.ticks;
	image->start_ns = now.monotonic_ns;
	image->forked = attached_before;
	image->allocations_on = fsc_record_allocation_mask != 0;
	image->codecs_on = fsc_settings.rules.codecs;
	image->machine = FSC_MACHINE_OWN;
	image->sink = fsc_settings.sink;
	image->transport = fsc_settings.transport;
	image->sample_one_in = fsc_settings.sample_one_in;
	image->detail_change = image->sample_one_in != 1 ? 2 : 0;
	length = system_link_text("/proc/self/exe", image->exe, sizeof(image->exe) - 1);
	image->exe[length > 0 ? length : 0] = '\0';
	image->version = FSC_IMAGE_VERSION;
	image->state = FSC_IMAGE_RUNNING;
	attached_before = true;
	__atomic_store_n(&image->magic, FSC_IMAGE_MAGIC, __ATOMIC_RELEASE);
}

static void refuse(int problem)
{
	__atomic_store_n(&fsc_session->refused_errno, (uint32_t)problem, __ATOMIC_RELAXED);
	__atomic_fetch_add(&fsc_session->refused, 1, __ATOMIC_RELAXED);
}

/* Claim a number and make the file under a name that the recorder does not look for. */
static struct fsc_image *make_new(char *path, size_t bytes, uint32_t pid, uint32_t *number)
{
	struct fsc_image *image;
	int problem = EACCES;

	*number = image_number;
	if (pid != image_pid && !claim_number(pid, number)) {
		refuse(problem);
		return NULL;
	}
	image_name(path, bytes, pid, *number, ".new");
	image = make_file(path, &problem);
	if (image && fsc_settings.sink == FSC_SINK_PROFILE && !fsc_profile_start(image, path)) {
		system_unmap(image, round_up(FSC_ARENA_OFFSET));
		system_unlink(path);
		image = NULL;
		problem = ENOMEM;
	}
	if (!image)
		refuse(problem);
	return image;
}

static bool make_image(void)
{
	char path[FSC_PATH_BYTES + 64];
	uint32_t pid = system_pid();
	struct fsc_image *image;
	uint32_t number;

	if (fsc_session->stop || !is_followed(pid))
		return false;
	if (fsc_settings.standalone && !fsc_standalone_make_folder())
		return false;
	image = make_new(path, sizeof(path), pid, &number);
	if (!image) {
		if (fsc_settings.standalone)
			fsc_standalone_remove_folder();
		return false;
	}
	describe(image, pid, number);
	fsc_sites_publish(image);
	image_name(image_path, sizeof(image_path), pid, number, FSC_IMAGE_SUFFIX);
	system_rename(path, image_path);
	fsc_live->owner = pid;
	fsc_live->image = image;
	__atomic_fetch_add(&fsc_session->announced, 1, __ATOMIC_RELEASE);
	if (fsc_session_has_helper())
		fsc_standalone_image(image_path);
	return true;
}

static bool wait_for_other(void)
{
	struct system_wait wait = { 0 };
	uint32_t state;

	while ((state = __atomic_load_n(&fsc_live->state, __ATOMIC_ACQUIRE)) == FSC_LIVE_ATTACHING)
		if (!system_wait(&wait, attach_wait_ns))
			return false;
	return state == FSC_LIVE_READY;
}

bool fsc_session_attach_image(void)
{
	uint32_t state = FSC_LIVE_NONE;
	bool made;

	if (!__atomic_compare_exchange_n(&fsc_live->state, &state, FSC_LIVE_ATTACHING, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		return state == FSC_LIVE_READY || wait_for_other();
	made = make_image();
	__atomic_store_n(&fsc_live->state, made ? FSC_LIVE_READY : FSC_LIVE_OFF, __ATOMIC_RELEASE);
	return made;
}

/* What does not fit takes nothing: where a ledger had no room, a ring may have some. */
static bool take_arena(uint64_t bytes, uint64_t *offset)
{
	struct fsc_image *image = fsc_live->image;
	uint64_t next = __atomic_load_n(&image->arena_next, __ATOMIC_RELAXED);

	do {
		if (next > image->file_bytes || bytes > image->file_bytes - next)
			return false;
	} while (!__atomic_compare_exchange_n(&image->arena_next, &next, next + bytes, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	*offset = next;
	return true;
}

bool fsc_session_fill(uint64_t offset, uint64_t bytes)
{
	long fd = system_open(image_path, O_RDWR, 0);
	bool filled = fd >= 0 && system_allocate(fd, offset, bytes) == 0;

	if (fd >= 0)
		system_close(fd);
	return filled;
}

/*
 * The file is opened anew for every piece: a descriptor that stayed open could be closed and reused
 * by a daemon. The recorder therefore unlinks it only when the image is gone.
 */
static void *map_piece(uint64_t bytes, uint64_t *offset)
{
	void *piece = NULL;
	long fd;

	bytes = round_up(bytes);
	if (!take_arena(bytes, offset))
		return NULL;
	fd = system_open(image_path, O_RDWR, 0);
	if (fd < 0)
		return NULL;
	if (system_allocate(fd, *offset, bytes) == 0)
		piece = system_map(fd, *offset, bytes);
	system_close(fd);
	if (!piece)
		return NULL;
	system_advise(piece, bytes, MADV_DONTFORK);
	system_advise(piece, bytes, MADV_POPULATE_WRITE);
	return piece;
}

void *fsc_session_map_piece(uint64_t bytes, uint64_t *offset)
{
	uint64_t begin_ticks = fsc_pace_begin_growth();
	void *piece = map_piece(bytes, offset);

	fsc_pace_end_growth(begin_ticks);
	return piece;
}

struct fsc_ledger *fsc_attach_ledger(void)
{
	struct system_wait wait = { 0 };
	struct fsc_ledger *ledger;
	uint64_t offset;

	while (__atomic_exchange_n(&fsc_live->ledger_lock, 1, __ATOMIC_ACQUIRE))
		if (!system_wait(&wait, attach_wait_ns))
			return NULL;
	ledger = fsc_live->ledger;
	if (!ledger && fsc_live->image && !fsc_live->ledger_refused) {
		ledger = fsc_session_map_piece(sizeof(*ledger), &offset);
		fsc_live->ledger_refused = !ledger;
		if (ledger) {
			__atomic_store_n(&fsc_live->image->ledger_offset, offset, __ATOMIC_RELEASE);
			__atomic_store_n(&fsc_live->ledger, ledger, __ATOMIC_RELEASE);
		}
	}
	__atomic_store_n(&fsc_live->ledger_lock, 0, __ATOMIC_RELEASE);
	return ledger;
}
