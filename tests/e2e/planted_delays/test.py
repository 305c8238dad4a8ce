# SPDX-License-Identifier: MIT
"""planted_delays - a delay that a program planted and measured is found in its phase, and only there."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from delays import (HOST, LIBRARY, NAME, REQUESTS, baseline, check_elsewhere, check_one, check_planted,
                    measure, option, try_again)
from scenario import (FFISCOPE, SERVICE, check, compile_program, equal, main, near, phase, record,
                      record_host, require, row, run, test)

@test(host=["dlopen", "linked"], clock=["fenced", "fast"], name=LIBRARY)
def a_delay_in_the_library_is_found_in_its_phase(folder, host, clock, name):
    check_one(folder, host, clock, "library", name)


@test(host=["dlopen", "linked"], clock=["fenced", "fast"], name=HOST)
def a_delay_in_the_host_is_found_in_its_phase(folder, host, clock, name):
    check_one(folder, host, clock, "host", name)


@test(name=[("library", "decode"), ("library", "work"), ("library", "encode"),
            ("host", "prepare"), ("host", "consume")])
def a_python_host_shows_the_same(folder, name):
    check_one(folder, "ctypes", "fenced", *name)


@test(threads=[1, 2])
def all_delays_at_once_are_told_apart(folder, threads):
    planted = [("library", "decode"), ("library", "work"), ("library", "encode"),
               ("host", "encode"), ("host", "decode"), ("host", "prepare"), ("host", "consume")]
    arguments = ["--threads", threads]
    for number, key in enumerate(planted):
        # Longer than the others: after each wait the caches are cold, which no baseline shows.
        arguments += [option(*key), 5000000 + 250000 * number]

    def attempt():
        undisturbed = baseline(folder, "dlopen", "fenced", "--threads", threads)
        truth, phases = measure(folder, "dlopen", "fenced", *arguments, requests=40)
        for side, name in planted:
            check_planted(phases[side, name], truth, side, name, undisturbed[side, name], threads)
        check_elsewhere(phases, planted, undisturbed, 5000000)

    try_again(attempt)


@test
def the_calls_time_is_the_sum_of_its_library_phases(folder):
    recording = record_host(folder, "dlopen", "--requests", REQUESTS, "--delay-decode", 20000,
                            "--delay-work", 30000, "--delay-encode", 25000)
    report = recording.report()
    entry = next(found for found in report["entry_points"] if found["name"] == NAME)
    parts = sum(phase(report, NAME, "library", name)["total_ns"] for name in LIBRARY)
    near(parts, entry["total_ns"], 2, "decode + work + encode")


# 2,000 requests; the delay of every 50th, or of the first 10, is 400 µs in the library's encode.
SOME = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <string.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int warm_up = argc > 2 && !strcmp(argv[2], "warm_up");
	void (*set)(const char *, uint64_t) =
		(void (*)(const char *, uint64_t))dlsym(library, "ffi_service_set");
	void (*give)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	for (int i = 0; i < 2000; i++) {
		set("DELAY_ENCODE_NS", (warm_up ? i < 10 : i % 50 == 25) ? 400000 : 0);
		give(hello((const uint8_t *)"\x0a\x01x", 3));
	}
	return 0;
}
"""


def record_some(folder, which):
    program = compile_program(folder, "some", SOME)
    recording = record(folder, program, SERVICE, which, options=["--exclude", "ffi_service_set"])
    equal(recording.status, 0, "exit status")
    return recording, row(recording.report(), NAME, "requests")


@test
def the_slowest_requests_show_the_phase_that_made_them_slow(folder):
    try_again(lambda: slowest_once(folder))


def slowest_once(folder):
    recording, found = record_some(folder, "slow")
    slowest = found.get("slowest") or {}
    require(slowest, "no slowest requests")
    check(20 <= slowest["count"] <= 60, f"{slowest['count']} slowest requests, 40 were planted")
    check(slowest["least_ns"] >= 400000, f"the slowest begin at {slowest['least_ns']} ns")
    more = {(part["side"], part["phase"]): part["raw_mean_ns"] - part["raw_mean_of_all_ns"]
            for part in slowest["phases"]}
    equal(max(more, key=more.get), ("library", "encode"), "what differs most")
    check(more["library", "encode"] >= 300000, f"it differs by {more['library', 'encode']} ns")
    screen = run(FFISCOPE, "report", "--brief", recording.path).out
    check("; library encode takes " in screen, f"the screen says {screen!r}")


@test
def the_first_requests_are_told_apart_from_the_others(folder):
    try_again(lambda: first_once(folder))


def first_once(folder):
    recording, found = record_some(folder, "warm_up")
    warm_up = found.get("warm_up") or {}
    equal(warm_up.get("count"), 10, "requests of the warm-up")
    check(warm_up.get("mean_ns", 0) >= 400000, f"they take {warm_up.get('mean_ns')} ns")
    check(warm_up.get("later_mean_ns", 1e9) < 200000,
          f"the others take {warm_up.get('later_mean_ns')} ns")
    screen = run(FFISCOPE, "report", "--brief", recording.path).out
    check("warm-up: the first 10 requests" in screen, f"the screen says {screen!r}")


if __name__ == "__main__":
    main()
