# SPDX-License-Identifier: MIT
"""ring_and_limits - what is not kept is counted, and what is counted stays exact."""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, Recording, Result, TIMEOUT_S, babeltrace, check,
                      check_phases_add_up, environment, equal, events_of_calls, host, main,
                      record_host, require, row, run, test, wait_until)

NOOP = "proto2ffi_noop"
HELLO = "proto2ffi_say_hello"


def timed_calls(report):
    return sum(entry["timed_calls"] for entry in report["entry_points"])


def calls(report):
    return sum(entry["calls"] for entry in report["entry_points"])


def stream_bytes(recording):
    return sum(os.path.getsize(os.path.join(image, "ctf", name)) for image in recording.images()
               for name in os.listdir(os.path.join(image, "ctf")) if name.startswith("slot-"))


def record_with_sleeping_recorder(folder, *command, options=()):
    """The recorder is stopped while the program runs, so that rings fill whatever the machine does."""
    path = os.path.join(folder, "rec")
    process = subprocess.Popen([FFISCOPE, "record", "-o", path, *options, "--", "/bin/sh", "-c",
                                'kill -STOP $PPID; exec "$@"', "sh", *command], env=environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    child = f"/proc/{process.pid}/task/{process.pid}/children"
    line = process.stdout.readline()  # the host's JSON: all requests are done
    with open(child, encoding="ascii") as file:
        pid = file.read().split()[0]
    ended = wait_until(lambda: open(f"/proc/{pid}/stat", encoding="ascii").read()
                       .rsplit(")", 1)[1].split()[0] == "Z")
    os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=TIMEOUT_S)
    require(ended, "the program waited for its recorder")
    return Recording(path, Result(command, process.returncode, line, err))


def check_loss_is_shown(recording, report):
    lost = report["loss"]["events"]
    require(lost > 0, "nothing was lost: the test shows nothing")
    check(f"{lost} events lost" in recording.summary, f"summary says {recording.summary!r}")
    equal(report["process"]["lost_events"], lost, "lost events of the process")
    equal(recording.meta()["processes"][0]["lost_events"], lost, "lost events in meta.json")
    table = run(FFISCOPE, "report", recording.path)
    check(str(lost) in table.out, "the table does not say how many events were lost")
    leaks = recording.leaks()
    equal(leaks["loss"]["events"], lost, "lost events in leaks")
    check(str(lost) in run(FFISCOPE, "leaks", recording.path).out +
          run(FFISCOPE, "leaks", recording.path).err, "leaks does not print the loss")


@test(threads=[1, 2, 4])
def a_burst_into_a_small_ring_is_counted_exactly(folder, threads):
    """One event a call: every call without an event is a lost event."""
    recording = record_with_sleeping_recorder(
        folder, *host("dlopen", "--requests", 50000, "--threads", threads, "--entry", "noop"),
        options=["--buffer-size=16k"])
    report = recording.report()
    found = row(report, NOOP)
    equal(found.get("calls"), 50000, "calls")
    equal(found.get("partial"), True, "partial")
    equal(timed_calls(report) + report["loss"]["events"], calls(report),
          "calls with an event plus lost events")
    equal(events_of_calls(recording), timed_calls(report), "calls that babeltrace2 reads")
    check_loss_is_shown(recording, report)


@test(which=["dlopen", "linked", "ctypes"])
def counts_and_bytes_stay_exact_whatever_is_dropped(folder, which):
    recording = record_with_sleeping_recorder(
        folder, *host(which, "--requests", 5000, "--threads", 2, "--entry", "mixed",
                      "--leak-every", 11, "--free-twice-at", 4000),
        options=["--buffer-size=16k"])
    truth, report = recording.truth(), recording.report()
    for said in truth["entry_points"]:
        found = row(report, said["name"])
        equal(found.get("calls"), said["calls"], f"calls of {said['name']}")
        if said["name"] != NOOP:
            for key in ("request_bytes", "response_bytes"):
                equal(found.get(key), said[key], f"{key} of {said['name']}")
    frees = sum(entry["calls"] for entry in report["entry_points"] if entry["kind"] == "free")
    equal(frees, sum(said["frees"] for said in truth["entry_points"]), "calls of free functions")
    check_phases_add_up(report)
    check_loss_is_shown(recording, report)


@test
def findings_survive_the_loss_of_events(folder):
    recording = record_with_sleeping_recorder(
        folder, *host("dlopen", "--requests", 5000, "--leak-every", 10, "--free-twice-at", 4001,
                      "--wrong-length-at", 4003, "--plain-free-at", 4007),
        options=["--buffer-size=16k"])
    require(recording.report()["loss"]["events"] > 0, "nothing was lost: the test shows nothing")
    counts = {found["kind"]: found["count"] for found in recording.leaks(status=1)["findings"]}
    equal(counts, {"never_freed": 500, "freed_twice": 1, "size_mismatch": 1, "foreign_free": 1},
          "findings")


@test(size=["256k", "1M"])
def a_ring_keeps_the_last_events_and_counts_the_others(folder, size):
    recording = record_host(folder, "dlopen", "--requests", 60000, "--entry", "noop",
                            options=["--ring", size, "--buffer-size=16M"])
    report, bytes_max = recording.report(), {"256k": 1 << 18, "1M": 1 << 20}[size]
    check(stream_bytes(recording) <= bytes_max + (1 << 18),
          f"{stream_bytes(recording)} bytes of streams in a ring of {size}")
    equal(row(report, NOOP).get("calls"), 60000, "calls")
    dropped = report["loss"]["events"] + report["loss"]["overwritten_events"]
    equal(timed_calls(report) + dropped, calls(report), "calls with an event plus dropped ones")
    check(report["loss"]["overwritten_events"] > 0, "nothing was overwritten")
    equal(events_of_calls(recording), timed_calls(report), "calls that babeltrace2 reads")
    # memory_stats is the last call that the host makes: a ring has it.
    equal(row(report, "proto2ffi_memory_stats").get("timed_calls"), 1, "the last call")
    equal(recording.meta()["limited"], "ring", "limited")


@test
def a_ring_of_several_threads_stays_within_its_size(folder):
    recording = record_host(folder, "dlopen", "--requests", 40000, "--threads", 4, "--entry",
                            "hello", options=["--ring", "1M"])
    check(stream_bytes(recording) <= 2 << 20, f"{stream_bytes(recording)} bytes in a ring of 1M")
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 40000, "calls")
    check_phases_add_up(report)
    leaks = recording.leaks(status=0)
    equal(leaks["buffers"]["made"], 40000, "buffers made")


@test
def a_size_limit_keeps_the_first_events_and_counts_the_others(folder):
    recording = record_host(folder, "dlopen", "--requests", 100000, "--entry", "noop",
                            options=["--max-size", "1M"])
    report = recording.report()
    check(stream_bytes(recording) <= (1 << 20) + (1 << 18),
          f"{stream_bytes(recording)} bytes of streams with a limit of 1M")
    equal(row(report, NOOP).get("calls"), 100000, "calls")
    equal(row(report, "init_service").get("timed_calls"), 1, "the first call")
    equal(timed_calls(report) + report["loss"]["events"], calls(report),
          "calls with an event plus lost events")
    equal(recording.meta()["limited"], "max-size", "limited")
    check_loss_is_shown(recording, report)


def record_with_shared_memory_of(folder, size, *command):
    """The program's rings, counters and ledger lie in /dev/shm; here it is a file system that small."""
    path = os.path.join(folder, "rec")
    script = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    result = run("unshare", *rights, "--mount", "/bin/sh", "-c", script, "sh", FFISCOPE, "record",
                 "-o", path, "--", *command)
    return Recording(path, result)


@test(size=["600k", "2M", "4M"])
def without_room_for_the_ledger_no_leak_is_denied(folder, size):
    """What has no place is counted; 'no findings' is never said on it."""
    recording = record_with_shared_memory_of(
        folder, size, *host("dlopen", "--requests", 2000, "--leak-every", 10))
    equal(recording.status, 0, "exit status")
    equal(recording.truth()["requests"], 2000, "requests of the program")
    result = run(FFISCOPE, "leaks", "--json", recording.path)
    leaks = json.loads(result.stdout)
    equal(leaks["findings"], [], "findings")
    equal(result.status, 2, "exit status of leaks")
    equal(len(result.err.splitlines()), 1, f"lines on stderr of leaks ({result.err!r})")
    made = leaks["buffers"]["made"]
    check(made in (None, 2000), f"buffers made is {made}, expected 2000 or unknown")
    if made:
        check(leaks["loss"]["events"] > 0, "no loss is shown")


@test
def with_little_memory_rings_stay_small_and_counts_exact(folder):
    recording = record_with_shared_memory_of(
        folder, "12M", *host("dlopen", "--requests", 20000, "--leak-every", 10))
    equal(recording.status, 0, "exit status")
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 20000, "calls")
    leaks = recording.leaks(status=1)
    equal(sum(found["count"] for found in leaks["findings"]), 2000, "findings")


@test(option=["--ring=abc", "--ring=-1", "--max-size=1Q", "--buffer-size=1k", "--buffer-size=1G",
              "--clock=slow", "--nonsense", "--ring=99999999999999999999"])
def a_bad_value_is_one_line_and_125(folder, option):
    result = run(FFISCOPE, "record", "-o", os.path.join(folder, "rec"), option, "--", "/bin/true")
    equal(result.status, 125, "exit status")
    check(option.split("=")[0] in result.err, f"message says {result.err!r}")
    equal(len(result.err.splitlines()), 1, "lines on stderr")


@test(variable=["FFISCOPE_RING", "FFISCOPE_MAX_SIZE"])
def a_variable_is_the_option_of_that_name(folder, variable):
    recording = record_host(folder, "dlopen", "--requests", 60000, "--entry", "noop",
                            env=environment(**{variable: "256k"}))
    check(stream_bytes(recording) <= 1 << 19, f"{stream_bytes(recording)} bytes of streams")
    equal(row(recording.report(), NOOP).get("calls"), 60000, "calls")


@test
def nothing_is_lost_at_an_ordinary_pace(folder):
    recording = record_host(folder, "dlopen", "--requests", 20000, "--threads", 2, "--delay-work",
                            5000)
    report = recording.report()
    equal(report["loss"]["events"], 0, "lost events")
    check("0 events lost" in recording.summary, f"summary says {recording.summary!r}")
    counts = babeltrace(os.path.join(recording.images()[0], "ctf"))
    equal(counts.get("buffer_made", 0) + counts.get("call_made", 0), 20000, "buffers made")
    equal(counts.get("buffer_freed", 0) + counts.get("call_freed", 0), 20000, "buffers freed")


if __name__ == "__main__":
    main()
