# SPDX-License-Identifier: MIT
"""Programs that take turns, ratios turn by turn, and what may be concluded from them."""
import json
import math
import os
import shutil
import statistics
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
FFISCOPE = os.path.join(BUILD, "bin", "ffiscope")
CALLS = os.path.join(BUILD, "tests", "bench", "bench_calls")
CALLEE = os.path.join(BUILD, "tests", "bench", "libbench_callee.so")
SERVICE = os.path.join(BUILD, "ffi", "libffiscope_service.so")
BOUNDARY = os.path.join(ROOT, "tests", "bench", "bench.boundary")
RECORD = [FFISCOPE, "record", "-q", "-o", "recording"]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def calls_command(kernel, rounds, calls, threads=1, pause=3000):
    return [CALLS, kernel, str(rounds), str(calls), str(threads), str(pause), SERVICE]


def figures_of(output):
    """bench_calls prints one JSON object; a tool may print around it."""
    begin = output.find("{")
    if begin < 0:
        return None
    return json.JSONDecoder().raw_decode(output[begin:])[0]


def bare(*arguments, **options):
    return figures_of(run(calls_command(*arguments, **options)).stdout)


def stream_bytes(recording):
    """Bytes on disk of a recording's event streams."""
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(recording)
               for name in names if name.startswith("slot"))


def recorded(command, options=(), report=True):
    """What the command printed under `record`, and what the recording says: (output, report)."""
    done = run([*RECORD, *options, "--", *command])
    said = json.loads(run([FFISCOPE, "report", "recording", "--json"]).stdout or "{}") if report else None
    if said:
        said["stream_bytes"] = stream_bytes("recording")
    shutil.rmtree("recording", ignore_errors=True)
    shutil.rmtree("recording.old", ignore_errors=True)
    return done.stdout, said


def lost(report):
    return report.get("loss", {}).get("events", 0)


def median_interval(values):
    """An interval that holds the true median with at least 90 % confidence, by order statistics; None when
    there are too few values for one."""
    ordered, count = sorted(values), len(values)
    left_out = 0
    while True:
        # P(the median lies below the k-th smallest) = P(Binomial(n, 1/2) < k), on either side.
        tail = sum(math.comb(count, k) for k in range(left_out + 1)) / 2 ** count
        if 2 * tail > 0.1:
            break
        left_out += 1
    if left_out == 0:
        return None
    return ordered[left_out - 1], ordered[count - left_out]


class Row:
    """One line of the table and one object of the JSON. `ratios` are of single turns; `ratio` their median."""

    def __init__(self, section, what, tool="ffiscope", unit="ns"):
        self.section, self.what, self.tool, self.unit = section, what, tool, unit
        self.bare = self.with_tool = self.added = self.floor = self.goal = None
        self.goal_is_least = False
        self.ratios, self.notes, self.void = [], [], None

    def between(self, before, after):
        """Figures of turns without and with the tool."""
        self.bare, self.with_tool = statistics.median(before), statistics.median(after)
        self.added = statistics.median([b - a for a, b in zip(before, after)])
        return self

    def verdict(self):
        if self.void:
            return f"void: {self.void}"
        if self.goal is None:
            return ""
        interval = median_interval(self.ratios)
        if not interval:
            return "too few turns to conclude"
        low, high = interval
        better, worse = (low >= self.goal, high < self.goal) if self.goal_is_least else \
                        (high <= self.goal, low > self.goal)
        if better:
            return "meets"
        if worse:
            return "misses"
        return "too noisy to conclude"

    def as_json(self):
        interval = median_interval(self.ratios) if self.ratios else None
        return {"section": self.section, "what": self.what, "tool": self.tool, "unit": self.unit,
                "bare": self.bare, "with": self.with_tool, "added": self.added, "floor": self.floor,
                "ratio": statistics.median(self.ratios) if self.ratios and not self.void else None,
                "ratio_low": interval[0] if interval else None, "ratio_high": interval[1] if interval else None,
                "turns": len(self.ratios), "goal": self.goal,
                "goal_is": "at least" if self.goal_is_least else "at most", "verdict": self.verdict(),
                "notes": self.notes}

    def cells(self):
        def number(value):
            if value is None:
                return ""
            return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

        interval = median_interval(self.ratios) if self.ratios else None
        ratio = number(statistics.median(self.ratios)) if self.ratios and not self.void else ""
        spread = f"{number(interval[0])}-{number(interval[1])}" if interval and not self.void else ""
        goal = "" if self.goal is None else f"{'>=' if self.goal_is_least else '<='} {self.goal}"
        return (self.what, self.tool, self.unit, number(self.bare), number(self.with_tool), number(self.added),
                ratio, spread, number(self.floor), goal, self.verdict(), "; ".join(self.notes))


HEAD = ("what", "tool", "unit", "bare", "with", "added", "ratio", "90 % of it", "floor", "aim", "verdict", "")


def print_section(title, rows):
    """Numbers to the right, words to the left."""
    lines = [HEAD, *[row.cells() for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    words = (0, 1, 2, 10, 11)
    print(f"\n{title}")
    for line in lines:
        print("  " + "  ".join(cell.ljust(widths[i]) if i in words else cell.rjust(widths[i])
                               for i, cell in enumerate(line)).rstrip(), flush=True)
