# SPDX-License-Identifier: MIT
"""processes - every process image that calls is recorded once, with its own exact counts."""
import os
import shlex
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, Failure, PYTHON, Recording, Result, SERVICE, check,
                      check_phases_add_up, compile_program, environment, equal, events_of_calls,
                      host, main, record, require, row, run, test, wait_until, write)

HELLO = "proto2ffi_say_hello"


def host_line(which, *options):
    return " ".join(shlex.quote(part) for part in host(which, *options))


def shell(*lines):
    return ["/bin/sh", "-c", "\n".join(lines)]


def hellos(recording):
    """{pid-image: calls of hello}, over all images, each as report --pid or by image shows it."""
    result = {}
    for process in recording.report()["processes"]:
        report = recording.report("--pid", process["pid"])
        if report["process"]["image"] == process["image"]:
            found = [entry["calls"] for entry in report["entry_points"] if entry["name"] == HELLO]
            result[process["pid"], process["image"]] = sum(found)
            check_phases_add_up(report)
    return result


def counts(recording):
    return sorted(hellos(recording).values())


@test
def two_children_of_a_shell_are_two_processes(folder):
    recording = record(folder, *shell(host_line("dlopen", "--requests", 100),
                                      host_line("linked", "--requests", 300), "true"))
    equal(recording.status, 0, "exit status")
    equal(counts(recording), [100, 300], "hello calls of the processes")
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 300, "calls in the process that is shown: the busiest")
    exes = {os.path.basename(process["exe"]) for process in report["processes"]}
    equal(exes, {"host_dlopen", "host_linked"}, "programs")
    check("2 processes" in recording.summary, f"summary says {recording.summary!r}")
    parents = {process["parent"] for process in recording.meta()["processes"]}
    equal(len(parents), 1, "one shell is the parent of both")


@test
def images_that_made_no_event_leave_no_folder(folder):
    recording = record(folder, *shell("/bin/true", "env true", host_line("dlopen"), "ls / >&2"))
    equal(len(recording.images()), 1, "folders of images")
    equal(len(recording.report()["processes"]), 1, "processes in the report")


@test(chain=["exec", "env", "env env", "nice", "sh -c 'exec \"$@\"' sh"])
def an_exec_chain_ends_in_the_recorded_image(folder, chain):
    recording = record(folder, *shell(f"exec {chain} {host_line('dlopen', '--requests', 123)}"
                                      .replace("exec exec", "exec")))
    equal(recording.status, 0, "exit status")
    equal(counts(recording), [123], "hello calls")
    process = recording.report()["process"]
    equal(os.path.basename(process["exe"]), "host_dlopen", "program")
    folder_name = f"{process['pid']}-{process['image']}"
    check(os.path.isdir(os.path.join(recording.path, folder_name)), f"no folder {folder_name}")


@test
def the_number_of_an_image_counts_the_execs_of_its_process(folder):
    """sh, then env, then the host: two execs after the command's own."""
    recording = record(folder, *shell(f"exec env {host_line('dlopen', '--requests', 5)}"))
    equal(recording.report()["process"]["image"], 2, "image")


EXEC_TWICE = """
import ctypes, os, sys
class Buffer(ctypes.Structure):
    _fields_ = [("p", ctypes.c_void_p), ("l", ctypes.c_size_t), ("c", ctypes.c_size_t)]
service = ctypes.CDLL(sys.argv[1])
service.proto2ffi_say_hello.restype = Buffer
service.proto2ffi_free_byte_buffer.argtypes = [Buffer]
for _ in range(17):
    service.proto2ffi_free_byte_buffer(service.proto2ffi_say_hello(b"\\x0a\\x01x", 3))
os.execv(sys.argv[2], sys.argv[2:])
"""


@test
def two_images_of_one_pid_are_told_apart(folder):
    recording = record(folder, PYTHON, "-c", EXEC_TWICE, SERVICE,
                       *host("dlopen", "--requests", 40))
    equal(recording.status, 0, "exit status")
    processes = recording.report()["processes"]
    equal(len(processes), 2, "images")
    equal(len({process["pid"] for process in processes}), 1, "pids")
    equal(len({process["image"] for process in processes}), 2, "image numbers")
    # 17 hellos and 17 frees; 40 and 40, init_service and proto2ffi_memory_stats.
    equal(sorted(process["calls"] for process in processes), [34, 82], "calls")
    states = {process["calls"]: process["state"] for process in recording.meta()["processes"]}
    equal(states, {34: "exec", 82: "exited"}, "states")
    equal(events_of_calls(recording), 34 + 82, "calls that babeltrace2 reads")


@test
def each_image_of_a_pid_can_be_asked_for(folder):
    """The first has most calls, the second the leaks."""
    recording = record(folder, PYTHON, "-c", EXEC_TWICE, SERVICE,
                       *host("dlopen", "--requests", 3, "--leak-every", 1))
    pid = recording.report()["process"]["pid"]
    calls = {image: sum(entry["calls"] for entry in
                        recording.report("--pid", f"{pid}-{image}")["entry_points"])
             for image in (0, 1)}
    equal(calls, {0: 34, 1: 5}, "calls of each image")
    for choice, expected in ((pid, [3]), (f"{pid}-1", [3]), (f"{pid}-0", [])):
        leaks = recording.leaks("--pid", choice, status=1 if expected else 0)
        equal([found["count"] for found in leaks["findings"]], expected, f"leaks of {choice}")
    screen = run(FFISCOPE, "report", "--brief", recording.path).out
    check(f"process     {pid}-0 " in screen and f" {pid}-1 host_dlopen (5 calls)" in screen,
          f"the screen does not say how to choose: {screen[:300]}")
    none = run(FFISCOPE, "report", "--pid", f"{pid}-2", recording.path)
    equal((none.status, none.err.count("\n")), (2, 1), "an image that is not there")


FORKS = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static struct fsc_byte_buffer (*hello)(const uint8_t *, size_t);
static void (*give)(struct fsc_byte_buffer);
static void call(int count)
{
	for (int i = 0; i < count; i++)
		give(hello((const uint8_t *)"\x0a\x01x", 3));
}
static void open_service(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	hello = (struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	give = (void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
}
/* Each level calls 10 * level, forks the next, waits and calls once more. */
static void fork_levels(int level)
{
	call(10 * level);
	if (level < 4) {
		pid_t child = fork();
		if (child == 0) {
			fork_levels(level + 1);
			exit(0);
		}
		waitpid(child, NULL, 0);
	}
	call(1);
}
int main(int argc, char **argv)
{
	open_service(argv[1]);
	if (strcmp(argv[2], "levels") == 0) {
		fork_levels(1);
	} else if (strcmp(argv[2], "silent") == 0) {
		call(5);
		if (fork() == 0)
			_exit(0); /* never calls */
		wait(NULL);
	} else if (strcmp(argv[2], "many") == 0) {
		for (int i = 0; i < 60; i++) {
			if (fork() == 0) {
				call(i + 1);
				exit(0);
			}
		}
		while (wait(NULL) > 0)
			continue;
	} else if (strcmp(argv[2], "spawn") == 0) {
		pid_t child;
		char *arguments[] = { argv[0], argv[1], "levels", NULL };
		call(3);
		if (posix_spawn(&child, argv[0], NULL, NULL, arguments, environ) == 0)
			waitpid(child, NULL, 0);
		call(4);
	}
	return argc != 3;
}
"""


@test
def forks_have_counts_of_their_own(folder):
    """Levels 1 to 4, each forked out of the one before, in the middle of its calls."""
    recording = record(folder, compile_program(folder, "forks", FORKS), SERVICE, "levels")
    equal(recording.status, 0, "exit status")
    equal(counts(recording), [11, 21, 31, 41], "hello calls of the levels")
    equal(events_of_calls(recording), 2 * (11 + 21 + 31 + 41), "calls that babeltrace2 reads")
    parents = {process["pid"]: process["parent"] for process in recording.meta()["processes"]}
    equal(len([pid for pid in parents if parents[pid] in parents]), 3, "children among them")
    leaks = recording.leaks(status=0)
    equal(leaks["buffers"]["made"], 104, "buffers of all processes")


@test
def a_forked_child_that_never_calls_is_no_process_of_the_recording(folder):
    recording = record(folder, compile_program(folder, "silent", FORKS), SERVICE, "silent")
    equal(counts(recording), [5], "hello calls")


@test
def sixty_children_are_sixty_processes(folder):
    recording = record(folder, compile_program(folder, "many", FORKS), SERVICE, "many")
    equal(counts(recording), list(range(1, 61)), "hello calls")
    equal(recording.report()["loss"]["events"], 0, "lost events")


@test
def a_spawned_child_and_its_forks_are_recorded(folder):
    recording = record(folder, compile_program(folder, "spawn", FORKS), SERVICE, "spawn")
    equal(counts(recording), [7, 11, 21, 31, 41], "hello calls")


@test
def python_subprocesses_are_recorded(folder):
    text = "import subprocess, sys; [subprocess.run(sys.argv[1:]) for _ in range(3)]"
    recording = record(folder, PYTHON, "-c", text, *host("dlopen", "--requests", 50))
    equal(counts(recording), [50, 50, 50], "hello calls")


@test
def python_multiprocessing_children_are_recorded(folder):
    text = EXEC_TWICE.split("for _")[0] + """
import multiprocessing
def work(count):
    for _ in range(count):
        service.proto2ffi_free_byte_buffer(service.proto2ffi_say_hello(b"\\x0a\\x01x", 3))
    return os.getpid()
with multiprocessing.Pool(3) as pool:
    print(len(pool.map(work, [5] * 12, chunksize=1)))
"""
    script = os.path.join(folder, "pool.py")
    with open(script, "w", encoding="ascii") as file:
        file.write(text)
    recording = record(folder, PYTHON, script, SERVICE)
    equal(recording.out, "12\n", "output")
    equal(sum(counts(recording)), 60, "hello calls")


@test
def without_follow_only_the_command_is_recorded(folder):
    program = compile_program(folder, "forks", FORKS)
    recording = record(folder, program, SERVICE, "levels", options=["--no-follow"])
    equal(recording.status, 0, "exit status")
    equal(counts(recording), [11], "hello calls")
    recording = record(folder, *shell(host_line("dlopen"), "true"), options=["--no-follow"],
                       name="shell")
    equal(recording.status, 0, "exit status")
    equal(recording.images(), [], "images")
    check("0 calls seen" in recording.summary, f"summary says {recording.summary!r}")


@test
def an_exec_is_followed_without_follow(folder):
    """It is the same process."""
    recording = record(folder, "/usr/bin/env", *host("dlopen", "--requests", 33),
                       options=["--no-follow"])
    equal(counts(recording), [33], "hello calls")


def outliving(folder, *options):
    """The command ends when its child has made all its calls, but is still there."""
    line = host_line("dlopen", "--requests", 200, "--pause", 3000)
    out = shlex.quote(os.path.join(folder, "out"))
    start = time.monotonic()
    recording = record(folder, *shell(f"{line} > {out} 2>/dev/null < /dev/null &",
                                      f"while ! test -s {out}; do sleep 0.02; done", "exit 7"),
                       options=options)
    return recording, time.monotonic() - start


@test
def a_child_that_outlives_the_command_is_running(folder):
    recording, took_s = outliving(folder)
    equal(recording.status, 7, "exit status")
    report = recording.report()
    equal(report["process"]["state"], "running", "state")
    equal(row(report, HELLO).get("calls"), 200, "calls")
    check(took_s < 2.5, f"record waited {took_s:.1f} s")
    pid = report["process"]["pid"]
    check(os.path.exists(f"/proc/{pid}"), "the child is gone with the recorder")
    check("running" in run(FFISCOPE, "report", recording.path).out, "the table is silent about it")
    equal(recording.leaks(status=0)["findings"], [], "findings")
    gone = wait_until(lambda: not os.path.exists(f"/proc/{pid}") or
                      open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1]
                      .split()[0] == "Z", 10)
    check(gone, "the child did not end by itself")


SLOW_TO_GO = """
import ctypes, sys, time
service = ctypes.CDLL(sys.argv[1])
for _ in range(7):
    service.proto2ffi_noop()
memory = b"x" * 100000000  # which the kernel takes a while to give back
open(sys.argv[2], "w").write("ready")
time.sleep(60)
"""


@test
def what_is_killed_together_with_the_command_has_ended(folder):
    ready = shlex.quote(os.path.join(folder, "ready"))
    recording = record(folder, *shell(f"{PYTHON} -c '{SLOW_TO_GO}' {SERVICE} {ready} & child=$!",
                                      f"while ! test -s {ready}; do sleep 0.02; done",
                                      "kill -KILL $child $$"))
    equal(recording.status, 128 + signal.SIGKILL, "exit status")
    report = recording.report()
    equal(report["process"]["state"], "ended", "state")
    equal(row(report, "proto2ffi_noop").get("calls"), 7, "calls")


@test
def a_running_process_goes_on_unharmed_after_the_recording(folder):
    """It calls on after its recorder has left: no crash, and its own truth is right."""
    out = os.path.join(folder, "out")
    line = host_line("dlopen", "--requests", 4000, "--threads", 2, "--delay-work", 200000)
    recording = record(folder, *shell(f"{line} > {shlex.quote(out)} 2>&1 < /dev/null &",
                                      "sleep 0.2"))
    equal(recording.status, 0, "exit status")
    require(wait_until(lambda: os.path.getsize(out) > 0), "the child never ended")
    with open(out, encoding="ascii") as file:
        check('"calls":4000' in file.read(), "the child did not do its work")
    if recording.images():
        report = recording.report()
        check(0 < report["process"]["calls"] < 8002, "calls up to the end of the recording")
        equal(report["process"]["state"], "running", "state")


@test
def wait_waits_for_every_process(folder):
    recording, took_s = outliving(folder, "--wait")
    equal(recording.status, 7, "exit status")
    check(took_s >= 3, f"record ended after {took_s:.1f} s, before the child")
    report = recording.report()
    equal(report["process"]["state"], "exited", "state")
    # The last call: memory_stats, before the pause.
    equal(row(report, HELLO).get("calls"), 200, "calls")


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def communicate(process, path, timeout_s=20):
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Failure(f"record did not end within {timeout_s} s") from None
    return Recording(path, Result(process.args, process.returncode, out, err))


@test
def wait_ends_when_the_command_was_gone_before_it_was_seen(folder):
    """The recorder sleeps while the command makes its first call and ends."""
    ready, go = os.path.join(folder, "ready"), os.path.join(folder, "go")
    path = os.path.join(folder, "rec")
    process = subprocess.Popen(
        [FFISCOPE, "record", "--wait", "-o", path, "--", *shell(
            f"echo $$ > {ready}.new; mv {ready}.new {ready}",
            f"while ! test -e {go}; do sleep 0.01; done",
            f"exec {host_line('dlopen', '--requests', 50)}")], env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)
    require(wait_until(lambda: os.path.exists(ready)), "the command did not start")
    with open(ready, encoding="ascii") as file:
        pid = int(file.read())
    os.kill(process.pid, signal.SIGSTOP)
    require(wait_until(lambda: state_of(process.pid) == "T"), "the recorder did not stop")
    write(go, "")
    ended = wait_until(lambda: state_of(pid) == "Z")
    os.kill(process.pid, signal.SIGCONT)
    require(ended, "the command did not end")
    recording = communicate(process, path)
    equal(recording.status, 0, "exit status")
    equal(counts(recording), [50], "hello calls")
    equal([found["state"] for found in recording.meta()["processes"]], ["exited"], "states")


@test
def wait_ends_after_many_short_children(folder):
    """Each is reaped by its shell, some before the recorder sees them."""
    line = host_line("dlopen", "--requests", 1)
    for name in ("a", "b", "c"):
        recording = record(folder, *shell(f"for i in 1 2 3 4 5 6 7 8; do {line}; done"),
                           options=["--wait"], name=name, timeout=20)
        equal(recording.status, 0, "exit status")
        equal(counts(recording), [1] * 8, "hello calls")


@test
def a_pid_that_is_not_there_is_one_clear_line(folder):
    recording = record(folder, *host("dlopen", "--requests", 10))
    for command in ("report", "leaks", "flamegraph"):
        result = run(FFISCOPE, command, "--pid", "1", recording.path)
        equal(result.status, 2, f"exit status of {command}")
        equal(len(result.err.splitlines()), 1, f"lines of {command}: {result.err!r}")
        equal(result.out, "", f"output of {command}")


@test
def leaks_are_told_over_all_processes_or_for_one(folder):
    recording = record(folder, *shell(
        host_line("dlopen", "--requests", 100, "--leak-every", 10),
        host_line("linked", "--requests", 100, "--leak-every", 4),
        host_line("linked", "--requests", 100), "true"))
    leaks = recording.leaks(status=1)
    equal(sorted(found["count"] for found in leaks["findings"]), [10, 25], "findings")
    equal(leaks["buffers"]["live"], 35, "live")
    for found in leaks["findings"]:
        one = recording.leaks("--pid", found["pid"], status=1)
        equal([(only["count"], only["pid"]) for only in one["findings"]],
              [(found["count"], found["pid"])], "findings of one process")


@test
def a_command_without_calls_says_why(folder):
    recording = record(folder, "/bin/true")
    equal(recording.status, 0, "exit status")
    check("0 calls seen, because" in recording.summary, f"summary says {recording.summary!r}")
    for command in ("report", "leaks"):
        result = run(FFISCOPE, command, recording.path)
        equal((result.status, result.err), (0, ""), f"exit status and messages of {command}")


if __name__ == "__main__":
    main()
