/* SPDX-License-Identifier: MIT */
/*
 * recording.h - open a recording folder and say which process images are in it.
 *
 * In:     a folder that `ffiscope record` left, one process folder of it (`<pid>-<n>`), or a bare
 *         `ctf` folder (trace_points/recording.h has the layout); or a folder with LTTng traces;
 *         or the file of a summary (summary.h).
 * Out:    struct fsc_recording: what meta.json and each process.json say, images in order of pid
 *         and number. A missing or damaged JSON file is a warning; what can be read is read.
 * Cost:   memory for the lists; no event is read here, but those of LTTng traces.
 * Thread: read-only after opening.
 */
#ifndef ANALYZERS_RECORDING_H
#define ANALYZERS_RECORDING_H

#include "analyzers/status.h"

struct fsc_lttng_trace; /* lttng_trace_internal.h */
struct fsc_sums;	/* summary_internal.h */

enum fsc_recording_limit {
	FSC_PATH_MAX = 4096,
	FSC_EXE_MAX = 1024,
	FSC_HOST_MAX = 72,
	FSC_EVENT_IDS_MAX = 256,      /* event ids of a writer that are looked at */
	FSC_RECORD_BYTES_MAX = 65536, /* the largest record of any version that is stepped over */
	FSC_RECORDING_PROCESSES_MAX = 65536,
	FSC_RECORDING_WORDS_MAX = 4096 /* of the command */
};

enum fsc_process_state {
	FSC_PROCESS_UNKNOWN, /* process.json is missing or does not say */
	FSC_PROCESS_RUNNING, /* alive when the recording stopped */
	FSC_PROCESS_EXITED,  /* exit() was reached */
	FSC_PROCESS_ENDED,   /* gone without exit(): a signal, _exit */
	FSC_PROCESS_EXEC     /* replaced by another program */
};

/* The word of process.json, "unknown" for FSC_PROCESS_UNKNOWN. */
const char *fsc_process_state_name(enum fsc_process_state state);

/* One process image: a process between two exec. */
struct fsc_process {
	uint32_t pid;
	uint32_t image;		 /* n of <pid>-<n> */
	char host[FSC_HOST_MAX]; /* of an LTTng trace: where it ran; "" = not said */
	struct fsc_maybe parent;
	enum fsc_process_state state;
	char exe[FSC_EXE_MAX]; /* "" = unknown */
	bool forked;
	/* 1: its drain came to its end, so that totals were written; 0: it did not, and they are
	 * unknown here whatever process.json says. */
	struct fsc_maybe finished;
	struct fsc_maybe allocations;	 /* 1: allocations inside calls were counted; 0: not */
	struct fsc_maybe codecs;	 /* 1: codec functions were wrapped where seen; 0: not */
	char machine[16];		 /* "x86_64", "i386", "aarch64"; "" = unknown */
	char clock_mode[16];		 /* as of the recording; "" = unknown */
	char sink[16];			 /* "embedded", "profile"; "" = unknown */
	struct fsc_maybe profile_missed; /* values that are in no distribution: there was no room */
	struct fsc_maybe calls;		 /* entered */
	struct fsc_maybe lost_events;
	struct fsc_maybe lost_findings;
	struct fsc_maybe overwritten_events; /* ring mode: older than what was kept */
	struct fsc_maybe threads;
	struct fsc_maybe start_ns;
	struct fsc_maybe format;		  /* the writer's FSC_FORMAT_VERSION */
	uint32_t record_bytes[FSC_EVENT_IDS_MAX]; /* the writer's, by event id; 0 = not said */
	char *folder;				  /* the ctf folder; owned by the recording */
	uint64_t stream_bytes; /* of its events on disk, where calls are unknown; else 0 */
	size_t lttng_image;    /* in an LTTng trace: which of its images */
};

/* Texts are "" when unknown. */
struct fsc_recording {
	char path[FSC_PATH_MAX];
	bool has_meta; /* meta.json was read (false for a bare ctf folder) */
	struct fsc_maybe format;
	struct fsc_maybe complete; /* 1: the recorder finished it */
	char version[32];
	char **command; /* words */
	size_t command_count;
	struct fsc_maybe start_ns; /* CLOCK_MONOTONIC */
	struct fsc_maybe end_ns;
	struct fsc_maybe exit_status; /* as a shell says it */
	char machine[16];	      /* of the recorder, as of a process */
	char clock_mode[16];	      /* "fenced", "fast", "system" */
	struct fsc_maybe ticks_per_s;
	struct fsc_maybe step_ticks;
	struct fsc_maybe probe_inner_ps; /* thousandths of ns */
	struct fsc_maybe probe_outer_ps;
	struct fsc_maybe probe_spread_ps;
	struct fsc_maybe seen_loaded;
	struct fsc_maybe seen_lookups;
	struct fsc_maybe seen_wrapped;
	struct fsc_maybe seen_refused;
	struct fsc_maybe seen_pool_exhausted;
	char limited[256]; /* why the recording holds less than all */
	struct fsc_process *processes;
	size_t process_count;
	struct fsc_lttng_trace
		*lttng;	       /* what it was read from; NULL: an embedded recording; owned */
	struct fsc_sums *sums; /* of a summary, which has no events; else NULL; owned */
	struct fsc_warnings warnings;
};

/*
 * Open a recording.
 * FSC_OK: the caller owns *out and ends it with fsc_recording_destroy(). Look at out->warnings.
 * FSC_E_NOT_FOUND: no such folder. FSC_E_FORMAT: a folder, but not a recording. FSC_E_VERSION: from
 * a newer version and nothing in it can be read. FSC_E_IO, FSC_E_NOMEM. *out is NULL then and
 * *error says it to the person.
 */
FSC_MUST_CHECK enum fsc_status fsc_recording_open(struct fsc_recording **out, const char *path,
						  struct fsc_error *error);
void fsc_recording_destroy(struct fsc_recording *recording);

/*
 * The image with the most calls (the first of equals), or NULL when there is none; of a summary
 * what stands for all of its images. Where the calls
 * are not known, the size of its events tells how many they are at least.
 */
const struct fsc_process *fsc_recording_busiest(const struct fsc_recording *recording);

#define FSC_ANY_IMAGE UINT32_MAX

/*
 * That image of that pid, or NULL. host "": of any. FSC_ANY_IMAGE: of the pid's images the one with
 * the most calls, in the same sense.
 */
const struct fsc_process *fsc_recording_find(const struct fsc_recording *recording,
					     const char *host, uint32_t pid, uint32_t image);

/* FSC_E_NOT_FOUND: it is a summary, and what is asked for needs events; *error says so. */
FSC_MUST_CHECK enum fsc_status fsc_recording_has_events(const struct fsc_recording *recording,
							struct fsc_error *error);

/* Are the recording's rate and step of the clock this image's too? */
bool fsc_recording_knows_clock(const struct fsc_recording *recording,
			       const struct fsc_process *process);

/* And its probe cost: is it code for the processor that the recorder is built for? */
bool fsc_recording_knows_cost(const struct fsc_recording *recording,
			      const struct fsc_process *process);

/* The clock mode of the image, or of the recording where it does not say. process may be NULL. */
const char *fsc_recording_clock_mode(const struct fsc_recording *recording,
				     const struct fsc_process *process);

#endif
