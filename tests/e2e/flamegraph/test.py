# SPDX-License-Identifier: MIT
"""flamegraph - the stacks add up to the report, and the picture is well-formed."""
import os
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, check, equal, main, record, record_host, require, run, test, write)

SVG = "{http://www.w3.org/2000/svg}"


def stacks_of(path, *options):
    """[(frames, ns)] of flamegraph --folded."""
    result = run(FFISCOPE, "flamegraph", "--folded", *options, path)
    equal(result.status, 0, "exit status")
    stacks = []
    for line in result.out.splitlines():
        frames, _, ns = line.rpartition(" ")
        stacks.append((tuple(frames.split(";")), int(ns)))
    return stacks


def check_against_report(stacks, report):
    """Every phase with a time is a stack; stacks cannot be negative."""
    expected = {}
    for found in report["phases"]:
        if found["total_ns"]:
            key = (found["entry_point"], found["side"], found["phase"])
            expected[key] = expected.get(key, 0) + found["total_ns"]
    equal(dict(stacks), {key: ns for key, ns in expected.items() if ns > 0}, "stacks")
    equal(len(stacks), len({frames for frames, _ in stacks}), "stacks, none of them twice")
    if all(ns > 0 for ns in expected.values()):
        equal(sum(ns for _, ns in stacks),
              sum(request["total_ns"] for request in report["requests"]), "sum of all stacks")


@test(which=["dlopen", "linked", "ctypes"], entry=["mixed", "hello", "noop"])
def folded_stacks_are_the_phases_of_the_report(folder, which, entry):
    recording = record_host(folder, which, "--requests", 600, "--threads", 2, "--entry", entry)
    check_against_report(stacks_of(recording.path), recording.report())


@test
def each_process_has_stacks_of_its_own(folder):
    from scenario import host
    import shlex
    lines = [" ".join(shlex.quote(part) for part in host("dlopen", "--requests", count, "--entry",
                                                         entry))
             for count, entry in ((100, "user"), (200, "post"))]
    recording = record(folder, "/bin/sh", "-c", "\n".join([*lines, "true"]))
    for process in recording.report()["processes"]:
        check_against_report(stacks_of(recording.path, "--pid", process["pid"]),
                             recording.report("--pid", process["pid"]))


def check_svg(data, *words):
    try:
        root = xml.etree.ElementTree.fromstring(data)
    except xml.etree.ElementTree.ParseError as error:
        check(False, f"the picture is no XML: {error}")
        return
    equal(root.tag, SVG + "svg", "root")
    text = " ".join(root.itertext())
    for word in words:
        check(word in text, f"{word!r} is not in the picture")
    boxes = list(root.iter(SVG + "rect"))
    check(len(boxes) >= 5, f"{len(boxes)} boxes")
    for box in boxes:
        for key in ("width", "height"):
            value = box.get(key, "0").rstrip("%")
            check(float(value) >= 0, f"{key} of a box is {value}")
    check(b"http://www.w3.org/2000/svg" in data and data.count(b"http") <= 4,
          "the picture is self-contained")


@test
def the_picture_is_well_formed_and_names_every_large_phase(folder):
    recording = record_host(folder, "dlopen", "--requests", 300, "--delay-work", 20000,
                            "--delay-decode", 20000, "--delay-host-encode", 20000)
    result = run(FFISCOPE, "flamegraph", recording.path)
    equal(result.status, 0, "exit status")
    check_svg(result.stdout, "proto2ffi_say_hello", "work", "decode", "encode", "host", "library")
    to_file = os.path.join(folder, "out.svg")
    equal(run(FFISCOPE, "flamegraph", "-o", to_file, recording.path).status, 0, "exit status of -o")
    with open(to_file, "rb") as file:
        equal(file.read(), result.stdout, "the file, beside standard output")


@test
def stacks_of_any_origin_are_drawn(folder):
    path = write(os.path.join(folder, "any.folded"), 'main;a <b> & "c";d 10\nmain;e 20\n\nx 5\n'
                 "main;std::vector<int, A>::f(char const*, int) 7\nmain;e 3\n")
    result = run(FFISCOPE, "flamegraph", path)
    equal(result.status, 0, "exit status")
    check_svg(result.stdout, 'a <b> & "c"', "main")


@test(text=["", "nonsense\n", "a;b -5\n", "a;b 99999999999999999999999\n", ";;; 5\n",
            "a" * 100000 + " 1\n", ";".join(["f"] * 5000) + " 1\n", "a\0b 5\n", "\xff\xfe 4\n"])
def odd_stacks_are_drawn_or_refused_in_one_line(folder, text):
    path = os.path.join(folder, "odd.folded")
    with open(path, "w", encoding="latin-1") as file:
        file.write(text)
    result = run(FFISCOPE, "flamegraph", path, limit_kib=2000000, timeout=60)
    require(result.status in (0, 2), f"ended with {result.status}: {result.err[:300]}")
    if result.status == 2:
        equal(len(result.err.splitlines()), 1, f"lines in {result.err!r}")
    else:
        xml.etree.ElementTree.fromstring(result.stdout)


if __name__ == "__main__":
    main()
