# SPDX-License-Identifier: MIT
"""lttng - the preload is one more provider in a session that the user made: exact counts, state that
is told again, and a program that notices nothing, whatever becomes of session and daemon."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tracing import Trace, Tracer, record_sizes, relay
from scenario import (PRELOAD, SERVICE, check, compile_program, environment, equal, host, load, main, record,
                      require, run, shared, test, unharmed, wait_until)

TRANSPORTS = ["events", "batch"]

# What stands in the environment, and what dlerror() says, before the program has done anything.
SURROUNDINGS = """#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	const char *error = dlerror(), *set = getenv("SET_MEANWHILE");

	printf("%s %s %s\\n", error ? error : "-", set ? set : "-",
	       getenv("LTTNG_UST_REGISTER_TIMEOUT") ? "timeout" : "-");
	return 0;
}"""
SETS = '#include <stdlib.h>\n__attribute__((constructor)) static void set(void) { setenv("SET_MEANWHILE", "yes", 1); }'


def calls_of(truth):
    """Calls of a host's entry points, frees among them, as it says itself."""
    return sum(entry["calls"] + entry["frees"] for entry in truth["entry_points"])


def check_calls(trace, *truths):
    """Each call is there, what the image counted is there, and nothing was lost."""
    equal(trace.discarded, 0, "events that LTTng discarded")
    images = trace.images()
    equal(len(images), len(truths), "process images")
    equal([image["lost_events"] for image in images], ["0"] * len(truths), "lost events")
    entered = sum(int(image["calls"]) for image in images)
    equal(trace.calls(), entered, "calls in the trace, by what the images counted")
    planned = sum(calls_of(truth) for truth in truths)
    equal(trace.calls(), planned + 2 * len(truths),  # the host asks the service twice
          "calls in the trace, by what the hosts say")


@test(transport=TRANSPORTS, requests=[1, 300], threads=[1, 3])
def a_session_of_the_users_has_every_call(folder, transport, requests, threads):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session()
        tracer.lttng("start")
        truth = tracer.run_host("--requests", requests, "--threads", threads, "--entry", "mixed",
                                transport=transport)
        tracer.lttng("destroy")
        check_calls(Trace(trace, record_sizes(folder)), truth)


@test(transport=TRANSPORTS)
def contexts_and_foreign_events_change_nothing(folder, transport):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session(events=("ffiscope:*", "lttng_ust_statedump:*"))
        tracer.lttng("add-context", "-u", "-c", "c", "-t", "vpid", "-t", "vtid", "-t", "procname")
        tracer.lttng("start")
        truth = tracer.run_host("--requests", 200, "--threads", 2, transport=transport)
        tracer.lttng("destroy")
        found = Trace(trace, record_sizes(folder))
        check(found.foreign > 0, "no foreign event is there")
        check_calls(found, truth)


@test(transport=TRANSPORTS, buffers=["uid", "pid"])
def two_processes_in_buffers_of_each_kind(folder, transport, buffers):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session(channel=(f"--buffers-{buffers}", "--subbuf-size=1M"))
        tracer.lttng("start")
        truths = [tracer.run_host("--requests", count, transport=transport) for count in (50, 150)]
        tracer.lttng("destroy")
        check_calls(Trace(trace, record_sizes(folder)), *truths)


@test(transport=TRANSPORTS)
def without_a_daemon_or_a_session_the_program_runs_as_ever(_, transport):
    with Tracer() as tracer:
        command = host("dlopen", "--requests", 200)
        unharmed(tracer.run(transport, *command, patient=False))
        tracer.sessiond()
        unharmed(tracer.run(transport, *command, patient=False))
        tracer.session()
        unharmed(tracer.run(transport, *command, patient=False))
        tracer.lttng("destroy")


CHILDREN = """
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	void (*call)(void *) = (void (*)(void *))dlsym(library, "proto2ffi_memory_stats");
	char stats[4096];
	int status, count = argc > 2 ? atoi(argv[2]) : 1;

	for (int i = 0; i < 10; i++)
		call(stats);
	for (int child = 0; child < count; child++)
		if (fork() == 0) {
			for (int i = 0; i < 100; i++)
				call(stats);
			exit(0);
		}
	while (wait(&status) > 0)
		;
	return 0;
}
"""


@test(transport=TRANSPORTS)
def a_forked_child_is_an_image_of_its_own(folder, transport):
    program = compile_program(folder, "children", CHILDREN)
    os.chmod(folder, 0o755)
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session()
        tracer.lttng("start")
        result = tracer.run(transport, program, SERVICE, 3)
        equal(result.status, 0, "exit status")
        tracer.lttng("destroy")
        found = Trace(trace, record_sizes(folder))
        equal(sorted(int(image["calls"]) for image in found.images()), [10, 100, 100, 100],
              "calls by image")
        equal(found.calls(), 310, "calls in the trace")


@test(transport=TRANSPORTS)
def a_session_that_begins_in_mid_run_can_be_read_alone(folder, transport):
    with Tracer() as tracer:
        tracer.sessiond()
        program = tracer.popen(transport, *host("dlopen", "--requests", 300, "--delay-work",
                                                20000000), stdout=subprocess.PIPE)
        time.sleep(1)
        trace = tracer.session()
        tracer.lttng("start")
        truth = json.loads(program.communicate()[0])
        tracer.lttng("destroy")
        embedded = record(folder, *host("dlopen", "--requests", 300, "--delay-work", 1)).report()
        found = Trace(trace, record_sizes(folder))
        names = {text["text"].strip('"') for text in found.of("string")}
        check({"proto2ffi_say_hello", "proto2ffi_free_byte_buffer"} <= names, f"names: {names}")
        equal(found.images()[0]["calls"], str(embedded["process"]["calls"]),
              "calls that the image counted, beside an embedded recording's")
        check(0 < found.calls() < calls_of(truth), f"{found.calls()} calls are there")


STEADY = """
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static void (*call)(void *);
static struct { uint64_t tid, calls; } *done;
static void *work(void *at)
{
	char stats[4096];
	long n = (long)at;

	done[n].tid = (uint64_t)syscall(SYS_gettid);
	for (;;) {
		call(stats);
		__atomic_fetch_add(&done[n].calls, 1, __ATOMIC_RELEASE);
		usleep(50);
	}
}
int main(int argc, char **argv)
{
	int file = open(argv[2], O_RDWR);
	pthread_t thread;

	done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	call = (void (*)(void *))dlsym(dlopen(argv[1], RTLD_NOW), "proto2ffi_memory_stats");
	pthread_create(&thread, NULL, work, (void *)1);
	work((void *)0);
	return argc;
}
"""


@test(transport=TRANSPORTS)
def a_program_that_is_killed_loses_its_open_batches_alone(folder, transport):
    program = compile_program(folder, "steady", STEADY)
    done = os.path.join(folder, "done")
    sizes = record_sizes(folder)
    with open(done, "wb") as file:
        file.write(bytes(4096))
    os.chmod(folder, 0o755)
    os.chmod(done, 0o666)
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session()
        tracer.lttng("start")
        running = tracer.popen(transport, program, SERVICE, done)
        require(wait_until(lambda: min(counts_of(done).values(), default=0) > 5000),
                "the program does not call")
        running.kill()
        running.wait()
        tracer.lttng("destroy")
        found = Trace(trace, sizes)
        told = {tid: sum(1 for name, fields in found.events if name == "call" and
                         int(fields["tid"]) == tid) for tid in counts_of(done)}
        open_calls = BATCH_BYTES // sizes_of("call", sizes) if transport == "batch" else 0
        for tid, calls in counts_of(done).items():
            # One more may have been told than the program counted.
            check(calls - open_calls <= told[tid] <= calls + 1,
                  f"thread {tid} made {calls} calls, {told[tid]} of them are there")
        equal(load(trace, "report")["loss"]["events"], None if transport == "batch" else 0,
              "lost events in the report")


# A batch is told when so much is in it: FSC_LTTNG_BATCH_BYTES, and at most one group more.
BATCH_BYTES = 3 * 1024 + 256


def sizes_of(event, sizes):
    return next(size for name, size in sizes.values() if name == event)


def counts_of(done):
    """Calls that each thread says it has made, by thread."""
    with open(done, "rb") as file:
        words = struct.unpack("=4Q", file.read(32))
    return {tid: calls for tid, calls in zip(words[::2], words[1::2]) if tid}


@test
def a_full_buffer_discards_and_counts(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session(channel=("--subbuf-size=4096", "--num-subbuf=2"))
        tracer.lttng("start")
        truth = tracer.run_host("--requests", 20000)
        tracer.lttng("destroy")
        found = Trace(trace, record_sizes(folder))
        check(found.discarded > 0, "nothing was discarded")
        check(found.calls() < calls_of(truth), "all calls are there")


@test(transport=TRANSPORTS)
def a_daemon_that_is_killed_leaves_the_program_alone(_, transport):
    with Tracer() as tracer:
        daemon = tracer.sessiond()
        tracer.session()
        tracer.lttng("start")
        program = tracer.popen(transport, *host("dlopen", "--requests", 300, "--delay-work", 5000000),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.5)
        daemon.kill()
        daemon.wait()
        out, err = program.communicate(timeout=60)
        equal(program.returncode, 0, "exit status")
        equal(err, b"", "stderr")
        equal(json.loads(out)["service"]["calls"], 300, "calls of the program")
        stop_consumers(tracer.home)


@test(beside=["nothing", "an empty library", "one that sets a variable"])
def a_program_without_the_tracer_finds_its_surroundings_as_they_are(folder, beside):
    """A variable that is set while the tracer's library is opened stays, and the one that is there for it goes."""
    preload = shutil.copy(PRELOAD, folder)
    if beside != "nothing":
        shared(folder, "libffiscope-lttng.so", SETS if "sets" in beside else "int nothing;")
    program = compile_program(folder, "surroundings", SURROUNDINGS)
    result = run(program, env=environment(LD_PRELOAD=preload, FFISCOPE_SINK="lttng"))
    equal((result.status, result.out, result.err),
          (0, "- yes -\n" if "sets" in beside else "- - -\n", ""), "status, output, messages")


def stop_consumers(home):
    """A daemon that is killed leaves its consumers, which are told by their home."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read()
        except OSError:
            continue
        if b"lttng-consumerd" in command and home.encode() in command:
            os.kill(int(entry), signal.SIGTERM)


@test
def a_snapshot_can_be_read_alone(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        snapshot = os.path.join(tracer.home, "snapshot")
        tracer.session("--snapshot", output=False, channel=("--subbuf-size=256K", "--num-subbuf=4"))
        tracer.lttng("start")
        tracer.run_host("--requests", 300)
        tracer.lttng("snapshot", "record", snapshot)
        tracer.lttng("destroy")
        found = Trace(snapshot, record_sizes(folder))
        check(found.calls() > 0 and found.images(), "calls and state are there")


@test
def each_chunk_of_a_rotation_has_the_state(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        trace = tracer.session()
        tracer.lttng("start")
        program = tracer.popen("events", *host("dlopen", "--requests", 250, "--delay-work",
                                               20000000), stdout=subprocess.DEVNULL)
        for _ in range(2):
            time.sleep(1.7)
            tracer.lttng("rotate", "s")
        program.wait()
        tracer.lttng("destroy")
        chunks = os.path.join(trace, "archives")
        names = sorted(os.listdir(chunks))
        check(len(names) >= 2, f"chunks: {names}")
        for name in names[:2]:
            found = Trace(os.path.join(chunks, name), record_sizes(folder))
            check(found.images() and found.of("site") and found.calls(), f"{name} is not whole")


@test
def a_relay_daemon_gets_the_same(folder):
    with Tracer() as tracer:
        tracer.sessiond()
        output, url = relay(tracer)
        tracer.session(f"--set-url={url}", output=False)
        tracer.lttng("start")
        truth = tracer.run_host("--requests", 300, "--threads", 2)
        tracer.lttng("destroy")
        check_calls(Trace(output, record_sizes(folder)), truth)


main()
