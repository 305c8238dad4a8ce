/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a session daemon takes some ms to answer, and the program must not wait for it. So
 * at first all threads keep their records, until an event is wanted or nobody came. Begin at
 * fsc_lttng_turn().
 */
#include "lttng_sink_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "modules_internal.h"
#include "record_internal.h"
#include "session_internal.h"
#include "system_internal.h"
#include "trace_points/batch.h"

#define TIMEOUT_VARIABLE "LTTNG_UST_REGISTER_TIMEOUT"

enum {
	SETTLE_NS = 300000000, /* a session daemon that is there has answered by then */
	BUSY_NS = 2000000000,  /* on a busy machine, where a recorder made sure that one is there */
	OLD_NS = 50000000,     /* an open batch is told then */
	TELL_NS = 1000000000,  /* the state likewise */
	CLOCK_NS = 1000000000, /* the clocks are compared */
	NAP_NS = 1000000,
	CLOCKS = 8
};

static const struct fsc_lttng *lttng;
static const int nothing_wanted;
const int *fsc_lttng_calls_wanted = &nothing_wanted;

static struct {
	uint64_t begin_ns; /* of the image */
	uint64_t told_ns;  /* the state, last */
	uint64_t all_ns;   /* every buffer was told, last */
	bool taken;	   /* what was told last of the state was recorded */
	bool settled;	   /* atomic */
} now;

/*
 * Newest last. Written by the helper alone; a thread that still reads an old one has eight seconds
 * to be done.
 */
static struct fsc_lttng_clock clocks[CLOCKS];
static struct fsc_lttng_clock *newest = clocks; /* atomic */

/* ---- start ---- */

/* The environment with one variable more, in memory that stays. NULL: no memory. */
static char **with_timeout(char **environment)
{
	size_t count = 0;
	char **copy;

	while (environment[count])
		count++;
	copy = system_map(-1, 0, (count + 2) * sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++)
		copy[i] = environment[i];
	copy[count] = (char *)TIMEOUT_VARIABLE "=0";
	return copy;
}

typedef void *open_function(const char *path, int mode);

static void *open_beside(const char *own)
{
	open_function *real;
	char path[FSC_PATH_BYTES];
	const char *slash = strrchr(own, '/');
	const char *const name[] = { FSC_LTTNG_LIBRARY, NULL };
	size_t folder = slash ? (size_t)(slash + 1 - own) : 0;

	if (folder + sizeof(FSC_LTTNG_LIBRARY) > sizeof(path))
		return NULL;
	memcpy(path, own, folder);
	fsc_text_join(path + folder, sizeof(path) - folder, name);
	real = (open_function *)fsc_modules_libc_symbol("dlopen");
	return real ? real(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
}

static const char *own_path(void)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (map->l_addr == fsc_modules_own_base())
			return map->l_name;
	return "";
}

/*
 * Another library may have started threads by now. What one of them sets meanwhile goes into an
 * array of its own, with our variable (setenv(3) copies): that stays, and ours goes.
 */
static void without_timeout(char **copy, char **environment)
{
	typedef int unset_function(const char *name);
	unset_function *unset;

	if (environ == copy) {
		environ = environment;
		return;
	}
	unset = (unset_function *)fsc_modules_libc_symbol("unsetenv");
	if (unset)
		unset(TIMEOUT_VARIABLE);
}

/* The program is not to be told of a library that it did not ask for. */
static void forget_error(void)
{
	typedef char *error_function(void);
	error_function *error = (error_function *)fsc_modules_libc_symbol("dlerror");

	if (error)
		(void)error();
}

bool fsc_lttng_open(char **environment)
{
	bool chosen = fsc_text_environment(environment, TIMEOUT_VARIABLE) != NULL;
	char **copy = chosen ? NULL : with_timeout(environment);
	const struct fsc_lttng *found;
	struct fsc_dynamic dynamic;
	struct link_map *map;

	/* The tracer reads its variables once, in its constructor. */
	if (copy)
		environ = copy;
	map = open_beside(own_path());
	if (copy)
		without_timeout(copy, environment);
	if (!map) {
		forget_error();
		return false;
	}
	fsc_modules_read(&dynamic, map->l_addr, map->l_ld);
	found = (const void *)fsc_modules_symbol(&dynamic, FSC_LTTNG_SYMBOL, NULL);
	if (!found || found->size != sizeof(*found))
		return false;
	lttng = found;
	fsc_lttng_calls_wanted = found->wanted[FSC_EVENT_call];
	return true;
}

/* ---- clock ---- */

static void clock_set(uint64_t older_ticks, uint64_t older_ns, const struct fsc_clock_pair *pair)
{
	struct fsc_lttng_clock *next = &clocks[((size_t)(newest - clocks) + 1) % CLOCKS];

	next->older_ticks = older_ticks;
	next->older_ns = older_ns;
	next->ticks = pair->ticks;
	next->ns = pair->monotonic_ns;
	if (fsc_clock_mode_now == FSC_CLOCK_SYSTEM || pair->ticks <= older_ticks)
		next->ns_per_tick = 1ull << 32;
	else
		next->ns_per_tick = (uint64_t)((double)(pair->monotonic_ns - older_ns) /
					       (double)(pair->ticks - older_ticks) * (1ull << 32));
	__atomic_store_n(&newest, next, __ATOMIC_RELEASE);
}

/*
 * In the first second each time it has doubled, so that an error of the first readings is not drawn
 * out; then each second, from the moment of a second before.
 */
static void clock_look(uint64_t now_ns)
{
	const struct fsc_lttng_clock *last = newest;
	uint64_t span = last->ns - last->older_ns;
	struct fsc_clock_pair pair;

	if (now_ns - last->ns < (span < CLOCK_NS ? span : CLOCK_NS))
		return;
	pair = fsc_clock_pair_read(fsc_clock_mode_now == FSC_CLOCK_SYSTEM);
	if (span < CLOCK_NS)
		clock_set(last->older_ticks, last->older_ns, &pair);
	else
		clock_set(last->ticks, last->ns, &pair);
}

void fsc_lttng_image(void)
{
	const struct fsc_image *image = fsc_live->image;
	bool system_clock = fsc_clock_mode_now == FSC_CLOCK_SYSTEM;
	uint64_t ticks_per_s = fsc_clock_ticks_per_s(system_clock, 1000000);
	struct fsc_clock_pair pair = fsc_clock_pair_read(system_clock);

	(void)ticks_per_s; /* the wait alone: two moments that are far enough apart */
	now.begin_ns = image->start_ns;
	now.told_ns = now.all_ns = 0;
	now.taken = false;
	__atomic_store_n(&now.settled, false, __ATOMIC_RELAXED);
	clock_set(image->start_ticks, image->start_ns, &pair);
}

/* ---- telling ---- */

static struct fsc_lttng_origin origin_now(void)
{
	struct fsc_lttng_origin origin = { .pid = fsc_live->owner,
					   .image = fsc_live->image->number,
					   .clock = __atomic_load_n(&newest, __ATOMIC_ACQUIRE) };

	return origin;
}

/* Does a session want any of our events? */
static bool is_heard(void)
{
	bool heard = __atomic_load_n(lttng->batch_wanted, __ATOMIC_RELAXED) != 0;

	for (int id = 0; id < FSC_EVENT_COUNT && !heard; id++)
		heard = lttng->wanted[id] && __atomic_load_n(lttng->wanted[id], __ATOMIC_RELAXED);
	return heard;
}

int fsc_lttng_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
		     uint64_t events)
{
	struct fsc_lttng_origin origin = origin_now();

	(void)arg;
	(void)slot;
	(void)events;
	for (int i = 1; i < part_count; i++)
		now.taken |= lttng->tell(&origin, 0, parts[i].iov_base, parts[i].iov_len);
	return 0;
}

void fsc_lttng_tell(const struct fsc_lttng_records *records)
{
	struct fsc_lttng_origin origin = origin_now();
	int saved = errno;

	if (fsc_settings.transport == FSC_TRANSPORT_EVENTS) {
		lttng->tell(&origin, records->tid, records->begin, records->bytes);
	} else if (__atomic_load_n(lttng->batch_wanted, __ATOMIC_RELAXED)) {
		struct fsc_lttng_batch batch = { .tid = records->tid,
						 .lost = records->lost,
						 .end_ticks = records->end_ticks };

		lttng->tell_batch(
			&origin, &batch, records->packed,
			(uint32_t)fsc_batch_pack(records->packed, records->begin, records->bytes));
	}
	errno = saved;
}

uint64_t fsc_record_tell(void *argument)
{
	const struct fsc_record_span *span = argument;
	const struct fsc_lttng_records records = { .tid = span->tid,
						   .begin = span->begin,
						   .bytes = span->bytes };

	fsc_lttng_tell(&records);
	return 0;
}

bool fsc_lttng_is_settled(void)
{
	return __atomic_load_n(&now.settled, __ATOMIC_ACQUIRE);
}

static void tell_state(struct fsc_drain *drain, uint64_t now_ns)
{
	now.taken = false;
	fsc_drain_tell(drain);
	now.told_ns = now_ns;
}

/*
 * Is a session on? That events are wanted does not say so: they are enabled one by one, and then
 * the session is started. So one is told, and seen whether it is recorded.
 */
static bool is_on(void)
{
	const struct fsc_clock_pair pair =
		fsc_clock_pair_read(fsc_clock_mode_now == FSC_CLOCK_SYSTEM);
	const struct fsc_clock_record record = { .id = FSC_EVENT_clock,
						 .ticks = pair.ticks,
						 .monotonic_ns = pair.monotonic_ns,
						 .realtime_ns = pair.realtime_ns,
						 .bracket_ticks = pair.bracket_ticks };
	struct fsc_lttng_origin origin = origin_now();

	return lttng->tell(&origin, 0, (const uint8_t *)&record, sizeof(record));
}

static void settle(void)
{
	__atomic_store_n(&now.settled, true, __ATOMIC_RELEASE);
}

static uint64_t settle_ns(void)
{
	return fsc_settings.standalone ? SETTLE_NS : BUSY_NS;
}

/* The state goes first, so that names stand before what uses them. */
bool fsc_lttng_turn(struct fsc_drain *drain)
{
	uint64_t now_ns = fsc_clock_monotonic_ns();
	bool heard = is_heard();

	clock_look(now_ns);
	if (heard && (now_ns - now.told_ns > TELL_NS || (!now.taken && is_on())))
		tell_state(drain, now_ns);
	else if (heard)
		fsc_drain_poll(drain, true); /* new names */
	if (!now.taken && now_ns - now.begin_ns < settle_ns())
		return false;
	settle();
	if (now_ns - now.all_ns > OLD_NS) {
		fsc_lttng_flush();
		now.all_ns = now_ns;
	}
	return true;
}

/* ---- end ---- */

/* Does a session daemon listen there? */
static bool answers(const char *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *const parts[] = { folder, name, NULL };
	long fd, result;

	fsc_text_join(address.sun_path, sizeof(address.sun_path), parts);
	fd = system_call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0,
			 0);
	if (fd < 0)
		return false;
	result = system_call(SYS_connect, fd, (long)&address, sizeof(address), 0, 0, 0);
	system_close(fd);
	return result == 0 || result == -EAGAIN;
}

static bool has_daemon(void)
{
	const char *home = fsc_text_environment(environ, "LTTNG_HOME");

	if (!home)
		home = fsc_text_environment(environ, "HOME");
	return answers("/var/run/lttng", "/lttng-ust-sock-8") ||
	       (home && answers(home, "/.lttng/lttng-ust-sock-8"));
}

void fsc_lttng_finish(struct fsc_drain *drain)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t begin_ns = fsc_clock_monotonic_ns();

	clock_look(UINT64_MAX);
	if (!now.taken && begin_ns - now.begin_ns < settle_ns() && has_daemon())
		while (!is_on() && fsc_clock_monotonic_ns() - now.begin_ns < settle_ns())
			system_call(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
	if (!is_heard())
		return;
	fsc_drain_poll(drain, true);
	settle();
	fsc_lttng_flush();
	tell_state(drain, begin_ns);
}
