# SPDX-License-Identifier: MIT
"""delays.py - delays that our hosts and the service plant and measure, and where a report finds them.

Expected: what the program measured, plus what the phase takes without any delay (a run of its own,
median). Allowed: 1 % or 20 ns, whichever is larger. The delays are long against everything else:
what a phase does besides (after a wait its caches are cold; bare programs show it, too), and the
pauses of a busy machine that fall beside the delay, where the program does not see them, must stay
below 1 %. A pause that did not is no error of ours: a case gets
eight attempts, and a wrong measurement fails all of them.
"""
import os
import time

from scenario import check, equal, failures, forget_failures, near, phase, record_host, require

NAME = "proto2ffi_say_hello"
REQUESTS = 1000
ATTEMPTS = 8
LIBRARY = ["decode", "work", "encode"]
HOST = ["encode", "decode", "prepare", "consume"]
PHASES = [("library", name) for name in LIBRARY] + [("host", name) for name in HOST] + \
         [("library", "free"), ("host", "other")]
DELAYS_NS = {"dlopen": 1000000, "linked": 1000000, "ctypes": 2000000}

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


def baseline(folder, host, clock, *arguments):
    """The phases' medians when nothing is planted; 0 for those that nobody sees."""
    key = (host, clock, arguments)
    if key not in _baselines:
        _, phases = measure(folder, host, clock, *arguments)
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


def check_one(folder, host, clock, side, name, *arguments):
    try_again(lambda: attempt_one(folder, host, clock, side, name, *arguments))


def attempt_one(folder, host, clock, side, name, *arguments):
    undisturbed = baseline(folder, host, clock, *arguments)
    delay_ns = DELAYS_NS[host]
    requests = REQUESTS if host != "ctypes" else 200
    truth, phases = measure(folder, host, clock, *arguments, option(side, name), delay_ns,
                            requests=requests)
    require(phases[side, name]["count"], f"{side} {name} was not seen")
    check_planted(phases[side, name], truth, side, name, undisturbed[side, name])
    check_elsewhere(phases, [(side, name)], undisturbed, delay_ns)
