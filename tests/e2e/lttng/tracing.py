# SPDX-License-Identifier: MIT
"""tracing.py - a session daemon of the test's own, sessions in it, and what their traces hold.

Root's daemon, client and programs meet in /var/run/lttng, where another daemon may live. So as root
all of them run as another user, who may read what root may. Begin at Tracer.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import scenario
from scenario import (PRELOAD, READER_KIB, Failure, check, environment, equal, host, require, run,
                      wait_until)

NOBODY = 65534
CALLS = ("call", "call_wide", "call_made", "call_freed")
AS_USER = [] if os.geteuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                                   "--clear-groups", "--inh-caps=+dac_read_search",
                                   "--ambient-caps=+dac_read_search"]


class Tracer:
    """with Tracer() as tracer: a home with a daemon; both are gone afterwards."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="ffiscope-lttng-")
        self.daemons = []
        self.under = []
        if AS_USER:
            os.chown(self.home, NOBODY, NOBODY)
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def environment(self, **variables):
        return environment(LTTNG_HOME=self.home, HOME=self.home, **variables)

    def start(self, *command, ready):
        """A daemon in the foreground, until __exit__."""
        with open(os.path.join(self.home, "daemon.log"), "ab") as log:
            daemon = subprocess.Popen(self.under + AS_USER + list(command), env=self.environment(), stdout=log,
                                      stderr=log, stdin=subprocess.DEVNULL)
        self.daemons.append(daemon)
        require(wait_until(ready), f"{command[0]} is not ready")
        return daemon

    def host_name(self, name):
        """Daemons that are started from now on believe to be on that host (root alone may)."""
        self.under = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name]

    def sessiond(self):
        socket = os.path.join(self.home, ".lttng", "client-lttng-sessiond")
        return self.start("lttng-sessiond", "--no-kernel", ready=lambda: os.path.exists(socket))

    def lttng(self, *command):
        result = run(*AS_USER, "lttng", "--no-sessiond", *command, env=self.environment())
        require(result.status == 0, f"lttng {' '.join(command)}: {result.out} {result.err}")
        return result.out

    def session(self, *options, channel=(), events=("ffiscope:*",), output=True):
        """Begin session s; the folder of its trace."""
        folder = os.path.join(self.home, "trace")
        self.lttng("create", "s", *([f"--output={folder}"] if output else []), *options)
        self.lttng("enable-channel", "-u", *(channel or ("--subbuf-size=1M", "--num-subbuf=8")),
                   "c")
        for event in events:
            self.lttng("enable-event", "-u", "-c", "c", event)
        return folder

    def preloaded(self, transport, *command):
        """A command line and its environment; setpriv itself runs without the preload."""
        return ([*AS_USER, "env", f"LD_PRELOAD={PRELOAD}", "FFISCOPE_SINK=lttng",
                 f"FFISCOPE_TRANSPORT={transport}", *(str(part) for part in command)],
                self.environment())

    def run(self, transport, *command, patient=True):
        """patient: a short program waits for the daemon, however busy the machine is."""
        line, variables = self.preloaded(transport, *command)
        if patient:
            variables["LTTNG_UST_REGISTER_TIMEOUT"] = "20000"
        return run(*line, env=variables)

    def popen(self, transport, *command, **how):
        line, variables = self.preloaded(transport, *command)
        return subprocess.Popen(line, env=variables, **how)

    def run_host(self, *options, transport="events", status=0):
        """One of our hosts under the preload; what it says of itself."""
        result = self.run(transport, *host("dlopen", *options))
        equal(result.status, status, f"exit status of the host ({result.err[-300:]!r})")
        equal(result.err, "", "stderr of the host")
        return json.loads(result.stdout) if result.stdout else None


def relay(tracer):
    """Start a relay daemon; the folder of its traces, and its URL."""
    output = os.path.join(tracer.home, "relayed")
    control, data, live = _free_ports(3)
    tracer.start("lttng-relayd", "-o", output,
                 *(word for option, port in (("-C", control), ("-D", data), ("-L", live))
                   for word in (option, f"tcp://127.0.0.1:{port}")), ready=lambda: _listens(control))
    tracer.live_port = live
    return output, f"net://127.0.0.1:{control}:{data}"


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Trace:
    """Events of a folder: (name, fields as text) in `events`; what a batch holds is among them."""

    def __init__(self, folder, sizes=None):
        result = run("babeltrace2", "--no-delta", folder, limit_kib=READER_KIB)
        check(result.status == 0, f"babeltrace2 ended with {result.status}: {result.err[-400:]}")
        self.discarded = sum(int(count) for count in
                             re.findall(r"Tracer discarded (\d+) event", result.err))
        self.events = []
        self.batches = 0
        self.foreign = 0
        self.lines = result.out.splitlines()
        for line in self.lines:
            found = re.search(r" ffiscope:(\w+): ", line)
            if not found:
                self.foreign += 1
            elif found.group(1) == "batch":
                self.batches += 1
                self.events += unpack(line, sizes)
            else:
                fields = line.rpartition("}, {")[2]
                self.events.append((found.group(1),
                                    dict(re.findall(r"(\w+) = (\"[^\"]*\"|[^ ,]+)", fields))))

    def count(self, *names):
        return sum(1 for name, _ in self.events if name in names)

    def calls(self):
        return self.count(*CALLS)

    def of(self, name):
        return [fields for found, fields in self.events if found == name]

    def images(self):
        """The last `image` of each process image."""
        return list({(image["pid"], image["image"]): image for image in self.of("image")}.values())


def record_sizes(folder):
    """Bytes of a record by the id of its event, as an embedded recording says it."""
    recording = scenario.record_host(folder, "dlopen", "--requests", 1, name="sizes")
    with open(os.path.join(recording.images()[0], "process.json"), encoding="utf-8") as file:
        events = json.load(file)["events"]
    return {event["id"]: (event["name"], event["bytes"]) for event in events}


def unpack(line, sizes):
    """The records of a batch: 7 bits in each byte, the lowest first (trace_points/batch.h)."""
    fields = line.rpartition("}, {")[2]
    tid = re.search(r"\btid = (\d+)", fields).group(1)
    packed = [int(value) for value in re.findall(r"\[\d+\] = (\d+)", fields.rpartition("records")[2])]
    equal(packed[-1:], [0], "end of a batch")
    records = bytearray()
    for at in range(0, len(packed) - 1, 8):
        bits = sum((value & 127) << 7 * i for i, value in enumerate(packed[at:at + 8]))
        records += bits.to_bytes(7, "little")
    events, at = [], 0
    while at + 12 <= len(records):
        event = int.from_bytes(records[at:at + 4], "little")
        if event == 0:
            break
        if event not in sizes:
            raise Failure(f"a batch holds event {event}")
        events.append((sizes[event][0], {"tid": tid}))
        at += sizes[event][1]
    return events
