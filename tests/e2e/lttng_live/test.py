# SPDX-License-Identifier: MIT
"""lttng_live - `ffiscope top --live` shows the entry points of a session that goes on, and what it
counts is what the programs count."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lttng"))
from tracing import Tracer, relay
from scenario import FFISCOPE, check, equal, host, main, one_line, require, run, test

TRANSPORTS = ["events", "batch"]
NAME = "proto2ffi_say_hello"


class Live:
    """with Live() as live: a live session at a relay daemon; top --live reads it."""

    def __enter__(self):
        self.tracer = Tracer().__enter__()
        _, url = relay(self.tracer)
        self.tracer.sessiond()
        self.tracer.session("--live=200000", f"--set-url={url}", output=False,
                            channel=("--subbuf-size=64K", "--num-subbuf=8"))
        self.tracer.lttng("start")
        self.url = f"net://127.0.0.1:{self.tracer.live_port}/host/{socket.gethostname()}/s"
        return self

    def __exit__(self, *what):
        self.tracer.__exit__(*what)

    def host(self, transport, *options):
        return self.tracer.popen(transport, *host("dlopen", *options), stdout=subprocess.PIPE)

    def top(self, *options):
        return run(FFISCOPE, "top", "--live", self.url, *options)

    def sample(self, until):
        """JSON until it is as wanted."""
        for _ in range(12):
            result = self.top("--json")
            require(result.status == 0, f"top ended with {result.status}: {result.err}")
            sample = json.loads(result.out)
            if until(sample):
                break
        return sample


def row(sample, name):
    found = [entry for entry in sample["entry_points"] if entry["name"] == name]
    return found[0] if found else None


@test(transport=TRANSPORTS)
def a_session_that_goes_on_is_counted_exactly(_, transport):
    with Live() as live:
        program = live.host(transport, "--requests", 400, "--leak-every", 40, "--pause", 60000)
        sample = live.sample(lambda now: row(now, NAME) and row(now, NAME)["calls"] == 400)
        entry = row(sample, NAME)
        require(entry, f"the entry point is not there: {sample}")
        equal((entry["calls"], entry["live_buffers"], entry["kind"]), (400, 10, "entry"),
              "calls and live buffers")
        equal(entry["library"].endswith("libffiscope_service.so"), True, "library")
        equal((sample["processes"], sample["running"], sample["hosts"], sample["lost_events"],
               sample["ended"]), (1, 1, 1, 0, False), "processes, hosts, losses")
        check(entry["calls_per_s"] is not None and entry["raw_mean_ns"] > 0, f"rate and mean: {entry}")
        program.kill()
        program.communicate()


@test(transport=TRANSPORTS)
def times_are_those_of_the_calls_that_come(_, transport):
    with Live() as live:
        program = live.host(transport, "--requests", 600, "--delay-work", 20000000)
        sample = live.sample(lambda now: row(now, NAME) and row(now, NAME)["p99_ns"])
        entry = row(sample, NAME)
        require(entry and entry["p50_ns"], f"no times: {entry}")
        check(20000000 <= entry["p50_ns"] <= entry["p99_ns"], f"quantiles: {entry}")
        check(0 < entry["calls_per_s"] <= 50, f"a call of 20 ms comes {entry['calls_per_s']} times a second")
        screen = live.top("--once", "--sort", "rate")
        equal(screen.status, 0, "status of --once")
        check(NAME in screen.out and "live, 1 processes on 1 hosts" in screen.out, screen.out)
        program.kill()
        program.communicate()


@test
def the_end_of_the_session_ends_it(_):
    with Live() as live:
        live.host("events", "--requests", 50).communicate()
        top = subprocess.Popen([FFISCOPE, "top", "--live", live.url, "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=live.tracer.environment())
        time.sleep(1)
        live.tracer.lttng("destroy")
        out, err = top.communicate(timeout=60)
        equal((top.returncode, err), (0, b""), "status and stderr")
        check(json.loads(out)["schema"] == "ffiscope.top/1", out)


@test
def what_is_no_session_is_said_in_one_line(_):
    with Live() as live:
        one_line(run(FFISCOPE, "top", "--json", "--live", live.url + "x"), 2, "no live session")
        one_line(run(FFISCOPE, "top", "--json", "--live", "net://127.0.0.1:1/host/none/s"), 2,
                 "no live session")
        one_line(run(FFISCOPE, "top", "--json", "--live", "nonsense"), 2, "no live session")
        one_line(run(FFISCOPE, "top", "--live", live.url, os.getpid()), 2, "give one of both")


if __name__ == "__main__":
    main()
