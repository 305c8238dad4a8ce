/* SPDX-License-Identifier: MIT */
/*
 * The machine, and what measuring costs on it. The cost is measured by a program of its own before
 * the command starts and kept in the user's cache. Begin at fsc_record_probe_find().
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"

enum {
	CALIBRATE_MS = 5000,
	RATE_WAIT_NS = 5000000,
	MS = 1000000, /* ns */
	KEY_BYTES = 512,
	ANSWER_BYTES = 2048
};

#define ANSWER_END "end\n"

static void read_line(const char *path, const char *label, char *to, size_t size)
{
	FILE *from = fopen(path, "re");
	char line[1024];

	*to = '\0';
	while (from && fgets(line, sizeof(line), from)) {
		const char *value = *label ? strchr(line, ':') : line;

		if (strncmp(line, label, strlen(label)) != 0 || !value)
			continue;
		if (*label)
			value += value[1] == ' ' ? 2 : 1;
		snprintf(to, size, "%.*s", (int)strcspn(value, "\n"), value);
		break;
	}
	if (from)
		fclose(from);
}

void fsc_record_machine_read(struct fsc_record_machine *machine, const char *clock_mode)
{
	struct utsname names;

	memset(machine, 0, sizeof(*machine));
	machine->system_clock = !fsc_clock_has_counter();
	machine->clock_mode = machine->system_clock ? "system" : clock_mode;
	machine->step_ticks = fsc_clock_step_ticks(machine->system_clock);
	read_line("/proc/sys/kernel/random/boot_id", "", machine->boot_id,
		  sizeof(machine->boot_id));
	read_line("/proc/cpuinfo", "model name", machine->cpu, sizeof(machine->cpu));
	if (uname(&names) != 0)
		return;
	snprintf(machine->host, sizeof(machine->host), "%s", names.nodename);
	snprintf(machine->kernel, sizeof(machine->kernel), "%s", names.release);
	if (!*machine->cpu)
		snprintf(machine->cpu, sizeof(machine->cpu), "%s", names.machine);
}

/* What the cost depends on, in one line; but for the processor's pace, which readers allow for. */
static bool make_key(char key[KEY_BYTES], const struct fsc_record_machine *machine,
		     const struct fsc_record_session *session)
{
	struct stat status;

	if (stat(session->library, &status) != 0)
		return false;
	snprintf(key, KEY_BYTES, "%s|%s|%s|%lld|%lld.%09ld", machine->boot_id, machine->cpu,
		 machine->clock_mode, (long long)status.st_size, (long long)status.st_mtim.tv_sec,
		 status.st_mtim.tv_nsec);
	return true;
}

/* The user's cache, made when missing. false: there is no place for one. */
static bool cache_folder(char *folder, size_t size)
{
	const char *home = getenv("HOME");
	const char *cache = getenv("XDG_CACHE_HOME");
	char parent[PATH_MAX - 128];
	int length;

	if (cache && *cache == '/')
		length = snprintf(parent, sizeof(parent), "%s", cache);
	else if (home && *home == '/')
		length = snprintf(parent, sizeof(parent), "%s/.cache", home);
	else
		return false;
	if ((size_t)length >= sizeof(parent))
		return false;
	snprintf(folder, size, "%s/ffiscope", parent);
	mkdir(parent, 0700);
	mkdir(folder, 0700);
	return true;
}

static bool cache_path(char *path, size_t size, const char *key)
{
	uint64_t hash = 0xCBF29CE484222325ull; /* FNV-1a, 64 bits */
	char folder[PATH_MAX - 64];

	if (!cache_folder(folder, sizeof(folder)))
		return false;
	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001B3ull;
	snprintf(path, size, "%s/probe-%016" PRIx64, folder, hash);
	return true;
}

static void parse_line(const char *line, uint32_t pace_ticks,
		       struct fsc_probe_cost cost[FSC_PROBE_KINDS])
{
	struct fsc_probe_cost read = { .known = true, .pace_ticks = pace_ticks };
	char name[32];

	if (sscanf(line, "%31s %" SCNu32 " %" SCNu32 " %" SCNu32, name, &read.inner_ps,
		   &read.outer_ps, &read.spread_ps) != 4 ||
	    read.inner_ps > FSC_PROBE_PS_MAX || read.outer_ps > FSC_PROBE_PS_MAX)
		return;
	for (int kind = 0; kind < FSC_PROBE_KINDS; kind++)
		if (strcmp(name, fsc_probe_kind_name(kind)) == 0)
			cost[kind] = read;
}

/* What ffiscope-calibrate prints. */
static bool parse(const char *answer, struct fsc_record_probe *probe, uint64_t *ticks_per_s)
{
	uint32_t pace;
	uint64_t ticks;

	if (sscanf(answer, "ticks_per_s %" SCNu64 " pace %" SCNu32, &ticks, &pace) != 2 ||
	    ticks == 0)
		return false;
	while ((answer = strchr(answer, '\n')) != NULL)
		parse_line(++answer, pace, probe->cost);
	*ticks_per_s = ticks;
	return probe->cost[FSC_PROBE_call].known;
}

static bool cache_read(const char *path, const char *key, struct fsc_record_probe *probe,
		       uint64_t *ticks_per_s)
{
	char line[KEY_BYTES + 2] = "", values[ANSWER_BYTES] = "";
	FILE *from = fopen(path, "re");
	bool found = false;

	if (!from)
		return false;
	if (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		values[fread(values, 1, sizeof(values) - 1, from)] = '\0';
		found = strcmp(line, key) == 0 && parse(values, probe, ticks_per_s);
	}
	fclose(from);
	return found;
}

static void cache_write(const char *path, const char *key, const char *values)
{
	char temporary[PATH_MAX];
	FILE *to;
	bool whole;

	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	to = fopen(temporary, "wxe");
	if (!to)
		return;
	whole = fprintf(to, "%s\n%s", key, values) > 0;
	whole = fclose(to) == 0 && whole;
	if (!whole || rename(temporary, path) != 0)
		unlink(temporary);
}

static _Noreturn void run(const char *program, const char *mode,
			  const struct fsc_record_session *session, int output)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	dup2(null, STDIN_FILENO);
	dup2(null, STDERR_FILENO);
	dup2(output, STDOUT_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int id = 0; id < FSC_OPTION_COUNT; id++)
		unsetenv(fsc_options[id].variable);
	unsetenv("LD_PRELOAD");
	setenv(fsc_options[FSC_OPTION_CLOCK].variable, mode, 1);
	fsc_record_session_environment(session);
	execl(program, program, mode, (char *)NULL);
	_exit(FSC_RECORD_NOT_FOUND);
}

static bool is_whole(const char *answer)
{
	size_t length = strlen(answer), end = strlen(ANSWER_END);

	return length >= end && strcmp(answer + length - end, ANSWER_END) == 0;
}

/* All that the program prints, within CALIBRATE_MS; the program is gone afterwards. */
static bool read_answer(int from, char *answer, size_t size)
{
	uint64_t end = fsc_clock_monotonic_ns() + (uint64_t)CALIBRATE_MS * MS;
	size_t used = 0;

	while (used + 1 < size) {
		struct pollfd row = { .fd = from, .events = POLLIN };
		uint64_t now = fsc_clock_monotonic_ns();
		ssize_t got;

		if (now >= end || poll(&row, 1, (int)((end - now) / MS) + 1) <= 0)
			break;
		got = read(from, answer + used, size - 1 - used);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	answer[used] = '\0';
	return is_whole(answer);
}

/* In a session of its own, so that the recording knows nothing of it. */
static bool measure(const struct fsc_record_session *session, const char *mode, char *answer,
		    size_t size)
{
	struct fsc_record_session own;
	char program[PATH_MAX + 64];
	bool answered;
	int ends[2];
	pid_t pid;

	snprintf(program, sizeof(program), "%s/libexec/ffiscope/ffiscope-calibrate",
		 session->prefix);
	if (access(program, X_OK) != 0 || !fsc_record_session_create(&own))
		return false;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		fsc_record_session_destroy(&own);
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(program, mode, &own, ends[1]);
	close(ends[1]);
	answered = pid > 0 && read_answer(ends[0], answer, size);
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	fsc_record_session_destroy(&own);
	return answered;
}

/* Measured in a busy moment, it serves this recording only. */
static bool is_calm(const struct fsc_record_probe *probe)
{
	const struct fsc_probe_cost *call = &probe->cost[FSC_PROBE_call];

	return call->spread_ps <= (call->inner_ps + call->outer_ps) / 2;
}

void fsc_record_probe_find(struct fsc_record_probe *probe, struct fsc_record_machine *machine,
			   const struct fsc_record_session *session, bool verbose)
{
	char key[KEY_BYTES] = "", path[PATH_MAX] = "", answer[ANSWER_BYTES] = "";
	bool have_path;

	memset(probe, 0, sizeof(*probe));
	have_path = make_key(key, machine, session) && cache_path(path, sizeof(path), key);
	if (have_path && cache_read(path, key, probe, &machine->ticks_per_s)) {
		probe->known = true;
		probe->cached = true;
	} else if (measure(session, machine->clock_mode, answer, sizeof(answer)) &&
		   parse(answer, probe, &machine->ticks_per_s)) {
		probe->known = true;
		if (have_path && is_calm(probe))
			cache_write(path, key, answer);
	} else if (verbose) {
		fsc_messages_say(
			"what measuring costs could not be measured: times are not corrected");
	}
	if (!probe->known)
		machine->ticks_per_s = fsc_clock_ticks_per_s(machine->system_clock, RATE_WAIT_NS);
}
