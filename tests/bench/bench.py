#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints what ffiscope costs, beside the floor and beside other tools, and what may be concluded from it.

Every figure is a median over processes that take turns: bare, recorded, bare, recorded, ... Ratios are taken
turn by turn, because the machine's speed changes from one second to the next; `ratio` is their median, beside
it the interval that holds the true median with 90 %. An aim that lies inside that interval is neither met nor
missed: the machine is too noisy to conclude. A row in which a record was lost is void and says so.
"""
import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import tempfile
import time

import counts
import measure
import peers
import reading_lttng
import sessions
from measure import (BOUNDARY, BUILD, CALLEE, CALLS, FFISCOPE, RECORD, Row, bare, calls_command, figures_of, lost,
                     recorded, run)

PEAK = os.path.join(BUILD, "tests", "bench", "bench_peak")
THREADS = os.path.join(BUILD, "tests", "bench", "bench_threads")
# Few enough requests that none is lost; that the ring grows meanwhile is part of the figure.
HOSTS = [("C, dlopen", 5000, [os.path.join(BUILD, "ffi", "host_dlopen")]),
         ("Python, ctypes", 15000, ["/usr/bin/python3", os.path.join(BUILD, "ffi", "host_ctypes.py")]),
         ("Node, koffi", 20000, ["node", os.path.join(BUILD, "ffi", "host_koffi.js")]),
         ("LuaJIT, ffi", 20000, ["luajit", os.path.join(BUILD, "ffi", "host_luajit.lua")]),
         ("PHP, FFI", 20000, ["php", "-d", "ffi.enable=1", os.path.join(BUILD, "ffi", "host_php.php")]),
         ("Ruby, fiddle", 5000, ["ruby", os.path.join(BUILD, "ffi", "host_fiddle.rb")])]


def void_if_lost(row, events):
    if events:
        row.void = f"{events} events lost"
    return row


ADDED = [  # what, kernel, clock readings per iteration, aim, options of record
    ("plain", "noop", 2, 1.15, ["--no-codecs"]),
    ("plain, described", "noop", 2, 1.15, ["--no-codecs", "--boundary", BOUNDARY]),
    ("hello, buffers, allocations", "hello", 5, 1.30, ["--no-codecs"]),
    ("hello, described", "hello", 5, 1.30, ["--no-codecs", "--boundary", BOUNDARY]),
    ("service hello, codecs too", "service", 11, None, [])]

# The kernel through bench_floor.S, and the pairs of readings that an iteration makes there.
FLOORS = {"noop": ("floor", 1), "hello": ("floor-hello", 2)}


def added_row(case, clock, threads, turns):
    what, kernel, readings, goal, options = case
    row = Row("added", what, f"{clock}, {threads} thread{'s' if threads > 1 else ''}")
    row.goal = goal
    base, full, floors, events = [], [], [], 0
    for _ in range(turns):
        base.append(bare(kernel, 60, 500, threads)["kernel"]["median"])
        if kernel in FLOORS:
            floor, pairs = FLOORS[kernel]
            least = bare(f"{floor}-{clock}", 60, 500, threads)
            floors.append((least["kernel"]["median"] - base[-1]) / (least[clock]["median"] * pairs))
        output, report = recorded(calls_command(kernel, 60, 500, threads), [*options, "--clock", clock])
        figures = figures_of(output)
        full.append(figures["kernel"]["median"])
        row.ratios.append((full[-1] - base[-1]) / (figures[clock]["median"] * readings / 2))
        events += lost(report)
    row.floor = statistics.median(floors) if floors else None
    return void_if_lost(row.between(base, full), events)


def added(turns):
    return [added_row(case, clock, threads, turns)
            for case in ADDED for clock in ("fenced", "fast") for threads in (1, 2)]


def allocations(turns):
    made = []
    for what, kernel in (("thread without calls", "malloc"), ("thread that calls too", "host-malloc")):
        row = Row("malloc", f"malloc+free, {what}")
        row.goal = 1.4
        base, full, events = [], [], 0
        for _ in range(turns):
            base.append(bare(kernel, 60, 2000, pause=500)["kernel"]["median"])
            output, report = recorded(calls_command(kernel, 60, 2000, pause=500))
            full.append(figures_of(output)["kernel"]["median"])
            events += lost(report)
        row.ratios = [after / before for before, after in zip(base, full)]
        made.append(void_if_lost(row.between(base, full), events))
    return made


def hosts(turns):
    made = []
    for name, requests, command in HOSTS:
        row = Row("hosts", f"{name}, {requests} times", unit="us")
        made.append(row)
        if not shutil.which(command[0]):
            row.void = f"{command[0]} is not installed"
            continue
        command = [*command, "--entry", "hello", "--requests", str(requests)]
        base, full, events = [], [], 0
        for _ in range(turns):
            output, report = recorded(command)
            events += lost(report)
            for values, said in ((base, run(command).stdout), (full, output)):
                values.append(json.loads(said)["wall_ns"] / requests / 1000)
        row.ratios = [after / before for before, after in zip(base, full)]
        void_if_lost(row.between(base, full), events)
    return made


def start_up(turns):
    made = []
    for name, command in (("true", ["/bin/true"]), ("python3 -c pass", ["/usr/bin/python3", "-c", "pass"]),
                          ("node -e 0", ["node", "-e", "0"])):
        row = Row("start", name, unit="ms")
        row.goal = 20
        made.append(row)
        if not shutil.which(command[0]):
            row.void = f"{command[0]} is not installed"
            continue
        base, full = [], []
        for _ in range(turns * 4):
            for values, prefix in ((base, []), (full, [*RECORD, "--"])):
                begin = time.perf_counter()
                run(prefix + command)
                values.append((time.perf_counter() - begin) * 1000)
        row.ratios = [after - before for before, after in zip(base, full)]
        row.between(base, full)
    return made


def many_threads(turns):
    count = 1000
    base, full, events = [], [], 0
    for _ in range(turns):
        base.append(json.loads(run([THREADS, str(count)]).stdout))
        output, report = recorded([THREADS, str(count)])
        full.append(json.loads(output))
        events += lost(report)
    made = []
    for what, key, unit, scale in (("start, call, end", "wall_ns", "us", 1000), ("peak memory", "peak_kib", "KiB", 1)):
        row = Row("threads", f"each of {count} threads alive at once: {what}", unit=unit)
        row.between(*([figures[key] / count / scale for figures in values] for values in (base, full)))
        made.append(void_if_lost(row, events))
    return made


def sustained(_turns):
    """No aim: one core produces what the other drains."""
    made = []
    for threads in (1, 2):
        calls = 5000000
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        done = run([*RECORD, "--clock", "fast", "--", *calls_command("noop", 1, calls, threads, 0)])
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        events = lost(json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout))
        shutil.rmtree("recording", ignore_errors=True)
        figures = figures_of(done.stdout)
        row = Row("sustained", f"calls without pause, {threads} thread{'s' if threads > 1 else ''}", unit="M/s")
        row.with_tool = threads * 1000 / figures["kernel"]["median"]
        drainer = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - figures["cpu_s"]
        row.notes = [f"{100 * events / (calls * threads):.1f} % of events lost",
                     f"the drainer used {drainer:.2f} s of {wall:.2f} s"]
        made.append(row)
    return made


def timed(command):
    begin = time.perf_counter()
    done = run(command)
    return time.perf_counter() - begin, done


def memory_bandwidth():
    """Bytes a second that one processor reads of memory, at most: a search for a byte that is not there."""
    data = b"\1" * (256 << 20)
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        data.find(b"\0")
        times.append(time.perf_counter() - begin)
    return len(data) / min(times)


REPORTED = [  # what, kernel, bursts, calls in one of them, records of an iteration, aim in M records/s
    ("plain calls", "noop", 100, 10000, 1, None),
    ("plain calls", "noop", 1000, 10000, 1, 50),
    ("calls with a buffer and their frees", "hello", 500, 5000, 2, 20)]


def reported(case, turns, bandwidth):
    """One case on one processor; and babeltrace2 on the same recording where it is short."""
    what, kernel, bursts, burst, records, aim = case
    calls = bursts * burst * records
    run([*RECORD, "--clock", "fast", "--", *calls_command(kernel, bursts, burst, pause=500)])
    times, others = [], []
    for _ in range(turns):
        seconds, done = timed(["taskset", "-c", "0", PEAK, FFISCOPE, "report", "recording", "--json"])
        times.append(seconds)
        if not aim and shutil.which("babeltrace2"):
            streams = [os.path.join(folder, "ctf") for folder, names, _ in os.walk("recording") if "ctf" in names]
            others.append(timed(["babeltrace2", "-o", "dummy", *streams])[0])
    kept = calls - lost(json.loads(done.stdout))
    row = Row("reading", f"report on {calls / 1e6:.0f} M {what}", unit="M records/s")
    row.with_tool = kept / statistics.median(times) / 1e6
    size = measure.stream_bytes("recording")
    row.notes = [f"peak {int(done.stderr.split()[-1]) / 1024:.1f} MiB", f"{size / kept:.2f} bytes a record",
                 f"{100 * size / statistics.median(times) / bandwidth:.0f} % of memory bandwidth"]
    if aim:
        row.goal, row.goal_is_least = 1, True
        row.ratios = [kept / seconds / 1e6 / aim for seconds in times]
        row.notes.append(f"ratio: over the aim of {aim}")
    made = [row]
    if others:
        row = Row("reading", "the same records", "babeltrace2 -o dummy", "M records/s")
        row.with_tool = kept / statistics.median(others) / 1e6
        row.ratios = [other / own for own, other in zip(times, others)]
        made.append(row)
    shutil.rmtree("recording", ignore_errors=True)
    return made


def reading(turns):
    """`report` on one processor, then beside babeltrace2 on the same recording and uftrace on the same calls."""
    bandwidth = memory_bandwidth()
    made = [row for case in REPORTED for row in reported(case, turns, bandwidth)]
    return [*made, bytes_of_a_call(), *reading_uftrace(turns)]


def bytes_of_a_call():
    row = Row("reading", "a plain call on disk, with: after --compress", unit="bytes")
    calls = 100 * 10000
    sizes = [report["stream_bytes"] / (calls - lost(report)) for _, report in
             (recorded(calls_command("noop", 100, 10000, pause=500), how) for how in ([], ["--compress"]))]
    row.bare, row.with_tool = sizes
    return row


def reading_uftrace(turns):
    row = Row("reading", "its own records of 0.1 M calls", "uftrace report", "M calls/s")
    if not shutil.which("uftrace"):
        row.void = "uftrace is not installed"
        return [row]
    bursts, calls = 10, 10000
    run(["uftrace", "record", "--force", "-d", "uftrace.data", "-P",
         f"{peers.FUNCTION}@{os.path.basename(CALLEE)}", CALLS, "work", str(bursts), str(calls), "1", "3000"])
    row.with_tool = bursts * calls / 1e6 / statistics.median(
        [timed(["uftrace", "report", "-d", "uftrace.data"])[0] for _ in range(turns)])
    shutil.rmtree("uftrace.data", ignore_errors=True)
    return [row]


SECTIONS = {
    "added": (added, "A recorded call, in bursts that fit the ring. ratio: what is added, over the clock readings made in "
                     "one iteration\n(in the same mode, in the same process); floor: the same of a thunk without any "
                     "bookkeeping, the least on this processor"),
    "malloc": (allocations, "Allocations outside calls. ratio: with over bare"),
    "hosts": (hosts, "The hosts' own loops: hello and its free, codecs and allocations recorded too. ratio: with over bare"),
    "start": (start_up, "Start-up, calibration cached. ratio: what is added"),
    "threads": (many_threads, "Many threads"),
    "sustained": (sustained, "Sustained rate: one core produces what the other drains"),
    "counted": (counts.rows, "Counted by valgrind: per iteration; instructions hold the bench's own readings in both columns"),
    "lttng": (sessions.rows, "Sink lttng: what a plain call takes more. ratio: of what is added"),
    "peers": (peers.rows, "The same calls under other tools. ratio: what the tool adds, over what ffiscope adds in the same turn"),
    "reading": (reading, "Reading. ratio: the tool's time over report's"),
    "reading_lttng": (reading_lttng.rows, "Reading LTTng's traces of the same calls. ratio, events: the tool's time over that "
                                          "of babeltrace2 -o dummy;\nbatch: babeltrace2's time on the single events over the tool's")}


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def steadiness():
    """How much slower than its fastest the same work ran, over two seconds: the median turn, the worst one."""
    times = []
    end = time.monotonic() + 2
    while time.monotonic() < end:
        times.append(bare("work", 20, 2000, pause=0)["kernel"]["median"])
    return statistics.median(times) / min(times), max(times) / min(times)


def say_machine(machine):
    usual, worst = machine["steadiness"]["median"], machine["steadiness"]["worst"]
    print(f"{machine['processor']}, {machine['processors']} processors, Linux {machine['kernel']}; "
          f"load {machine['load']:.2f} before")
    print(f"the same work took {usual:.2f} (median) to {worst:.2f} (worst) times its fastest"
          + (": THIS MACHINE IS TOO NOISY for single figures; trust ratios with a verdict only"
             if usual > 1.1 or worst > 1.5 or machine["load"] > 0.5 else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5, help="processes of each kind per row (5; below 5 no verdicts)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section; may be given several times")
    parser.add_argument("--json", metavar="FILE", help="write the table to this file, too")
    arguments = parser.parse_args()
    os.environ.setdefault("XDG_CACHE_HOME", os.path.join(tempfile.gettempdir(), f"ffiscope-bench-{os.getuid()}"))
    os.makedirs(os.environ["XDG_CACHE_HOME"], exist_ok=True)
    output = open(arguments.json, "w", encoding="utf-8") if arguments.json else None
    work = tempfile.mkdtemp(prefix="ffiscope-bench-")
    os.chdir(work)
    try:
        run([*RECORD, "--", "true"])  # the calibration
        load = os.getloadavg()[0]
        usual, worst = steadiness()
        machine = {"processor": processor(), "processors": os.cpu_count(), "kernel": platform.release(),
                   "load": load, "steadiness": {"median": usual, "worst": worst}}
        say_machine(machine)
        made = []
        for name, (section, title) in SECTIONS.items():
            if not arguments.only or name in arguments.only:
                rows = section(arguments.turns)
                measure.print_section(title, rows)
                made += rows
        if output:
            json.dump({"schema": "ffiscope.bench/1", "turns": arguments.turns, "machine": machine,
                       "rows": [row.as_json() for row in made]}, output, indent=1)
            output.close()
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
