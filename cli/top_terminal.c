/* SPDX-License-Identifier: MIT */
/*
 * A terminal that shows one screen after the other. What is hard: it must be as it was before,
 * however the command ends. Escapes are those of ECMA-48 and of xterm (1049: the alternate screen),
 * which every terminal emulator of today knows.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/top_internal.h"

enum { LINES_DEFAULT = 24 };

static const int stops[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static struct termios before;
static sigset_t mask_before; /* while waiting: these signals come then alone */
static volatile sig_atomic_t stopped, resized;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void on_resize(int signal_number)
{
	(void)signal_number;
	resized = 1;
}

static void take_signals(void)
{
	struct sigaction action = { .sa_handler = on_stop };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		sigaddset(&mask, stops[i]);
		sigaction(stops[i], &action, NULL);
	}
	sigaddset(&mask, SIGWINCH);
	action.sa_handler = on_resize;
	sigaction(SIGWINCH, &action, NULL);
	sigprocmask(SIG_BLOCK, &mask, &mask_before);
}

bool fsc_top_terminal_begin(void)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	take_signals();
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	return true;
}

void fsc_top_terminal_end(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

size_t fsc_top_terminal_lines(void)
{
	struct winsize window = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || !window.ws_row)
		return LINES_DEFAULT;
	return window.ws_row;
}

enum fsc_top_wake fsc_top_terminal_wait(uint64_t timeout_ns, char *letter)
{
	struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000),
				    .tv_nsec = (long)(timeout_ns % 1000000000) };
	struct pollfd typed = { .fd = STDIN_FILENO, .events = POLLIN };
	int ready = ppoll(&typed, 1, &timeout, &mask_before);

	if (stopped)
		return FSC_TOP_STOP;
	if (resized) {
		resized = 0;
		return FSC_TOP_RESIZED;
	}
	if (ready <= 0)
		return FSC_TOP_TIMEOUT;
	return read(STDIN_FILENO, letter, 1) == 1 ? FSC_TOP_TYPED : FSC_TOP_STOP;
}
