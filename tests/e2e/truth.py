# SPDX-License-Identifier: MIT
"""truth.py - a recording of one of our hosts against what host and service say of themselves."""
import math

from scenario import (check, check_phases_add_up, check_unseen_phases_are_null, equal,
                      events_of_calls, phase, row)

BUFFER_ENTRIES = {"hello": "proto2ffi_say_hello", "user": "proto2ffi_get_user",
                  "post": "proto2ffi_get_post", "batch": "proto2ffi_process_batch",
                  "calculator": "calculator_process"}
PLAIN_ENTRIES = {"noop": "proto2ffi_noop", "add": "proto2ffi_add",
                 "user_raw": "proto2ffi_get_user_raw", "post_raw": "proto2ffi_get_post_raw"}
FREES = {"calculator_process": "calculator_free_buffer"}
ORDINARY = ["proto2ffi_memory_stats", "init_service", "ffi_service_set"]


def takes_buffers(name):
    return name in BUFFER_ENTRIES.values()


def threads_of(truth):
    """Thread t of T does the requests t+1, t+1+T ...; mixed takes turns through six entries."""
    turns = len(truth["entry_points"])
    return truth["threads"] // math.gcd(truth["threads"], turns)


def check_entry_rows(report, truth, unproven=()):
    """What the host counted, per entry point. unproven: their bytes must be null or right."""
    frees = {}
    for said in truth["entry_points"]:
        name = said["name"]
        found = row(report, name)
        equal(found.get("kind"), "entry", f"kind of {name}")
        equal(found.get("calls"), said["calls"], f"calls of {name}")
        equal(found.get("unwound"), 0, f"unwound of {name}")
        equal(found.get("open"), 0, f"open of {name}")
        equal(found.get("threads"), threads_of(truth), f"threads of {name}")
        if takes_buffers(name):
            for key in ("request_bytes", "response_bytes"):
                if name not in unproven or found.get(key, 0) is not None:
                    equal(found.get(key), said[key], f"{key} of {name}")
            free = FREES.get(name, "proto2ffi_free_byte_buffer")
            frees[free] = frees.get(free, 0) + said["frees"]
    for name, count in frees.items():
        found = row(report, name)
        equal(found.get("kind"), "free", f"kind of {name}")
        equal(found.get("calls"), count, f"calls of {name}")


def check_service_totals(report, truth):
    """What the service counted, over its entry points."""
    service = truth["service"]
    named = [said["name"] for said in truth["entry_points"]]
    rows = [found for found in report["entry_points"]
            if found["name"] in named and found["name"] != "proto2ffi_noop"
            and found["name"] != "proto2ffi_add"]

    for key in ("calls", "allocations", "allocated_bytes", "frees"):
        found = sum(entry[key] if entry[key] is not None else -1e9 for entry in rows)
        equal(found, service[key], f"sum of {key}")
    for key in ("request_bytes", "response_bytes"):
        equal(sum(entry[key] or 0 for entry in rows if takes_buffers(entry["name"])),
              service[key], f"sum of {key}")
    freed = sum(entry["calls"] for entry in report["entry_points"] if entry["kind"] == "free")
    equal(freed, service["freed"], "calls of free functions")


def all_of_them(_):
    return True


def check_requests(report, truth, work_seen=all_of_them):
    """work_seen(name): the library's codec is visible in that entry point."""
    for said in truth["entry_points"]:
        found = row(report, said["name"], "requests")
        equal(found.get("count"), said["calls"], f"requests of {said['name']}")
        work = "work" if work_seen(said["name"]) else "other"
        for side, name in (("library", work), ("host", "other")):
            equal(phase(report, said["name"], side, name).get("count"), said["calls"],
                  f"{side} {name} count of {said['name']}")
    check_phases_add_up(report)
    check_unseen_phases_are_null(report)


def check_nothing_lost(recording, report, truth):
    equal(report["loss"]["events"], 0, "lost events")
    calls = sum(entry["calls"] for entry in report["entry_points"])
    equal(report["process"]["calls"], calls, "calls of the process")
    equal(events_of_calls(recording), calls, "calls that babeltrace2 reads")
    check(f"{calls} calls" in recording.summary, f"summary says {recording.summary!r}")
    names = {said["name"] for said in truth["entry_points"]}
    names |= {"proto2ffi_free_byte_buffer", "calculator_free_buffer"} | set(ORDINARY)
    extra = {entry["name"] for entry in report["entry_points"]} - names
    equal(extra, set(), "rows that nobody called")


def check_all(recording, work_seen=all_of_them):
    truth, report = recording.truth(), recording.report()
    equal(truth["failed"], 0, "failed requests")
    check_entry_rows(report, truth)
    check_service_totals(report, truth)
    check_requests(report, truth, work_seen)
    check_nothing_lost(recording, report, truth)
    return truth, report
