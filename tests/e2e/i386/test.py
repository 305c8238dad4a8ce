# SPDX-License-Identifier: MIT
"""i386 - 32-bit programs are recorded and read by the 64-bit tools."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FOREIGN, HOSTS, Recording, Skip, check, compile_program, environment, equal,
                      load, main, record, require, row, run, shared, test)
from truth import BUFFER_ENTRIES, PLAIN_ENTRIES, check_all

REQUESTS = 2000
PRELOAD = os.path.join(BUILD, "lib32", "libffiscope.so")


def host(name, *arguments):
    program = os.path.join(FOREIGN, f"host_{name}")
    if not os.path.exists(program) or not os.path.exists(PRELOAD):
        raise Skip("nothing is built for 32-bit programs: cmake --preset i386")
    return [program, *[str(argument) for argument in arguments]]


def record_host(folder, name, *arguments, status=0, **how):
    recording = record(folder, *host(name, *arguments), **how)
    require(recording.status == status, f"{name} ended with {recording.status}: "
            f"{recording.err[-600:]}")
    return recording


@test(name=["dlopen", "linked"], threads=[1, 4], clock=["fenced", "fast"])
def counts_equal_what_host_and_service_say(folder, name, threads, clock):
    check_all(record_host(folder, name, "--requests", REQUESTS, "--threads", threads, "--entry",
                          "mixed", options=["--clock", clock]))


@test(name=["dlopen", "linked"], entry=[*BUFFER_ENTRIES, *PLAIN_ENTRIES])
def every_entry_point_is_counted_exactly(folder, name, entry):
    check_all(record_host(folder, name, "--requests", 1001, "--threads", 2, "--entry", entry))


# The pool has buffers of one style only.
@test(name=["dlopen", "linked"],
      case=[("post", False), ("post", True), ("calculator", False)])
def planted_leaks_and_wrong_frees_are_found(folder, name, case):
    entry, pool = case
    recording = record_host(folder, name, "--requests", REQUESTS, "--threads", 2, "--entry", entry,
                            "--leak-every", 100, "--free-twice-at", 30, "--wrong-length-at", 201,
                            *(["--pool"] if pool else ["--plain-free-at", 1001]))
    truth, leaks = recording.truth(), recording.leaks(status=1)
    found = {finding["kind"]: (finding["count"], finding["entry_point"])
             for finding in leaks["findings"]}
    expected = {"never_freed": (truth["leaked"], BUFFER_ENTRIES[entry]),
                "freed_twice": (1, BUFFER_ENTRIES[entry]),
                "size_mismatch": (1, BUFFER_ENTRIES[entry])}
    if not pool:
        expected["foreign_free"] = (1, BUFFER_ENTRIES[entry])
    equal(found, expected, "findings")


@test
def a_killed_program_loses_nothing(folder):
    recording = record_host(folder, "dlopen", "--requests", REQUESTS, "--end", "kill",
                            status=128 + signal.SIGKILL)
    truth = recording.truth()
    report = recording.report()
    calls = {point["name"]: point["calls"] for point in report["entry_points"]}
    equal(calls.get("proto2ffi_say_hello"), truth["entry_points"][0]["calls"], "calls")
    equal(report["loss"]["events"], 0, "lost events")


@test
def a_program_records_itself(folder):
    path = os.path.join(folder, "rec")
    result = run(*host("dlopen", "--requests", REQUESTS, "--threads", 3, "--leak-every", 50),
                 env=environment(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=path))
    equal(result.status, 0, "exit status")
    recording = Recording(path, result)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    found = [leaks["buffers"][key] for key in ("made", "freed", "live")]
    equal(found, [REQUESTS, REQUESTS - truth["leaked"], truth["leaked"]], "buffers made, freed, live")


@test
def programs_of_both_widths_are_in_one_recording(folder):
    both = " && ".join(" ".join(command) for command in (
        host("dlopen", "--requests", 300), HOSTS["dlopen"] + ["--requests", "500"]))
    recording = record(folder, "/bin/sh", "-c", both)
    require(recording.status == 0, recording.err[-600:])
    found = {}
    for image in recording.images():
        with open(os.path.join(image, "process.json"), encoding="utf-8") as file:
            process = json.load(file)
        report = load(recording.path, "report", "--pid", str(process["pid"]))
        calls = {point["name"]: point["calls"] for point in report["entry_points"]}
        found[process["machine"]] = calls.get("proto2ffi_say_hello")
        known = process["machine"] != "i386"
        check((report["probe_cost_ns"]["inner"] is not None) == known,
              f"probe cost of {process['machine']}: {report['probe_cost_ns']}")
    equal(found, {"i386": 300, "x86_64": 500}, "calls by processor")


# What a call leaves open is judged by where the next one begins: further down, when that has more
# arguments on the stack.
JUMPS_LIBRARY = """
void jump_stay(void (*inside)(void)) { inside(); }
long jump_sum(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return a + b + c + d + e + f + g + h + i + j;
}
"""
JUMPS = """
#include <dlfcn.h>
#include <setjmp.h>
static jmp_buf back;
static void leave(void) { longjmp(back, 1); }
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	void (*stay)(void (*)(void)) = dlsym(library, "jump_stay");
	long (*sum)(long, long, long, long, long, long, long, long, long, long) =
		dlsym(library, "jump_sum");
	for (volatile int i = 0; i < 300; i++) {
		if (!setjmp(back))
			stay(leave);
		if (sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) != 55)
			return 1;
	}
	return 0;
}
"""
WIDTH = {"i386": ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"], "x86_64": ["-m64"]}


@test(width=list(WIDTH))
def who_jumped_out_is_noticed_by_a_call_with_more_arguments(folder, width):
    host("dlopen")
    library = shared(folder, "libjumps.so", JUMPS_LIBRARY, *WIDTH[width])
    recording = record(folder, compile_program(folder, "jumps", JUMPS, *WIDTH[width]), library)
    equal(recording.status, 0, "exit status")
    report = recording.report()
    for name, unwound in (("jump_stay", 300), ("jump_sum", 0)):
        found = row(report, name)
        equal((found.get("calls"), found.get("unwound"), found.get("open")), (300, unwound, 0),
              f"calls, unwound, open of {name}")


EDGE_LIBRARY = """
long edge_answer(void) { return 42; }
void edge_back(void (*inside)(void)) { inside(); }
"""
EDGE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
enum { PAGE = 4096, PAGES = 16, WORDS = 40 };
/* On a stack of its own, with so little above the return address. */
long call_at(void *top, long (*function)(void));
__asm__(".text\n.globl call_at\ncall_at:\n\t"
	"pushl %ebp\n\tmovl %esp, %ebp\n\tpushl %ebx\n\t"
	"movl 8(%ebp), %edx\n\tmovl 12(%ebp), %ecx\n\tmovl %esp, %ebx\n\tmovl %edx, %esp\n\t"
	"call *%ecx\n\tmovl %ebx, %esp\n\tpopl %ebx\n\tpopl %ebp\n\tret");
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	long (*answer)(void) = dlsym(library, "edge_answer");
	char *stack = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *top = stack + PAGES * PAGE;
	if (mprotect(top, PAGE, PROT_NONE) != 0)
		return 2;
	for (int words = 0; words < WORDS; words++)
		if (call_at(top - 4 * words, answer) != 42)
			return 1;
	return 0;
}
"""


@test
def a_stack_that_ends_right_above_the_return_address_is_not_read_beyond(folder):
    host("dlopen")
    library = shared(folder, "libedge.so", EDGE_LIBRARY, *WIDTH["i386"])
    recording = record(folder, compile_program(folder, "edge", EDGE, *WIDTH["i386"]), library)
    equal(recording.status, 0, "exit status")
    equal(row(recording.report(), "edge_answer").get("calls"), 40, "calls")


BACK = """
#include <dlfcn.h>
#include <execinfo.h>
static void show(void)
{
	void *frames[64];
	backtrace_symbols_fd(frames, backtrace(frames, 64), 1);
}
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	void (*back)(void (*)(void)) = dlsym(library, "edge_back");
	back(show);
	return 0;
}
"""


@test
def who_walks_the_stack_from_inside_a_call_reaches_main(folder):
    host("dlopen")
    library = shared(folder, "libedge.so", EDGE_LIBRARY, *WIDTH["i386"])
    program = compile_program(folder, "back", BACK, "-rdynamic", *WIDTH["i386"])
    recording = record(folder, program, library)
    equal(recording.status, 0, "exit status")
    for name in ("edge_back", "libffiscope.so", "main"):
        check(name in recording.out, f"{name} is not in {recording.out!r}")


if __name__ == "__main__":
    main()
