# SPDX-License-Identifier: MIT
"""What sink lttng costs: in a session, beside an LTTng tracepoint of the same payload, and without a session."""
import os
import re
import shutil
import statistics
import subprocess
import sysconfig
import tempfile
import time

from measure import BUILD, Row, bare, calls_command, figures_of, lost, recorded, run

SECTION = "lttng"
PRELOAD = os.path.join(BUILD, "lib", sysconfig.get_config_var("MULTIARCH") or "", "libffiscope.so")
NOBODY = 65534
# Root's daemon is the machine's: as root, daemon and programs run as somebody else, who may read what root may.
AS_USER = [] if os.geteuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                                   "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
ROUNDS, CALLS = 100, 2000
SETTLE_ROUNDS = 300  # without a session the sink waits 0.3 s for one


class Session:
    """with Session() as session: a daemon of our own and a session in it."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="ffiscope-bench-lttng-")
        if AS_USER:
            os.chown(self.home, NOBODY, NOBODY)
        self.environment = dict(os.environ, LTTNG_HOME=self.home, HOME=self.home)
        self.daemon = subprocess.Popen([*AS_USER, "lttng-sessiond", "--no-kernel"], env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not os.path.exists(f"{self.home}/.lttng/client-lttng-sessiond") and time.monotonic() < until:
            time.sleep(0.05)
        self.lttng("create", "bench", f"--output={self.home}/trace")
        self.lttng("enable-channel", "-u", "--subbuf-size=1M", "--num-subbuf=16", "c")
        self.lttng("enable-event", "-u", "-c", "c", "ffiscope:*,ffiscope_bench:*")
        self.lttng("start")
        return self

    def __exit__(self, *_):
        self.daemon.terminate()
        self.daemon.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def lttng(self, *words):
        return run([*AS_USER, "lttng", "--no-sessiond", *words], env=self.environment).stdout

    def median(self, kernel, transport=None, rounds=ROUNDS, daemon=True):
        """Of one process, ns per iteration."""
        variables = [f"LD_PRELOAD={PRELOAD}", "FFISCOPE_SINK=lttng", f"FFISCOPE_TRANSPORT={transport}",
                     "FFISCOPE_CODECS=no"] if transport else []
        environment = self.environment if daemon else dict(self.environment, LTTNG_HOME="/nowhere", HOME="/nowhere")
        done = run([*AS_USER, "env", *variables, *calls_command(kernel, rounds, CALLS)], env=environment)
        figures = figures_of(done.stdout)
        return figures["kernel"]["median"] if figures else float("nan")

    def discarded(self):
        said = self.lttng("--mi=xml", "list", "bench")
        return sum(int(count) for count in re.findall(r"<discarded_events>(\d+)<", said))


def turn(session):
    """What each adds to a plain call, and what a tracepoint takes; and events that the embedded sink lost."""
    base = bare("noop", ROUNDS, CALLS)["kernel"]["median"]
    floor = bare("floor-fenced", ROUNDS, CALLS)["kernel"]["median"]
    output, report = recorded(calls_command("noop", ROUNDS, CALLS), ["--no-codecs"])
    values = {"embedded": figures_of(output)["kernel"]["median"], "bare": base, "floor": floor,
              "tracepoint": session.median("tracepoint"),
              "none": session.median("noop", "events", rounds=SETTLE_ROUNDS, daemon=False),
              "events": session.median("noop", "events"), "batch": session.median("noop", "batch")}
    return values, lost(report)


def row(what, tool, turns, key, over, goal):
    """key is a figure of a turn; over(turn) is what it is compared with, as what is added to a bare call."""
    made = Row(SECTION, what, tool)
    made.goal = goal
    made.between([one["bare"] for one in turns], [one[key] for one in turns])
    made.ratios = [(one[key] - one["bare"]) / over(one) for one in turns]
    return made


def rows(turns):
    missing = [word for word in ("lttng-sessiond", "lttng") if not shutil.which(word)]
    if missing:
        void = Row(SECTION, "a plain call")
        void.void = f"{missing[0]} is not installed"
        return [void]
    made, embedded_lost = [], 0
    with Session() as session:
        for _ in range(turns):
            values, events = turn(session)
            made.append(values)
            embedded_lost += events
        discarded = session.discarded()

    def embedded(one):
        return one["embedded"] - one["bare"]

    result = [
        row("the same call, embedded; ratio: over the floor", "sink embedded", made, "embedded",
            lambda one: one["floor"] - one["bare"], None),
        row("no session; ratio: over embedded", "sink lttng", made, "none", embedded, 1.1),
        row("events; ratio: over a tracepoint and embedded", "sink lttng", made, "events",
            lambda one: one["tracepoint"] + embedded(one), 1.15),
        row("batch; ratio: over embedded", "sink lttng", made, "batch", embedded, 1.25)]
    result[2].notes = [f"a tracepoint of the same payload takes {statistics.median(one['tracepoint'] for one in made):.0f} ns"]
    for one in result:
        if embedded_lost or discarded:
            one.void = f"{embedded_lost} events lost, {discarded} discarded"
    return result
