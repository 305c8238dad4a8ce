# SPDX-License-Identifier: MIT
"""marks - ffiscope.h names phases and moments; without ffiscope the same binary does nothing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, SERVICE, babeltrace, check, check_phases_add_up, compile_program,
                      equal, main, near, phase, record, run, test)

HELLO = "proto2ffi_say_hello"
REQUESTS = 400

PROGRAM = r"""
#include "ffi/service/service.h"
#include <ffiscope.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static uint64_t wait_ns(uint64_t ns)
{
	uint64_t start_ns = now_ns(), passed_ns;
	do
		passed_ns = now_ns() - start_ns;
	while (passed_ns < ns);
	return passed_ns;
}
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}
extern void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
static uint64_t spent[3][400];
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	void (*give)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	const char *names[] = { "encode", "decode", "check result" };
	uint32_t ids[3], moment = ffiscope_name("moment");
	for (int i = 0; i < 3; i++)
		ids[i] = ffiscope_name(names[i]);
	printf("%s %d\n", moment ? "recorded" : "alone", ffiscope_name("moment") == moment);
	for (int i = 0; i < 400; i++) {
		ffiscope_phase_begin(ids[0]);
		spent[0][i] = wait_ns(50000);
		ffiscope_phase_end(ids[0]);
		struct fsc_byte_buffer buffer = hello((const uint8_t *)"\x0a\x01x", 3);
		ffiscope_phase_begin(ids[1]);
		spent[1][i] = wait_ns(60000);
		ffiscope_phase_end(ids[1]);
		ffiscope_phase_begin(ids[2]);
		spent[2][i] = wait_ns(70000);
		ffiscope_phase_end(ids[2]);
		give(buffer);
		if (i % 4 == 0)
			ffiscope_moment(moment);
	}
	for (int i = 0; i < 3; i++) {
		qsort(spent[i], 400, sizeof(uint64_t), compare);
		printf("%lu\n", spent[i][199]);
	}
	return argc != 2;
}
"""

LOOKS_UP = r"""
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
int main(void)
{
	uint32_t (*intern)(const char *) = (uint32_t (*)(const char *))dlsym(RTLD_DEFAULT, "ffiscope_intern");
	void (*mark)(uint32_t) = (void (*)(uint32_t))dlsym(RTLD_DEFAULT, "ffiscope_mark");
	if (intern && mark)
		for (int i = 0; i < 10; i++)
			mark(intern("looked up"));
	printf("%d %d\n", intern != NULL, mark != NULL);
	return 0;
}
"""

MISUSE = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <ffiscope.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *many(void *unused)
{
	char text[64];
	for (int i = 0; i < 40000; i++) {
		snprintf(text, sizeof(text), "a name that nobody needs, number %d", i);
		ffiscope_phase_end(ffiscope_name(text));
	}
	return unused;
}
int main(int argc, char **argv)
{
	static char large[200000];
	pthread_t thread;
	uint32_t id = ffiscope_name("deep");
	void *library = dlopen(argv[1], RTLD_NOW);
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	memset(large, 'x', sizeof(large) - 1);
	ffiscope_phase_end(id);
	ffiscope_phase_end(0);
	ffiscope_phase_begin(0);
	ffiscope_moment(0);
	ffiscope_phase_begin(4000000000u);
	ffiscope_phase_end(4000000000u);
	ffiscope_moment(4000000000u);
	ffiscope_moment(ffiscope_name(""));
	ffiscope_moment(ffiscope_name(large));
	ffiscope_moment(ffiscope_name("new\nline \"quoted\" \x01 \xff"));
	if (ffiscope_intern)
		ffiscope_intern(NULL);
	for (int i = 0; i < 1000; i++)
		ffiscope_phase_begin(id);
	free(hello((const uint8_t *)"\x0a\x01x", 3).ptr);
	for (int i = 0; i < 1010; i++)
		ffiscope_phase_end(id);
	pthread_create(&thread, NULL, many, NULL);
	many(NULL);
	pthread_join(thread, NULL);
	free(hello((const uint8_t *)"\x0a\x01x", 3).ptr);
	printf("alive\n");
	return argc != 2;
}
"""

IN_LIBRARY = r"""
#include <ffiscope.h>
#include <stdint.h>
#include <time.h>
static void wait_ns(long ns)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < ns);
}
void marked_call(void)
{
	uint32_t decode = ffiscope_name("decode"), encode = ffiscope_name("encode");
	ffiscope_phase_begin(decode);
	wait_ns(50000);
	ffiscope_phase_end(decode);
	wait_ns(60000);
	ffiscope_phase_begin(encode);
	wait_ns(70000);
	ffiscope_phase_end(encode);
}
"""

CALLS_LIBRARY = r"""
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void (*call)(void) = (void (*)(void))dlsym(dlopen(argv[1], RTLD_NOW), "marked_call");
	for (int i = 0; i < 300; i++)
		call();
	return argc != 2;
}
"""


def close_to(found, expected_ns, what):
    near(found, expected_ns, max(20, expected_ns / 100), what)


@test
def the_same_binary_runs_alone(folder):
    program = compile_program(folder, "marks", PROGRAM)
    result = run(program, SERVICE)
    equal((result.status, result.err), (0, ""), "exit status and stderr")
    equal(result.out.splitlines()[0], "alone 1", "what it says")


@test
def marked_phases_and_moments_are_in_the_report(folder):
    program = compile_program(folder, "marks", PROGRAM)
    recording = record(folder, program, SERVICE)
    lines = recording.out.splitlines()
    equal((recording.status, lines[0]), (0, "recorded 1"), "what it says")
    report = recording.report()
    check_phases_add_up(report)
    medians = [int(line) for line in lines[1:]]
    for name, median_ns in zip(("encode", "decode", "check result"), medians):
        found = phase(report, HELLO, "host", name)
        equal(found.get("count"), REQUESTS, f"count of {name}")
        equal(found.get("source"), "measured", f"source of {name}")
        close_to(found.get("p50_ns"), median_ns, f"p50 of {name}")
    counts = babeltrace(os.path.join(recording.images()[0], "ctf"))
    equal(counts.get("mark"), REQUESTS // 4, "marks that babeltrace2 reads")
    check("check result" in run(FFISCOPE, "report", recording.path).out, "the table names it")


@test
def a_name_looked_up_with_dlsym_works(folder):
    program = compile_program(folder, "looks_up", LOOKS_UP)
    equal(run(program).out, "0 0\n", "without record")
    recording = record(folder, program)
    equal(recording.out, "1 1\n", "with record")
    equal(len(recording.images()), 1, "an image with marks only is an image with events")


@test
def misuse_of_marks_harms_nobody(folder):
    program = compile_program(folder, "misuse", MISUSE, "-pthread")
    recording = record(folder, program, SERVICE)
    equal((recording.status, recording.out), (0, "alive\n"), "exit status and output")
    report = recording.report()
    check_phases_add_up(report)
    calls = {entry["name"]: entry["calls"] for entry in report["entry_points"]}
    equal(calls.get(HELLO), 2, "calls")


@test
def marks_inside_a_call_are_the_librarys_phases(folder):
    library = compile_program(folder, "marked.so", IN_LIBRARY, "-shared", "-fPIC")
    program = compile_program(folder, "calls", CALLS_LIBRARY)
    recording = record(folder, program, library)
    report = recording.report()
    check_phases_add_up(report)
    for name, median_ns in (("decode", 50000), ("work", 60000), ("encode", 70000)):
        found = phase(report, "marked_call", "library", name)
        equal(found.get("count"), 300, f"count of {name}")
        check(found.get("p50_ns") is not None and
              0.99 * median_ns <= found["p50_ns"] <= 1.25 * median_ns,
              f"p50 of library {name} is {found.get('p50_ns')}, planted {median_ns}")


if __name__ == "__main__":
    main()
