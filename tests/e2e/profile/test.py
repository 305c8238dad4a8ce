# SPDX-License-Identifier: MIT
"""profile - the profile sink keeps no event, and counts, distributions and the ledger are exact."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, PRELOAD, SERVICE, Recording, check, compile_program, environment,
                      equal, events_of_calls, host, main, phase, record, record_host, row,
                      run, shared, test)
from truth import BUFFER_ENTRIES, check_entry_rows, check_service_totals

PROFILE = ["--sink", "profile"]
NAME = "proto2ffi_say_hello"
LIBRARY = ("decode", "work", "encode")
DELAY_NS = 200000


def report_of(recording):
    report = recording.report()
    equal(report["sink"], "profile", "sink")
    equal(report["requests"], [], "requests")
    equal(report["loss"]["events"], 0, "events lost")
    equal(events_of_calls(recording), 0, "events of calls")
    for entry in report["entry_points"]:
        times = [entry[key] for key in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")]
        if entry["timed_calls"]:
            equal(times, sorted(times), f"quantiles of {entry['name']}")
    return report


def check_host(recording):
    truth, report = recording.truth(), report_of(recording)
    check_entry_rows(report, truth)
    check_service_totals(report, truth)
    for entry in report["entry_points"]:
        equal(entry["timed_calls"], entry["calls"], f"calls of {entry['name']} in its distribution")
        equal(entry["partial"], False, f"partial of {entry['name']}")
    return truth, report


@test(host=["dlopen", "linked", "cpp", "ctypes"], threads=[1, 4], entry=["mixed", "hello"])
def counts_equal_what_host_and_service_say(folder, host, threads, entry):
    check_host(record_host(folder, host, "--requests", 3000, "--threads", threads, "--entry", entry,
                           options=PROFILE))


@test(threads=[1, 4])
def library_phases_add_up_to_their_calls(folder, threads):
    recording = record_host(folder, "dlopen", "--requests", 3000, "--threads", threads, "--entry",
                            "mixed", options=PROFILE)
    report = recording.report("--no-correct")
    for name in BUFFER_ENTRIES.values():
        entry = row(report, name)
        phases = [phase(report, name, "library", which) for which in LIBRARY]
        for key in ("allocations", "allocated_bytes"):
            equal(sum(found[key] for found in phases), entry[key], f"{key} of phases of {name}")
        for found in phases:
            equal(found["count"], entry["calls"], f"count of {found['phase']} of {name}")
            equal(found["share"], None, f"share of {found['phase']} of {name}")
        # Each total is converted from ticks and rounded by itself.
        total = sum(found["total_ns"] for found in phases)
        check(abs(total - entry["total_ns"]) <= 8 * threads,
              f"phases of {name} take {total} of {entry['total_ns']} ns")
        for which in ("encode", "prepare", "decode", "consume"):
            found = phase(report, name, "host", which)
            equal((found["count"], found["mean_ns"]), (0, None), f"host {which} of {name}")


@test
def the_host_works_for_a_call_that_is_not_known(folder):
    recording = record_host(folder, "dlopen", "--requests", 500, "--entry", "hello",
                            options=PROFILE)
    found = {part["phase"]: part["count"] for part in report_of(recording)["host_phases"]}
    equal(sorted(found), ["decode", "encode"], "phases of the host")
    equal(found["decode"], 500, "decodes of the host")
    text = run(FFISCOPE, "report", recording.path).out
    check("Phases of the host" in text and "sink profile" in text, f"the report says {text!r}")


# What a library phase really took is at least the delay that was planted in it.
@test(which=LIBRARY)
def a_delay_in_the_library_is_found_in_its_phase(folder, which):
    recording = record_host(folder, "dlopen", "--requests", 300, "--entry", "hello",
                            f"--delay-{which}", DELAY_NS, options=PROFILE)
    report = report_of(recording)
    found, entry = phase(report, NAME, "library", which), row(report, NAME)
    check(found["p50_ns"] >= 0.99 * DELAY_NS, f"p50 of {which} is {found['p50_ns']} ns")
    check(found["total_ns"] >= 300 * DELAY_NS * 0.99, f"{which} takes {found['total_ns']} ns")
    check(entry["min_ns"] >= DELAY_NS, f"the shortest call took {entry['min_ns']} ns")


# 2,000 calls; every 50th takes 400 µs more.
SOME = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	void (*set)(const char *, uint64_t) =
		(void (*)(const char *, uint64_t))dlsym(library, "ffi_service_set");
	void (*give)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	for (int i = 0; i < 2000; i++) {
		set("DELAY_ENCODE_NS", i % 50 == 25 ? 400000 : 0);
		give(hello((const uint8_t *)"\x0a\x01x", 3));
	}
	return 0;
}
"""


@test
def the_slow_ones_are_in_the_high_quantiles(folder):
    program = compile_program(folder, "some", SOME)
    recording = record(folder, program, SERVICE, options=PROFILE + ["--exclude", "ffi_service_set"])
    report = report_of(recording)
    equal(report["probes_added_ns"], None, "what the probes added: no event tells")
    entry = row(report, NAME)
    equal(entry["timed_calls"], 2000, "calls in the distribution")
    check(entry["p99_ns"] >= 400000 * 0.99, f"p99 is {entry['p99_ns']} ns")
    check(entry["min_ns"] < 400000, f"the shortest call took {entry['min_ns']} ns")
    check(entry["total_ns"] >= 40 * 400000, f"all took {entry['total_ns']} ns")
    equal(entry["estimate"], True, "estimate: the cost that was subtracted is the embedded sink's")


@test(end=["kill", "abort", "_exit"])
def an_end_without_exit_loses_nothing(folder, end):
    status = {"kill": 128 + signal.SIGKILL, "abort": 128 + signal.SIGABRT, "_exit": 0}[end]
    recording = record_host(folder, "dlopen", "--requests", 1000, "--entry", "hello",
                            "--leak-every", 100, "--end", end, options=PROFILE, status=status)
    entry = row(report_of(recording), NAME)
    equal((entry["calls"], entry["timed_calls"]), (1000, 1000), "calls, and those timed")
    equal(entry["partial"], False, "partial")
    leaks = recording.leaks()
    equal(leaks["findings"], [], "findings")
    equal(sum(found["count"] for found in leaks["live_at_end"]), 10, "live at the end")


@test
def many_threads_add_up(folder):
    truth, report = check_host(record_host(folder, "dlopen", "--requests", 6400, "--threads", 64,
                                           "--entry", "hello", options=PROFILE))
    equal(row(report, NAME)["calls"], 6400, "calls")


def without_calls(leaks):
    return [{key: value for key, value in found.items()
             if key not in ("pid", "image", "threads", "first_call", "last_call")}
            for found in sorted(leaks["findings"], key=lambda found: found["kind"])]


@test(threads=[1, 2])
def leaks_are_the_same_as_under_the_embedded_sink(folder, threads):
    arguments = ["--requests", 2000, "--threads", threads, "--entry", "mixed", "--leak-every", 100,
                 "--free-twice-at", 77, "--wrong-length-at", 78, "--plain-free-at", 79]
    embedded = record_host(folder, "dlopen", *arguments, name="embedded").leaks(status=1)
    profile = record_host(folder, "dlopen", *arguments, options=PROFILE).leaks(status=1)
    equal(without_calls(profile), without_calls(embedded), "findings")
    equal(profile["buffers"], embedded["buffers"], "buffers")
    for found in profile["findings"]:
        check(found["first_call"], f"no first call of {found['kind']}")


@test
def the_preload_alone_makes_a_profile(folder):
    path = os.path.join(folder, "rec")
    done = Recording(path, run(*host("dlopen", "--requests", 1500, "--threads", 3, "--entry", "hello"),
                               env=environment(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=path,
                                               FFISCOPE_SINK="profile")))
    equal(done.err, "", "stderr of the program")
    check_host(done)


NESTED = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	int (*outer)(int (*)(int), int) = (int (*)(int (*)(int), int))dlsym(library, "outer");
	int (*inner)(int) = (int (*)(int))dlsym(library, "inner");
	int sum = 0, status = 1;
	for (int i = 0; i < 500; i++)
		sum += outer(i % 2 ? inner : 0, i);
	if (fork() == 0) {
		for (int i = 0; i < 100; i++)
			outer(inner, i);
		_exit(0);
	}
	wait(&status);
	return status || sum != 500 * 499 / 2 + 250;
}
"""
CALLED = r"""
int inner(int value) { return value + 1; }
int outer(int (*call)(int), int value) { return call ? call(value) : value; }
"""


# 64 threads that are alive at once; each calls inner() 100 times.
CROWD = r"""
#include <dlfcn.h>
#include <pthread.h>
static pthread_barrier_t all;
static int (*inner)(int);
static void *call(void *unused)
{
	pthread_barrier_wait(&all);
	for (int i = 0; i < 100; i++)
		inner(i);
	pthread_barrier_wait(&all);
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t threads[64];
	inner = (int (*)(int))dlsym(dlopen(argv[argc - 1], RTLD_NOW), "inner");
	pthread_barrier_init(&all, 0, 64);
	for (int i = 0; i < 64; i++)
		pthread_create(&threads[i], 0, call, 0);
	for (int i = 0; i < 64; i++)
		pthread_join(threads[i], 0);
	return 0;
}
"""
@test
def a_full_region_is_told_and_counts_stay_exact(folder):
    program = compile_program(folder, "crowd", CROWD, "-pthread")
    library = shared(folder, "called", CALLED)
    recording = record(folder, program, library, options=PROFILE)
    entry = row(report_of(recording), "inner")
    equal((entry["calls"], entry["timed_calls"], entry["threads"]), (6400, 6400, 64), "with room")
    recording = record(folder, program, library, options=PROFILE + ["--profile-size", "256k"],
                       name="full")
    entry = row(recording.report(), "inner")
    equal((entry["calls"], entry["open"], entry["unwound"]), (6400, 0, 0), "calls")
    check(0 < entry["timed_calls"] < 6400, f"{entry['timed_calls']} calls found room")
    equal(entry["partial"], True, "partial")
    missed = 6400 - entry["timed_calls"]
    check(f"{missed} durations found no room" in recording.err, f"record says {recording.err!r}")
    text = run(FFISCOPE, "report", recording.path).out
    check("profile full" in text, f"the report says {text!r}")


@test
def calls_in_calls_and_forked_children_are_told_apart(folder):
    library = shared(folder, "called", CALLED)
    recording = record(folder, compile_program(folder, "nested", NESTED), library, options=PROFILE)
    equal(recording.status, 0, "exit status of the program")
    images = recording.meta()["processes"]
    equal(sorted(image["calls"] for image in images), [200, 750], "calls of parent and child")
    report = report_of(recording)
    outer, inner = row(report, "outer"), row(report, "inner")
    equal((outer["calls"], outer["timed_calls"]), (500, 500), "outer")
    equal((inner["calls"], inner["timed_calls"]), (250, 250), "inner")
    raw = recording.report("--no-correct")
    check(abs(row(raw, "outer")["self_ns"] + row(raw, "inner")["total_ns"]
              - row(raw, "outer")["total_ns"]) <= 2, "outer's own time and inner's are outer's")


if __name__ == "__main__":
    main()
