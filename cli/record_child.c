/* SPDX-License-Identifier: MIT */
/*
 * The command: started with exactly the signal mask and dispositions that record was given, told of
 * exec's failure through a pipe that exec closes. Begin at fsc_record_child_start().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/messages.h"
#include "record_internal.h"

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void replace(int signal_number, void (*handler)(int), struct sigaction *inherited)
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(signal_number, &action, inherited);
}

bool fsc_record_child_signals(struct fsc_record_child *child)
{
	sigset_t mask;

	memset(child, 0, sizeof(*child));
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&mask, forwarded[i]);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &child->inherited_mask);
	replace(SIGPIPE, SIG_IGN, &child->inherited_pipe);
	replace(SIGXFSZ, SIG_IGN, &child->inherited_size);
	/* Ignored by a parent, it would take the command's status away from us. */
	replace(SIGCHLD, SIG_DFL, &child->inherited_child);
	child->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signals < 0)
		fsc_messages_say("cannot wait for signals: %s", strerror(errno));
	return child->signals >= 0;
}

/*
 * The runtime of gcc's ASan refuses to start when another library comes before it, in the command
 * or in a child. The order does no harm here: what it interposes is what the preload's hooks
 * forward to.
 */
static void let_asan_start(void)
{
	const char *before = getenv("ASAN_OPTIONS");
	char *value;

	if (asprintf(&value, "%s%sverify_asan_link_order=0", before ? before : "",
		     before && *before ? ":" : "") < 0)
		return;
	setenv("ASAN_OPTIONS", value, 1);
	free(value);
}

/*
 * What only the recorder acts on is not handed down: another `ffiscope record` that the command
 * runs would take our output folder for its own. The boundary file is handed down as a copy.
 */
static bool is_handed_down(enum fsc_option_id id)
{
	return id != FSC_OPTION_OUTPUT && id != FSC_OPTION_RING && id != FSC_OPTION_MAX_SIZE &&
	       id != FSC_OPTION_WAIT && id != FSC_OPTION_COMPRESS && id != FSC_OPTION_BOUNDARY &&
	       id != FSC_OPTION_LTTNG_URL && id != FSC_OPTION_SNAPSHOT;
}

static void set_environment(const struct fsc_record_options *options,
			    const struct fsc_record_session *session)
{
	for (int id = 0; id < FSC_OPTION_COUNT; id++)
		if (options->given[id] && is_handed_down(id))
			setenv(fsc_options[id].variable, options->value[id], 1);
	if (*options->value[FSC_OPTION_BOUNDARY]) {
		char path[PATH_MAX];

		/* The copy in the session: the same for all, wherever they stand. */
		snprintf(path, sizeof(path), "%s/boundary", session->path);
		setenv(fsc_options[FSC_OPTION_BOUNDARY].variable, path, 1);
	}
	fsc_record_session_environment(session);
	let_asan_start();
}

static _Noreturn void run(const struct fsc_record_child *child,
			  const struct fsc_record_options *options,
			  const struct fsc_record_session *session,
			  const struct fsc_record_lttng *lttng, int report)
{
	int error;

	set_environment(options, session);
	fsc_record_lttng_environment(lttng);
	sigaction(SIGPIPE, &child->inherited_pipe, NULL);
	sigaction(SIGXFSZ, &child->inherited_size, NULL);
	sigaction(SIGCHLD, &child->inherited_child, NULL);
	sigprocmask(SIG_SETMASK, &child->inherited_mask, NULL);
	execvp(options->command[0], options->command);
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(FSC_RECORD_NOT_FOUND);
}

static int exec_failed(const char *command, int error)
{
	fsc_messages_say("cannot run %s: %s", command, strerror(error));
	return error == ENOENT || error == ENOTDIR ? FSC_RECORD_NOT_FOUND
						   : FSC_RECORD_NOT_EXECUTABLE;
}

/*
 * A signal that came while we prepared, when there was no command yet to have it: 128 + its number,
 * else 0. One that is ignored here would be ignored by the command too.
 */
static int signalled_before(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	static const struct timespec no_wait;
	struct sigaction action;
	sigset_t set;
	int number;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&set, ending[i]);
	while ((number = sigtimedwait(&set, NULL, &no_wait)) > 0)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			return FSC_RECORD_SIGNAL + number;
	return 0;
}

int fsc_record_child_start(struct fsc_record_child *child, const struct fsc_record_options *options,
			   const struct fsc_record_session *session,
			   const struct fsc_record_lttng *lttng)
{
	int error = 0, ends[2];
	int status = signalled_before();
	ssize_t got;

	if (status != 0)
		return status;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		fsc_messages_say("cannot make a pipe: %s", strerror(errno));
		return FSC_RECORD_TROUBLE;
	}
	if (options->wait)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	fflush(NULL);
	child->pid = fork();
	if (child->pid == 0)
		run(child, options, session, lttng, ends[1]);
	close(ends[1]);
	if (child->pid < 0) {
		fsc_messages_say("cannot fork: %s", strerror(errno));
		close(ends[0]);
		return FSC_RECORD_TROUBLE;
	}
	do {
		got = read(ends[0], &error, sizeof(error));
	} while (got < 0 && errno == EINTR);
	close(ends[0]);
	if (got != sizeof(error))
		return 0;
	waitpid(child->pid, NULL, 0);
	return exec_failed(options->command[0], error);
}

/* With --wait the command's orphans become our children too. */
static void reap(struct fsc_record_child *child)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != child->pid || child->ended)
			continue;
		child->ended = true;
		child->status = WIFSIGNALED(status) ? FSC_RECORD_SIGNAL + WTERMSIG(status)
						    : WEXITSTATUS(status);
	}
	child->childless = pid < 0 && errno == ECHILD;
}

/* A terminal sends its signals to the whole foreground group: the command has had those. */
static bool sent_by_a_process(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER || info->ssi_code == SI_QUEUE ||
	       info->ssi_code == SI_TKILL;
}

void fsc_record_child_answer(struct fsc_record_child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD)
			reap(child);
		else if (child->ended)
			child->asked = true;
		else if (sent_by_a_process(&info))
			kill(child->pid, number);
	}
}

void fsc_record_child_fini(struct fsc_record_child *child)
{
	if (child->signals >= 0)
		close(child->signals);
	sigaction(SIGPIPE, &child->inherited_pipe, NULL);
	sigaction(SIGXFSZ, &child->inherited_size, NULL);
	sigaction(SIGCHLD, &child->inherited_child, NULL);
	sigprocmask(SIG_SETMASK, &child->inherited_mask, NULL);
}
