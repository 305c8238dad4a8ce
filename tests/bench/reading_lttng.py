# SPDX-License-Identifier: MIT
"""How fast LTTng's traces are read, each transport, beside babeltrace2 without any output."""
import json
import os
import shutil
import statistics
import time

from measure import BUILD, FFISCOPE, Row, run

REQUESTS = 100000
HOST = os.path.join(BUILD, "ffi", "host_dlopen")


def timed(command):
    begin = time.perf_counter()
    done = run(command)
    return time.perf_counter() - begin, done


def trace_of(transport):
    folder = f"lttng-{transport}"
    run([FFISCOPE, "record", "-q", "--sink", "lttng", "--transport", transport, "-o", folder, "--", HOST, "--requests",
         str(REQUESTS), "--entry", "hello"])
    return folder


def rows(turns):
    """The same requests under both transports. `doctor` reads a trace and no more; `report` makes all of it."""
    made = {"babeltrace2": Row("reading_lttng", "transport events", "babeltrace2 -o dummy", "M calls/s")}
    for transport in ("events", "batch"):
        for command in ("doctor", "report"):
            made[command, transport] = Row("reading_lttng", f"transport {transport}", f"ffiscope {command}", "M calls/s")
    made["doctor", "events"].goal = 1.3
    made["doctor", "batch"].goal, made["doctor", "batch"].goal_is_least = 10, True
    if not all(map(shutil.which, ("lttng", "lttng-sessiond", "babeltrace2"))):
        for row in made.values():
            row.void = "lttng-tools or babeltrace2 is not installed"
        return list(made.values())
    folders = {transport: trace_of(transport) for transport in ("events", "batch")}
    times = {what: [] for what in made}
    for _ in range(turns):
        for what in made:
            if what == "babeltrace2":
                command = ["babeltrace2", "-o", "dummy", os.path.join(folders["events"], "lttng")]
            else:
                command = [FFISCOPE, what[0], folders[what[1]], "--json"]
            seconds, done = timed(command)
            times[what].append(seconds)
            if what[0] == "report":
                check_whole(made, what[1], json.loads(done.stdout))
    for what, row in made.items():
        row.with_tool = 2 * REQUESTS / statistics.median(times[what]) / 1e6
        pairs = list(zip(times[what], times["babeltrace2"]))
        if what[1] == "events":
            row.ratios = [own / other for own, other in pairs]
        elif what[1] == "batch":
            row.ratios = [other / own for own, other in pairs]
    for folder in folders.values():
        shutil.rmtree(folder)
    return list(made.values())


def check_whole(made, transport, report):
    """A trace of fewer calls is no measure."""
    process = report["process"] or {"calls": 0}
    if report["loss"]["events"] != 0 or process["calls"] < 2 * REQUESTS:
        for command in ("doctor", "report"):
            made[command, transport].void = f"{process['calls']} calls, {report['loss']['events']} events lost"
