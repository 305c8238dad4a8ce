# SPDX-License-Identifier: MIT
"""merge - summaries say exactly what the recordings say that they were made of."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import FFISCOPE, check, equal, load, main, one_line, record_host, require, run, test

ADDED = ("calls", "timed_calls", "threads", "request_bytes", "response_bytes", "allocations", "allocated_bytes",
         "frees", "freed_bytes", "unwound", "open", "skipped")


def merged(folder, name, *parts):
    path = os.path.join(folder, name)
    done = run(FFISCOPE, "merge", "-o", path, *parts)
    require(done.status == 0, f"merge: {done.err}")
    return path


def report(path):
    return load(path, "report")


def hosts(folder, *sinks):
    """A recording for each."""
    made = []
    for number, sink in enumerate(sinks):
        place = os.path.join(folder, str(number))
        os.mkdir(place)
        made.append(record_host(place, "dlopen", "--requests", 2000 + 500 * number, "--threads", number + 1,
                                "--entry", "mixed", "--leak-every", 7, options=["--sink", sink]))
    return made


def by_name(found):
    return {(row["name"], row["library"]): row for row in found["entry_points"]}


@test(sink=["embedded", "profile"])
def a_summary_of_one_process_is_its_report(folder, sink):
    recording, = hosts(folder, sink)
    equal(report(merged(folder, "summary", recording.path)), recording.report(), "the report")


@test
def rows_of_several_recordings_add_up(folder):
    recordings = hosts(folder, "embedded", "embedded", "embedded")
    whole = by_name(report(merged(folder, "summary", *(part.path for part in recordings))))
    parts = [by_name(part.report()) for part in recordings]
    equal(set(whole), set().union(*parts), "entry points")
    for name, row in whole.items():
        those = [part[name] for part in parts if name in part]
        for key in ADDED:
            wanted = None if any(part[key] is None for part in those) else sum(part[key] for part in those)
            equal(row[key], wanted, f"{key} of {name}")
        equal(row["min_ns"], min(part["min_ns"] for part in those), f"min_ns of {name}")
        equal(row["max_ns"], max(part["max_ns"] for part in those), f"max_ns of {name}")
        check(abs(row["total_ns"] - sum(part["total_ns"] for part in those)) <= len(those), f"total_ns of {name}")


@test
def in_whatever_groups_the_sum_is_the_same(folder):
    first, second, third = (part.path for part in hosts(folder, "embedded", "profile", "embedded"))
    pair = merged(folder, "pair", first, second)
    one, other = report(merged(folder, "one", pair, third)), report(merged(folder, "other", third, second, first))
    for each in (one, other):
        each["processes"].sort(key=lambda process: process["pid"])
    equal(one, other, "the report")
    equal(one["process"]["pid"], None, "the process")
    equal(len(one["processes"]), 3, "processes")


@test
def what_needs_events_says_so(folder):
    recording, = hosts(folder, "embedded")
    summary = merged(folder, "summary", recording.path)
    done = run(FFISCOPE, "leaks", summary)
    equal(done.out, "", "leaks")
    one_line(done, 2, "a summary holds sums, no events")
    with open(summary, encoding="utf-8") as file:
        equal(json.load(file)["schema"], "ffiscope.summary/1", "schema")


@test
def a_file_that_is_none_is_refused_and_nothing_is_written(folder):
    path = os.path.join(folder, "text")
    with open(path, "w", encoding="utf-8") as file:
        file.write("no summary\n")
    target = os.path.join(folder, "target")
    done = run(FFISCOPE, "merge", "-o", target, path)
    one_line(done, 2, "neither a recording nor a summary")
    check(not os.path.exists(target), "a file was written")


if __name__ == "__main__":
    main()
