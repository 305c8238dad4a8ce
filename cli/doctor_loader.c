/* SPDX-License-Identifier: MIT */
/*
 * Asking the system's loader what it would load: `ld.so --list`, with libffiscope.so preloaded. No
 * code of the program runs. What is hard: the answer must end, and is only text. Begin at
 * fsc_doctor_loader_list().
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/doctor_internal.h"

enum { ANSWER_MS = 10000, ANSWER_BYTES = 1 << 20, MS = 1000000 };

static _Noreturn void run(const struct fsc_doctor *doctor, const struct fsc_elf *elf, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	if (doctor->has_session)
		fsc_record_session_environment(&doctor->session);
	execl(elf->interpreter, elf->interpreter, "--list", elf->path, (char *)NULL);
	_exit(FSC_RECORD_NOT_FOUND);
}

/* All that it says, within ANSWER_MS and ANSWER_BYTES. */
static void read_answer(int from, char *answer)
{
	uint64_t end = fsc_clock_monotonic_ns() + (uint64_t)ANSWER_MS * MS;
	size_t used = 0;

	while (used < ANSWER_BYTES) {
		struct pollfd row = { .fd = from, .events = POLLIN };
		uint64_t now = fsc_clock_monotonic_ns();
		ssize_t got;

		if (now >= end || poll(&row, 1, (int)((end - now) / MS) + 1) <= 0)
			break;
		got = read(from, answer + used, ANSWER_BYTES - used);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	answer[used] = '\0';
}

/* The caller frees the text; NULL: the loader cannot be asked. */
static char *ask(const struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	char *answer = calloc(1, ANSWER_BYTES + 1);
	int ends[2];
	pid_t pid;

	if (!answer || pipe2(ends, O_CLOEXEC) != 0) {
		free(answer);
		return NULL;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(doctor, elf, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		read_answer(ends[0], answer);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	return answer;
}

/* "	libc.so.6 => /lib/libc.so.6 (0x...)" or "	/lib64/ld.so (0x...)": the path, cut out. */
static char *path_in(char *line)
{
	char *arrow = strstr(line, " => ");
	char *end = strstr(line, " (0x");
	char *path = arrow ? arrow + 4 : line + strspn(line, "\t ");

	if (!end || end < path || *path != '/')
		return NULL;
	*end = '\0';
	return path;
}

static void take_line(struct fsc_doctor *doctor, const struct fsc_elf *elf, char *line,
		      bool *preloaded)
{
	struct fsc_error error;
	char *path;

	if (strstr(line, "cannot be preloaded")) {
		if (strstr(line, "libffiscope"))
			fsc_doctor_find(doctor, FSC_DOCTOR_not_loadable, "%s", line);
		return;
	}
	/* "x => not found", and "...: version `GLIBC_2.99' not found (required by ...)". */
	if (strstr(line, "not found") || strstr(line, "cannot open shared object")) {
		line += strspn(line, "\t ");
		fsc_doctor_find(doctor,
				strstr(line, "libffiscope") ? FSC_DOCTOR_not_loadable
							    : FSC_DOCTOR_missing_library,
				"%s", line);
		return;
	}
	path = path_in(line);
	if (!path || !strcmp(path, elf->path))
		return;
	if (doctor->has_session && strstr(path, "/libffiscope.so")) {
		*preloaded = true;
		return;
	}
	if (!fsc_doctor_add_object(doctor, path, false, &error))
		fsc_doctor_find(doctor, FSC_DOCTOR_unreadable, "%s: %s", path, error.what);
}

void fsc_doctor_loader_list(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	char *answer = ask(doctor, elf), *rest = answer, *line;
	bool preloaded = false;

	while (rest && (line = strsep(&rest, "\n")))
		take_line(doctor, elf, line, &preloaded);
	if (doctor->has_session && !preloaded)
		fsc_doctor_find(doctor, FSC_DOCTOR_not_loadable, "%s",
				"it is not among what would be loaded");
	fsc_doctor_fact(doctor, "preload", "preload", "%s", preloaded ? "possible" : "impossible");
	free(answer);
}
