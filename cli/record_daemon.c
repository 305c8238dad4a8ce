/* SPDX-License-Identifier: MIT */
/*
 * The session daemon of `record --sink lttng`, and the commands to it. What is hard: a session, and
 * a daemon of our own, must go even when this process is killed. So a guardian outlives it: a child
 * that ends both when a pipe to it closes. It is the parent of all that it may end. Begin at
 * fsc_record_daemon_start().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command_path.h"
#include "cli/messages.h"
#include "record_internal.h"

#define HOME_VARIABLE	 "LTTNG_HOME"
#define RUN_FOLDER	 ".lttng"
#define TIMEOUT_VARIABLE "LTTNG_UST_REGISTER_TIMEOUT"
#define TIMEOUT_MS	 "3000"
#define ROOT_SOCKET	 "/var/run/lttng/lttng-ust-sock-8"
#define LOCK_PATH	 "/run/ffiscope-lttng.lock"

enum {
	WORDS_MAX = 16,
	LIST_BYTES = 4096,
	START_TIMEOUT_S = 20,
	CHILDREN_MAX = 16 /* a daemon has up to three consumers */
};

/* ---- commands ---- */

static _Noreturn void become(const struct fsc_record_daemon *daemon, const char *const words[])
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv(HOME_VARIABLE, daemon->home, 1);
	execvp(words[0], (char *const *)words);
	_exit(FSC_RECORD_NOT_FOUND);
}

/* All that comes, as far as there is room. */
static void read_all(int from, char *said, size_t bytes)
{
	char rest[256];
	size_t used = 0;
	ssize_t got;

	while ((got = used + 1 < bytes ? read(from, said + used, bytes - used - 1)
				       : read(from, rest, sizeof(rest))) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		if (got > 0 && used + 1 < bytes)
			used += (size_t)got;
	}
	said[used] = '\0';
}

static bool run(const struct fsc_record_daemon *daemon, const char *const words[], char *said,
		size_t bytes)
{
	int ends[2], status = -1;
	pid_t pid;

	*said = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		become(daemon, words);
	}
	close(ends[1]);
	if (pid > 0)
		read_all(ends[0], said, bytes);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

bool fsc_record_daemon_command(const struct fsc_record_daemon *daemon, const char *const words[],
			       char *said, size_t bytes)
{
	const char *line[WORDS_MAX] = { "lttng", "--no-sessiond" };

	for (size_t i = 0; words[i] && i + 3 < WORDS_MAX; i++)
		line[i + 2] = words[i];
	return run(daemon, line, said, bytes);
}

void fsc_record_daemon_make_buffers(const struct fsc_record_daemon *daemon)
{
	static const char patient[] = TIMEOUT_VARIABLE "=" TIMEOUT_MS;
	static const char *const words[] = { "env", "LD_PRELOAD=liblttng-ust.so.1", patient, "true",
					     NULL };
	char said[LIST_BYTES];

	(void)run(daemon, words, said, sizeof(said));
}

/* ---- one daemon for all ---- */

/*
 * Root's daemon has one place, so recordings share it: the last of them ends it, if one of them
 * started it. They agree by locks on two bytes of a file. Locks of its open file description, since
 * those stay with the guardian when this process is gone. Never wait for the first byte while
 * holding the second one for writing.
 */
enum lock_byte {
	LOCK_CHANGING, /* for writing: by who starts or ends a daemon, or looks for one */
	LOCK_USING     /* for reading: by each guardian while its session is there */
};

static bool lock(const struct fsc_record_daemon *daemon, enum lock_byte byte, int how, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int result;

	if (daemon->lock < 0)
		return true;
	do
		result = fcntl(daemon->lock, how, &range);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

/* ---- the guardian ---- */

static void to_nowhere(void)
{
	int nowhere = open("/dev/null", O_RDWR);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(nowhere, fd);
	if (nowhere > STDERR_FILENO)
		close(nowhere);
}

/* It says by a signal that it can be talked to (lttng-sessiond(8), --sig-parent). 0: it did not. */
static pid_t start_own(const struct fsc_record_daemon *daemon)
{
	static const char *const words[] = { "lttng-sessiond", "--no-kernel", "--sig-parent",
					     NULL };
	const struct timespec timeout = { .tv_sec = START_TIMEOUT_S };
	sigset_t wanted;
	pid_t pid;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigaddset(&wanted, SIGCHLD);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	pid = fork();
	if (pid == 0)
		become(daemon, words);
	if (pid > 0 && sigtimedwait(&wanted, NULL, &timeout) == SIGUSR1)
		return pid;
	if (pid > 0)
		kill(pid, SIGTERM);
	return 0;
}

/* Root's daemon stands where persons find it, too: they may have sessions in it by now. */
static bool is_used_by_others(const struct fsc_record_daemon *daemon)
{
	static const char *const words[] = { "--mi=xml", "list", NULL };
	char said[LIST_BYTES];

	return fsc_record_daemon_command(daemon, words, said, sizeof(said)) &&
	       strstr(said, "<session>");
}

/* A daemon that was killed leaves its consumers, which are our children then. */
static void end_children(void)
{
	char path[64], list[LIST_BYTES];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	length = read(fd, list, sizeof(list) - 1);
	close(fd);
	list[length > 0 ? length : 0] = '\0';
	for (char *at = list, *end; *at; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		kill((pid_t)pid, SIGTERM);
	}
}

static void end_daemon(pid_t daemon)
{
	kill(daemon, SIGTERM);
	while (waitpid(daemon, NULL, 0) < 0 && errno == EINTR)
		;
	end_children();
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* While other recordings use it, `record` does not wait for us: `ended` is closed. */
static void end_own(const struct fsc_record_daemon *daemon, pid_t own, int ended)
{
	lock(daemon, LOCK_CHANGING, F_OFD_SETLKW, F_WRLCK);
	while (!lock(daemon, LOCK_USING, F_OFD_SETLK, F_WRLCK) && errno == EAGAIN) {
		lock(daemon, LOCK_CHANGING, F_OFD_SETLK, F_UNLCK);
		if (ended >= 0)
			close(ended);
		ended = -1;
		lock(daemon, LOCK_USING, F_OFD_SETLKW, F_WRLCK);
		lock(daemon, LOCK_USING, F_OFD_SETLK, F_UNLCK);
		lock(daemon, LOCK_CHANGING, F_OFD_SETLKW, F_WRLCK);
	}
	if (!is_used_by_others(daemon))
		end_daemon(own);
}

static _Noreturn void guard(const struct fsc_record_daemon *daemon, const char *session, int alive,
			    int ended)
{
	const char *const destroy[] = { "destroy", session, NULL };
	pid_t own = 0;
	char byte;

	setsid();
	to_nowhere();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (daemon->own)
		own = start_own(daemon);
	byte = !daemon->own || own;
	(void)!write(ended, &byte, sizeof(byte));
	while (read(alive, &byte, sizeof(byte)) < 0 && errno == EINTR)
		;
	if (!daemon->own || own) {
		char said[LIST_BYTES];

		fsc_record_daemon_command(daemon, destroy, said, sizeof(said));
	}
	lock(daemon, LOCK_USING, F_OFD_SETLK, F_UNLCK);
	if (own)
		end_own(daemon, own, ended);
	fsc_record_output_remove(daemon->home);
	_exit(0);
}

/* true: the guardian is there, and so is a daemon. */
static bool start_guardian(struct fsc_record_daemon *daemon, const char *session)
{
	int alive[2], ended[2];
	char good = 0;
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC) != 0)
		return false;
	if (pipe2(ended, O_CLOEXEC) != 0) {
		close(alive[0]);
		close(alive[1]);
		return false;
	}
	fflush(NULL);
	/* Twice, so that it is no child of ours: `record --wait` waits for those. */
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(alive[1]);
		close(ended[0]);
		guard(daemon, session, alive[0], ended[1]);
	}
	close(alive[0]);
	close(ended[1]);
	daemon->guarded = true;
	daemon->alive = alive[1];
	daemon->ended = ended[0];
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && read(ended[0], &good, sizeof(good)) == sizeof(good) && good;
}

/* ---- start ---- */

/*
 * A home of our own, since the commands write there which session is the usual one. Where the
 * person's daemon has its sockets, a link leads to.
 */
static bool make_home(struct fsc_record_daemon *daemon)
{
	const char *home = getenv(HOME_VARIABLE);
	char link[PATH_MAX], folder[PATH_MAX];

	snprintf(daemon->home, sizeof(daemon->home), "/tmp/ffiscope-lttng-XXXXXX");
	if (!mkdtemp(daemon->home)) {
		*daemon->home = '\0';
		return false;
	}
	if (!home || !*home)
		home = getenv("HOME");
	snprintf(link, sizeof(link), "%s/" RUN_FOLDER, daemon->home);
	if (geteuid() != 0 && home && *home &&
	    (size_t)snprintf(folder, sizeof(folder), "%s/" RUN_FOLDER, home) < sizeof(folder))
		(void)!symlink(folder, link);
	return true;
}

static bool is_running(const struct fsc_record_daemon *daemon)
{
	static const char *const words[] = { "list", NULL };
	char said[LIST_BYTES];

	return fsc_record_daemon_command(daemon, words, said, sizeof(said));
}

static void choose_own(struct fsc_record_daemon *daemon)
{
	char link[PATH_MAX];

	daemon->own = true;
	snprintf(link, sizeof(link), "%s/" RUN_FOLDER, daemon->home);
	unlink(link);
}

static bool find_or_start(struct fsc_record_daemon *daemon, const char *session)
{
	bool started;

	daemon->lock = -1;
	if (geteuid() == 0)
		daemon->lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	lock(daemon, LOCK_CHANGING, F_OFD_SETLKW, F_WRLCK);
	if (!is_running(daemon))
		choose_own(daemon);
	started = start_guardian(daemon, session);
	lock(daemon, LOCK_USING, F_OFD_SETLKW, F_RDLCK);
	lock(daemon, LOCK_CHANGING, F_OFD_SETLK, F_UNLCK);
	if (daemon->lock >= 0)
		close(daemon->lock);
	return started;
}

bool fsc_record_daemon_start(struct fsc_record_daemon *daemon, const char *session)
{
	char path[PATH_MAX];

	if (!fsc_command_path_find("lttng", path, sizeof(path))) {
		fsc_messages_say("--sink lttng: there is no command lttng (apt install "
				 "lttng-tools)");
		return false;
	}
	if (!make_home(daemon)) {
		fsc_messages_say("cannot make a folder in /tmp: %s", strerror(errno));
		return false;
	}
	if (find_or_start(daemon, session))
		return true;
	fsc_messages_say("lttng-sessiond does not start (try it by hand: %s=%s lttng-sessiond "
			 "--no-kernel)",
			 HOME_VARIABLE, daemon->home);
	return false;
}

/*
 * A program takes it that a session listens as soon as any does: where others may have one, it
 * waits until it knows all of them. It registers with root's daemon besides the person's.
 */
void fsc_record_daemon_environment(const struct fsc_record_daemon *daemon)
{
	if (daemon->own)
		setenv(HOME_VARIABLE, daemon->home, 1);
	if (!daemon->own || access(ROOT_SOCKET, F_OK) == 0)
		setenv(TIMEOUT_VARIABLE, TIMEOUT_MS, 0);
}

void fsc_record_daemon_end(struct fsc_record_daemon *daemon)
{
	char byte;

	if (!daemon->guarded) {
		if (*daemon->home)
			fsc_record_output_remove(daemon->home);
		*daemon->home = '\0';
		return;
	}
	close(daemon->alive);
	while (read(daemon->ended, &byte, sizeof(byte)) < 0 && errno == EINTR)
		;
	close(daemon->ended);
	daemon->guarded = false;
	*daemon->home = '\0';
}
