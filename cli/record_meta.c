/* SPDX-License-Identifier: MIT */
/* meta.json and the line at the end; nothing is hard here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/messages.h"
#include "record_internal.h"
#include "trace_points/json_writer.h"
#include "trace_points/machine.h"
#include "trace_points/packet.h"
#include "trace_points/recording.h"

struct counts {
	uint64_t processes, calls, skipped, lost, overwritten, missed;
};

/* Images that left something, or would have. */
static bool counts_as_process(const struct fsc_record_image *image)
{
	return image->made || image->totals.calls > 0 || image->totals.lost_events > 0;
}

static struct counts count(const struct fsc_record_images *images)
{
	struct counts counts = { 0 };

	for (const struct fsc_record_image *image = images->first; image; image = image->next) {
		if (!counts_as_process(image))
			continue;
		counts.processes++;
		counts.calls += image->totals.calls;
		counts.skipped += image->totals.skipped_calls;
		counts.lost += image->totals.lost_events;
		counts.missed += image->totals.profile_missed;
		if (image->folder)
			counts.overwritten += image->folder->overwritten_events;
	}
	return counts;
}

static void put_machine(struct fsc_json *json, const struct fsc_record_machine *machine)
{
	fsc_json_newline(json);
	fsc_json_key(json, "host");
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "name", machine->host);
	fsc_json_member_string(json, "kernel", machine->kernel);
	fsc_json_member_string(json, "boot_id", machine->boot_id);
	fsc_json_member_string(json, "cpu", machine->cpu);
	fsc_json_member_string(json, "machine", fsc_machine_name(FSC_MACHINE_OWN));
	fsc_json_object_end(json);
	fsc_json_newline(json);
	fsc_json_key(json, "clock");
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "mode", machine->clock_mode);
	fsc_json_member_u64(json, "ticks_per_s", machine->ticks_per_s);
	fsc_json_member_u64(json, "step_ticks", machine->step_ticks);
	fsc_json_object_end(json);
}

static void put_cost(struct fsc_json *json, const struct fsc_probe_cost *cost)
{
	fsc_json_member_u64(json, "inner_ps", cost->inner_ps);
	fsc_json_member_u64(json, "outer_ps", cost->outer_ps);
	fsc_json_member_u64(json, "spread_ps", cost->spread_ps);
	fsc_json_member_u64(json, "pace_ticks", cost->pace_ticks);
}

static void put_probe(struct fsc_json *json, const struct fsc_record_probe *probe)
{
	fsc_json_newline(json);
	fsc_json_key(json, "probe_cost");
	if (!probe->known) {
		fsc_json_null(json);
		return;
	}
	fsc_json_object_begin(json);
	put_cost(json, &probe->cost[FSC_PROBE_call]);
	fsc_json_member_string(json, "source", probe->cached ? "cached" : "measured");
	fsc_json_key(json, "kinds");
	fsc_json_array_begin(json);
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++) {
		if (!probe->cost[kind].known)
			continue;
		fsc_json_object_begin(json);
		fsc_json_member_string(json, "kind", fsc_probe_kind_name(kind));
		put_cost(json, &probe->cost[kind]);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
	fsc_json_object_end(json);
}

static void put_options(struct fsc_json *json, const struct fsc_record_options *options)
{
	fsc_json_newline(json);
	fsc_json_key(json, "options");
	fsc_json_object_begin(json);
	for (int id = 0; id < FSC_OPTION_COUNT; id++)
		if (*fsc_options[id].help)
			fsc_json_member_string(json, fsc_options[id].name, options->value[id]);
	fsc_json_object_end(json);
}

static void put_processes(struct fsc_json *json, const struct fsc_record_images *images)
{
	fsc_json_newline(json);
	fsc_json_key(json, "processes");
	fsc_json_array_begin(json);
	for (const struct fsc_record_image *image = images->first; image; image = image->next) {
		if (!counts_as_process(image))
			continue;
		fsc_json_newline(json);
		fsc_json_object_begin(json);
		fsc_json_member_u64(json, "pid", image->pid);
		fsc_json_member_u64(json, "image", image->number);
		fsc_json_member_u64(json, "parent", image->parent);
		fsc_json_member_string(json, "exe", image->exe);
		fsc_json_member_string(json, "state", image->state);
		fsc_json_member_u64(json, "calls", image->totals.calls);
		fsc_json_member_u64(json, "lost_events", image->totals.lost_events);
		fsc_json_object_end(json);
	}
	fsc_json_array_end(json);
}

static void put_seen(struct fsc_json *json, const struct fsc_session *seen)
{
	fsc_json_newline(json);
	fsc_json_key(json, "seen");
	fsc_json_object_begin(json);
	fsc_json_member_u64(json, "loaded", seen->loaded);
	fsc_json_member_u64(json, "lookups", seen->lookups);
	fsc_json_member_u64(json, "wrapped", seen->wrapped);
	fsc_json_member_u64(json, "refused", seen->refused);
	fsc_json_member_u64(json, "pool_exhausted", seen->pool_exhausted);
	fsc_json_object_end(json);
}

static void put_limited(struct fsc_json *json, const struct fsc_record_images *images)
{
	const char *limited = NULL;

	if (images->write_error != 0)
		limited = strerror(images->write_error);
	else if (images->max_reached)
		limited = "max-size";
	else if (count(images).overwritten > 0)
		limited = "ring";
	fsc_json_newline(json);
	fsc_json_member_string(json, "limited", limited);
}

static void put_lttng(struct fsc_json *json, const struct fsc_record_lttng *lttng)
{
	fsc_json_newline(json);
	fsc_json_key(json, "lttng");
	fsc_json_object_begin(json);
	fsc_json_member_string(json, "session", lttng->session);
	if (lttng->discarded_known)
		fsc_json_member_u64(json, "discarded_events", lttng->discarded);
	else
		fsc_json_member_null(json, "discarded_events");
	fsc_json_object_end(json);
}

static void put_command(struct fsc_json *json, const struct fsc_record_meta *meta)
{
	fsc_json_newline(json);
	fsc_json_key(json, "command");
	fsc_json_array_begin(json);
	for (char **word = meta->options->command; *word; word++)
		fsc_json_string(json, *word);
	fsc_json_array_end(json);
	fsc_json_newline(json);
	fsc_json_member_u64(json, "start_ns", meta->start_ns);
	if (meta->end_ns == 0) {
		fsc_json_member_null(json, "end_ns");
		fsc_json_member_null(json, "exit_status");
	} else {
		fsc_json_member_u64(json, "end_ns", meta->end_ns);
		fsc_json_member_i64(json, "exit_status", meta->exit_status);
	}
}

static bool flush(void *arg, const char *text, size_t length)
{
	return fwrite(text, 1, length, arg) == length;
}

static bool put_meta(FILE *to, const struct fsc_record_meta *meta)
{
	struct fsc_json json;
	char buffer[4096];

	fsc_json_init(&json, buffer, sizeof(buffer), flush, to);
	fsc_json_object_begin(&json);
	fsc_json_member_string(&json, "schema", FSC_META_SCHEMA);
	fsc_json_member_u64(&json, "format", FSC_FORMAT_VERSION);
	fsc_json_member_string(&json, "version", FSC_VERSION);
	fsc_json_member_bool(&json, "complete", meta->end_ns != 0);
	put_command(&json, meta);
	put_machine(&json, meta->machine);
	put_probe(&json, meta->probe);
	put_options(&json, meta->options);
	put_processes(&json, meta->images);
	put_seen(&json, meta->seen);
	put_limited(&json, meta->images);
	if (meta->options->lttng)
		put_lttng(&json, meta->lttng);
	fsc_json_object_end(&json);
	return fsc_json_finish(&json);
}

int fsc_record_meta_write(const struct fsc_record_meta *meta)
{
	char path[PATH_MAX], temporary[PATH_MAX + 8];
	bool whole;
	FILE *to;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", meta->output->path, FSC_META_NAME);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to)
		return errno;
	errno = 0;
	whole = put_meta(to, meta);
	whole = fclose(to) == 0 && whole;
	if (!whole || rename(temporary, path) != 0) {
		int error = errno ? errno : EIO;

		remove(temporary);
		return error;
	}
	return 0;
}

static void say_nothing_seen(const struct fsc_record_meta *meta)
{
	const struct fsc_session *seen = meta->seen;

	if (seen->loaded == 0)
		fsc_messages_say("0 calls seen, because the library was not loaded: the program is "
				 "static, setuid, or not linked with this C library");
	else if (seen->refused > 0)
		fsc_messages_say("0 calls seen, because no memory could be shared: %s; see df %s, "
				 "ulimit -f",
				 strerror((int)seen->refused_errno), "/dev/shm");
	else if (seen->wrapped > 0)
		fsc_messages_say("0 calls seen, because no entry point among the %" PRIu32
				 " wrapped functions was called",
				 seen->wrapped);
	else if (seen->lookups == 0)
		fsc_messages_say(
			"0 calls seen, because no function was looked up; for functions of "
			"linked libraries give --entry GLOB or --boundary FILE");
	else
		fsc_messages_say(
			"0 calls seen, because none of the %" PRIu32 " functions looked up is "
			"an entry point by the rules; give --entry GLOB or --boundary FILE",
			seen->lookups);
}

void fsc_record_meta_summary(const struct fsc_record_meta *meta)
{
	struct counts counts = count(meta->images);
	const char *url = meta->options->value[FSC_OPTION_LTTNG_URL];
	const char *sample = meta->options->value[FSC_OPTION_SAMPLE];
	char skipped[64] = "", overwritten[64] = "", sampled[64] = "";
	uint32_t one_in = 1;

	if (counts.calls == 0 && counts.lost == 0) {
		say_nothing_seen(meta);
		return;
	}
	if (counts.skipped > 0)
		snprintf(skipped, sizeof(skipped), " (%" PRIu64 " only counted)", counts.skipped);
	if (counts.overwritten > 0)
		snprintf(overwritten, sizeof(overwritten), " %" PRIu64 " overwritten,",
			 counts.overwritten);
	if (fsc_option_parse_rate(sample, &one_in) && one_in != 1)
		snprintf(sampled, sizeof(sampled), " (--sample %s)", sample);
	fsc_messages_say("%" PRIu64 " process%s, %" PRIu64 " call%s%s%s, %" PRIu64
			 " event%s lost,%s recorded "
			 "%s %s",
			 counts.processes, counts.processes == 1 ? "" : "es", counts.calls,
			 counts.calls == 1 ? "" : "s", skipped, sampled, counts.lost,
			 counts.lost == 1 ? "" : "s", overwritten, *url ? "and sent to" : "in",
			 *url ? url : meta->output->shown);
	if (counts.missed > 0)
		fsc_messages_say("%" PRIu64 " durations found no room in the distributions: record "
				 "with a larger --profile-size",
				 counts.missed);
}
