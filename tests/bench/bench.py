#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints what ffiscope costs, as ratios in one run, and never judges.

Every figure is a median over processes that take turns: bare, recorded, bare, recorded, ... Ratios are
taken turn by turn, then their median: the machine's speed changes from one second to the next. The added
cost of a call is what an iteration takes more when recorded, over what the clock readings made in it take
alone, in the same mode, in the same process. A row in which a record was lost is void and says so.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
FFISCOPE = os.path.join(BUILD, "bin", "ffiscope")
CALLS = os.path.join(BUILD, "tests", "bench", "bench_calls")
PEAK = os.path.join(BUILD, "tests", "bench", "bench_peak")
THREADS = os.path.join(BUILD, "tests", "bench", "bench_threads")
SERVICE = os.path.join(BUILD, "ffi", "libffiscope_service.so")
# Few enough requests that none is lost; that the ring grows meanwhile is part of the figure.
HOSTS = [("C, dlopen", 5000, [os.path.join(BUILD, "ffi", "host_dlopen")]),
         ("Python, ctypes", 15000, ["/usr/bin/python3", os.path.join(BUILD, "ffi", "host_ctypes.py")]),
         ("Node, koffi", 20000, ["node", os.path.join(BUILD, "ffi", "host_koffi.js")]),
         ("LuaJIT, ffi", 20000, ["luajit", os.path.join(BUILD, "ffi", "host_luajit.lua")]),
         ("PHP, FFI", 20000, ["php", "-d", "ffi.enable=1", os.path.join(BUILD, "ffi", "host_php.php")]),
         ("Ruby, fiddle", 5000, ["ruby", os.path.join(BUILD, "ffi", "host_fiddle.rb")])]
BOUNDARY = os.path.join(ROOT, "tests", "bench", "bench.boundary")


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def bare(kernel, rounds, calls, threads, pause):
    done = run([CALLS, kernel, str(rounds), str(calls), str(threads), str(pause), SERVICE])
    return json.loads(done.stdout)


def recorded(kernel, rounds, calls, threads, pause, options):
    """The program's figures, events lost, bytes on disk of its streams."""
    done = run([FFISCOPE, "record", "-o", "recording", *options, "--",
                CALLS, kernel, str(rounds), str(calls), str(threads), str(pause), SERVICE])
    figures = json.loads(done.stdout)
    report = json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout or "{}")
    lost = report.get("loss", {}).get("events", 0)
    image = [name for name in os.listdir("recording") if os.path.isdir(os.path.join("recording", name))]
    size = sum(entry.stat().st_size for name in image
               for entry in os.scandir(os.path.join("recording", name, "ctf")) if entry.name.startswith("slot"))
    shutil.rmtree("recording", ignore_errors=True)
    shutil.rmtree("recording.old", ignore_errors=True)
    return figures, lost, size, report


def median(values):
    return statistics.median(values)


def table(title, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))))
    sys.stdout.flush()


def spread(values):
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 4]:.1f}-{ordered[(3 * len(ordered)) // 4]:.1f}"


def added_cost(turns):
    cases = [
        # name, kernel, readings per iteration, goal, options
        ("plain", "noop", 2, 1.15, ["--no-codecs"]),
        ("plain, described", "noop", 2, 1.15, ["--no-codecs", "--boundary", BOUNDARY]),
        ("hello, buffers, allocations", "hello", 5, 1.30, ["--no-codecs"]),
        ("hello, described", "hello", 5, 1.30, ["--no-codecs", "--boundary", BOUNDARY]),
        ("service hello, codecs too", "service", 11, None, []),
    ]
    rows = [("added cost of a recorded call", "clock", "threads", "bare ns", "recorded ns", "added ns",
             "quartiles", "readings ns", "ratio", "floor's", "goal")]
    for name, kernel, readings, goal, options in cases:
        for clock in ("fenced", "fast"):
            for threads in (1, 2):
                base, full, pairs, floors, lost = [], [], [], [], 0
                for _ in range(turns):
                    base.append(bare(kernel, 60, 500, threads, 3000)["kernel"]["median"])
                    if kernel == "noop":
                        least = bare(f"floor-{clock}", 60, 500, threads, 3000)
                        floors.append((least["kernel"]["median"] - base[-1]) / least[clock]["median"])
                    figures, dropped, _, _ = recorded(kernel, 60, 500, threads, 3000,
                                                      [*options, "--clock", clock])
                    full.append(figures["kernel"]["median"])
                    pairs.append(figures[clock]["median"])
                    lost += dropped
                # Turn by turn: the machine's speed changes from one second to the next.
                added = [after - before for before, after in zip(base, full)]
                ratios = [cost / (pair * readings / 2) for cost, pair in zip(added, pairs)]
                reading = median(pairs) * readings / 2
                ratio = f"{median(ratios):.2f}" if not lost else f"void: {lost} lost"
                rows.append((name, clock, threads, f"{median(base):.1f}", f"{median(full):.1f}",
                             f"{median(added):.1f}", spread(added), f"{reading:.1f}", ratio,
                             f"{median(floors):.2f}" if floors else "", goal or ""))
    table("A recorded call, in bursts that fit the ring; readings = the clock readings made in one iteration;\n"
          "floor's = the ratio of bench_floor.S, a thunk without any bookkeeping: the least on this processor", rows)


def allocations(turns):
    rows = [("malloc+free outside a call", "bare ns", "recorded ns", "ratio", "goal")]
    for name, kernel in (("thread without calls", "malloc"), ("thread that calls too", "host-malloc")):
        base, full = [], []
        for _ in range(turns):
            base.append(bare(kernel, 60, 2000, 1, 500)["kernel"]["median"])
            full.append(recorded(kernel, 60, 2000, 1, 500, [])[0]["kernel"]["median"])
        rows.append((name, f"{median(base):.2f}", f"{median(full):.2f}", f"{median([after / before for before, after in zip(base, full)]):.2f}", 1.4))
    table("Allocations outside calls", rows)


def hosts(turns):
    rows = [("request and free of hello", "requests", "bare us", "recorded us", "recorded/bare", "quartiles")]
    for name, requests, command in HOSTS:
        if not shutil.which(command[0]):
            rows.append((f"{name}: {command[0]} is not installed", "", "", "", "", ""))
            continue
        command = [*command, "--entry", "hello", "--requests", str(requests)]
        base, full, lost = [], [], 0
        for _ in range(turns):
            for values, prefix in ((base, []), (full, [FFISCOPE, "record", "-q", "-o", "recording", "--"])):
                values.append(json.loads(run(prefix + command).stdout)["wall_ns"] / requests / 1000)
            lost += json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout)["loss"]["events"]
            shutil.rmtree("recording")
        ratios = [after / before for before, after in zip(base, full)]
        rows.append((name, requests, f"{median(base):.2f}", f"{median(full):.2f}",
                     f"{median(ratios):.2f}" if not lost else f"void: {lost} lost", spread(ratios)))
    table("The hosts' own loops, codecs and allocations recorded too", rows)


def start_up(turns):
    rows = [("start-up", "bare ms", "recorded ms", "added ms", "goal")]
    for name, command in (("true", ["/bin/true"]), ("python3 -c pass", ["/usr/bin/python3", "-c", "pass"]),
                          ("node -e 0", ["node", "-e", "0"])):
        if not shutil.which(command[0]):
            rows.append((f"{name}: not installed", "", "", "", ""))
            continue
        base, full = [], []
        for _ in range(turns * 4):
            for values, prefix in ((base, []), (full, [FFISCOPE, "record", "-q", "-o", "recording", "--"])):
                begin = time.perf_counter()
                run(prefix + command)
                values.append((time.perf_counter() - begin) * 1000)
        rows.append((name, f"{median(base):.1f}", f"{median(full):.1f}", f"{median(full) - median(base):.1f}", 20))
    table("Start-up, calibration cached", rows)


def many_threads(turns):
    count = 1000
    base, full, lost = [], [], 0
    for _ in range(turns):
        for values, prefix in ((base, []), (full, [FFISCOPE, "record", "-q", "-o", "recording", "--"])):
            values.append(json.loads(run(prefix + [THREADS, str(count)]).stdout))
        lost += json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout)["loss"]["events"]
        shutil.rmtree("recording")

    def row(name, key, unit):
        before = median([figures[key] for figures in base]) / count / unit
        after = median([figures[key] for figures in full]) / count / unit
        return name, f"{before:.1f}", f"{after:.1f}", f"{after - before:.1f}" if not lost else f"void: {lost} lost"

    table(f"{count} threads alive at once, each with one call", [
        ("of each thread", "bare", "recorded", "added"),
        row("start, call, end, us", "wall_ns", 1000), row("peak memory, KiB", "peak_kib", 1)])


def sustained():
    rows = [("sustained, no pause", "threads", "calls", "M calls/s", "lost %", "drainer CPU s", "of wall s")]
    for threads in (1, 2):
        calls = 5000000
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        done = run([FFISCOPE, "record", "-o", "recording", "--clock", "fast", "--",
                    CALLS, "noop", "1", str(calls), str(threads), "0"])
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = json.loads(done.stdout)
        report = json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout)
        shutil.rmtree("recording", ignore_errors=True)
        lost = report["loss"]["events"]
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - figures["cpu_s"]
        rows.append(("noop", threads, calls * threads, f"{threads * 1000 / figures['kernel']['median']:.1f}",
                     f"{100 * lost / (calls * threads):.2f}", f"{cpu:.2f}", f"{wall:.2f}"))
    table("Sustained rate: one core produces what the other drains", rows)


def instructions():
    rows = [("instructions per iteration (callgrind)", "bare", "recorded", "added")]
    if not shutil.which("valgrind"):
        return
    for kernel in ("noop", "hello", "service"):
        counts = []
        for options in (None, ["--no-codecs"] if kernel != "service" else []):
            totals = []
            for calls in (1000, 3000):
                command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=callgrind.out",
                           CALLS, kernel, "1", str(calls), "1", "0", SERVICE]
                if options is not None:
                    command = [FFISCOPE, "record", "-q", "-o", "recording", *options, "--", *command]
                run(command)
                with open("callgrind.out", encoding="utf-8") as lines:
                    totals.append(next(int(line.split()[1]) for line in lines
                                       if line.startswith(("totals:", "summary:"))))
            # The two readings of the bench itself count in both.
            counts.append((totals[1] - totals[0]) / 2000)
        rows.append((kernel, f"{counts[0]:.0f}", f"{counts[1]:.0f}", f"{counts[1] - counts[0]:.0f}"))
    table("Instructions (each iteration's own two times two readings count in both columns)", rows)


def peer(turns):
    if not shutil.which("uftrace"):
        print("\nuftrace is not installed: the row is left out")
        return
    base, ours, theirs = [], [], []
    for _ in range(turns):
        base.append(bare("work", 40, 500, 1, 3000)["kernel"]["median"])
        ours.append(recorded("work", 40, 500, 1, 3000, [])[0]["kernel"]["median"])
        done = run(["uftrace", "record", "--force", "-d", "uftrace.data", "-P",
                    "proto2ffi_bench_work@libbench_callee.so", CALLS, "work", "40", "500", "1", "3000"])
        theirs.append(json.loads(done.stdout[done.stdout.index("{"):])["kernel"]["median"])
        replay = run(["uftrace", "report", "-d", "uftrace.data"]).stdout
        seen = "proto2ffi_bench_work" in replay
        shutil.rmtree("uftrace.data", ignore_errors=True)
    rows = [("the same calls", "bare ns", "with ns", "added ns", "times ffiscope's"),
            ("ffiscope, fenced", f"{median(base):.1f}", f"{median(ours):.1f}",
             f"{median(ours) - median(base):.1f}", "1.0"),
            ("uftrace -P", f"{median(base):.1f}", f"{median(theirs):.1f}", f"{median(theirs) - median(base):.1f}",
             f"{median([(b - a) / (o - a) for a, o, b in zip(base, ours, theirs)]):.1f}" if seen
             else "void: saw no call")]
    table("Beside a peer (goal: at least 6 times cheaper)", rows)


def analysis():
    rows = [("report", "calls", "bytes/call", "seconds", "M events/s", "peak MiB")]
    for bursts, calls in ((100, 10000), (1000, 10000)):
        run([FFISCOPE, "record", "-o", "recording", "--clock", "fast", "--",
             CALLS, "noop", str(bursts), str(calls), "1", "500"])
        size = sum(entry.stat().st_size for name in os.listdir("recording")
                   if os.path.isdir(os.path.join("recording", name))
                   for entry in os.scandir(os.path.join("recording", name, "ctf")) if entry.name.startswith("slot"))
        begin = time.perf_counter()
        done = run([PEAK, FFISCOPE, "report", "recording", "--json"])
        seconds = time.perf_counter() - begin
        report = json.loads(done.stdout)
        peak_kib = int(done.stderr.split()[-1])
        shutil.rmtree("recording", ignore_errors=True)
        total = bursts * calls
        lost = report["loss"]["events"]
        rows.append(("noop" + (f", {lost} lost" if lost else ""), total, f"{size / (total - lost):.2f}",
                     f"{seconds:.2f}", f"{(total - lost) / seconds / 1e6:.1f}", f"{peak_kib / 1024:.1f}"))
    table("Reading a recording", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5, help="processes of each kind per row")
    parser.add_argument("--only", choices=["added", "malloc", "hosts", "start", "threads", "sustained", "instructions", "peer", "report"])
    arguments = parser.parse_args()
    os.environ.setdefault("XDG_CACHE_HOME", os.path.join(tempfile.gettempdir(), f"ffiscope-bench-{os.getuid()}"))
    os.makedirs(os.environ["XDG_CACHE_HOME"], exist_ok=True)
    steps = {"added": lambda: added_cost(arguments.turns), "malloc": lambda: allocations(arguments.turns),
             "hosts": lambda: hosts(arguments.turns), "start": lambda: start_up(arguments.turns),
             "threads": lambda: many_threads(arguments.turns), "sustained": sustained, "instructions": instructions,
             "peer": lambda: peer(arguments.turns), "report": analysis}
    work = tempfile.mkdtemp(prefix="ffiscope-bench-")
    os.chdir(work)
    try:
        print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} CPUs (above 0.5 the figures are not to be trusted)")
        for name, step in steps.items():
            if arguments.only in (None, name):
                step()
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
