/* SPDX-License-Identifier: MIT */
/*
 * record_internal.h - the parts of `ffiscope record`, in the order in which they are used: options,
 * output folder, session, probe cost, the command, its images, the ring, what is said at the end.
 *
 * Thread: everything runs in the one thread of the command line tool.
 */
#ifndef CLI_RECORD_INTERNAL_H
#define CLI_RECORD_INTERNAL_H

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace_points/clock.h"
#include "trace_points/drain.h"
#include "trace_points/image.h"
#include "trace_points/options.h"
#include "trace_points/process_folder.h"

enum fsc_record_exit {
	FSC_RECORD_TROUBLE = 125, /* as env(1) and timeout(1) */
	FSC_RECORD_NOT_EXECUTABLE = 126,
	FSC_RECORD_NOT_FOUND = 127,
	FSC_RECORD_SIGNAL = 128
};

/* ---- record_options.c ---- */

struct fsc_record_options {
	const char *value[FSC_OPTION_COUNT]; /* as given, by option or variable, else the default */
	bool given[FSC_OPTION_COUNT];	     /* on the command line */
	char *list[FSC_OPTION_COUNT];	     /* owned text of the lists */
	bool quiet;
	bool verbose;
	char **command; /* ends in NULL */
	uint64_t ring_bytes;
	uint64_t max_bytes;
	bool wait;
	bool compress;
	bool lttng; /* --sink lttng */
	bool snapshot;
};

/* Returns -1 when there is something to record, else the exit status. */
int fsc_record_options_parse(struct fsc_record_options *options, int argc, char **argv);
void fsc_record_options_fini(struct fsc_record_options *options);

/* ---- record_output.c ---- */

/* Until settled the recording lies beside its place, so that a command that cannot run leaves all
 * as it was. */
struct fsc_record_output {
	char path[PATH_MAX - 256];   /* where it is now */
	char target[PATH_MAX - 320]; /* where it goes */
	char shown[PATH_MAX - 320];  /* the same as people gave it */
	bool replace;		     /* an older recording lies there */
	int older_lock;		     /* a descriptor that locks it; -1: none */
	int lock;		     /* the same of our own folder */
};

/* Make the folder (with what the pattern expands to). false: said why. */
bool fsc_record_output_make(struct fsc_record_output *output, const char *pattern,
			    const char *command);
/* Put it into its place, an older recording becomes .old. */
void fsc_record_output_settle(struct fsc_record_output *output);
/* Remove a folder with all that is in it. */
void fsc_record_output_remove(const char *path);

/* ---- record_session.c ---- */

struct fsc_record_session {
	char path[128];
	struct fsc_session *control; /* mapped */
	char preload[PATH_MAX];	     /* for LD_PRELOAD */
	char library[PATH_MAX];	     /* libffiscope.so of our own width */
	char prefix[PATH_MAX];	     /* of the installation */
};

/* Make the folder in memory and its control page; finds the library. false: said why. */
bool fsc_record_session_create(struct fsc_record_session *session);
void fsc_record_session_destroy(struct fsc_record_session *session);
/* Write a file of the session. false: errno. */
bool fsc_record_session_put(const struct fsc_record_session *session, const char *name,
			    const char *text, size_t length);
/* In a forked child: LD_PRELOAD and FFISCOPE_SESSION. */
void fsc_record_session_environment(const struct fsc_record_session *session);

/* ---- record_probe.c ---- */

struct fsc_record_machine {
	char host[256];
	char kernel[256];
	char boot_id[64];
	char cpu[128];
	const char *clock_mode; /* fenced, fast, system */
	bool system_clock;
	uint64_t ticks_per_s;
	uint64_t step_ticks;
};

struct fsc_record_probe {
	bool known; /* at least of plain calls */
	bool cached;
	struct fsc_probe_cost cost[FSC_PROBE_KINDS];
};

void fsc_record_machine_read(struct fsc_record_machine *machine, const char *clock_mode);
/* Fills the machine's ticks_per_s too. */
void fsc_record_probe_find(struct fsc_record_probe *probe, struct fsc_record_machine *machine,
			   const struct fsc_record_session *session, bool verbose);

/* ---- record_child.c ---- */

/* How the names of the ASan runtime that wants to come first begin (gcc). */
#define FSC_RECORD_ASAN_RUNTIME "libasan.so."

struct fsc_record_lttng;

struct fsc_record_child {
	pid_t pid;
	int signals; /* signalfd */
	bool ended;
	bool childless; /* nobody is left; with --wait: no descendant at all */
	int status;	/* as a shell says it, once ended */
	bool asked;	/* to stop, after the command ended */
	sigset_t inherited_mask;
	struct sigaction inherited_pipe, inherited_size, inherited_child;
};

/* Block the signals that record answers. */
bool fsc_record_child_signals(struct fsc_record_child *child);
/*
 * Run the command. 0, or the exit status: 128 + signal when one came before the command was there,
 * else after saying why it cannot run.
 */
int fsc_record_child_start(struct fsc_record_child *child, const struct fsc_record_options *options,
			   const struct fsc_record_session *session,
			   const struct fsc_record_lttng *lttng);
/* Answer what came in on the signalfd; forwards, and reaps the command. */
void fsc_record_child_answer(struct fsc_record_child *child);
void fsc_record_child_fini(struct fsc_record_child *child);

/* ---- record_ring.c ---- */

struct fsc_record_image;
struct fsc_record_packet; /* one packet in memory */

/* The last `limit` bytes of packets, over all streams. */
struct fsc_record_ring {
	uint64_t limit;
	uint64_t used;
	struct fsc_record_packet *first;
	struct fsc_record_packet *last;
};

int fsc_record_ring_push(struct fsc_record_ring *ring, struct fsc_record_image *image,
			 uint32_t slot, const struct iovec *parts, int part_count, uint64_t events);
/* Write all that is left to the folders of its images, and empty it. */
void fsc_record_ring_write(struct fsc_record_ring *ring);

/* ---- record_images.c ---- */

enum { FSC_RECORD_WATCH_ROW = 1 };

struct fsc_record_images;

struct fsc_record_image {
	struct fsc_record_image *next;
	struct fsc_record_images *all;
	char name[64]; /* of the file in the session */
	uint32_t pid, number, parent;
	uint32_t process; /* its pid by our numbers; 0: gone, or not to be seen */
	char *exe;
	int pidfd;			   /* -1: none; then the pid is asked */
	bool gone;			   /* when it was found, its process was reaped already */
	struct fsc_drain *drain;	   /* NULL: finished */
	struct fsc_process_folder *folder; /* NULL: written for good */
	struct fsc_drain_totals totals;
	uint64_t write_lost;   /* events of ring packets that could not be written at the end */
	uint32_t module_count; /* when maps were copied last */
	uint64_t maps_ns;
	const char *state; /* running, exited, ended, exec */
	bool made;	   /* it has a folder */
};

/*
 * The pid of the image's process by our numbers: another one than its own when it lives in another
 * pid namespace. 0: no process that we may look at has the image mapped.
 */
uint32_t fsc_record_process_find(const struct fsc_record_session *session, const char *name,
				 const struct fsc_image *image);

struct fsc_record_images {
	struct fsc_record_image *first;
	struct fsc_record_image **end;
	uint32_t announced; /* as last seen */
	const struct fsc_record_session *session;
	const struct fsc_record_machine *machine;
	const struct fsc_record_probe *probe;
	const char *recording;
	const char *boundary; /* text, or NULL */
	size_t boundary_bytes;
	bool counted_only; /* what is recorded goes elsewhere: no folders, totals alone */
	uint64_t max_bytes;
	uint64_t written_bytes;
	struct fsc_record_ring ring; /* limit 0: not used */
	bool max_reached;
	int write_error; /* the first one */
	struct pollfd *polls;
	size_t poll_room;
	int watch; /* inotify: wakes when an image is announced; -1: none, then the timeout does */
};

void fsc_record_images_init(struct fsc_record_images *images,
			    const struct fsc_record_session *session);

/* Find new images and move what gathered. Returns true when data flows. */
bool fsc_record_images_poll(struct fsc_record_images *images, bool all);
/*
 * Rows for ppoll(): the first is the caller's, then the watch (FSC_RECORD_WATCH_ROW), then one for
 * each living image. NULL: no memory.
 */
struct pollfd *fsc_record_images_polls(struct fsc_record_images *images, size_t *count);
/* Forget what the watch has told. */
void fsc_record_images_watched(struct fsc_record_images *images);
/* Some image is not finished. */
bool fsc_record_images_alive(const struct fsc_record_images *images);
/* Finish those that are gone. */
void fsc_record_images_reap(struct fsc_record_images *images);
/* Finish all; what is alive is marked running. Writes the ring. */
void fsc_record_images_finish(struct fsc_record_images *images);
void fsc_record_images_fini(struct fsc_record_images *images);
/* An output took `bytes`, or failed with error. Says the first failure. */
void fsc_record_images_note(struct fsc_record_images *images, int error);

/* ---- record_compress.c ---- */

/* Compress the streams of all images, which are finished. What cannot be stays, and is said. */
void fsc_record_compress(const struct fsc_record_images *images);

/* ---- record_daemon.c ---- */

/* A session daemon, and who ends it. */
struct fsc_record_daemon {
	char home[64]; /* LTTNG_HOME of our commands; empty: not made */
	bool own;      /* none ran: it is ours */
	int lock;      /* the guardian's, while it lives; -1: nobody shares the daemon's place */
	bool guarded;
	int alive; /* closed by us, or by the kernel: the guardian ends session and daemon */
	int ended; /* read to its end: it has */
};

/*
 * See that a daemon runs. Session and, if it is ours, daemon are ended by fsc_record_daemon_end(),
 * or when this process dies. false: said why.
 */
bool fsc_record_daemon_start(struct fsc_record_daemon *daemon, const char *session);
/* Run `lttng WORDS...`. said: what it said, cut off at that size. false: it failed. */
bool fsc_record_daemon_command(const struct fsc_record_daemon *daemon, const char *const words[],
			       char *said, size_t bytes);
/*
 * A user's buffers are made for the first program that registers, and that takes as long as the
 * memory is large: here it is one that does nothing.
 */
void fsc_record_daemon_make_buffers(const struct fsc_record_daemon *daemon);
/* In a forked child: where the command finds the daemon. */
void fsc_record_daemon_environment(const struct fsc_record_daemon *daemon);
void fsc_record_daemon_end(struct fsc_record_daemon *daemon);

/* ---- record_lttng.c ---- */

/* Of --sink lttng; else zero. */
struct fsc_record_lttng {
	struct fsc_record_daemon daemon;
	char session[32];
	bool snapshot;
	bool is_sent; /* to a relay daemon; else its trace lies in the recording */
	bool whole;   /* the session was there to the end */
	bool discarded_known;
	uint64_t discarded; /* LTTng events that found no room */
};

/* Make the session and start it; its trace goes into the recording's folder. false: said why. */
bool fsc_record_lttng_start(struct fsc_record_lttng *lttng,
			    const struct fsc_record_options *options,
			    const struct fsc_record_session *session, const char *folder);
/* In a forked child, after LD_PRELOAD was set. */
void fsc_record_lttng_environment(const struct fsc_record_lttng *lttng);
/* The command ended: everything is in the trace then. */
void fsc_record_lttng_stop(struct fsc_record_lttng *lttng, const char *folder);
/* Also after a start that failed. */
void fsc_record_lttng_end(struct fsc_record_lttng *lttng);
/* What the summary must add. */
void fsc_record_lttng_summary(const struct fsc_record_lttng *lttng);

/* ---- record_meta.c ---- */

struct fsc_record_meta {
	const struct fsc_record_options *options;
	const struct fsc_record_output *output;
	const struct fsc_record_machine *machine;
	const struct fsc_record_probe *probe;
	const struct fsc_record_images *images;
	const struct fsc_session *seen;
	const struct fsc_record_lttng *lttng;
	uint64_t start_ns;
	uint64_t end_ns; /* 0 = not yet */
	int exit_status;
};

/* 0 or errno. */
int fsc_record_meta_write(const struct fsc_record_meta *meta);
void fsc_record_meta_summary(const struct fsc_record_meta *meta);

#endif
