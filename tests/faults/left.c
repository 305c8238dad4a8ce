/* SPDX-License-Identifier: MIT */
/* Calls that allocate, and leave something inside them without its end: a phase, or a call. */
#include "faults.h"
#include "ffiscope.h"

enum { CALLS = 500, BLOCKS = 3, BYTES = 48, DEEP = 20, TIMED = 16 };

static void (*lib_call)(void (*)(void *), void *);
static sigjmp_buf before;
static void *blocks[BLOCKS];
static uint32_t name, whole;

static void allocate_and_jump(void *unused)
{
	(void)unused;
	blocks[1] = malloc(BYTES);
	siglongjmp(before, 1);
}

static void leave_a_call(void *unused)
{
	blocks[0] = malloc(BYTES);
	if (!sigsetjmp(before, 0))
		lib_call(allocate_and_jump, unused);
	blocks[2] = malloc(BYTES);
	free(blocks[0]);
}

static void leave_a_phase(void *unused)
{
	(void)unused;
	blocks[0] = malloc(BYTES);
	ffiscope_phase_begin(name);
	blocks[1] = malloc(BYTES);
	blocks[2] = malloc(BYTES);
	free(blocks[0]);
}

/* More than are timed. */
static void leave_many_phases(void *unused)
{
	leave_a_phase(unused);
	for (int i = 1; i < DEEP; i++)
		ffiscope_phase_begin(name);
}

static void begin_and_jump(void *unused)
{
	(void)unused;
	for (int i = 0; i < DEEP; i++)
		ffiscope_phase_begin(name);
	siglongjmp(before, 1);
}

/* As many as are timed, and a call inside them that begins more and does not end. */
static void leave_phases_in_a_call(void *unused)
{
	(void)unused;
	for (int i = 0; i < TIMED; i++)
		ffiscope_phase_begin(whole);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(BYTES);
	if (!sigsetjmp(before, 0))
		lib_call(begin_and_jump, unused);
	for (int i = 0; i < TIMED; i++)
		ffiscope_phase_end(whole);
	free(blocks[0]);
}

static void end_a_phase(void *unused)
{
	(void)unused;
	ffiscope_phase_begin(whole);
	ffiscope_phase_end(whole);
}

static void (*body(const char *what))(void *)
{
	if (!strcmp(what, "call"))
		return leave_a_call;
	if (!strcmp(what, "phases in a call"))
		return leave_phases_in_a_call;
	return !strcmp(what, "phase") ? leave_a_phase : leave_many_phases;
}

int main(int argc, char **argv)
{
	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call);
	name = ffiscope_name("left");
	whole = ffiscope_name("whole");
	for (int i = 0; i < CALLS; i++) {
		lib_call(body(argv[2]), NULL);
		lib_call(end_a_phase, NULL);
		free(blocks[1]);
		free(blocks[2]);
	}
	puts("done");
	return 0;
}
