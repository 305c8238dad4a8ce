/* SPDX-License-Identifier: MIT */
/*
 * image.h - the memory that a profiled process image shares with whoever records it.
 *
 * A session is a folder in tmpfs. `control` is one page (struct fsc_session) that every process of
 * the session maps. Each process image (a process between two exec) that wraps a function makes one
 * sparse file `<pid>-<n>.image`: the fixed part below, then an arena of page-aligned pieces (rings,
 * counters, the ledger) that is only handed out, never taken back; the recorder punches holes.
 *
 * In/out: plain structs of fixed-width fields, the same on every architecture.
 * Threads: fields marked `atomic` are read and written with __atomic builtins by both sides; all
 *          others are written before the image is announced or by their single owner.
 * Trust:  the recorder treats every number in here as coming from outside: a wild store of the
 *         profiled program may have changed it.
 */
#ifndef TRACE_POINTS_IMAGE_H
#define TRACE_POINTS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "trace_points/events.h"

#define FSC_SESSION_MAGIC 0x3173736573637366ull /* "fscsess1" */
#define FSC_IMAGE_MAGIC	  0x3167616d69637366ull /* "fscimag1" */
#define FSC_IMAGE_SUFFIX  ".image"
#define FSC_CONTROL_NAME  "control"

enum fsc_image_limit {
	FSC_IMAGE_VERSION = 3,
	FSC_SLOTS_MAX = 16384,	       /* threads of one image that are alive at once */
	FSC_SITES_MAX = 2048,	       /* site ids are 1 to FSC_SITES_MAX - 1 */
	FSC_MODULES_MAX = 512,	       /* module ids are 1 to FSC_MODULES_MAX - 1 */
	FSC_STRING_BYTES = 512 * 1024, /* all names and paths with their NULs */
	FSC_SITES_STEP = 64,	       /* counters are made for that many sites at a time */
	FSC_PAGE = 4096
};

/* The arena's end: a sparse size, never memory. Checked against RLIMIT_FSIZE before it is set. */
#define FSC_IMAGE_FILE_BYTES (64ull << 30)

struct fsc_session {
	uint64_t magic;
	uint32_t version;
	uint32_t stop;		 /* atomic: 1 = record no more */
	uint32_t announced;	 /* atomic: image files that are complete */
	uint32_t loaded;	 /* atomic: process images in which the library was loaded */
	uint32_t lookups;	 /* atomic: functions looked up with dlsym or dlvsym */
	uint32_t wrapped;	 /* atomic: functions wrapped */
	uint32_t refused;	 /* atomic: images that could not make their file */
	uint32_t refused_errno;	 /* the last reason */
	uint32_t pool_exhausted; /* atomic: functions left alone: no thunk, or no room for names */
	uint32_t recorder_pid;
	uint32_t standalone; /* 1 = the process drains itself, there is no recorder */
	uint32_t root_pid;   /* atomic: the first process that loaded the library: the command */
	uint32_t machine;    /* e_machine of the recorder: fsc_machine_name() */
	uint32_t sink;	     /* enum fsc_sink */
};

#define FSC_SAMPLE_NONE UINT32_MAX
enum fsc_sample_limit { FSC_SAMPLE_MOST = 1 << 20 };

enum fsc_image_state {
	FSC_IMAGE_RUNNING = 1,
	FSC_IMAGE_EXITED = 2 /* exit() ran the library's destructor */
};

/* Where events go. */
enum fsc_sink {
	FSC_SINK_EMBEDDED = 0, /* rings, drained into a recording */
	FSC_SINK_LTTNG = 1,    /* LTTng-UST: events of provider ffiscope */
	FSC_SINK_PROFILE = 2   /* nowhere: counters and distributions alone (profile.h) */
};

/* "embedded", "lttng", "profile"; "unknown" for any other number. */
const char *fsc_sink_name(uint32_t sink);

/* Beside libffiscope.so: what sink lttng needs. */
#define FSC_LTTNG_LIBRARY "libffiscope-lttng.so"

/* How sink lttng hands events on. */
enum fsc_transport {
	FSC_TRANSPORT_EVENTS = 0, /* one LTTng event each */
	FSC_TRANSPORT_BATCH = 1	  /* many records in one event, ffiscope:batch */
};

enum fsc_clock_mode { FSC_CLOCK_FENCED = 0, FSC_CLOCK_FAST = 1, FSC_CLOCK_SYSTEM = 2 };

struct fsc_image {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;
	uint32_t ppid;
	uint32_t number;     /* n of <pid>-<n> */
	uint32_t state;	     /* atomic: enum fsc_image_state */
	uint32_t clock_mode; /* enum fsc_clock_mode */
	uint64_t start_ticks;
	uint64_t start_ns;	 /* CLOCK_MONOTONIC */
	uint64_t arena_next;	 /* atomic: next free byte of the file */
	uint64_t file_bytes;	 /* end of the arena */
	uint64_t ledger_offset;	 /* atomic: struct fsc_ledger; 0 = no buffer seen */
	uint32_t slot_count;	 /* atomic: slots[0..) ever used */
	uint32_t site_count;	 /* atomic: sites[1] to sites[site_count - 1] are published */
	uint32_t module_count;	 /* atomic: modules[1] to modules[module_count - 1] likewise */
	uint32_t string_bytes;	 /* atomic: bytes of strings[] published */
	uint64_t lost_events;	 /* atomic: lost outside any ring (no slot, no memory) */
	uint64_t lost_findings;	 /* atomic: verdicts that are bad and found no room */
	uint64_t pid_namespace;	 /* inode; whose number pid is. 0 = unknown */
	uint32_t forked;	 /* 1 = this image came from fork, not exec */
	uint32_t allocations_on; /* 1 = allocation hooks count */
	uint32_t codecs_on;	 /* 1 = codec functions are wrapped where they are seen */
	uint32_t machine;	 /* its e_machine: fsc_machine_name() */
	char exe[1024];		 /* path of the executable, truncated */
	uint32_t sink;		 /* enum fsc_sink */
	uint32_t transport;	 /* enum fsc_transport, of sink lttng */
	uint64_t profile_offset; /* of the region of profile.h; 0 = none */
	uint64_t profile_bytes;	 /* its size */
	uint64_t profile_next;	 /* atomic: bytes of it handed out */
	uint64_t profile_missed; /* atomic: values that found no room in it */
	uint64_t pace_ticks;	 /* atomic: sum of what fsc_clock_pace_ticks() said now and then */
	uint64_t pace_count;	 /* atomic: how often */
	uint64_t growth_ticks;	 /* atomic: spent by threads on making memory of this file */
	/*
	 * Which calls leave more than counts. May change at any time, from outside too: the number
	 * of the change goes up by one before it (it is odd meanwhile) and by one after it. 0 =
	 * never set: all do.
	 */
	uint32_t detail_change; /* atomic */
	uint32_t sample_one_in; /* atomic: one call in so many; FSC_SAMPLE_NONE = none */
};

/* The same for a recorder of another width. What is atomic lies at a multiple of its size. */
_Static_assert(offsetof(struct fsc_session, machine) == 56, "session layout");
_Static_assert(offsetof(struct fsc_image, start_ticks) == 32, "image layout");
_Static_assert(offsetof(struct fsc_image, exe) == 128, "image layout");
_Static_assert(offsetof(struct fsc_image, profile_offset) % 8 == 0, "image layout");
_Static_assert(sizeof(struct fsc_image) <= FSC_PAGE, "the image header is one page");

enum fsc_slot_state { FSC_SLOT_FREE = 0, FSC_SLOT_OWNED = 1 };

/* One thread at a time; handed on when that thread is gone. */
struct fsc_slot {
	uint32_t state;		/* atomic: enum fsc_slot_state */
	uint32_t tid;		/* of the present or last owner */
	uint64_t ring;		/* atomic: file offset of the oldest ring not fully drained */
	uint64_t counters;	/* atomic: file offset of struct fsc_counter[counter_limit] */
	uint32_t counter_limit; /* atomic */
	uint32_t profile;	/* atomic: place of struct fsc_profile_slot; 0 = none */
};

/* Exact totals of one slot and site. Single writer: the slot's owner. */
struct fsc_counter {
	uint64_t calls;	    /* entered */
	uint64_t completed; /* left in the usual way */
	uint64_t unwound;   /* left by an exception, longjmp or thread end */
	uint64_t skipped;   /* entered but neither timed nor recorded */
	uint64_t ticks;	    /* of completed calls */
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t
		buffers; /* entry, acquire: entered in the ledger; free, release: taken out of it */
	/* Of sampling: a line of its own, which is all that a call touches that is left out. */
	uint64_t sampled_out;  /* entered, counted, and by choice neither timed nor recorded */
	int64_t unframed_left; /* calls still to leave out without a frame: arch/<cpu>/thunk.S */
	int64_t framed_left;   /* calls still to leave out with one; one of the two is 0 */
	uint64_t beyond_left;  /* calls still to leave out after these */
	uint64_t due;	       /* 1 = then one is recorded; 0 = not decided yet */
	uint64_t block_left;   /* calls of its block behind that one */
	uint64_t reserved[2];
};

/*
 * Counter of site 0, which is no site: its `buffers` are those taken out of the ledger by anything
 * but a free function (a plain free(), the library itself, the same address given out again).
 */
enum { FSC_COUNTER_ELSEWHERE = 0 };

struct fsc_shared_site {
	uint32_t name;	   /* offset in strings[] */
	uint32_t module;   /* module id */
	uint64_t offset;   /* of the function in its module's file, as loaded */
	uint16_t alias_of; /* site with the same address, 0 = none */
	uint16_t flags;	   /* atomic: enum fsc_site_flag */
	uint8_t kind;	   /* enum fsc_site_kind */
	uint8_t bound;	   /* enum fsc_site_bound */
	uint16_t reserved;
	uint64_t skipped; /* atomic: calls that passed unseen where no thread could count them */
};

struct fsc_shared_module {
	uint32_t path; /* offset in strings[] */
	uint32_t reserved;
	uint64_t base;	   /* load bias */
	char build_id[40]; /* hex, NUL-padded, not terminated when full */
};

/*
 * The id by which events name the text at that offset of strings[]: one numbering for functions,
 * paths and the phases of ffiscope_intern(), clear of enum fsc_phase_id.
 */
static inline uint32_t fsc_image_string_id(uint32_t offset)
{
	return offset + FSC_PHASE_NAMED;
}

/* File offsets of the fixed part. */
enum fsc_image_offset {
	FSC_SLOTS_OFFSET = FSC_PAGE,
	FSC_SITES_OFFSET = FSC_SLOTS_OFFSET + FSC_SLOTS_MAX * 32,
	FSC_MODULES_OFFSET = FSC_SITES_OFFSET + FSC_SITES_MAX * 32,
	FSC_STRINGS_OFFSET = FSC_MODULES_OFFSET + FSC_MODULES_MAX * 56 + 2048,
	FSC_ARENA_OFFSET = FSC_STRINGS_OFFSET + FSC_STRING_BYTES
};

_Static_assert(sizeof(struct fsc_slot) == 32, "slot layout");
_Static_assert(sizeof(struct fsc_shared_site) == 32, "site layout");
_Static_assert(sizeof(struct fsc_shared_module) == 56, "module layout");
_Static_assert(sizeof(struct fsc_counter) == 128, "a counter is two cache lines");
_Static_assert(FSC_STRINGS_OFFSET % 8 == 0 && FSC_ARENA_OFFSET % 8 == 0, "alignment");

/*
 * A ring: this header, then capacity bytes. head and tail count bytes since the ring was made
 * (gaps included); a position is the count modulo capacity. The producer stores head after the
 * record (release); the consumer stores tail after it has copied (release).
 */
struct fsc_ring {
	uint64_t head; /* atomic, producer */
	uint64_t reserved0[7];
	uint64_t tail; /* atomic, consumer */
	uint64_t reserved1[7];
	uint64_t next;	   /* atomic: file offset of the ring that follows this one; 0 = none yet */
	uint64_t dropped;  /* atomic, producer: events that found no room */
	uint64_t findings; /* atomic, producer: of these, bad verdicts */
	uint32_t capacity; /* bytes of data, a multiple of 4 */
	uint32_t tid;	   /* whose records these are */
	uint64_t reserved2[4];
};

_Static_assert(sizeof(struct fsc_ring) == 192, "ring header layout");

#endif
