# SPDX-License-Identifier: MIT
"""lttng_reading - what reports and babeltrace2 make of LTTng's traces: several hosts, processes,
pieces and snapshots in one folder, damaged files, foreign events."""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lttng"))
from tracing import CALLS, Tracer, relay
from scenario import (FFISCOPE, PRELOAD, READER_KIB, Skip, check, equal, host, load, main, one_line,
                      run, test)

TRANSPORTS = ["events", "batch"]
PLUGINS = os.path.join(os.path.dirname(PRELOAD), "babeltrace2", "plugins")
EXPAND_KIB = 600000


def calls_of(truth):
    """Calls of a host, and two with which it asks the service."""
    return sum(entry["calls"] + entry["frees"] for entry in truth["entry_points"]) + 2


def traced(tracer, transport, *options, **session):
    """The folder of a session's trace, and what the host says of itself."""
    tracer.sessiond()
    trace = tracer.session(**session)
    tracer.lttng("start")
    truth = tracer.run_host(*options, transport=transport)
    tracer.lttng("destroy")
    return trace, truth


def check_report(trace, *truths):
    report = load(trace, "report")
    equal(sorted(process["calls"] for process in report["processes"]),
          sorted(calls_of(truth) for truth in truths), "calls of the processes")
    equal(report["loss"]["events"], 0, "lost events")
    return report


def expanded(trace):
    """The lines that babeltrace2 prints with our plugin, in little memory."""
    result = run("babeltrace2", f"--plugin-path={PLUGINS}", "--clock-seconds", "--no-delta", trace,
                 "--component=filter.ffiscope.expand", limit_kib=EXPAND_KIB)
    equal((result.status, result.err), (0, ""), "status and stderr of babeltrace2")
    return result.out.splitlines()


@test(transport=TRANSPORTS)
def babeltrace2_prints_what_the_report_counts(folder, transport):
    with Tracer() as tracer:
        trace, truth = traced(tracer, transport, "--requests", 3000, "--threads", 2)
        report = check_report(trace, truth)
        lines = expanded(trace)
        names = [re.search(r" ffiscope:(\w+): ", line).group(1) for line in lines]
        equal(sum(name in CALLS for name in names), report["process"]["calls"], "calls")
        equal(names.count("batch"), 0, "batches")
        times = [float(re.match(r"\[(\d+\.\d+)\]", line).group(1)) for line in lines]
        equal(times, sorted(times), "times")
        threads = {re.search(r"\btid = (\d+)", line).group(1)
                   for name, line in zip(names, lines) if name in CALLS}
        equal(len(threads), 2, "threads with calls")


@test(transport=TRANSPORTS, buffers=["uid", "pid"])
def processes_in_buffers_of_each_kind_are_told_apart(folder, transport, buffers):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session(channel=(f"--buffers-{buffers}", "--subbuf-size=1M"),
                               events=("ffiscope:*", "lttng_ust_statedump:*"))
        tracer.lttng("add-context", "-u", "-c", "c", "-t", "vpid", "-t", "procname")
        tracer.lttng("start")
        truths = [tracer.run_host("--requests", count, "--leak-every", 10, transport=transport)
                  for count in (50, 150)]
        tracer.lttng("destroy")
        report = check_report(trace, *truths)
        equal(len({process["host"] for process in report["processes"]}), 1, "hosts")
        check(report["process"]["host"], "no host is named")
        leaks = load(trace, "leaks", status=1)
        equal(sorted(finding["count"] for finding in leaks["findings"]), [5, 15], "leaked buffers")


@test(transport=TRANSPORTS)
def two_hosts_at_one_relay_daemon_are_told_apart(folder, transport):
    if os.geteuid():
        raise Skip("only root may give a daemon another host's name")
    with Tracer() as near, Tracer() as far:
        output, url = relay(near)
        truths = []
        for tracer, name, requests in ((near, "near", 100), (far, "far", 200)):
            tracer.host_name(name)
            tracer.sessiond()
            tracer.session(f"--set-url={url}", output=False)
            tracer.lttng("start")
            truths.append(tracer.run_host("--requests", requests, transport=transport))
            tracer.lttng("destroy")
        report = check_report(output, *truths)
        equal(sorted((process["host"], process["calls"]) for process in report["processes"]),
              [("far", calls_of(truths[1])), ("near", calls_of(truths[0]))], "hosts and calls")
        pid = [process["pid"] for process in report["processes"] if process["host"] == "near"][0]
        chosen = load(output, "report", f"--pid=near:{pid}")
        equal(chosen["process"]["calls"], calls_of(truths[0]), "calls of the process on `near`")
        screen = run(FFISCOPE, "report", "--brief", output)
        check("far:" in screen.out and "near:" in screen.out, f"no hosts on the screen: {screen.out}")
        lines = expanded(output)
        equal(sum(bool(re.search(r"\] far ffiscope:call", line)) for line in lines) > 100, True,
              "calls of `far` that babeltrace2 prints")


@test(transport=TRANSPORTS)
def pieces_of_a_rotation_are_read_together_and_alone(folder, transport):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session()
        tracer.lttng("start")
        program = tracer.popen(transport, *host("dlopen", "--requests", 200, "--delay-work",
                                                15000000), stdout=subprocess.PIPE)
        for _ in range(2):
            time.sleep(1.2)
            tracer.lttng("rotate", "s")
        calls = calls_of(json.loads(program.communicate()[0])) + 1  # that sets the delay
        tracer.lttng("destroy")
        whole = load(trace, "report")
        equal((whole["process"]["calls"], whole["loss"]["events"]), (calls, 0), "calls and losses")
        equal(sum(row["timed_calls"] for row in whole["entry_points"]), calls, "calls with an event")
        archives = os.path.join(trace, "archives")
        seen = 0
        for name in sorted(os.listdir(archives)):
            piece = load(os.path.join(archives, name), "report")
            seen += sum(row["timed_calls"] for row in piece["entry_points"])
        equal(seen, calls, "calls with an event in all pieces")


@test
def snapshots_that_overlap_give_each_call_once(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        snapshots = os.path.join(tracer.home, "snapshots")
        tracer.session("--snapshot", f"--output={snapshots}", output=False,
                       channel=("--subbuf-size=1M", "--num-subbuf=8"))
        tracer.lttng("start")
        truths = []
        for requests in (30, 50):
            truths.append(tracer.run_host("--requests", requests))
            tracer.lttng("snapshot", "record")
        tracer.lttng("destroy")
        equal(len([name for name in os.listdir(snapshots) if "snapshot" in name]), 2, "snapshots")
        report = load(snapshots, "report")
        equal(sorted(process["calls"] for process in report["processes"]),
              sorted(calls_of(truth) for truth in truths), "calls")
        equal(sum(row["timed_calls"] for row in report["entry_points"]),
              report["process"]["calls"], "calls with an event, each once")


def streams(trace):
    """Its stream files, largest first."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(trace) for name in names
             if name != "metadata" and "index" not in folder]
    return sorted(found, key=os.path.getsize, reverse=True)


@test(transport=TRANSPORTS)
def a_trace_that_is_cut_anywhere_gives_what_is_whole(folder, transport):
    with Tracer() as tracer:
        trace, truth = traced(tracer, transport, "--requests", 1000,
                              channel=("--subbuf-size=16K", "--num-subbuf=64"))
        largest = streams(trace)[0]
        size = os.path.getsize(largest)
        last = calls_of(truth)
        for part in (97, 66, 31, 7):
            os.truncate(largest, size * part // 100 + part)  # at no round place
            result = run(FFISCOPE, "report", "--json", trace, limit_kib=READER_KIB)
            equal(result.status, 0, f"status of report at {part} %")
            equal(len(result.err.splitlines()), 1, f"lines about {part} %: {result.err!r}")
            check(os.path.basename(largest) in result.err, f"the file is not named: {result.err}")
            report = load(trace, "report")
            seen = sum(row["timed_calls"] for row in report["entry_points"])
            check(seen <= last, f"{seen} calls at {part} %, {last} before")
            last = seen
        os.truncate(streams(trace)[0], 1)
        metadata = [os.path.join(at, name) for at, _, names in os.walk(trace) for name in names
                    if name == "metadata"][0]
        os.truncate(metadata, 100)
        one_line(run(FFISCOPE, "report", trace, limit_kib=READER_KIB), 2, "")


@test
def a_trace_of_others_says_what_to_enable(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session(events=("lttng_ust_statedump:*",))
        tracer.lttng("start")
        tracer.run_host("--requests", 3)
        tracer.lttng("destroy")
        one_line(run(FFISCOPE, "report", trace), 2, "no event of ffiscope was enabled")


if __name__ == "__main__":
    main()
