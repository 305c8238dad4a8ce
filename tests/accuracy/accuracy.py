#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How true the times of a report are on this machine: two judges, figures with their confidence, no tests.

Known truth: accuracy_known calls functions and times the same functions itself, with CLOCK_MONOTONIC and
unrecorded; the hosts wait in one phase of a request and say how long. Bias is the report's corrected mean
less that. The probe cost is measured anew for each recording: what is judged is the way of measuring, not one result
of it. Each turn is a process of its own and gives one figure; shown is the median of the turns with the 95 %
interval of that median (bootstrap). Conservation: a host's wall time recorded, less what the report says that
probes added and that making memory took, against its wall time when nobody records; runs take turns. Of all these the
same of runs of few requests is taken off, so that what happens once, before or at the first of them, is in neither. What
shares the processor can make either kind of run twice as long, so of each kind the quarter with the shortest wall time
counts: its mean, and the 95 % interval of the two means' ratio (bootstrap). A goal is met when the whole interval
lies within it, missed when none of it does; else the machine was too noisy, or the turns were too few, to tell. A row in
which a record was lost is void.
"""
import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
FFISCOPE = os.path.join(BUILD, "bin", "ffiscope")
KNOWN = os.path.join(BUILD, "tests", "accuracy", "accuracy_known")
HOST_FOLDER = os.path.join(BUILD, "ffi")
RUST = os.path.join(HOST_FOLDER, "rust", "target", "release", "libffiscope_service.so")
SINKS = ["embedded"]
BIAS_NS, BIAS_SHARE, RESIDUAL = 5, 0.005, 0.01
RESIDUAL_LEAST_NS = 500  # requests that are shorter have no goal: fences take away the overlap of calls
RESAMPLES = 2000
CONSERVATION_TURNS = 4  # as many of its runs as others have, for each of their turns
SHORT_REQUESTS = 200
FRESH_EVERY = 5  # its turns: the probe cost is measured anew

# Case of accuracy_known: rounds, calls in each, threads. Some milliseconds: few pauses fall into them.
KNOWN_CASES = {
    "empty": (20, 500, 1), "20ns": (20, 500, 1), "100ns": (20, 500, 1), "1us": (100, 20, 1), "10us": (40, 10, 1),
    "1ms": (2, 4, 1), "mix": (10, 200, 1), "nested": (10, 200, 1), "allocating": (10, 300, 1),
    "buffers": (10, 600, 1), "migrating": (100, 20, 1), "stopped": (6, 200, 1),
    "100ns, 2 threads": (10, 500, 2), "1us, 2 threads": (100, 20, 2), "1us, 8 threads": (50, 10, 8),
    "1us, loaded": (100, 20, 1), "buffers, loaded": (10, 600, 1),
}
DELAY_NS = 10000
SHORT_DELAY_NS = 2000
DELAY_CASES = [("library", name) for name in ("decode", "work", "encode")] + \
              [("host", name) for name in ("encode", "decode", "prepare", "consume")]
# Few enough requests that a run is over before the machine changes, and that none is lost.
HOSTS = {
    "C, dlopen": (5000, ["host_dlopen"]), "C, linked": (5000, ["host_linked"]), "C++": (5000, ["host_cpp"]),
    "Python": (3000, ["/usr/bin/python3", "host_ctypes.py"]), "Node": (10000, ["node", "host_koffi.js"]),
    "LuaJIT": (10000, ["luajit", "host_luajit.lua"]), "PHP": (5000, ["php", "-d", "ffi.enable=1", "host_php.php"]),
    "Ruby": (2000, ["ruby", "host_fiddle.rb"]),
}
KOFFI = os.path.join(HOST_FOLDER, "node_modules", "koffi")


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"accuracy: {' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def recorded(command, clock, fresh=True):
    """What the program said, and the report. fresh: the probe cost is measured anew."""
    if fresh:
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
    said = run([FFISCOPE, "record", "-q", "-o", "recording", "--clock", clock, "--", *command])
    report = json.loads(subprocess.check_output([FFISCOPE, "report", "recording", "--json"], text=True))
    shutil.rmtree("recording")
    shutil.rmtree("recording.old", ignore_errors=True)
    return said, report


def interval(values):
    """The 95 % bootstrap interval of the median."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-1 - RESAMPLES // 40]


def quartile(values, which):
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) * which // 4]


def verdict(low, high, goal):
    if goal is None:
        return ""
    if low >= -goal and high <= goal:
        return "met"
    return "missed" if low > goal or high < -goal else "cannot tell"


class Row:
    """Figures of one thing, a turn each."""

    def __init__(self, judge, case, row, clock):
        self.about = {"judge": judge, "case": case, "row": row, "clock": clock, "sink": "embedded"}
        self.true, self.error, self.raw, self.lost = [], [], [], 0
        self.kind = ""
        self.estimate = False

    def goal(self, true):
        return max(BIAS_NS, BIAS_SHARE * true) if self.about["clock"] == "fenced" else None

    def centre(self):
        """What is true, what was measured less that, uncorrected and corrected, and the interval of the last."""
        return statistics.median(self.true), statistics.median(self.raw), statistics.median(self.error), \
            *interval(self.error)

    def figures(self):
        true, raw, error, low, high = self.centre()
        goal = self.goal(true)
        return {**self.about, "turns": len(self.error), "true_ns": round(true, 1), "lost": self.lost,
                "raw": round(raw, 5), "error": round(error, 5),
                "quarter": round(quartile(self.error, 1), 5), "three_quarters": round(quartile(self.error, 3), 5),
                "low": round(low, 5), "high": round(high, 5), "estimate": self.estimate,
                "goal": goal, "verdict": f"void: {self.lost} lost" if self.lost else verdict(low, high, goal)}


def fastest(values, key=None):
    return sorted(values, key=key)[:max(3, len(values) // 4)]


class Shares(Row):
    """Wall times of a host in ns, and of a short run of it; errors are shares of the true time."""

    def __init__(self, case, clock, requests):
        super().__init__("conservation", case, "request", clock)
        self.requests = requests  # that a run has more than a short one
        self.short, self.recorded, self.recorded_short = [], [], []  # recorded: (wall, of which we made it longer)

    def goal(self, true):
        return RESIDUAL if true >= RESIDUAL_LEAST_NS and self.about["clock"] == "fenced" else None

    def centre(self):
        def ratios(bare, short, both, both_short):
            true = statistics.mean(fastest(bare)) - statistics.mean(fastest(short))
            kept, kept_short = fastest(both), fastest(both_short)
            wall, added = (statistics.mean(part) - statistics.mean(part_short)
                           for part, part_short in zip(zip(*kept), zip(*kept_short)))
            return true / self.requests, wall / true - 1, (wall - added) / true - 1

        chance = random.Random(1)
        lists = self.true, self.short, self.recorded, self.recorded_short
        errors = sorted(ratios(*(chance.choices(one, k=len(one)) for one in lists))[2] for _ in range(RESAMPLES))
        return *ratios(*lists), errors[RESAMPLES // 40], errors[-1 - RESAMPLES // 40]


class Load:
    """A busy process for each CPU while it lasts."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.busy = []

    def __enter__(self):
        if self.wanted:
            self.busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]

    def __exit__(self, *_):
        for process in self.busy:
            process.send_signal(signal.SIGKILL)
            process.wait()


def known_truth(case, clock, turns):
    rounds, calls, threads = KNOWN_CASES[case]
    rows = {}
    with Load("loaded" in case):
        for _ in range(turns):
            said, report = recorded([KNOWN, case.split(",")[0], str(rounds), str(calls), str(threads)], clock)
            found = {row["name"]: row for row in report["entry_points"]}
            for name, truth in said.items():
                row = rows.setdefault(name, Row("known truth", case, name.replace("accuracy_", ""), clock))
                mean = found[name]["total_ns"] / found[name]["timed_calls"]
                row.true.append(truth["true_ns"])
                row.error.append(mean - truth["true_ns"])
                row.raw.append(found[name]["raw_mean_ns"] - truth["true_ns"])
                row.lost += report["loss"]["events"]
                row.estimate = found[name]["estimate"]
    return list(rows.values())


def planted(side, name, clock, turns):
    """
    What a longer delay adds to its phase, against what the program says that it waited longer. Two delays, because
    what comes with one, readings of the clock for instance, is in the phase too.
    """
    option = f"--delay-{name}" if side == "library" or name in ("prepare", "consume") else f"--delay-host-{name}"
    command = [os.path.join(HOST_FOLDER, "host_dlopen"), "--entry", "hello", "--requests", "500"]
    row = Row("known truth", f"{DELAY_NS // 1000} us planted", f"{side} {name}", clock)
    for _ in range(turns):
        means, waited = [], []
        for delay_ns in (SHORT_DELAY_NS, SHORT_DELAY_NS + DELAY_NS):
            said, report = recorded([*command, option, str(delay_ns)], clock, delay_ns == SHORT_DELAY_NS)
            row.lost += report["loss"]["events"]
            found = next(phase for phase in report["phases"] if (phase["side"], phase["phase"]) == (side, name))
            means.append(found["total_ns"] / found["count"])
            told = said["service" if side == "library" else "host"]
            waited.append(told[f"{name}_elapsed_ns"] / told[f"{name}_count"])
        row.true.append(waited[1] - waited[0])
        row.error.append(means[1] - means[0] - row.true[-1])
        row.raw.append(row.error[-1])
    return [row]


def host_command(host, library):
    """None, and why: something is missing."""
    program, *arguments = HOSTS[host][1]
    found = shutil.which(program) or os.path.join(HOST_FOLDER, program)
    for path in (found, KOFFI if host == "Node" else found, RUST if library == "Rust" else found):
        if not os.path.exists(path):
            return None, f"{os.path.basename(path)} is missing; ./run bench --accuracy installs and builds it"
    command = [found, *(os.path.join(HOST_FOLDER, part) if part.startswith("host_") else part for part in arguments)]
    command += ["--entry", "hello"]
    return command + (["--library", RUST] if library == "Rust" else []), ""


def conservation(host, library, clock, turns):
    command, _ = host_command(host, library)
    requests = HOSTS[host][0]
    row = Shares(f"{host}, {library}", clock, requests - SHORT_REQUESTS)
    for turn in range(turns * CONSERVATION_TURNS):
        for count, bare, both in ((SHORT_REQUESTS, row.short, row.recorded_short), (requests, row.true, row.recorded)):
            counted = [*command, "--requests", str(count)]
            bare.append(run(counted)["wall_ns"])
            said, report = recorded(counted, clock, count == requests and turn % FRESH_EVERY == 0)
            row.lost += report["loss"]["events"]
            both.append((said["wall_ns"], report["probes_added_ns"] + (report["growth_ns"] or 0)))
        mended, mended_short = (wall - added for wall, added in (row.recorded[-1], row.recorded_short[-1]))
        row.error.append((mended - mended_short) / (row.true[-1] - row.short[-1]) - 1)
    return [row]


def missing(judge, arguments):
    """Why the case cannot be judged, "" when it can."""
    return host_command(*arguments)[1] if judge is conservation else ""


def cases():
    """(name, function, arguments before clock and turns)."""
    for case in KNOWN_CASES:
        yield case, known_truth, (case,)
    for side, name in DELAY_CASES:
        yield f"planted {side} {name}", planted, (side, name)
    for library in ("C", "Rust"):
        for host in HOSTS:
            if library == "C" or host != "C, linked":
                yield f"conservation {host}, {library}", conservation, (host, library)


def shown(figures, key):
    if figures["judge"] == "conservation":
        return f"{100 * figures[key]:+.2f} %"
    return f"{figures[key]:+.1f}"


def table(rows):
    lines = [("case", "row", "clock", "sink", "turns", "true ns", "uncorrected", "error", "95 %", "quartiles", "goal", "verdict")]
    for row in rows:
        goal = "" if row["goal"] is None else \
            f"{100 * row['goal']:.0f} %" if row["judge"] == "conservation" else f"{row['goal']:.1f}"
        lines.append((row["case"], row["row"] + (" *" if row["estimate"] else ""), row["clock"], row["sink"],
                      str(row["turns"]), f"{row['true_ns']:.1f}", shown(row, "raw"), shown(row, "error"),
                      f"{shown(row, 'low')} to {shown(row, 'high')}",
                      f"{shown(row, 'quarter')} to {shown(row, 'three_quarters')}", goal, row["verdict"]))
    print("| " + " | ".join(lines[0]) + " |\n" + "|---" * len(lines[0]) + "|")
    for line in lines[1:]:
        print("| " + " | ".join(line) + " |")


def main():
    parser = argparse.ArgumentParser(prog="./run bench --accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15, help="processes of each kind per row")
    parser.add_argument("--short", action="store_true", help="5 turns, fenced only")
    parser.add_argument("--seconds", type=float, default=1200, help="begin no further case after that long")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--clock", choices=["fenced", "fast"], help="only this one")
    parser.add_argument("--json", help="write the figures to this file too")
    parser.add_argument("--list", action="store_true", help="print the cases' names")
    options = parser.parse_args()
    if options.list:
        print("\n".join(name for name, _, _ in cases()))
        return
    turns = 5 if options.short else options.turns
    clocks = [options.clock] if options.clock else ["fenced"] if options.short else ["fenced", "fast"]
    output = os.path.abspath(options.json) if options.json else None
    work = tempfile.mkdtemp(prefix="ffiscope-accuracy-")
    os.chdir(work)
    os.environ["XDG_CACHE_HOME"] = os.path.join(work, "cache")
    begin, rows, left_out = time.monotonic(), [], []
    load = os.getloadavg()[0]
    try:
        for name, judge, arguments in cases():
            for clock in clocks:
                if options.only not in name:
                    continue
                if time.monotonic() - begin > options.seconds:
                    left_out.append(f"{name}, {clock}")
                    continue
                if missing(judge, arguments):
                    left_out.append(f"{name}, {clock} ({missing(judge, arguments)})")
                    continue
                rows += [row.figures() for row in judge(*arguments, clock, turns)]
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
    table(rows)
    count = {word: sum(row["verdict"] == word for row in rows) for word in ("met", "missed", "cannot tell")}
    print(f"\nOf {sum(count.values())} rows with a goal: {count['met']} met, {count['missed']} missed, "
          f"{count['cannot tell']} that this machine was too noisy to tell (load before: {load:.2f} on {os.cpu_count()} "
          "CPUs). *: an estimate. Errors in ns; of conservation, in per cent of the wall time.")
    for name in left_out:
        print(f"left out: {name}")
    if output:
        with open(output, "w", encoding="utf-8") as to:
            json.dump({"schema": "ffiscope.accuracy/1", "load": load, "cpus": os.cpu_count(), "rows": rows,
                       "left_out": left_out}, to, indent=1)


if __name__ == "__main__":
    main()
