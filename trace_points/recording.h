/* SPDX-License-Identifier: MIT */
/*
 * recording.h - the folder that a recording is.
 *
 *   <recording>/meta.json            the whole: FSC_META_* keys
 *   <recording>/<pid>-<n>/           one process image that made at least one event
 *       process.json                 FSC_PROCESS_* keys
 *       boundary                     the boundary file as used, if there was one
 *       maps                         /proc/<pid>/maps, as last seen
 *       spare                        while it is recorded: room for what is written at the end
 *       ctf/metadata                 CTF 1.8
 *       ctf/state                    strings, modules, sites, clock pairs, totals, live buffers
 *       ctf/slot-NNNNN               the records of one thread slot (packet.h) ...
 *       ctf/slot-NNNNN.zst           ... or the same compressed; when both are there, the former
 * counts
 *
 * meta.json begins with its schema, by which a folder is known to be a recording:
 *   {"schema":"ffiscope.recording/1","format":1,"version":"0.1.0","complete":true|false,
 *   "command":[...],"start_ns":N (CLOCK_MONOTONIC),"end_ns":N|null,"exit_status":N|null (as a shell
 *   would say it),"host":{"name","kernel","boot_id","cpu","machine"},
 *   "clock":{"mode":"fenced|fast|system","ticks_per_s":N,"step_ticks":N},
 *   "probe_cost":{"inner_ps":N,"outer_ps":N,"spread_ps":N,"source":"measured|cached",
 *   "kinds":[{"kind","inner_ps","outer_ps","spread_ps"},...] (probe_kinds.def)}|null,
 *   "options":{"name":"value",...},"processes":[{"pid","image","parent","exe","state","calls",
 *   "lost_events"}],"seen":{"loaded","lookups","wrapped","refused","pool_exhausted"},
 *   "limited":null|"ring"|"max-size"|"write error text",
 *   with sink lttng "lttng":{"session":"name","discarded_events":N|null}}
 *   Without a recorder: schema, complete, "open_images":N (recording now, or gone without exit();
 *   complete when there is none), format, start_ns, clock; end_ns, exit_status and probe_cost are
 *   null.
 * process.json: {"schema":"ffiscope.process/1","format":1,"pid","image","parent","exe",
 *   "state":"running|exited|ended|exec","forked":bool,"start_ns","clock_mode","allocations":bool,
 *   "codecs":bool,"machine","calls","skipped_calls","lost_events","lost_findings",
 *   "overwritten_events","threads","sink":"embedded|profile","profile_missed",
 *   "events":[{"id","name","bytes"},...]}
 *   machine: as fsc_machine_name() says it; when it is not the host's, the probe cost of
 *   meta.json is not this image's; when clock_mode is not the recording's, its clock neither.
 *   state: exited = exit() was reached; ended = gone without it (signal, _exit); exec = replaced by
 *   another program; running = alive when the recording stopped.
 *   events: record sizes of the writer, so that a reader of another version can step over what it
 *   does not know.
 */
#ifndef TRACE_POINTS_RECORDING_H
#define TRACE_POINTS_RECORDING_H

#define FSC_RECORDING_DEFAULT "ffiscope.data"
#define FSC_META_NAME	      "meta.json"
#define FSC_PROCESS_NAME      "process.json"
#define FSC_BOUNDARY_NAME     "boundary"
#define FSC_MAPS_NAME	      "maps"
#define FSC_CTF_FOLDER	      "ctf"
#define FSC_LTTNG_FOLDER      "lttng" /* an LTTng trace, instead of folders of process images */
#define FSC_METADATA_NAME     "metadata"
#define FSC_STATE_NAME	      "state"
#define FSC_SLOT_PREFIX	      "slot-" /* then the slot's number, FSC_SLOT_DIGITS digits at least */
#define FSC_SLOT_DIGITS	      5
#define FSC_COMPRESSED_SUFFIX ".zst" /* of a slot's file that is compressed (zstd, RFC 8878) */
#define FSC_META_FAMILY	      "ffiscope.recording/" /* of any version */
#define FSC_META_SCHEMA	      FSC_META_FAMILY "1"
#define FSC_PROCESS_SCHEMA    "ffiscope.process/1"

#endif
