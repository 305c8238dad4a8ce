# SPDX-License-Identifier: MIT
"""lttng_record - `record --sink lttng` makes and ends its own session and, where none runs, its own
daemon; nothing of it is left, whatever becomes of record, the daemon or the program."""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lttng"))
from tracing import AS_USER, NOBODY, Tracer, relay
from scenario import (FFISCOPE, Recording, Result, SERVICE, TIMEOUT_S, check, compile_program, environment, equal,
                      host, load, main, one_line, require, run, test, unharmed, wait_until)

TRANSPORTS = ["events", "batch"]
MARK = "FFISCOPE_TEST_LTTNG_MARK"  # in the environment of whatever record starts
ALWAYS = (*AS_USER, FFISCOPE, "record", "--sink", "lttng")


def marked(mark):
    """Processes that record started, itself among them: (pid, command line)."""
    found = {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            with open(os.path.join(folder, "environ"), "rb") as file:
                if f"{MARK}={mark}".encode() not in file.read().split(b"\0"):
                    continue
            with open(os.path.join(folder, "cmdline"), "rb") as file:
                found[int(os.path.basename(folder))] = file.read().replace(b"\0", b" ").decode()
        except OSError:
            pass
    return found


class Place:
    """A folder that the recording user may write to, and what record needs there."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "rec")
        os.chmod(os.path.dirname(folder), 0o755)
        self.home = tempfile.mkdtemp(dir=folder)
        if AS_USER:
            os.chown(folder, NOBODY, NOBODY)
            os.chown(self.home, NOBODY, NOBODY)
        self.mark = os.path.basename(self.home)

    def environment(self, **changes):
        return environment(**{"HOME": self.home, "XDG_CACHE_HOME": self.home, "LTTNG_HOME": None, MARK: self.mark,
                              **changes})

    def record(self, *command, options=(), **changes):
        result = run(*ALWAYS, "-o", self.path, *options, "--", *command, cwd=self.folder,
                     env=self.environment(**changes))
        self.check_nothing_is_left()
        return Recording(self.path, result)

    def popen(self, *command, options=()):
        line = [*ALWAYS, "-o", self.path, *options, "--", *command]
        return subprocess.Popen([str(word) for word in line], cwd=self.folder, env=self.environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end_of(self, process):
        out, err = process.communicate(timeout=TIMEOUT_S)
        self.check_nothing_is_left()
        return Recording(self.path, Result([FFISCOPE, "record"], process.returncode, out, err))

    def started(self, name):
        """The process of that name that record started."""
        return next((pid for pid, line in marked(self.mark).items() if name in line.partition(" ")[0]), None)

    def check_nothing_is_left(self):
        equal(marked(self.mark), {}, "processes that are left")

    def wait(self, name):
        path = os.path.join(self.home, name)
        require(wait_until(lambda: os.path.exists(path)), f"{name} does not come")


def check_recorded(recording, truth, calls_more=2):
    """All that the host did is there: it asks the service twice."""
    calls = sum(entry["calls"] + entry["frees"] for entry in truth["entry_points"]) + calls_more
    report, leaks = recording.report(), recording.leaks()
    equal(report["process"]["calls"], calls, "calls in the report")
    equal(sum(entry["timed_calls"] for entry in report["entry_points"]), calls, "calls with an event")
    equal(report["loss"]["events"], 0, "lost events")
    equal(leaks["findings"], [], "findings")
    check(f"1 process, {calls} calls, 0 events lost" in recording.summary, recording.summary)


@test(transport=TRANSPORTS, threads=[1, 3])
def a_recording_has_every_call(folder, transport, threads):
    place = Place(folder)
    recording = place.record(*host("dlopen", "--requests", 300, "--threads", threads, "--entry", "mixed"),
                             options=("--transport", transport))
    equal(recording.status, 0, f"exit status ({recording.err})")
    check_recorded(recording, recording.truth())
    equal(recording.meta()["lttng"]["discarded_events"], 0, "discarded events in meta.json")
    equal([line for line in os.listdir("/tmp") if line.startswith("ffiscope-lttng-") and
           os.path.exists(os.path.join("/tmp", line, place.mark))], [], "homes that are left")


# Root's daemon lives in /run/lttng: here in a /run that nobody else sees. $1: the folder, $2: how many at once.
ROOT = """
mount -t tmpfs none /run || exit 99
folder=$1 count=$2 ffiscope=$3
shift 3
for i in $(seq "$count"); do
	"$ffiscope" record --sink lttng -o "$folder/rec$i" -- "$@" >"$folder/out$i" 2>"$folder/err$i" || echo "record: $?" &
done
wait
for i in $(seq 100); do
	lttng --no-sessiond list >/dev/null 2>&1 || exit 0
	sleep 0.1
done
echo "a daemon is left"
"""


@test(count=[1, 4])
def roots_recordings_share_a_daemon_and_the_last_ends_it(folder, count):
    place = Place(folder)
    as_root = [] if os.geteuid() == 0 else ["-r"]
    done = run("unshare", *as_root, "-m", "sh", "-c", ROOT, "sh", folder, count, FFISCOPE,
               *host("dlopen", "--requests", 100), env=place.environment())
    equal((done.status, done.out, done.err), (0, "", ""), "exit status and what was said")
    check(wait_until(lambda: not marked(place.mark)), f"processes that are left: {marked(place.mark)}")
    for i in range(1, count + 1):
        said = []
        for name in ("out", "err"):
            with open(os.path.join(folder, f"{name}{i}"), "rb") as file:
                said.append(file.read())
        recording = Recording(os.path.join(folder, f"rec{i}"), Result([FFISCOPE, "record"], 0, *said))
        check_recorded(recording, recording.truth())
        equal(len(recording.report()["processes"]), 1, "processes in the report")


# $1: the folder; then how to become the person, and what is recorded, five times.
BESIDE_ROOT = """
mount -t tmpfs none /run || exit 99
folder=$1
shift
lttng-sessiond --no-kernel >/dev/null 2>&1 &
daemon=$!
until lttng --no-sessiond list >/dev/null 2>&1; do sleep 0.1; done
lttng create roots --output="$folder/roots" && lttng enable-event -u 'ffiscope:*' && lttng start
for i in 1 2 3; do
	timeout 60 sh -c "while :; do :; done" & # what is busy is slow to answer
	busy="$busy $!"
done
for i in 1 2 3 4 5; do
	"$@" >"$folder/out$i" 2>"$folder/err$i" || echo "record: $?" >&2
	mv "$folder/rec" "$folder/rec$i"
done
kill $busy $daemon
wait
"""


@test
def a_session_of_roots_takes_nothing_away(folder):
    place = Place(folder)
    as_root = [] if os.geteuid() == 0 else ["-r"]
    done = run("unshare", *as_root, "-m", "sh", "-c", BESIDE_ROOT, "sh", folder, *ALWAYS, "-o", place.path, "--",
               *host("dlopen", "--requests", 100), env=place.environment())
    equal(done.err, "", "what was said")
    place.check_nothing_is_left()
    for i in range(1, 6):
        with open(os.path.join(folder, f"out{i}"), encoding="utf-8") as file:
            truth = json.load(file)
        with open(os.path.join(folder, f"err{i}"), "rb") as file:
            recording = Recording(place.path + str(i), Result([FFISCOPE, "record"], 0, b"", file.read()))
        check_recorded(recording, truth)


@test
def a_daemon_that_runs_is_used_and_left_alone(folder):
    place = Place(folder)
    with Tracer() as tracer:
        daemon = tracer.sessiond()
        recording = place.record(*host("dlopen", "--requests", 100), LTTNG_HOME=tracer.home)
        equal(recording.status, 0, f"exit status ({recording.err})")
        check_recorded(recording, recording.truth())
        equal(daemon.poll(), None, "exit status of the daemon")
        check("<session>" not in tracer.lttng("--mi=xml", "list"), "a session is left")
        check(not os.path.exists(os.path.join(tracer.home, ".lttngrc")), "the person's choice of a session is changed")


@test(transport=TRANSPORTS)
def another_program_in_the_same_daemon_is_not_counted(folder, transport):
    place = Place(folder)
    with Tracer() as tracer:
        tracer.sessiond()
        other = tracer.popen("events", *host("dlopen", "--requests", 1000000, "--delay-work", 1000000,
                                             "--leak-every", 1), stdout=subprocess.DEVNULL)
        recording = place.record(*host("dlopen", "--requests", 100, "--delay-work", 10000000),
                                 options=("--transport", transport), LTTNG_HOME=tracer.home)
        equal(other.poll(), None, "exit status of the other program")
        other.kill()
        other.wait()
    equal(recording.status, 0, f"exit status ({recording.err})")
    check_recorded(recording, recording.truth(), calls_more=3)  # the delay is one call
    equal(len(recording.report()["processes"]), 1, "processes in the report")
    equal(len(load(os.path.join(place.path, "lttng"), "report")["processes"]), 2, "processes in the session")


@test
def the_commands_exit_status_is_passed_on(folder):
    place = Place(folder)
    equal(place.record("sh", "-c", "exit 7").status, 7, "exit status")
    equal(place.record("sh", "-c", "kill -TERM $$").status, 143, "exit status after a signal")
    os.rename(place.path, place.path + ".kept")
    equal(place.record("./there-is-none").status, 127, "exit status of no command")
    check(not os.path.exists(place.path), "a recording of nothing")


@test
def options_of_another_sink_are_refused(folder):
    path = os.path.join(folder, "rec")
    for sink, option in (("lttng", "--ring=1M"), ("lttng", "--max-size=1M"), ("lttng", "--compress"),
                         ("embedded", "--snapshot"), ("profile", "--lttng-url=net://127.0.0.1"),
                         ("embedded", "--transport=batch")):
        result = run(FFISCOPE, "record", "-o", path, "--sink", sink, option, "--", "true")
        one_line(result, 125, option.partition("=")[0], sink)


CLOSING = """
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void (*call)(void *);
static void calls(int count)
{
	char stats[4096];

	while (count--)
		call(stats);
}
int main(int argc, char **argv)
{
	call = (void (*)(void *))dlsym(dlopen(argv[1], RTLD_NOW), "proto2ffi_memory_stats");
	calls(argc * 5);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	if (fork() == 0) {
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
		calls(100);
		exit(0);
	}
	wait(NULL);
	calls(30);
	return 0;
}
"""


@test(transport=TRANSPORTS)
def a_program_that_closes_all_descriptors_and_forks(folder, transport):
    program = compile_program(folder, "closing", CLOSING)
    place = Place(folder)
    recording = place.record(program, SERVICE, options=("--transport", transport))
    equal(recording.status, 0, f"exit status ({recording.err})")
    report = recording.report()
    equal(sorted(process["calls"] for process in report["processes"]), [40, 100], "calls of parent and child")
    equal(report["loss"]["events"], 0, "lost events")


@test
def a_record_that_is_killed_leaves_no_daemon(folder):
    place = Place(folder)
    done = os.path.join(place.home, "done")
    process = place.popen("sh", "-c", f'"$@"; touch {done}', "sh",
                          *host("dlopen", "--requests", 600, "--delay-work", 10000000))
    require(wait_until(lambda: os.path.isdir(place.path) and place.started("host_dlopen")), "the program does not run")
    require(place.started("lttng-sessiond"), "there is no daemon")
    require(wait_until(lambda: b" ffiscope:call:" in run("babeltrace2", os.path.join(place.path, "lttng")).stdout),
            "no events come")
    process.kill()
    process.wait()
    check(wait_until(lambda: not place.started("lttng")), "daemon or consumers are left")
    require(wait_until(lambda: os.path.exists(done)), "the program was disturbed")
    check(wait_until(lambda: not marked(place.mark)), "something is left")
    check(load(place.path, "report")["process"]["calls"] > 0, "nothing was recorded until then")


@test(transport=TRANSPORTS)
def a_daemon_that_is_killed_leaves_the_program_alone(folder, transport):
    place = Place(folder)
    process = place.popen(*host("dlopen", "--requests", 200, "--delay-work", 10000000),
                          options=("--transport", transport))
    require(wait_until(lambda: os.path.isdir(place.path) and place.started("host_dlopen")), "the program does not run")
    os.kill(place.started("lttng-sessiond"), signal.SIGKILL)
    recording = place.end_of(process)
    unharmed(recording)
    check("the LTTng session ended before the command" in recording.err, recording.err)
    equal(recording.meta()["lttng"]["discarded_events"], None, "discarded events in meta.json")


BURST = """
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void (*call)(void *);
static void calls(int count)
{
	char stats[4096];

	while (count--)
		call(stats);
}
static void make(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	close(open(path, O_CREAT | O_WRONLY, 0666));
}
int main(int argc, char **argv)
{
	char go[4096];

	call = (void (*)(void *))dlsym(dlopen(argv[1], RTLD_NOW), "proto2ffi_memory_stats");
	snprintf(go, sizeof(go), "%s/go", argv[argc - 1]);
	for (int i = 0; i < 100; i++, usleep(5000))
		calls(1);
	make(argv[2], "ready");
	while (access(go, F_OK) != 0)
		usleep(1000);
	calls(100000);
	make(argv[2], "done");
	return 0;
}
"""


@test
def discarded_events_are_told(folder):
    program = compile_program(folder, "burst", BURST)
    place = Place(folder)
    process = place.popen(program, SERVICE, place.home, options=("--buffer-size", "16k"))
    place.wait("ready")
    consumer = place.started("lttng-consumerd")
    os.kill(consumer, signal.SIGSTOP)
    with open(os.path.join(place.home, "go"), "w", encoding="ascii"):
        pass
    place.wait("done")
    os.kill(consumer, signal.SIGCONT)
    recording = place.end_of(process)
    equal(recording.status, 0, "exit status of the program")
    discarded = recording.meta()["lttng"]["discarded_events"]
    check(discarded > 0, "nothing was discarded")
    check(f"LTTng discarded {discarded} events" in recording.err, recording.err)


@test
def a_snapshot_has_the_last_calls_and_all_names(folder):
    place = Place(folder)
    recording = place.record(*host("dlopen", "--requests", 60000), options=("--snapshot", "--buffer-size", "16k"))
    equal(recording.status, 0, f"exit status ({recording.err})")
    report = recording.report()
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    check(0 < timed < report["process"]["calls"], f"{timed} of {report['process']['calls']} calls have an event")
    equal(report["loss"]["events"], None, "lost events")
    check({"proto2ffi_say_hello", "proto2ffi_free_byte_buffer"} <=
          {entry["name"] for entry in report["entry_points"]}, "names are missing")


@test(transport=TRANSPORTS)
def a_relay_daemon_gets_the_trace(folder, transport):
    place = Place(folder)
    with Tracer() as tracer:
        output, url = relay(tracer)
        recording = place.record(*host("dlopen", "--requests", 300), options=("--lttng-url", url,
                                                                            "--transport", transport))
        equal(recording.status, 0, f"exit status ({recording.err})")
        check(f"sent to {url}" in recording.summary, recording.summary)
        equal(os.listdir(place.path), ["meta.json"], "what lies in the recording")
        recording.path = output
        check_recorded(recording, recording.truth())


main()
