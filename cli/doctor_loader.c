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
	/* Started itself, it would take $ORIGIN from the real path: ld.so(8). */
	char *real = realpath(elf->path, NULL);

	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	if (doctor->has_session)
		fsc_record_session_environment(&doctor->session);
	execl(elf->interpreter, elf->interpreter, "--list", real ? real : elf->path, (char *)NULL);
	_exit(FSC_RECORD_NOT_FOUND);
}

/* All that it says, within ANSWER_MS and ANSWER_BYTES. false: it did not end there. */
static bool read_answer(int from, char *answer)
{
	uint64_t end = fsc_clock_monotonic_ns() + (uint64_t)ANSWER_MS * MS;
	size_t used = 0;
	ssize_t got = -1;

	while (used < ANSWER_BYTES) {
		struct pollfd row = { .fd = from, .events = POLLIN };
		uint64_t now = fsc_clock_monotonic_ns();

		if (now >= end || poll(&row, 1, (int)((end - now) / MS) + 1) <= 0)
			break;
		got = read(from, answer + used, ANSWER_BYTES - used);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	answer[used] = '\0';
	return got == 0;
}

/* The caller frees the text; NULL: the loader cannot be asked. *whole: it came to its end. */
static char *ask(const struct fsc_doctor *doctor, const struct fsc_elf *elf, bool *whole)
{
	char *answer = calloc(1, ANSWER_BYTES + 1);
	int ends[2], status = 0;
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
		if (!read_answer(ends[0], answer))
			kill(pid, SIGKILL);
		*whole = waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			 WEXITSTATUS(status) == 0;
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

/* "PROGRAM: symbol lookup error: FILE: undefined symbol: x": from FILE on; NULL: no such line. */
static const char *loader_error(const char *line)
{
	static const char *const kinds[] = { "error while loading shared libraries: ",
					     "symbol lookup error: ", "relocation error: " };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = strstr(line, kinds[i]);

		if (at)
			return at + strlen(kinds[i]);
	}
	return NULL;
}

static void take_line(struct fsc_doctor *doctor, const struct fsc_elf *elf, char *line,
		      bool *preloaded)
{
	struct fsc_error error;
	const char *refused;
	char *path;

	if (strstr(line, "cannot be preloaded")) {
		if (strstr(line, "libffiscope"))
			fsc_doctor_find(doctor, FSC_DOCTOR_not_loadable, "%s", line);
		return;
	}
	refused = loader_error(line);
	if (refused && !strstr(refused, "cannot open shared object")) {
		fsc_doctor_find(doctor,
				strstr(refused, "libffiscope") ? FSC_DOCTOR_not_loadable
							       : FSC_DOCTOR_refused_library,
				"%s", refused);
		return;
	}
	/* "x => not found", and "...: version `GLIBC_2.99' not found (required by ...)". */
	if (strstr(line, "not found") || strstr(line, "cannot open shared object")) {
		line += strspn(line, "\t ");
		fsc_doctor_find(doctor,
				strstr(line, "libffiscope") ? FSC_DOCTOR_not_loadable
							    : FSC_DOCTOR_missing_library,
				"%s", line);
		doctor->partly_seen = true;
		return;
	}
	path = path_in(line);
	if (!path || !strcmp(path, elf->path))
		return;
	if (doctor->has_session && strstr(path, "/libffiscope.so")) {
		*preloaded = true;
		return;
	}
	if (!fsc_doctor_add_object(doctor, path, NULL, &error))
		fsc_doctor_unreadable(doctor, path, &error);
}

void fsc_doctor_loader_list(struct fsc_doctor *doctor, const struct fsc_elf *elf)
{
	bool preloaded = false, whole = false;
	char *answer = ask(doctor, elf, &whole), *rest = answer, *line;

	while (rest && (line = strsep(&rest, "\n")))
		take_line(doctor, elf, line, &preloaded);
	if (!whole) {
		doctor->partly_seen = true;
		fsc_doctor_find(doctor, FSC_DOCTOR_not_listed, "%s did not list it",
				elf->interpreter);
	} else if (doctor->has_session && !preloaded) {
		fsc_doctor_find(doctor, FSC_DOCTOR_not_loadable, "%s",
				"it is not among what would be loaded");
	}
	fsc_doctor_fact(doctor, "preload", "preload", "%s",
			preloaded		       ? "possible"
			: whole && doctor->has_session ? "impossible"
						       : "");
	free(answer);
}
