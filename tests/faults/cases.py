# SPDX-License-Identifier: MIT
"""cases - what every test of tests/faults needs: build, run bare and recorded, compare."""
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import machine
from scenario import compile_program, equal, record, require, row, run

FAULT_TIMEOUT_S = 100
_built = {}  # what was compiled how: the folder that it lies in
WRONG = r"(?m)^(line \d+: not |wrong$|wrong=[^0])"  # what a program says when it is not well


def build(folder, source, *flags, name=None, compiler=machine.COMPILER[0]):
    """Compile a file of this folder, once for all tests; the path of what came out."""
    stem, suffix = os.path.splitext(source)
    name = name or stem
    path = os.path.join(folder, name)
    key = (source, flags, name, compiler)
    if key not in _built:
        _built[key] = os.path.join(os.path.dirname(folder), f"built-{len(_built)}")
        os.mkdir(_built[key])
        with open(os.path.join(HERE, source), encoding="utf-8") as file:
            compile_program(_built[key], name, file.read(), "-I", HERE, "-Wall", "-pthread",
                            *flags, compiler=compiler, suffix=suffix)
    if os.path.exists(path):
        os.unlink(path)
    os.link(os.path.join(_built[key], name), path)
    return path


def build_shared(folder, source, *flags, name):
    return build(folder, source, "-shared", "-fPIC", *flags, name=name)


def library(folder, name="liblib.so", *flags):
    return build_shared(folder, "library.c", *flags, name=name)


def program(folder, source, *flags, **how):
    """The program of that source and the library that it calls: the beginning of a command."""
    return [build(folder, source, *flags, **how), library(folder)]


def program_and_twin(folder, source, *flags):
    """A source that is both the program and its library."""
    return [build(folder, source, *flags),
            build_shared(folder, source, "-DLIBRARY", *flags, name="libtwin.so")]


def said(text):
    """What a program says of itself in lines name=number."""
    return {name: int(value) for name, value in re.findall(r"^(\w+)=(-?\d+)$", text, re.MULTILINE)}


def unharmed(command, recording, bare, wrapped=True):
    """The program did the same as without us."""
    equal(recording.status, bare.status, f"exit status of {' '.join(map(str, command[2:]))!r}")
    equal(recording.out[-2000:], bare.out[-2000:], "output")
    if wrapped:
        require(recording.images(), f"nothing was recorded: {recording.err[-600:]!r}")


def both(folder, command, options=(), wrapped=True, timeout=FAULT_TIMEOUT_S):
    """Run bare, then record: (the recording, the bare run). The bare one must be right in itself."""
    bare = run(*command, timeout=timeout)
    require(bare.signal == 0 and bare.status < 128 and not re.search(WRONG, bare.out),
            f"the program fails without ffiscope: {bare.status} {bare.out[-500:]!r} "
            f"{bare.err[-500:]!r}")
    recording = record(folder, *command, options=options, timeout=timeout)
    unharmed(command, recording, bare, wrapped)
    return recording, bare


def row_is(report, name, **expected):
    """The row of that name, once these columns were compared."""
    found = row(report, name)
    for key, value in expected.items():
        equal(found.get(key), value, f"{key} of {name}")
    return found


def calls_of(report, *names):
    return sum(found["calls"] for found in report["entry_points"] if found["name"] in names)


def sum_of(report, key):
    return sum(found[key] for found in report["entry_points"])


def processes(recording):
    """Each process's report, most calls first."""
    result = []
    for process in recording.report()["processes"]:
        result.append(recording.report("--pid", process["pid"]))
    return sorted(result, reverse=True,
                  key=lambda report: (sum_of(report, "calls"), calls_of(report, "lib_call")))
