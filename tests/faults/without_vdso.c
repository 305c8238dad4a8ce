/* SPDX-License-Identifier: MIT */
/*
 * Run a program that the kernel gives no vDSO, as where its clock source is none for it: each
 * reading of a clock is a system call there. Its exit status is passed on.
 *
 *   without_vdso counter|system PROGRAM ARGUMENT...
 *
 * system: who records it is told that the recorder cannot read this processor's counter, so that
 * each call's times are CLOCK_MONOTONIC.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORD = sizeof(long), MACHINE_OFFSET = 56 /* struct fsc_session, trace_points/image.h */ };

static long word_at(pid_t pid, unsigned long address)
{
	return ptrace(PTRACE_PEEKDATA, pid, address, NULL);
}

/* The stack of a new program: argc, arguments, NULL, environment, NULL, pairs of the auxiliary
 * vector (System V AMD64 psABI 1.0, 3.4.1). */
static unsigned long auxiliary_vector(pid_t pid, unsigned long stack)
{
	unsigned long at = stack + WORD * (unsigned long)(word_at(pid, stack) + 2);

	while (word_at(pid, at))
		at += WORD;
	return at + WORD;
}

static void hide_vdso(pid_t pid)
{
	struct user_regs_struct registers;
	unsigned long at;
	long type;

	ptrace(PTRACE_GETREGS, pid, NULL, &registers);
	for (at = auxiliary_vector(pid, registers.rsp); (type = word_at(pid, at)); at += 2 * WORD)
		if (type == AT_SYSINFO_EHDR)
			ptrace(PTRACE_POKEDATA, pid, at, AT_IGNORE);
}

/* In the session's control page. Without one there is nobody to tell. */
static void be_of_another_machine(void)
{
	const char *session = getenv("FFISCOPE_SESSION");
	uint32_t machine = EM_S390;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/control", session ? session : "");
	fd = open(path, O_WRONLY);
	if (session && pwrite(fd, &machine, sizeof(machine), MACHINE_OFFSET) != sizeof(machine))
		exit(125);
	close(fd);
}

int main(int argc, char **argv)
{
	pid_t pid = fork();
	int status = 0;

	(void)argc;
	if (pid == 0) {
		if (!strcmp(argv[1], "system"))
			be_of_another_machine();
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 126;
	hide_vdso(pid);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
