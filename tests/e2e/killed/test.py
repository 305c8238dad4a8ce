# SPDX-License-Identifier: MIT
"""killed - SIGKILL of the program or of the recorder at any moment loses nothing that was recorded."""
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, Failure, Recording, Result, Skip, TIMEOUT_S, check, check_phases_add_up,
                      environment, equal, events_of_calls, host, main, near, require,
                      run, test,
                      wait_until)

SEED = 20240517
# dash keeps the pid over exec, so the file names the process that is recorded.
SHELL = 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec "$@"'


class Running:
    """A record command under way, and the pid of its program."""

    def __init__(self, folder, command, options=(), name="rec"):
        self.path = os.path.join(folder, name)
        pid_file = os.path.join(folder, name + ".pid")
        self.process = subprocess.Popen(
            [FFISCOPE, "record", "-o", self.path, *options, "--", "/bin/sh", "-c", SHELL, pid_file,
             *command], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        require(wait_until(lambda: os.path.exists(pid_file)), "the program did not start")
        with open(pid_file, encoding="ascii") as file:
            self.pid = int(file.read())

    def finish(self):
        try:
            stdout, stderr = self.process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            raise Failure("record did not end") from None
        result = Result([FFISCOPE, "record"], self.process.returncode, stdout, stderr)
        return Recording(self.path, result)


def check_readable(recording, threads):
    """What babeltrace2 reads is what we read; the counters know of it all."""
    if not recording.images():  # killed before its first call
        result = run(FFISCOPE, "report", recording.path)
        check(result.status in (0, 2) and result.err.count("\n") <= 1,
              f"report of nothing ended with {result.status}: {result.err[-300:]}")
        return 0
    report = recording.report()
    check_phases_add_up(report)
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    calls = sum(entry["calls"] for entry in report["entry_points"])
    lost = report["loss"]["events"] + report["loss"]["overwritten_events"]
    equal(events_of_calls(recording), timed, "calls that babeltrace2 reads, beside report's")
    equal(report["process"]["calls"], calls, "calls of the process")
    # Each thread may stand between its counter and its event.
    check(timed <= calls <= timed + lost + 2 * threads,
          f"{calls} calls, {timed} of them with an event, {lost} events lost")
    leaks = recording.leaks()
    equal(leaks["findings"], [], "findings after a kill")
    buffers = leaks["buffers"]
    # A counter and the table are two writes.
    near(buffers["made"], buffers["freed"] + buffers["live"], threads, "buffers made")
    check(buffers["live"] <= 2 * threads, f"{buffers['live']} live buffers")
    return calls


def kill_at(folder, which, moment_s, threads, options, index):
    running = Running(folder, host(which, "--requests", 100000000, "--threads", threads,
                                   "--entry", "mixed", "--delay-work", 3000), options,
                      f"rec{index}")
    time.sleep(moment_s)
    os.kill(running.pid, signal.SIGKILL)
    recording = running.finish()
    equal(recording.status, 137, "exit status of record")
    calls = check_readable(recording, threads)
    shutil.rmtree(recording.path, ignore_errors=True)
    return calls


@test(which=["dlopen", "linked", "ctypes"], threads=[1, 3])
def the_program_killed_at_any_moment_leaves_a_readable_recording(folder, which, threads):
    chance = random.Random(SEED + threads)
    seen = 0
    for index in range(5):
        moment_s = chance.uniform(0, 0.4) if which != "ctypes" else chance.uniform(0.3, 2)
        seen += kill_at(folder, which, moment_s, threads, (), index) > 0
    check(seen > 0, "every kill came before the first call")


@test(options=["--ring=1M", "--max-size=1M", "--buffer-size=16k", "--clock=fast"])
def every_way_of_recording_survives_a_kill(folder, options):
    chance = random.Random(SEED)
    for index in range(3):
        kill_at(folder, "dlopen", chance.uniform(0.05, 0.5), 2, [options], index)


@test
def a_kill_within_the_first_calls_leaves_a_readable_recording(folder):
    chance = random.Random(SEED)
    for index in range(12):
        kill_at(folder, "dlopen", chance.uniform(0, 0.06), 2, (), index)


@test(which=["dlopen", "ctypes"])
def the_recorder_killed_leaves_the_program_unharmed(folder, which):
    chance = random.Random(SEED)
    for index in range(5):
        # Long enough to be there when the kill comes, and to go on afterwards.
        running = Running(folder, host(which, "--requests", 20000, "--threads", 2, "--entry",
                                       "user", "--delay-work", 20000), (), f"rec{index}")
        time.sleep(chance.uniform(0, 0.3))
        os.kill(running.process.pid, signal.SIGKILL)
        recording = running.finish()
        for left in shared_memory_of(running.process.pid):
            shutil.rmtree(left, ignore_errors=True)
        equal(recording.status, 137, "exit status of the killed recorder")
        truth = recording.truth()
        equal((truth["failed"], truth["service"]["calls"]), (0, 20000), "failed and done requests")
        # Its output ended when it closed its files; the rest of its exit takes a moment.
        end = time.monotonic() + 10
        while state_of(running.pid) not in (None, "Z", "X") and time.monotonic() < end:
            time.sleep(0.02)
        check(state_of(running.pid) in (None, "Z", "X"), "the program is still there")
        check_what_is_there(recording)
        shutil.rmtree(recording.path, ignore_errors=True)


@test
def what_a_recorder_sweeps_away_is_dead_for_sure(folder):
    """Containers may share one /dev/shm: a pid of another pid namespace is not ours to ask for."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    own = os.stat("/proc/self/ns/pid").st_ino
    names = {"own": f"{gone.pid}-{own}-77", "foreign": f"{gone.pid}-{own + 1}-77", "unknown": f"{gone.pid}-0-77",
             "begun": f"{gone.pid}-00000000000000aa", "locked": f"{gone.pid}-00000000000000bb",
             "killed": f"{gone.pid}-00000000000000cc"}
    places = {which: f"/dev/shm/ffiscope-{name}" for which, name in names.items()}
    script = ["set -e", "mount -t tmpfs none /dev/shm", "mkdir " + " ".join(places.values())]
    script += [f"touch {place}/control" for which, place in places.items() if which != "begun"]
    script += [f"exec 9<{places['locked']}", "flock -s 9",
               f"{FFISCOPE} record -q -o {folder}/rec -- true 9<&-", "ls -d /dev/shm/ffiscope-*"]
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    result = run("unshare", *rights, "--mount", "/bin/sh", "-c", "\n".join(script))
    if "unshare" in result.err or "mount:" in result.err:
        raise Skip(f"no mount namespace here: {result.err.strip()}")
    left = result.out.split()
    equal({which for which, place in places.items() if place in left},
          {"foreign", "unknown", "begun", "locked"}, f"what stays ({result.err.strip()})")


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def shared_memory_of(pid):
    return set(glob.glob(f"/dev/shm/ffiscope-{pid}-*"))


def check_what_is_there(recording):
    for command in ("report", "leaks"):
        result = run(FFISCOPE, command, "--json", recording.path)
        check(result.status in (0, 2) and result.signal == 0,
              f"{command} ended with {result.status}: {result.err[-300:]}")
        lines = result.err.splitlines()
        check(all(line.startswith("ffiscope: ") for line in lines),
              f"{command} says {result.err[-300:]!r}")
        if result.status == 2:
            check(lines, f"{command} ended with 2 and says nothing")
    if not recording.images() or not os.path.exists(os.path.join(recording.path, "meta.json")):
        return
    report = recording.report()
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    # The recorder may have died inside a write: we read the whole records of that packet and say so,
    # babeltrace2 gives the stream up.
    if "cut off inside a packet" not in report["stderr"]:
        equal(events_of_calls(recording), timed, "calls that babeltrace2 reads, beside report's")
    check(recording.meta()["complete"] is False, "a cut off recording says that it is complete")


@test
def the_status_of_the_program_survives_the_recorder(folder):
    """Seen by the program's parent: a shell that outlives the recorder."""
    status_file = os.path.join(folder, "status")
    running = Running(folder, ["/bin/sh", "-c", '"$@"; echo $? > "$0"', status_file,
                               *host("dlopen", "--requests", 20000, "--delay-work", 20000)])
    time.sleep(0.15)
    os.kill(running.process.pid, signal.SIGKILL)
    recording = running.finish()
    require(wait_until(lambda: os.path.exists(status_file)), "the shell did not go on")
    time.sleep(0.05)
    with open(status_file, encoding="ascii") as file:
        equal(file.read().strip(), "0", "status of the program")
    equal(recording.truth()["service"]["calls"], 20000, "requests done")
    for left in shared_memory_of(running.process.pid):
        shutil.rmtree(left, ignore_errors=True)


@test
def a_recording_leaves_nothing_in_shared_memory(folder):
    running = Running(folder, host("dlopen", "--requests", 2000))
    running.finish()
    equal(shared_memory_of(running.process.pid), set(), "left in /dev/shm")


@test
def a_stopped_recorder_stops_nobody(folder):
    """A thunk never waits: the program ends while its recorder sleeps."""
    running = Running(folder, host("dlopen", "--requests", 60000, "--threads", 2, "--entry",
                                   "noop"), ["--buffer-size=16k"])
    os.kill(running.process.pid, signal.SIGSTOP)
    gone = wait_until(lambda: state_of(running.pid) in (None, "Z"))
    os.kill(running.process.pid, signal.SIGCONT)
    check(gone, "the program waited for its recorder")
    recording = running.finish()
    report = recording.report()
    noop = next(entry for entry in report["entry_points"] if entry["name"] == "proto2ffi_noop")
    equal(noop["calls"], 60000, "calls")


if __name__ == "__main__":
    main()
