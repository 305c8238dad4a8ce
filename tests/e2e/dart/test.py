# SPDX-License-Identifier: MIT
"""dart - a real Dart VM calls the reference service through dart:ffi, in several isolates.

The VM is a 32-bit one (`./run test` fetches it); record and all that reads are this machine's.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FOREIGN, SOURCE, Skip, check, equal, main, record, require, row, run,
                      test)
from truth import (BUFFER_ENTRIES, FREES, check_all, check_nothing_lost, check_requests,
                   check_service_totals)

REQUESTS = 2000
PROGRAM = os.path.join(FOREIGN, "host_dart.dart")
SERVICE = os.path.join(FOREIGN, "libffiscope_service.so")

_snapshot = None


def snapshot(folder):
    """The VM, and the program compiled for it: once for all tests."""
    global _snapshot
    machines = sorted(glob.glob(os.path.join(SOURCE, "build", "deps", "dart", "*", "dart")))
    if not machines:
        raise Skip("there is no Dart VM: ./run test fetches one")
    if not os.path.exists(SERVICE) or not os.path.exists(os.path.join(BUILD, "lib32")):
        raise Skip("the library is not built for 32-bit programs: cmake --preset i386")
    if not _snapshot:
        path = os.path.join(os.path.dirname(folder), "host_dart.dill")
        made = run(machines[-1], f"--snapshot={path}", "--snapshot-kind=kernel", PROGRAM)
        require(made.status == 0, f"{PROGRAM} does not compile: {made.out[-800:]}{made.err[-800:]}")
        _snapshot = [machines[-1], path, "--library", SERVICE]
    return _snapshot


def record_dart(folder, *arguments, **how):
    recording = record(folder, *snapshot(folder), *arguments, **how)
    require(recording.status == 0, f"dart ended with {recording.status}: {recording.err[-600:]}")
    return recording


def check_rows(report, truth):
    """Calls, bytes and frees of each entry point; in how many threads an isolate ran is the VM's."""
    frees = {}
    for said in truth["entry_points"]:
        found = row(report, said["name"])
        equal((found.get("calls"), found.get("unwound"), found.get("open")), (said["calls"], 0, 0),
              f"calls, unwound, open of {said['name']}")
        if said["name"] not in BUFFER_ENTRIES.values():
            continue
        for key in ("request_bytes", "response_bytes"):
            equal(found.get(key), said[key], f"{key} of {said['name']}")
        free = FREES.get(said["name"], "proto2ffi_free_byte_buffer")
        frees[free] = frees.get(free, 0) + said["frees"]
    for name, count in frees.items():
        equal(row(report, name).get("calls"), count, f"calls of {name}")


def check_ledger(leaks, truth):
    for key in ("made", "freed", "live"):
        equal(leaks["buffers"][key], truth["service"][key], f"buffers {key}")


@test(entry=["mixed", *BUFFER_ENTRIES, "noop", "add"])
def one_isolate_is_counted_as_host_and_service_say(folder, entry):
    truth, _ = check_all(record_dart(folder, "--requests", REQUESTS, "--entry", entry))
    equal(truth["program"], "host_dart.dart", "program")


@test(isolates=[2, 5], entry=["mixed", "hello", "calculator"], clock=["fenced", "fast"])
def several_isolates_are_counted_as_host_and_service_say(folder, isolates, entry, clock):
    recording = record_dart(folder, "--requests", REQUESTS, "--entry", entry, "--isolates", isolates,
                            options=["--clock", clock])
    truth, report = recording.truth(), recording.report()
    equal(truth["failed"], 0, "failed requests")
    check_rows(report, truth)
    check_service_totals(report, truth)
    check_requests(report, truth)
    check_nothing_lost(recording, report, truth)
    check_ledger(recording.leaks(status=0), truth)


@test(every=[1, 7, 100], entry=["hello", "post", "calculator"], isolates=[1, 3])
def what_an_isolate_forgets_to_free_is_found(folder, every, entry, isolates):
    recording = record_dart(folder, "--requests", REQUESTS, "--entry", entry, "--isolates", isolates,
                            "--leak-every", every)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    equal(truth["leaked"], REQUESTS // every, "buffers that the host leaked")
    equal([(found["kind"], found["entry_point"], found["count"], found["bytes"])
           for found in leaks["findings"]],
          [("never_freed", BUFFER_ENTRIES[entry], truth["leaked"], truth["leaked_bytes"])], "findings")
    check_ledger(leaks, truth)


@test(entry=["hello", "calculator"])
def each_wrong_free_is_one_finding(folder, entry):
    recording = record_dart(folder, "--requests", REQUESTS, "--entry", entry, "--isolates", 3,
                            "--free-twice-at", 30, "--wrong-length-at", 200, "--plain-free-at", 1001)
    findings = recording.leaks(status=1)["findings"]
    equal(sorted((found["kind"], found["count"], found["entry_point"]) for found in findings),
          [(kind, 1, BUFFER_ENTRIES[entry])
           for kind in ("foreign_free", "freed_twice", "size_mismatch")], "findings")


@test
def the_host_allocates_before_each_call_and_that_is_seen(folder):
    """The program takes its request buffers from libc's malloc, which it looked up."""
    report = record_dart(folder, "--requests", REQUESTS, "--entry", "user").report()
    prepare = row(report, BUFFER_ENTRIES["user"], "phases", side="host", phase="prepare")
    check(0.9 * REQUESTS <= prepare.get("count", 0) <= REQUESTS,
          f"prepare was seen in {prepare.get('count')} of {REQUESTS} requests")


if __name__ == "__main__":
    main()
