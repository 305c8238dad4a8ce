# SPDX-License-Identifier: MIT
"""What a call costs by counting, the same on a noisy machine: instructions and cache lines, by valgrind."""
import shutil
import statistics

from measure import RECORD, Row, calls_command, run

SECTION = "counted"
LINE = 64
CASES = (("a plain call", "noop", ["--no-codecs"]),
         ("a call with a buffer, its free, allocations", "hello", ["--no-codecs"]),
         ("the same over protobuf-c, codecs too", "service", []),
         ("a plain call that sampling leaves out", "noop", ["--no-codecs", "--sample", "1/1000000"]),
         ("one with a buffer and its free that it leaves out", "hello", ["--no-codecs", "--sample", "1/1000000"]))


def under(options, tool, kernel, calls):
    command = ["valgrind", *tool, *calls_command(kernel, 1, calls, pause=0)]
    done = run([*RECORD, *options, "--", *command] if options is not None else command)
    shutil.rmtree("recording", ignore_errors=True)
    shutil.rmtree("recording.old", ignore_errors=True)
    return done


def instructions(options, kernel):
    """Per iteration; its own two times two readings count, too, bare and recorded."""
    totals = []
    for calls in (1000, 3000):
        under(options, ["--tool=callgrind", "--callgrind-out-file=callgrind.out"], kernel, calls)
        with open("callgrind.out", encoding="utf-8") as lines:
            totals.append(next(int(line.split()[1]) for line in lines
                               if line.startswith(("totals:", "summary:"))))
    return (totals[1] - totals[0]) / 2000


def iterations(trace, calls):
    """The lines of a lackey trace that belong to each iteration of the kernel.

    An instruction that is executed once in each iteration marks its begin: the first such one.
    """
    executed = {}
    for line in trace:
        if line.startswith("I "):
            address = line[3:line.index(",")]
            executed[address] = executed.get(address, 0) + 1
    mark = next((f"I  {address}," for address, count in executed.items() if count == calls), None)
    begins = [i for i, line in enumerate(trace) if mark and line.startswith(mark)]
    # The end of the thread that runs them is far: the last ones are left out, as are the first.
    return [trace[a:b] for a, b in zip(begins[calls // 4:], begins[calls // 4 + 1:3 * calls // 4])]


def cache_lines(options, kernel):
    """Distinct lines of 64 bytes that one iteration touches: (instructions', read or written)."""
    calls = 777  # a number of times that nothing else is done
    done = under(options, ["--tool=lackey", "--trace-mem=yes"], kernel, calls)
    trace = [line for line in done.stderr.splitlines() if line[:2] in ("I ", " L", " S", " M")]
    code, data = [], []
    for iteration in iterations(trace, calls):
        touched = (set(), set())
        for line in iteration:
            address, size = line[3:].split(",")
            first = int(address, 16)
            touched[line[0] != "I"].update(range(first // LINE, (first + int(size) - 1) // LINE + 1))
        code.append(len(touched[0]))
        data.append(len(touched[1]))
    return (statistics.median(code), statistics.median(data)) if code else (None, None)


def rows(_turns):
    made = []
    if not shutil.which("valgrind"):
        row = Row(SECTION, "instructions, cache lines", "valgrind")
        row.void = "valgrind is not installed"
        return [row]
    for what, kernel, options in CASES:
        figures = [(instructions(how, kernel), *cache_lines(how, kernel)) for how in (None, options)]
        for unit, before, after in zip(("instructions", "lines of code", "lines of data"), *figures):
            row = Row(SECTION, what, unit=unit)
            if before is None or after is None:
                row.void = "the trace has no iterations"
            else:
                row.bare, row.with_tool, row.added = before, after, after - before
            made.append(row)
    return made
