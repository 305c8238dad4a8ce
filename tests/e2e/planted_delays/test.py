# SPDX-License-Identifier: MIT
"""planted_delays - a delay that a program planted and measured is found in its phase, and only there.

Expected: what the program measured, plus what the phase takes without any delay (a run of its own,
median). Allowed: 1 % or 20 ns, whichever is larger. The delays are long against everything else:
what a phase does besides, and the pauses of a busy machine that fall beside the delay, where the
program does not see them, must stay below 1 %. A pause that did not is no error of ours: a case gets
eight attempts, and a wrong measurement fails all of them.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, SERVICE, check, compile_program, equal, failures, forget_failures,
                      main, near, phase, record, record_host, require, row, run, test)

NAME = "proto2ffi_say_hello"
REQUESTS = 1000
ATTEMPTS = 8
LIBRARY = ["decode", "work", "encode"]
HOST = ["encode", "decode", "prepare", "consume"]
PHASES = [("library", name) for name in LIBRARY] + [("host", name) for name in HOST] + \
         [("library", "free"), ("host", "other")]
DELAYS_NS = {"dlopen": 100000, "linked": 100000, "ctypes": 2000000}

_baselines = {}


def option(side, name):
    return f"--delay-{name}" if side == "library" or name in ("prepare", "consume") \
        else f"--delay-host-{name}"


def measure(folder, host, clock, *arguments, requests=REQUESTS):
    recording = record_host(folder, host, "--requests", requests, "--entry", "hello", *arguments,
                            options=["--clock", clock])
    report = recording.report()
    equal(report["loss"]["events"], 0, "lost events")
    return recording.truth(), {key: phase(report, NAME, *key) for key in PHASES}


def baseline(folder, host, clock, threads=1):
    """The phases' medians when nothing is planted; 0 for those that nobody sees."""
    key = (host, clock, threads)
    if key not in _baselines:
        _, phases = measure(folder, host, clock, "--threads", threads)
        _baselines[key] = {name: found["p50_ns"] or 0 for name, found in phases.items()}
    return _baselines[key]


def tolerance(expected):
    return max(20, expected / 100)


def check_planted(found, truth, side, name, undisturbed_ns, threads=1):
    said = truth["service" if side == "library" else "host"]
    count = said[f"{name}_count"]
    median_ns = said[f"{name}_median_ns"] + undisturbed_ns
    mean_ns = said[f"{name}_elapsed_ns"] / max(count, 1) + undisturbed_ns
    near(found["p50_ns"], median_ns, tolerance(median_ns), f"p50 of {side} {name}")
    # With a thread on every processor the recorder's own turns fall between the delays: means tell of those.
    if threads < os.cpu_count():
        near(found["mean_ns"], mean_ns, tolerance(mean_ns), f"mean of {side} {name}")
    # Prepare is not timed until a thread's place of allocation is known.
    check(count - 2 * threads <= found["count"] <= count, f"{side} {name} was seen {found['count']} times")


def check_elsewhere(phases, planted, undisturbed, delay_ns):
    for key, found in phases.items():
        if key not in planted and found["count"]:
            near(found["p50_ns"], undisturbed[key], 5 * tolerance(delay_ns),
                 f"p50 of {' '.join(key)}, where nothing was planted,")


def try_again(attempt):
    """
    attempt() until nothing is found wrong; what every attempt found stands. A machine that is busy
    with something else gets time to end it, and what was measured while it was is not kept.
    """
    persistent = None
    for pause_s in range(ATTEMPTS):
        time.sleep(pause_s)
        if pause_s:
            _baselines.clear()
        forget_failures()
        attempt()
        found = {sentence.split(" is ")[0]: sentence for sentence in failures()}
        persistent = {key: found[key] for key in found if persistent is None or key in persistent}
        if not persistent:
            break
    forget_failures()
    for sentence in persistent.values():
        check(False, sentence)


def check_one(folder, host, clock, side, name):
    try_again(lambda: attempt_one(folder, host, clock, side, name))


def attempt_one(folder, host, clock, side, name):
    undisturbed = baseline(folder, host, clock)
    delay_ns = DELAYS_NS[host]
    requests = REQUESTS if host != "ctypes" else 200
    truth, phases = measure(folder, host, clock, option(side, name), delay_ns, requests=requests)
    require(phases[side, name]["count"], f"{side} {name} was not seen")
    check_planted(phases[side, name], truth, side, name, undisturbed[side, name])
    check_elsewhere(phases, [(side, name)], undisturbed, delay_ns)


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
        arguments += [option(*key), 300000 + 15000 * number]

    def attempt():
        undisturbed = baseline(folder, "dlopen", "fenced", threads)
        truth, phases = measure(folder, "dlopen", "fenced", *arguments, requests=400)
        for side, name in planted:
            check_planted(phases[side, name], truth, side, name, undisturbed[side, name], threads)
        check_elsewhere(phases, planted, undisturbed, 300000)

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
