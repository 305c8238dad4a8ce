# SPDX-License-Identifier: MIT
"""standalone - LD_PRELOAD and FFISCOPE_OUTPUT record without the command."""
import glob
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, PRELOAD, PYTHON, SCRIPTED, SERVICE, Recording, check,
                      check_phases_add_up, environment, equal, events_of_calls, host, main,
                      require, row, run, shared, test, wait_until, write)

HELLO = "proto2ffi_say_hello"


def limiting(limits):
    """What a new process does before its program: `limits` by resource."""
    def limit():
        for which, most in (limits or {}).items():
            resource.setrlimit(which, (most, most))
    return limit


def preload(folder, *command, name="rec", limits=None, **variables):
    path = os.path.join(folder, name)
    how = dict(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=path, **variables)
    return Recording(path, run(*command, env=environment(**how), preexec_fn=limiting(limits)))


def check_host(recording, requests, threads=1):
    equal(recording.status, 0, f"exit status ({recording.err[-300:]!r})")
    equal(recording.err, "", "stderr of the program")
    truth, report = recording.truth(), recording.report()
    for said in truth["entry_points"]:
        equal(row(report, said["name"]).get("calls"), said["calls"], f"calls of {said['name']}")
    equal(truth["service"]["calls"], requests, "calls of the service")
    check_phases_add_up(report)
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    equal(events_of_calls(recording), timed, "calls that babeltrace2 reads")
    equal(report["loss"]["events"] > 0, timed < report["process"]["calls"], "losses are counted")
    return report


@test(which=["dlopen", "linked", "ctypes"], threads=[1, 3])
def the_preload_alone_leaves_a_recording(folder, which, threads):
    recording = preload(folder, *host(which, "--requests", 1500, "--threads", threads, "--entry",
                                      "hello"))
    check_host(recording, 1500)
    leaks = recording.leaks(status=0)
    equal(leaks["buffers"]["made"], 1500, "buffers made")


@test(which=SCRIPTED)
def the_preload_alone_records_hosts_in_other_languages(folder, which):
    recording = preload(folder, *host(which, "--requests", 1500, "--leak-every", 10))
    check_host(recording, 1500)
    leaks = recording.leaks(status=1)
    equal([(found["kind"], found["count"]) for found in leaks["findings"]],
          [("never_freed", 150)], "findings")


@test
def leaks_are_found_without_the_command(folder):
    recording = preload(folder, *host("dlopen", "--requests", 500, "--leak-every", 10))
    equal([(found["kind"], found["count"]) for found in recording.leaks(status=1)["findings"]],
          [("never_freed", 50)], "findings")


@test
def options_are_variables(folder):
    recording = preload(folder, *host("dlopen", "--requests", 300, "--entry", "mixed"),
                        FFISCOPE_CLOCK="fast", FFISCOPE_ALLOCATIONS="no",
                        FFISCOPE_EXCLUDE="proto2ffi_get_user\nproto2ffi_get_post")
    report = recording.report()
    equal(report["clock"]["mode"], "fast", "clock mode")
    names = {entry["name"] for entry in report["entry_points"]}
    equal(names & {"proto2ffi_get_user", "proto2ffi_get_post"}, set(), "excluded functions")
    equal({entry["allocations"] for entry in report["entry_points"]}, {None}, "allocations")


@test(boundary=[False, True])
def an_entry_glob_adds_and_takes_nothing_away(folder, boundary):
    """Built-in rows know what a glob does not: free functions, buffers."""
    how = {}
    if boundary:
        how["FFISCOPE_BOUNDARY"] = write(os.path.join(folder, "b"), "entry nothing_of_that_name\n")
    recording = preload(folder, *host("dlopen", "--requests", 300), FFISCOPE_ENTRY="proto2ffi_*\ninit_*",
                        **how)
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 300, "calls")
    equal(row(report, "init_service").get("kind"), "entry", "kind of the function that was added")
    equal(row(report, "proto2ffi_free_byte_buffer").get("kind"), "free", "kind of the free function")
    buffers = recording.leaks(status=0)["buffers"]
    equal((buffers["made"], buffers["freed"]), (300, 300), "buffers made, freed")


TOO_LONG = "*" * 127 + "z"  # cut to 127 bytes it matches everything


@test(variable=["FFISCOPE_EXCLUDE", "FFISCOPE_ENTRY"])
def a_glob_that_is_too_long_is_left_out(folder, variable):
    """Cut, it would be another glob."""
    recording = preload(folder, *host("dlopen", "--requests", 100),
                        **{variable: f"{TOO_LONG}\ninit_service"})
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 100, "calls")
    equal({entry["name"] for entry in report["entry_points"]} & {"init_service"},
          {"init_service"} if variable == "FFISCOPE_ENTRY" else set(), "the glob beside it")


@test
def a_list_of_globs_may_be_long(folder):
    recording = preload(folder, *host("dlopen", "--requests", 100),
                        FFISCOPE_EXCLUDE="unlike_anything_*\n" * 1000 + "init_service")
    names = {entry["name"] for entry in recording.report()["entry_points"]}
    equal((HELLO in names, "init_service" in names), (True, False), "wrapped: hello, the last of the list")


@test(value=[TOO_LONG, "good\n" + TOO_LONG, "a[b"], option=["entry", "exclude"], how=["option", "variable"])
def record_refuses_a_glob_that_would_be_left_out(folder, value, option, how):
    variables = {f"FFISCOPE_{option.upper()}": value} if how == "variable" else {}
    options = [f"--{option}", value] if how == "option" else []
    result = run(FFISCOPE, "record", "-o", os.path.join(folder, "rec"), *options, "--", "/bin/echo", "x",
                 env=environment(**variables))
    equal((result.status, result.out), (125, ""), "exit status, what the command said")
    equal(len(result.err.splitlines()), 1, f"lines of {result.err!r}")


@test
def an_exclude_glob_beats_an_entry_glob(folder):
    recording = preload(folder, *host("dlopen", "--requests", 100), FFISCOPE_ENTRY="proto2ffi_*",
                        FFISCOPE_EXCLUDE="*_say_*")
    equal([entry["name"] for entry in recording.report()["entry_points"] if "say" in entry["name"]], [],
          "excluded functions")


@test
def a_boundary_file_is_a_variable(folder):
    boundary = write(os.path.join(folder, "b"), f"entry {HELLO} request=arg0,arg1 "
                     "response=ret{ptr,len,cap}\n")
    recording = preload(folder, *host("dlopen", "--requests", 300), FFISCOPE_BOUNDARY=boundary)
    equal(row(recording.report(), HELLO).get("calls"), 300, "calls")


@test(variables=[{"FFISCOPE_CLOCK": "sundial"}, {"FFISCOPE_BUFFER_SIZE": "lots"},
                 {"FFISCOPE_BOUNDARY": "/no/such/file"}, {"FFISCOPE_RING": "-"},
                 {"FFISCOPE_SINK": "nowhere"}])
def a_bad_variable_harms_nobody(folder, variables):
    recording = preload(folder, *host("dlopen", "--requests", 200), **variables)
    equal(recording.status, 0, "exit status")
    equal(recording.truth()["service"]["calls"], 200, "calls of the service")
    check(len(recording.err.splitlines()) <= 1, f"stderr is {recording.err!r}")


@test
def a_boundary_file_that_is_not_there_costs_no_memory(folder):
    sizes = []
    for path in (os.path.realpath(__file__), "/no/such/file"):
        status = preload(folder, "/bin/cat", "/proc/self/status", FFISCOPE_BOUNDARY=path).out
        sizes.append(int(re.search(r"VmSize:\s+(\d+) kB", status).group(1)))
    check(abs(sizes[0] - sizes[1]) < 512, f"sizes are {sizes} kB: read and refused, not there")


@test
def of_a_bad_boundary_file_no_row_holds(folder):
    boundary = write(os.path.join(folder, "b"), f"free {HELLO} buffer=arg0\nnonsense\n")
    recording = preload(folder, *host("dlopen", "--requests", 100), FFISCOPE_BOUNDARY=boundary)
    equal(row(recording.report(), HELLO).get("kind"), "entry", "kind")


@test(output=["/no/such/folder/rec", "/proc/rec", "/dev/null", ""])
def an_output_that_cannot_be_made_harms_nobody(folder, output):
    result = run(*host("dlopen", "--requests", 200), cwd=folder,
                 env=environment(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=output))
    equal(result.status, 0, "exit status")
    equal(json.loads(result.stdout)["service"]["calls"], 200, "calls of the service")


@test
def without_an_output_a_preload_harms_nobody(folder):
    result = run(*host("dlopen", "--requests", 200), cwd=folder, env=environment(LD_PRELOAD=PRELOAD))
    equal(result.status, 0, "exit status")
    equal(json.loads(result.stdout)["service"]["calls"], 200, "calls of the service")


@test(end=["kill", "abort", "_exit"])
def what_was_drained_before_an_abnormal_end_is_readable(folder, end):
    """Without a recorder, what the helper thread had not drained dies with the process."""
    status = {"kill": 137, "abort": 134, "_exit": 0}[end]
    recording = preload(folder, *host("dlopen", "--requests", 2000, "--pause", 700, "--end", end))
    equal(recording.status, status, "exit status")
    report = recording.report()
    equal(row(report, HELLO).get("calls"), 2000, "calls: the helper had 0.7 s for them")
    check_phases_add_up(report)


MASK = """
import ctypes, signal, sys
library = ctypes.CDLL(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGXFSZ, signal.SIGUSR1])
signal.raise_signal(signal.SIGXFSZ)
library.proto2ffi_memory_stats
print(sorted(signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGXFSZ])),
      sorted(signal.sigpending()))
"""


@test
def signals_stay_as_the_program_has_them(folder):
    """Held back while a thread of the program's works for us; one that was pending stays."""
    recording = preload(folder, PYTHON, "-c", MASK, SERVICE)
    equal((recording.status, recording.err), (0, ""), "exit status, stderr")
    check(os.path.exists(os.path.join(recording.path, "meta.json")), "nothing was recorded")
    mask = sorted([signal.Signals(signal.SIGUSR1), signal.Signals(signal.SIGXFSZ)])
    equal(recording.out, f"{mask} {[signal.Signals(signal.SIGXFSZ)]}\n", "mask and pending signals")


@test(closed=[0, 1, 2])
def a_standard_descriptor_that_is_closed_stays_closed(folder, closed):
    """What the program opens next gets that number, and nobody reads what it did not open."""
    recording = preload(folder, PYTHON, "-c", f"""
import ctypes, os, sys, time
said = os.dup(1)
os.close({closed})
service = ctypes.CDLL({SERVICE!r})
service.init_service()
time.sleep(0.1)
service.init_service()
found = []
for i in range(2000):
    found.append(os.open("/dev/null", os.O_RDWR))
    os.close(found[-1])
os.write(said, str(sorted(set(found))).encode())
os.dup2(said, {closed})
""")
    equal((recording.status, recording.out), (0, f"[{closed}]"), "exit status and descriptors")
    equal(row(recording.report(), "init_service").get("calls"), 2, "calls")


@test
def a_change_of_the_user_reaches_every_thread(folder):
    """setresuid() returns when each thread has done it, the one that drains, too."""
    recording = preload(folder, PYTHON, "-c", f"""
import ctypes, glob, os, threading
first = threading.Thread(target=int)  # glibc lets its signal through where the first one is made
first.start(), first.join()
service = ctypes.CDLL({SERVICE!r})
service.init_service()
threads = len(glob.glob("/proc/self/task/*"))
os.setgroups(os.getgroups()) if os.getuid() == 0 else None
os.setresgid(*os.getresgid())
os.setresuid(*os.getresuid())
service.init_service()
print(threads)
""")
    equal((recording.status, recording.out), (0, "2\n"), "exit status and threads")
    equal(row(recording.report(), "init_service").get("calls"), 2, "calls")


@test(end=["exit", "kill"])
def a_limit_on_file_sizes_harms_nobody(folder, end):
    """What no longer fits is lost and counted; SIGXFSZ is never the program's."""
    recording = preload(folder, *host("dlopen", "--requests", 60000, "--end", end),
                        limits={resource.RLIMIT_FSIZE: 4 << 20})
    equal(recording.status, {"exit": 0, "kill": 137}[end], "exit status")
    equal(recording.err, "", "stderr of the program")
    equal(recording.truth()["service"]["calls"], 60000, "calls of the service")
    sizes = [os.path.getsize(path) for path in glob.glob(recording.path + "/*/ctf/slot-*")]
    check(sizes and (4 << 20) - 200000 < max(sizes) <= 4 << 20, f"stream files of {sizes} bytes")
    report = recording.report()
    check(row(report, HELLO).get("timed_calls"), "no call can be read")
    if end == "exit":
        equal(row(report, HELLO).get("calls"), 60000, "calls of the counters")
        check(report["loss"]["events"] > 0, "no loss was counted")


def wholeness(recording):
    meta = recording.meta()
    return meta["complete"], meta.get("open_images")


@test(end=["exit", "kill", "abort", "_exit"], requests=[30, 3000])
def a_recording_is_complete_when_its_program_reached_exit(folder, end, requests):
    """What a killed one had not drained is missing: that nothing leaked is not known."""
    recording = preload(folder, *host("dlopen", "--requests", requests, "--leak-every",
                                      requests * 2, "--end", end))
    equal(wholeness(recording), (True, 0) if end == "exit" else (False, 1), "complete, open images")
    if not recording.images():
        return  # killed before the first drain
    leaks = run(FFISCOPE, "leaks", recording.path)
    equal(leaks.status, 0 if end == "exit" else 2, f"exit status of leaks ({leaks.err[-300:]!r})")


@test(ends=["exit exit", "kill exit", "exit kill", "exit _exit exit"])
def a_shared_recording_is_complete_when_all_its_programs_reached_exit(folder, ends):
    lines = " ".join(" ".join(shlex.quote(part) for part in host("dlopen", "--end", end)) + "; "
                     for end in ends.split())
    recording = preload(folder, "/bin/sh", "-c", lines + "exit 0")
    bad = sum(end != "exit" for end in ends.split())
    equal(wholeness(recording), (not bad, bad), "complete, open images")


@test
def a_recording_is_not_complete_before_its_programs_end(folder):
    path = os.path.join(folder, "rec")
    first, second = (start(folder, *host("dlopen", "--requests", 20, "--pause", pause),
                           FFISCOPE_OUTPUT=path) for pause in (200, 3000))
    first.communicate(timeout=60)
    recording = Recording(path, run("/bin/true"))
    equal(wholeness(recording), (False, 1), "complete, open images, while one runs")
    second.communicate(timeout=60)
    equal(wholeness(recording), (True, 0), "complete, open images, at the end")


@test
def a_meta_json_of_another_writer_is_left_alone(folder):
    path = os.path.join(folder, "rec")
    os.mkdir(path)
    text = '{"name":"my web app", "complete":false,"open_images":         1}' + " " * 200
    write(os.path.join(path, "meta.json"), text)
    preload(folder, *host("dlopen", "--requests", 20))
    with open(os.path.join(path, "meta.json"), encoding="utf-8") as file:
        equal(file.read(), text, "meta.json")


@test(clock=["fenced", "fast"])
def the_clock_is_known_without_the_command_and_the_probe_cost_is_unknown(folder, clock):
    """Nobody measured the cost: null, and nothing is subtracted."""
    recording = preload(folder, *host("dlopen", "--requests", 500), FFISCOPE_CLOCK=clock)
    report = recording.report()
    equal(report["stderr"], "", "stderr of report")
    equal(report["clock"]["mode"], clock, "clock mode")
    check(report["clock"]["step_ns"], "the clock's step is unknown")
    for key in ("inner", "outer"):
        equal(report["probe_cost_ns"][key], None, f"{key} probe cost")


@test
def processes_of_one_output_share_a_recording(folder):
    line = " ".join(shlex.quote(part) for part in host("dlopen", "--requests", 100))
    recording = preload(folder, "/bin/sh", "-c", f"{line}; {line}; exit 6")
    equal(recording.status, 6, "exit status")
    equal([process["calls"] for process in recording.report()["processes"]], [202, 202],
          "calls of the processes")


@test
def several_processes_may_share_the_variable(folder):
    line = " ".join(shlex.quote(part) for part in host("dlopen", "--requests", 100))
    recording = preload(folder, "/bin/sh", "-c", f"{line} > /dev/null; {line} > /dev/null; exit 6",
                        name="rec-%p")
    equal(recording.status, 6, "exit status")
    names = [name for name in os.listdir(folder) if name.startswith("rec-")]
    require(names, "no recording at all")
    calls = []
    for name in names:
        found = Recording(os.path.join(folder, name), recording)
        if found.images():
            calls.append(row(found.report(), HELLO).get("calls"))
    equal(calls, [100, 100], "calls of the recordings")


def memory_of(pids):
    """What these processes left in shared memory; afterwards it is gone."""
    left = [path for pid in pids for path in glob.glob(f"/dev/shm/ffiscope-{pid}-*")]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return [os.path.basename(path) for path in left]


def start(folder, *command, limits=None, **variables):
    how = dict(dict(LD_PRELOAD=PRELOAD), **variables)
    return subprocess.Popen(command, env=environment(**how), cwd=folder, stdin=subprocess.PIPE,
                            preexec_fn=limiting(limits), stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


@test(end=["exit", "_exit", "abort", "kill", "without calls", "without output", "without room"],
      next_one=["recorder", "program"])
def no_memory_is_left_behind(folder, end, next_one):
    """What a killed program could not tidy up, the next one does."""
    command = ["/bin/true"] if end == "without calls" else host("dlopen", "--end", end.split()[0])
    how = {} if end == "without output" else {"FFISCOPE_OUTPUT": os.path.join(folder, "rec")}
    limits = {resource.RLIMIT_FSIZE: 1 << 20} if end == "without room" else {}
    process = start(folder, *command, limits=limits, **how)
    process.communicate(timeout=60)
    if end in ("_exit", "abort", "kill"):
        if next_one == "recorder":
            run(FFISCOPE, "record", "-q", "-o", os.path.join(folder, "next"), "--", "/bin/true")
        else:
            preload(folder, "/bin/true", name="next")
    equal(memory_of([process.pid]), [], "left in shared memory")


FORKS = """
import ctypes, json, os, signal, sys, time
library = ctypes.CDLL(sys.argv[1])
library.proto2ffi_memory_stats
pids = []
for end in (lambda: os._exit(0),) * 3 + (lambda: os.kill(os.getpid(), signal.SIGKILL),):
    pid = os.fork()
    if not pid:
        library.proto2ffi_free_byte_buffer
        end()
    os.waitpid(pid, 0)
    pids.append(pid)
print(json.dumps(pids), flush=True)
sys.stdin.read()
"""


@test
def children_that_never_reach_exit_leave_no_memory_while_their_parent_lives(folder):
    """As those of Python's multiprocessing."""
    process = start(folder, PYTHON, "-c", FORKS, SERVICE,
                    FFISCOPE_OUTPUT=os.path.join(folder, "rec"))
    pids = json.loads(process.stdout.readline())
    wait_until(lambda: not any(glob.glob(f"/dev/shm/ffiscope-{pid}-*") for pid in pids), 10)
    check(glob.glob(f"/dev/shm/ffiscope-{process.pid}-*"), "the parent has no memory")
    process.communicate(timeout=60)
    equal(process.returncode, 0, "exit status")
    equal(memory_of(pids + [process.pid]), [], "left in shared memory")


@test
def another_ones_memory_is_left_alone(folder):
    """Of another pid namespace, and of a process that lives."""
    ours = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    names = {"other": f"ffiscope-{dead.pid}-{int(ours) + 1}-1", "alive": f"ffiscope-{os.getpid()}-{ours}-1",
             "dead": f"ffiscope-{dead.pid}-{ours}-1"}
    for name in names.values():
        os.mkdir(f"/dev/shm/{name}", 0o700)
    preload(folder, "/bin/true")
    left = {key for key, name in names.items() if os.path.isdir(f"/dev/shm/{name}")}
    memory_of([dead.pid, os.getpid()])
    equal(left, {"other", "alive"}, "what is left")


@test
def a_program_without_room_for_a_thread_is_recorded_at_its_end(folder):
    refusal = shared(folder, "refusal.so", "#include <errno.h>\nint pthread_create(void *a, void *b, "
                     "void *c, void *d) { (void)a; (void)b; (void)c; (void)d; return EAGAIN; }\n")
    path = os.path.join(folder, "rec")
    process = start(folder, *host("dlopen", "--requests", 100), FFISCOPE_OUTPUT=path,
                    LD_PRELOAD=f"{PRELOAD}:{refusal}")
    process.communicate(timeout=60)
    equal(process.returncode, 0, "exit status")
    require(os.path.isdir(path), "no recording")
    recording = Recording(path, run("/bin/true"))
    equal(row(recording.report(), HELLO).get("timed_calls"), 100, "timed calls")
    equal(memory_of([process.pid]), [], "left in shared memory")


@test
def programs_work_as_alone(folder):
    text = "import sqlite3, ssl, subprocess; print(subprocess.run(['/bin/echo', 'x']).returncode)"
    bare = run(PYTHON, "-c", text)
    seen = preload(folder, PYTHON, "-c", text)
    equal((seen.status, seen.out, seen.err), (bare.status, bare.out, bare.err), "what it says")


if __name__ == "__main__":
    main()
