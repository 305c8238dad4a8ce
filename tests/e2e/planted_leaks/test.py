# SPDX-License-Identifier: MIT
"""planted_leaks - what a host does wrong on purpose is found, exactly, and nothing else is."""
import contextlib
import csv
import glob
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, SCRIPTED, SERVICE, Skip, check, compile_program, environment, equal, host,
                      main, record, record_host, require, row, run, test, write)

NAME = "proto2ffi_say_hello"
NAMES = {"hello": NAME, "user": "proto2ffi_get_user", "post": "proto2ffi_get_post",
         "calculator": "calculator_process"}
HOST_KINDS = ["dlopen", "linked", "ctypes"]
HELLO_BYTES = 23  # of an encoded HelloResponse, and of its buffer

# Everything that makes or takes buffers in the service, in a user's words.
DESCRIBED = """
entry proto2ffi_noop response=none
entry proto2ffi_add response=none
entry proto2ffi_get_*_raw response=none
entry proto2ffi_memory_stats response=none
entry init_service response=none
entry ffi_service_set response=none
free  proto2ffi_free_byte_buffer buffer=arg0{ptr,len,cap} stack=24
free  calculator_free_buffer buffer=arg0{ptr,len}
entry proto2ffi_* request=arg0,arg1 response=ret{ptr,len,cap} free=proto2ffi_free_byte_buffer
entry calculator_process request=arg0,arg1 response=ret{ptr,len} free=calculator_free_buffer
acquire ffi_service_pool_take response=ret{ptr,len,cap}
release ffi_service_pool_give buffer=arg0{ptr,len,cap}
"""


def described(folder):
    return ["--boundary", write(os.path.join(folder, "all.boundary"), DESCRIBED)]


def only_finding(leaks, kind, name=NAME):
    kinds = [(found["kind"], found["entry_point"]) for found in leaks["findings"]]
    if not equal(kinds, [(kind, name)], "findings"):
        return {"first_call": {}, "last_call": {}}
    equal(leaks["findings"][0]["uncertain"], False, "uncertain")
    return leaks["findings"][0]


def check_balance(leaks, made, live):
    equal({key: leaks["buffers"][key] for key in ("made", "freed", "live")},
          {"made": made, "freed": made - live, "live": live}, "buffers")
    equal(leaks["loss"]["events"], 0, "lost events")


def calls_before(report):
    """Calls that a host makes before its first request."""
    return sum(entry["calls"] for entry in report["entry_points"]
               if entry["name"] in ("init_service", "ffi_service_set"))


def check_span(finding, recording, first, last):
    report = recording.report()
    before = calls_before(report)
    for key, number in (("first_call", first), ("last_call", last)):
        call = finding[key]
        equal(call.get("number"), before + number, f"number of {key}")
        equal(call.get("pid"), report["process"]["pid"], f"pid of {key}")
        check(report["first_ns"] <= call.get("start_ns", 0) <= report["last_ns"],
              f"start of {key} lies outside of the recording")
        check(call.get("tid") in finding["threads"], f"thread of {key} is not among threads")
    check(finding["first_call"].get("start_ns", 0) <= finding["last_call"].get("start_ns", 0),
          "first call is after the last")


@test(host=HOST_KINDS, threads=[1, 4])
def a_clean_run_has_no_findings(folder, host, threads):
    recording = record_host(folder, host, "--requests", 1200, "--threads", threads, "--entry",
                            "mixed")
    leaks = recording.leaks(status=0)
    equal((leaks["findings"], leaks["live_at_end"], leaks["awaiting_finalizer"]), ([], [], []),
          "findings of a clean run")
    check_balance(leaks, recording.truth()["service"]["made"], 0)


@test(host=SCRIPTED)
def a_clean_run_in_another_language_has_no_findings(folder, host):
    recording = record_host(folder, host, "--requests", 1200, "--entry", "mixed")
    leaks = recording.leaks(status=0)
    equal((leaks["findings"], leaks["live_at_end"], leaks["awaiting_finalizer"]), ([], [], []),
          "findings of a clean run")
    check_balance(leaks, recording.truth()["service"]["made"], 0)


@test(every=[0, 10])
def what_a_garbage_collector_frees_is_no_leak(folder, every):
    """It frees in its own order and when it likes; what it was not given is never freed."""
    recording = record_host(folder, "luajit", "--requests", 20000, "--finalizer", 1,
                            "--leak-every", every)
    truth, leaks = recording.truth(), recording.leaks()
    for key, said in (("count", truth["leaked"]), ("bytes", truth["leaked_bytes"])):
        listed = leaks["findings"] + leaks["awaiting_finalizer"]
        equal(sum(found[key] for found in listed), said, f"{key} of what was not freed")
    equal({found["kind"] for found in leaks["findings"]}, {"never_freed"} if every else set(),
          "kinds of findings")
    check_balance(leaks, 20000, truth["service"]["live"])
    equal(row(recording.report(), "proto2ffi_free_byte_buffer").get("calls"),
          truth["entry_points"][0]["frees"], "frees")


@test(host=HOST_KINDS + SCRIPTED, every=[1, 2, 7, 100, 999])
def every_kth_response_leaked_is_found(folder, host, every):
    requests = 1000
    recording = record_host(folder, host, "--requests", requests, "--leak-every", every)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    finding = only_finding(leaks, "never_freed")
    equal(finding.get("count"), truth["leaked"], "count")
    equal(finding.get("bytes"), truth["leaked_bytes"], "bytes")
    check_balance(leaks, truth["service"]["made"], truth["leaked"])
    # One call for the request and one for its free, but none for a leaked one's free.
    last = requests // every * every
    check_span(finding, recording, 2 * (every - 1) + 1,
               2 * (last - 1) + 1 - (last // every - 1))
    equal(finding["first_call"].get("tid"), recording.report()["process"]["pid"], "thread")


@test(entry=list(NAMES))
def a_leak_is_found_in_the_entry_point_that_made_it(folder, entry):
    recording = record_host(folder, "dlopen", "--requests", 500, "--leak-every", 5, "--entry",
                            entry)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    finding = only_finding(leaks, "never_freed", NAMES[entry])
    equal(finding.get("count"), truth["leaked"], "count")
    equal(finding.get("bytes"), truth["leaked_bytes"], "bytes")


@test(host=HOST_KINDS)
def leaks_of_several_entry_points_are_told_apart(folder, host):
    recording = record_host(folder, host, "--requests", 3000, "--leak-every", 7, "--entry",
                            "mixed", "--threads", 2)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    found = {finding["entry_point"]: finding for finding in leaks["findings"]}
    made = {said["name"]: said["calls"] - said["frees"] for said in truth["entry_points"]
            if said["name"] != "proto2ffi_noop" and said["calls"] != said["frees"]}
    equal({name: finding["count"] for name, finding in found.items()}, made, "leaked responses")
    equal({finding["kind"] for finding in leaks["findings"]}, {"never_freed"}, "kinds")
    equal(sum(finding["bytes"] for finding in leaks["findings"]), truth["leaked_bytes"], "bytes")
    check_balance(leaks, truth["service"]["made"], truth["leaked"])
    sizes = [finding["bytes"] for finding in leaks["findings"]]
    equal(sizes, sorted(sizes, reverse=True), "order of findings")


@test(host=HOST_KINDS)
def all_threads_of_a_leak_are_named(folder, host):
    recording = record_host(folder, host, "--requests", 2000, "--leak-every", 1, "--threads", 4)
    finding = only_finding(recording.leaks(status=1), "never_freed")
    equal(finding.get("count"), 2000, "count")
    equal(len(set(finding.get("threads", []))), 4, "threads")


@test(threads=[1, 4])
def many_leaked_buffers_are_all_counted(folder, threads):
    recording = record_host(folder, "dlopen", "--requests", 30000, "--leak-every", 1, "--threads",
                            threads)
    truth, leaks = recording.truth(), recording.leaks(status=1)
    finding = only_finding(leaks, "never_freed")
    equal((finding.get("count"), finding.get("bytes")), (30000, truth["leaked_bytes"]),
          "count and bytes")
    check_balance(leaks, 30000, 30000)


@test(every=[1, 2])
def more_leaks_than_the_ledger_holds_are_uncertain_not_wrong(folder, every):
    """Buffers without a place are counted; nothing is found that did not happen."""
    requests = 300000
    recording = record_host(folder, "dlopen", "--requests", requests, "--leak-every", every,
                            options=["--no-codecs", *described(folder)])
    leaks = recording.leaks(status=1)
    finding = next((found for found in leaks["findings"] if found["kind"] == "never_freed"), {})
    equal({found["kind"] for found in leaks["findings"]}, {"never_freed"}, "kinds")
    equal(leaks["buffers"]["made"], requests, "buffers made")
    if finding.get("count") != recording.truth()["leaked"]:
        equal(finding.get("uncertain"), True, f"uncertain, with a count of {finding.get('count')}")


@test(host=HOST_KINDS + SCRIPTED)
def a_response_freed_twice_is_one_finding(folder, host):
    recording = record_host(folder, host, "--requests", 400, "--free-twice-at", 123)
    leaks = recording.leaks(status=1)
    finding = only_finding(leaks, "freed_twice")
    equal((finding.get("count"), finding.get("bytes")), (1, HELLO_BYTES), "count and bytes")
    check_balance(leaks, 400, 0)
    check_span(finding, recording, 2 * 122 + 1, 2 * 122 + 1)


@test(host=HOST_KINDS + SCRIPTED)
def a_response_freed_with_another_length_is_one_finding(folder, host):
    recording = record_host(folder, host, "--requests", 400, "--wrong-length-at", 300)
    leaks = recording.leaks(status=1)
    finding = only_finding(leaks, "size_mismatch")
    equal((finding.get("count"), finding.get("bytes")), (1, HELLO_BYTES), "count and bytes")
    check_balance(leaks, 400, 0)
    check_span(finding, recording, 2 * 299 + 1, 2 * 299 + 1)


@test(host=HOST_KINDS + SCRIPTED)
def a_response_given_to_plain_free_is_one_finding(folder, host):
    recording = record_host(folder, host, "--requests", 400, "--plain-free-at", 77)
    leaks = recording.leaks(status=1)
    finding = only_finding(leaks, "foreign_free")
    equal((finding.get("count"), finding.get("bytes")), (1, HELLO_BYTES), "count and bytes")
    equal(leaks["buffers"]["live"], 0, "live buffers")
    check_span(finding, recording, 2 * 76 + 1, 2 * 76 + 1)


@test(entry=["calculator", "post"])
def misuse_is_found_in_both_styles_of_buffer(folder, entry):
    recording = record_host(folder, "dlopen", "--requests", 400, "--entry", entry,
                            "--free-twice-at", 10, "--wrong-length-at", 20, "--plain-free-at", 30,
                            "--leak-every", 100)
    leaks = recording.leaks(status=1)
    counts = {found["kind"]: found["count"] for found in leaks["findings"]
              if found["entry_point"] == NAMES[entry]}
    equal(counts, {"freed_twice": 1, "size_mismatch": 1, "foreign_free": 1, "never_freed": 4},
          "findings")


@test
def what_is_given_back_by_its_pointer_alone_is_judged_alike(folder):
    rows = "free calculator_free_buffer buffer=arg0\n" + DESCRIBED
    recording = record_host(folder, "dlopen", "--requests", 400, "--entry", "calculator",
                            "--leak-every", 40, "--free-twice-at", 11,
                            options=["--boundary", write(os.path.join(folder, "rows"), rows)])
    counts = {found["kind"]: found["count"] for found in recording.leaks(status=1)["findings"]}
    equal(counts, {"freed_twice": 1, "never_freed": 10}, "findings")
    report = recording.report()
    for phase in ("consume", "free"):
        found = [told["count"] for told in report["phases"]
                 if told["entry_point"] == "calculator_process" and told["phase"] == phase]
        equal(found, [390], f"requests with {phase}")


@test(clock=["fenced", "fast"])
def findings_do_not_depend_on_allocation_or_codec_hooks(folder, clock):
    recording = record_host(folder, "dlopen", "--requests", 400, "--leak-every", 10,
                            "--free-twice-at", 11, options=["--no-codecs", "--clock", clock])
    counts = {found["kind"]: found["count"] for found in recording.leaks(status=1)["findings"]}
    equal(counts, {"freed_twice": 1, "never_freed": 40}, "findings")
    recording = record_host(folder, "dlopen", "--requests", 400, "--leak-every", 10,
                            "--free-twice-at", 11, name="plain",
                            options=["--no-allocations", "--clock", clock, *described(folder)])
    counts = {found["kind"]: found["count"] for found in recording.leaks(status=1)["findings"]}
    equal(counts, {"freed_twice": 1, "never_freed": 40}, "findings without allocation hooks")


@test(host=["dlopen", "ctypes"], end=["abort", "kill", "_exit"])
def after_an_abnormal_end_open_buffers_are_no_findings(folder, host, end):
    status = {"abort": 134, "kill": 137, "_exit": 0}[end]
    recording = record_host(folder, host, "--requests", 500, "--leak-every", 10, "--end", end,
                            status=status)
    truth, leaks = recording.truth(), recording.leaks(status=0)
    equal(leaks["findings"], [], "findings")
    live = [(found["entry_point"], found["count"], found["bytes"])
            for found in leaks["live_at_end"]]
    equal(live, [(NAME, truth["leaked"], truth["leaked_bytes"])], "live at end")
    check_balance(leaks, 500, 50)
    equal(recording.report()["process"]["state"], "ended", "state")


@test
def other_findings_stand_after_an_abnormal_end(folder):
    recording = record_host(folder, "dlopen", "--requests", 500, "--leak-every", 10,
                            "--free-twice-at", 11, "--end", "kill", status=137)
    only_finding(recording.leaks(status=1), "freed_twice")


def check_nothing_known(path):
    """Leaks that were planted cannot be seen in it: then it must not look clean."""
    result = run(FFISCOPE, "leaks", "--json", path)
    equal(result.status, 2, "exit status of leaks")
    leaks = json.loads(result.stdout)
    equal((leaks["findings"], leaks["uncertain"]), ([], True), "findings, uncertain")
    equal([leaks["buffers"][name] for name in ("made", "freed", "live")], [None] * 3, "buffers")
    report = json.loads(run(FFISCOPE, "report", "--json", path).stdout)
    check(all(entry["partial"] and entry["open"] is None for entry in report["entry_points"]),
          "a row without counters is not partial")
    screen = run(FFISCOPE, "report", path).out
    check("losses      none" not in screen, "losses are none")
    check("Counts of calls are exact" not in screen, "counts are said to be exact")
    return report


@contextlib.contextmanager
def small_disk(folder, size):
    disk = os.path.join(folder, "disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
                      capture_output=True, check=False).returncode != 0:
        raise Skip("cannot mount a small disk: only root can")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@test
def a_disk_too_full_for_the_totals_is_not_clean(folder):
    with small_disk(folder, "24k") as disk:
        recording = record_host(disk, "dlopen", "--requests", 2000, "--leak-every", 10)
        check_nothing_known(recording.path)


@test(size=["32k", "36k", "48k", "64k"])
def a_disk_too_full_for_all_events_is_never_clean(folder, size):
    """The totals are there, but perhaps not how the program ended."""
    with small_disk(folder, size) as disk:
        recording = record_host(disk, "dlopen", "--requests", 2000, "--leak-every", 10)
        result = run(FFISCOPE, "leaks", "--json", recording.path)
        leaks = json.loads(result.stdout)
        check(result.status in (1, 2), f"exit status of leaks is {result.status}")
        equal(result.status == 1, bool(leaks["findings"]), "exit status 1")
        equal(leaks["buffers"]["live"], 200, "live buffers")


@test
def a_recorder_that_was_killed_leaves_nothing_known(folder):
    path = os.path.join(folder, "rec")
    with subprocess.Popen([FFISCOPE, "record", "-q", "-o", path, "--",
                           *host("dlopen", "--requests", 100000000, "--leak-every", 1000)],
                          stdout=subprocess.DEVNULL, env=environment(), start_new_session=True,
                          text=True) as recorder:
        time.sleep(1)
        os.kill(recorder.pid, signal.SIGSTOP)
        with open(f"/proc/{recorder.pid}/task/{recorder.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        memory = glob.glob(f"/dev/shm/ffiscope-{recorder.pid}-*")
        recorder.kill()
        for pid in children:
            os.kill(pid, signal.SIGKILL)
    for left in memory:
        shutil.rmtree(left)
    report = check_nothing_known(path)
    equal(report["processes"][0]["calls"], None, "calls of the process")
    equal(report["loss"]["events"], None, "lost events")


@test(host=["dlopen", "linked"])
def a_pool_that_a_boundary_file_describes_is_no_leak(folder, host):
    recording = record_host(folder, host, "--requests", 2000, "--threads", 2, "--entry", "mixed",
                            "--pool", options=described(folder))
    truth, leaks = recording.truth(), recording.leaks(status=0)
    require(truth["service"]["pool_taken"] > 0, "the pool was not used")
    equal((leaks["findings"], leaks["live_at_end"]), ([], []), "findings")
    check_balance(leaks, truth["service"]["made"], 0)


@test(host=["dlopen", "linked"])
def a_leak_out_of_a_described_pool_is_found(folder, host):
    recording = record_host(folder, host, "--requests", 1000, "--pool", "--leak-every", 10,
                            options=described(folder))
    leaks = recording.leaks(status=1)
    finding = only_finding(leaks, "never_freed")
    equal(finding.get("count"), 100, "count")
    check_balance(leaks, 1000, 100)


@test(host=["dlopen", "linked", "ctypes"])
def a_pool_that_nobody_described_makes_no_false_finding(folder, host):
    recording = record_host(folder, host, "--requests", 2000, "--threads", 2, "--entry", "mixed",
                            "--pool")
    leaks = recording.leaks(status=0)
    equal((leaks["findings"], leaks["live_at_end"]), ([], []), "findings")


POOLED = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	void (*end)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	struct fsc_byte_buffer (*take)(size_t) =
		(struct fsc_byte_buffer (*)(size_t))dlsym(library, "ffi_service_pool_take");
	bool (*give)(struct fsc_byte_buffer) =
		(bool (*)(struct fsc_byte_buffer))dlsym(library, "ffi_service_pool_give");
	struct fsc_byte_buffer taken;
	for (int i = 0; i < 7; i++) /* with FFI_SERVICE_POOL they end up in the pool */
		end(hello((const uint8_t *)"\x0a\x01x", 3));
	for (int i = 0; i < 10; i++)
		give(take(1));
	taken = take(1);
	return argc != 2 || !taken.ptr;
}
"""


@test
def what_the_host_takes_out_of_a_pool_and_keeps_is_found(folder):
    recording = record(folder, compile_program(folder, "pooled", POOLED), SERVICE,
                       options=described(folder), env=environment(FFI_SERVICE_POOL="1"))
    equal(recording.status, 0, "exit status")
    leaks = recording.leaks(status=1)
    equal(only_finding(leaks, "never_freed", "ffi_service_pool_take").get("count"), 1, "count")
    check_balance(leaks, 7 + 11, 1)


UNKNOWN = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	void (*give)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	give(hello((const uint8_t *)"\x0a\x01x", 3));
	for (int i = 0; i < 3; i++)
		give((struct fsc_byte_buffer){ malloc(40), 40, 40 });
	give((struct fsc_byte_buffer){ NULL, 0, 0 });
	return argc != 2;
}
"""


@test(with_rows=[True, False])
def an_unknown_buffer_is_a_finding_only_when_all_makers_are_described(folder, with_rows):
    program = compile_program(folder, "unknown", UNKNOWN)
    recording = record(folder, program, SERVICE, options=described(folder) if with_rows else [])
    equal(recording.status, 0, "exit status")
    leaks = recording.leaks(status=1 if with_rows else 0)
    found = [(finding["kind"], finding["entry_point"], finding["count"])
             for finding in leaks["findings"]]
    equal(found, [("freed_unknown", "proto2ffi_free_byte_buffer", 3)] if with_rows else [],
          "findings")
    check_balance(leaks, 1, 0)


OTHER_THREAD = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
static void (*give)(struct fsc_byte_buffer);
static struct fsc_byte_buffer held[100];
static uint64_t before_ns[100], after_ns[100], least_ns, most_ns;
static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static void *finalizer(void *unused)
{
	for (int i = 0; i < 100; i++) {
		uint64_t start_ns = now_ns();
		give(held[i]);
		least_ns += start_ns - after_ns[i];
		most_ns += now_ns() - before_ns[i];
	}
	return unused;
}
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	pthread_t thread;
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	give = (void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	for (int i = 0; i < 100; i++) {
		before_ns[i] = now_ns();
		held[i] = hello((const uint8_t *)"\x0a\x01x", 3);
		after_ns[i] = now_ns();
	}
	nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	pthread_create(&thread, NULL, finalizer, NULL);
	pthread_join(thread, NULL);
	printf("%lu %lu\n", least_ns, most_ns);
	return argc != 2;
}
"""


@test
def a_response_freed_on_another_thread_is_held_outside_the_request(folder):
    program = compile_program(folder, "other_thread", OTHER_THREAD, "-pthread")
    recording = record(folder, program, SERVICE)
    least_ns, most_ns = (int(word) for word in recording.out.split())
    report = recording.report()
    request = row(report, NAME, "requests")
    held_ns = request.get("held_ns")
    check(held_ns is not None and least_ns <= held_ns <= most_ns,
          f"held_ns is {held_ns}, the program says {least_ns} to {most_ns}")
    check(request.get("total_ns", 0) < 100 * 50000000, "held time is part of the total")
    equal(request.get("total_ns"), sum(found["total_ns"] or 0 for found in report["phases"]
                                       if found["entry_point"] == NAME), "sum of phases")
    check_balance(recording.leaks(status=0), 100, 0)


EXECS = r"""
#include "ffi/service/service.h"
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <string.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	struct fsc_byte_buffer (*hello)(const uint8_t *, size_t) =
		(struct fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	void (*give)(struct fsc_byte_buffer) =
		(void (*)(struct fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	struct fsc_byte_buffer held[5];
	for (int i = 0; i < 5; i++)
		held[i] = hello((const uint8_t *)"\x0a\x01x", 3);
	if (argc > 2 && strcmp(argv[2], "exec") == 0)
		execl("/bin/true", "true", NULL);
	if (argc > 2 && strcmp(argv[2], "fork") == 0) {
		pid_t child = fork();
		if (child == 0)
			return 0; /* the parent's buffers are no leaks of the child */
		waitpid(child, NULL, 0);
	}
	for (int i = 0; i < 5; i++)
		give(held[i]);
	return 0;
}
"""


@test
def buffers_open_at_exec_are_no_findings(folder):
    recording = record(folder, compile_program(folder, "execs", EXECS), SERVICE, "exec")
    leaks = recording.leaks(status=0)
    live = [(found["entry_point"], found["count"]) for found in leaks["live_at_end"]]
    equal(live, [(NAME, 5)], "live at end")


@test
def buffers_of_the_parent_are_no_leaks_of_a_forked_child(folder):
    recording = record(folder, compile_program(folder, "forks", EXECS), SERVICE, "fork")
    leaks = recording.leaks(status=0)
    equal((leaks["findings"], leaks["live_at_end"]), ([], []), "findings")


@test
def the_table_says_what_json_says_and_exits_alike(folder):
    recording = record_host(folder, "dlopen", "--requests", 300, "--leak-every", 3)
    table = run(FFISCOPE, "leaks", recording.path)
    equal(table.status, 1, "exit status")
    check(NAME in table.out and "100" in table.out, f"table says {table.out[:300]!r}")
    check("\x1b" not in table.out, "colour in a pipe")
    listed = run(FFISCOPE, "leaks", "--csv", recording.path)
    equal(listed.status, 1, "exit status of --csv")
    found = list(csv.DictReader(io.StringIO(listed.out)))
    equal([(line["kind"], line["entry_point"], line["count"]) for line in found],
          [("never_freed", NAME, "100")], "findings as CSV")
    clean = record_host(folder, "dlopen", "--requests", 300, name="clean")
    equal(run(FFISCOPE, "leaks", clean.path).status, 0, "exit status of a clean run")


if __name__ == "__main__":
    main()
