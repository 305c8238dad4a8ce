/* SPDX-License-Identifier: MIT */
/*
 * What is hard: the drain runs in a thread of someone else's program, beside a fork that leaves it
 * behind and an exit that does not wait. One word says who drains; it lies in memory that fork
 * zeroes. Begin at fsc_standalone_image().
 */
#include "standalone_internal.h"

#include <errno.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <sys/utsname.h>
#include <time.h>

#include "lttng_sink_internal.h"
#include "session_internal.h"
#include "system_internal.h"
#include "trace_points/clock.h"
#include "trace_points/drain.h"

enum {
	HELPER_STACK_BYTES = 256 * 1024,
	MEASURE_NS = 5000000,
	TURN_WAIT_NS = 1000000000,
	PAUSE_NS = 1000000000, /* all waiting of fsc_standalone_pause() */
	PAUSE_POLLS = 2, /* what was there, and what came meanwhile; not until nothing comes */
	SWEEP_PERIOD_NS = 1000000000,
	SET_ID_SIGNAL = __SIGRTMIN + 1 /* SIGSETXID of glibc's internal-signals.h */
};

static const uint32_t helper_starts = UINT32_MAX; /* in place of its thread id */

static const long busy_wait_ns = 200000, idle_wait_ns = 10000000;

/* Of the present image; a forked child leaves these to the parent and makes its own. */
static struct fsc_drain *drain;
static struct fsc_process_folder *folder;
static uint32_t drain_pid; /* whose they are */

/* %p (process id), %h (host), %e (program) in the output's name, as record expands them. */
static const char *expansion(char letter, char number[21])
{
	static struct utsname names;
	static char exe[FSC_PATH_BYTES];
	const char *program = exe;
	long length;

	if (letter == 'p')
		return fsc_text_number(number, system_pid());
	if (letter == 'h') {
		fsc_arch_syscall6(SYS_uname, (long)&names, 0, 0, 0, 0, 0);
		return names.nodename;
	}
	length = system_link_text("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[length > 0 ? length : 0] = '\0';
	for (const char *at = exe; *at; at++)
		if (*at == '/')
			program = at + 1;
	return program;
}

static void expand_output(void)
{
	char expanded[FSC_PATH_BYTES], number[21];
	const char *const copy[] = { expanded, NULL };
	size_t used = 0;

	for (const char *at = fsc_settings.output; *at && used + 1 < sizeof(expanded); at++) {
		if (*at != '%' || (at[1] != 'p' && at[1] != 'h' && at[1] != 'e')) {
			expanded[used++] = *at;
			continue;
		}
		for (const char *text = expansion(*++at, number);
		     *text && used + 1 < sizeof(expanded); text++)
			expanded[used++] = *text;
	}
	expanded[used] = '\0';
	fsc_text_join(fsc_settings.output, sizeof(fsc_settings.output), copy);
}

/* The program may change its directory: the output folder's path is made absolute. */
static bool make_absolute(void)
{
	char here[FSC_PATH_BYTES], joined[FSC_PATH_BYTES];
	const char *const parts[] = { here, "/", fsc_settings.output, NULL };
	const char *const copy[] = { joined, NULL };

	if (fsc_settings.output[0] == '/')
		return true;
	if (fsc_arch_syscall6(SYS_getcwd, (long)here, sizeof(here), 0, 0, 0, 0) <= 0)
		return false;
	fsc_text_join(joined, sizeof(joined), parts);
	fsc_text_join(fsc_settings.output, sizeof(fsc_settings.output), copy);
	return true;
}

struct fsc_session *fsc_standalone_start(void)
{
	long made;

	if (fsc_settings.sink == FSC_SINK_LTTNG) {
		fsc_settings.standalone = true;
		fsc_standalone_sweep();
		return system_map(-1, 0, FSC_PAGE);
	}
	expand_output();
	made = system_make_folder(fsc_settings.output);
	if ((made != 0 && made != -EEXIST) || !make_absolute())
		return NULL;
	fsc_settings.standalone = true;
	fsc_standalone_sweep();
	return system_map(-1, 0, FSC_PAGE);
}

/* Signals of a thread of the program's, held back while that thread works for us. */
struct held_signals {
	uint64_t mask;	  /* as the program had it */
	uint64_t pending; /* already before: the program's own business */
	bool held;
};

static void signals_hold(struct held_signals *held)
{
	held->held = system_signal_mask(~0ull, &held->mask);
	held->pending = system_signals_pending();
}

/*
 * A write beyond RLIMIT_FSIZE raises SIGXFSZ in the thread that writes (setrlimit(2)), whose
 * default is to end the program: what we raised goes before the program can see it.
 *
 * The mask is put back even when another thread forbade system calls meanwhile: else this one would
 * never get a signal again. Only a filter that the other put on all threads could object.
 */
static void signals_release(const struct held_signals *held)
{
	uint64_t raised = system_signals_pending() & ~held->pending & system_signal_bit(SIGXFSZ);

	if (!held->held)
		return;
	if (raised)
		system_signal_take(raised);
	fsc_arch_syscall6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&held->mask, 0, 8, 0, 0);
}

static bool take_turn(void)
{
	uint32_t nobody = 0;

	return __atomic_compare_exchange_n(&fsc_live->draining, &nobody, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Not for a thread that the program's signals can reach: they would cut it short. */
static void pause_for(long wait_ns)
{
	struct timespec wait = { 0, wait_ns };

	fsc_arch_syscall6(SYS_nanosleep, (long)&wait, 0, 0, 0, 0, 0);
}

static void *help(void *image)
{
	uint32_t expected = helper_starts, self = system_tid();
	uint32_t pid = fsc_live->owner;
	uint64_t swept_ns = fsc_clock_monotonic_ns();

	/* setuid() and its like wait until each thread has taken this one (glibc, nptl_setxid.c).
	 */
	system_signal_mask(~system_signal_bit(SET_ID_SIGNAL), NULL);
	if (!__atomic_compare_exchange_n(&fsc_live->helper, &expected, self, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return NULL;
	/*
	 * Descriptors of its own: one of ours would be a number that the program, which may have
	 * closed its standard input, does not expect to be taken. But the tracer's are the
	 * program's.
	 */
	if (fsc_settings.sink != FSC_SINK_LTTNG &&
	    fsc_arch_syscall6(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE, 0, 0, 0) != 0)
		return NULL;
	/* Until the image is another one's: the destructor, or a child of vfork that went on. */
	while (image == fsc_live->image && system_pid() == pid &&
	       __atomic_load_n(&fsc_live->helper, __ATOMIC_ACQUIRE) == self) {
		uint64_t moved = 0;

		if (take_turn()) {
			if (fsc_live->finished)
				break;
			if (fsc_settings.sink == FSC_SINK_LTTNG)
				moved = !fsc_lttng_turn(drain); /* to look again soon */
			else
				moved = fsc_drain_poll(drain, true);
			__atomic_store_n(&fsc_live->draining, 0, __ATOMIC_RELEASE);
		}
		if (fsc_settings.standalone &&
		    fsc_clock_monotonic_ns() - swept_ns > SWEEP_PERIOD_NS) {
			fsc_standalone_sweep();
			swept_ns = fsc_clock_monotonic_ns();
		}
		pause_for(moved ? busy_wait_ns : idle_wait_ns);
	}
	return NULL;
}

/* A thread that takes no signal of the program's: it inherits that all are held back. */
static void start_helper(void)
{
	pthread_attr_t attributes;
	uint32_t none = 0;
	pthread_t helper;

	if (pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, HELPER_STACK_BYTES);
	/* Without one the rings hold what they can until the end. */
	if (__atomic_compare_exchange_n(&fsc_live->helper, &none, helper_starts, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
	    pthread_create(&helper, &attributes, help, fsc_live->image) != 0)
		__atomic_store_n(&fsc_live->helper, 0, __ATOMIC_RELAXED);
	pthread_attr_destroy(&attributes);
}

static bool make_lttng_drain(const char *image_path)
{
	const struct fsc_drain_output output = { fsc_lttng_packet, NULL };
	const uint8_t no_uuid[16] = { 0 };
	int problem;

	fsc_lttng_image();
	drain = fsc_drain_create(image_path, no_uuid, &output, &problem);
	if (!drain)
		return false;
	drain_pid = fsc_live->owner;
	fsc_drain_keep_open(drain);
	return true;
}

static bool make_drain(const char *image_path, const struct fsc_process_origin *origin)
{
	struct fsc_drain_output output = { fsc_process_folder_packet, NULL };
	int problem;

	folder = system_map(-1, 0, sizeof(*folder));
	if (!folder || fsc_process_folder_init(folder, origin, fsc_live->image, NULL, 0) != 0)
		return false;
	output.arg = folder;
	drain = fsc_drain_create(image_path, origin->uuid, &output, &problem);
	if (!drain)
		return false;
	drain_pid = fsc_live->owner;
	fsc_drain_let_go(drain);
	return true;
}

void fsc_standalone_image(const char *image_path)
{
	bool system_clock = fsc_clock_mode_now == FSC_CLOCK_SYSTEM;
	struct fsc_process_origin origin = { .recording = fsc_settings.output, .hostname = "" };
	struct held_signals held = { 0 };

	if (fsc_settings.sink == FSC_SINK_LTTNG) {
		signals_hold(&held);
		if (make_lttng_drain(image_path))
			start_helper();
		signals_release(&held);
		return;
	}
	origin.ticks_per_s = fsc_clock_ticks_per_s(system_clock, MEASURE_NS);
	origin.pair = fsc_clock_pair_read(system_clock);
	fsc_arch_syscall6(SYS_getrandom, (long)origin.uuid, sizeof(origin.uuid), 0, 0, 0, 0);
	signals_hold(&held);
	fsc_standalone_meta_open(&origin);
	if (make_drain(image_path, &origin))
		start_helper();
	signals_release(&held);
}

/* Is it earlier than that? No, when the time is not to be known any more: see clock_gettime(). */
static bool is_before(uint64_t until_ns)
{
	uint64_t now = fsc_clock_monotonic_ns();

	return now && now < until_ns;
}

/* The helper's turn is short; should it have died in it, the program goes on without the rest. */
static bool wait_for_turn(uint64_t until_ns)
{
	while (!take_turn()) {
		if (!is_before(until_ns))
			return false;
		system_yield();
	}
	return true;
}

static void finish(void)
{
	struct fsc_drain_totals totals;

	if (drain_pid != fsc_live->owner || !wait_for_turn(fsc_clock_monotonic_ns() + TURN_WAIT_NS))
		return;
	fsc_live->finished = 1;
	if (fsc_settings.sink == FSC_SINK_LTTNG) {
		fsc_lttng_finish(drain);
		fsc_drain_let_go(drain);
		return;
	}
	fsc_drain_finish(drain);
	fsc_drain_let_go(drain);
	fsc_drain_totals(drain, &totals);
	if (fsc_process_folder_describe(folder, &totals, "exited") == 0)
		fsc_standalone_meta_close();
	__atomic_store_n(&fsc_live->draining, 0, __ATOMIC_RELEASE);
}

void fsc_standalone_end(void)
{
	struct held_signals held = { 0 };

	signals_hold(&held);
	finish();
	signals_release(&held);
	if (fsc_settings.standalone)
		fsc_standalone_remove_folder();
}

/*
 * End the helper, and wait until it makes no system call any more: the kernel knows no such thread
 * then (tgkill(2)). Signals are held back.
 */
static void end_helper(uint64_t until_ns)
{
	uint32_t tid;

	while ((tid = __atomic_load_n(&fsc_live->helper, __ATOMIC_ACQUIRE)) == helper_starts &&
	       is_before(until_ns))
		pause_for(busy_wait_ns);
	__atomic_store_n(&fsc_live->helper, 0, __ATOMIC_RELEASE);
	while (tid && system_thread_signal(drain_pid, tid, 0) == 0 && is_before(until_ns))
		pause_for(busy_wait_ns);
}

/* What the rings hold now; calls may go on meanwhile. */
static void drain_now(uint64_t until_ns)
{
	if (!wait_for_turn(until_ns))
		return;
	for (int polls = 0; polls < PAUSE_POLLS; polls++)
		(void)fsc_drain_poll(drain, true);
	fsc_drain_let_go(drain);
	__atomic_store_n(&fsc_live->draining, 0, __ATOMIC_RELEASE);
}

static bool drains_itself(void)
{
	return fsc_session_has_helper() && fsc_live->image && drain_pid == system_pid() &&
	       drain_pid == fsc_live->owner && !fsc_live->finished;
}

void fsc_standalone_pause(void)
{
	struct held_signals held = { 0 };
	uint64_t until_ns = fsc_clock_monotonic_ns() + PAUSE_NS;
	int saved = errno;

	if (!drains_itself())
		return;
	signals_hold(&held);
	end_helper(until_ns);
	drain_now(until_ns);
	signals_release(&held);
	errno = saved;
}

void fsc_standalone_resume(void)
{
	struct held_signals held = { 0 };
	int saved = errno;

	if (!drains_itself())
		return;
	signals_hold(&held);
	start_helper();
	signals_release(&held);
	errno = saved;
}
