# SPDX-License-Identifier: MIT
"""programs - real programs say and leave the same with and without record; how long each takes.

Each program does its own work (work/NAME.sh) without record and once for each set of options. The
table is programs.py. With FFISCOPE_TEST_LONG=1 all of it, else the usual part; a name on the command
line chooses from all. A program that is not installed is skipped, with FFISCOPE_TEST_INSTALLED=1 it
has failed.
"""
import glob
import os
import re
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "e2e"))
from scenario import (BUILD, FFISCOPE, Failure, Skip, check, environment, equal, load, main, require,
                      run, test)
from programs import EVERYTHING, NOT_DRIVEN, PATTERNS, of_tier

WORK = os.path.join(os.path.dirname(os.path.realpath(__file__)), "work")
LIMIT_S = 300


def missing(program):
    return [command for command in program.commands.split()
            if not (os.path.exists(command) or shutil.which(command))]


def demand(program):
    """Is it here? Where it was to be installed it must be."""
    absent = missing(program)
    if program.name == "node" and not os.path.isdir(
            os.path.join(BUILD, "ffi", "node_modules", "koffi")):
        absent.append("koffi")
    if absent:
        sentence = f"not installed: {' '.join(absent)}"
        raise Failure(sentence) if os.environ.get("FFISCOPE_TEST_INSTALLED") else Skip(sentence)


def end_what_is_left(folder):
    """Daemons of a run that failed: whoever still works in its folder, or has it in its environment."""
    for process in glob.glob("/proc/[0-9]*"):
        try:
            with open(os.path.join(process, "environ"), "rb") as file:
                ours = f"{folder}/".encode() in file.read()
            if ours or os.readlink(os.path.join(process, "cwd")).startswith(folder + "/"):
                os.kill(int(os.path.basename(process)), signal.SIGKILL)
        except OSError:  # it ended meanwhile, or is somebody else's
            continue


def normalised(text, program):
    for name in program.differs.split():
        text = re.sub(PATTERNS[name], f"<{name}>", text, flags=re.MULTILINE)
    return text


def as_user(folder, program):
    """What to put before its command, when it must not be root's."""
    if not program.user or os.geteuid() != 0:
        return []
    for path in (folder, os.path.join(folder, "work")):
        shutil.chown(path, program.user)
    reaches = ["setpriv", f"--reuid={program.user}", "--clear-groups", "--"]
    require(run(*reaches, FFISCOPE, "--version").status == 0,
            f"{program.user} cannot reach {FFISCOPE}: put the project where everyone may read")
    return reaches


class Outcome:
    """One run of a program's work: what it said, how it ended, how long it took."""

    def __init__(self, folder, program, options=None):
        """options: those of record; None runs without it."""
        # The same path each time, for programs that print it; anyone may enter, as daemons do.
        place = os.path.join(folder, "work")
        os.mkdir(place)
        os.chmod(folder, 0o755)
        self.recording = os.path.join(folder, "rec" + "".join(options or ()).replace("*", ""))
        before = as_user(folder, program)
        if options is not None:
            before += [FFISCOPE, "record", "-o", self.recording, *options, "--"]
        env = environment(NODE_PATH=os.path.join(BUILD, "ffi", "node_modules"), TERM="xterm")
        begin = time.monotonic()
        result = run(*before, "/bin/sh", os.path.join(WORK, program.name + ".sh"), cwd=place,
                     env=env, timeout=LIMIT_S)
        self.took_s = time.monotonic() - begin
        lines = result.err.splitlines()
        self.said = [line for line in lines if line.startswith("ffiscope:")]
        self.status = result.status
        self.out = normalised(result.out, program)
        self.err = normalised("\n".join(line for line in lines if line not in self.said), program)
        if program.after:
            after = run("/bin/sh", "-c", program.after, cwd=place, env=env)
            self.out += f"after: {after.out}{after.err}{after.status}\n"
        shutil.rmtree(place)

    def numbers(self):
        """Processes and calls, as the summary has them; None where it has none."""
        found = re.search(r"(\d+) process(?:es)?, (\d+) calls?", " ".join(self.said))
        return (int(found.group(1)), int(found.group(2))) if found else (None, 0)


def difference(bare, seen):
    """The first line that is not the same."""
    for number, (one, other) in enumerate(zip(bare.splitlines() + [None],
                                              seen.splitlines() + [None])):
        if one != other:
            return f"line {number + 1} is {other!r} instead of {one!r}"
    return "line ends differ"


def compare(program, options, bare, seen):
    mode = " ".join(options) or "default"
    equal(seen.status, bare.status, f"{mode}: exit status ({' '.join(seen.said)[-300:]})")
    for name in ("out", "err"):
        one, other = getattr(bare, name), getattr(seen, name)
        check(one == other, f"{mode}: std{name}: {difference(one, other)}")
    if options == EVERYTHING:
        check(seen.numbers()[1] > 0, f"{mode}: no calls were seen: {seen.said}")
        load(seen.recording, "report")


def in_each_mode(folder, program):
    """Compare; how long each took."""
    bare = Outcome(folder, program)
    # Else it would fail in the same way both times, and pass.
    require(bare.status == program.status and program.says in bare.out + bare.err,
            f"without record it does not do its work: status {bare.status} instead of {program.status}, "
            f"{program.says!r} in {(bare.out + bare.err)[-500:]!r}")
    parts = []
    for options in program.modes:
        seen = Outcome(folder, program, options)
        compare(program, options, bare, seen)
        parts.append(f"{' '.join(options) or 'default'} {seen.took_s / bare.took_s:.2f} "
                     f"({seen.numbers()[1]} calls)")
    return f"{bare.took_s:.2f} s without: {', '.join(parts)}"


@test(program=of_tier(os.environ.get("FFISCOPE_TEST_LONG") or sys.argv[2:]))
def program_does_the_same(folder, program):
    demand(program)
    try:
        print(f"times of {program}, {in_each_mode(folder, program)}")
    finally:
        end_what_is_left(folder)


if __name__ == "__main__":
    for names, why in NOT_DRIVEN.items():
        print(f"not driven: {names}: {why}")
    main()
