# SPDX-License-Identifier: MIT
"""sampling - some calls are timed, all are counted; what is estimated is near what programs know."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, PRELOAD, Recording, check, check_phases_add_up, compile_program, environment, equal,
                      main, near, one_line, phase, record, record_host, require, row, run, shared, test)

# lib_wait() knows how long it took; lib_around() calls back, and lib_plain() lies in that.
LIBRARY = r"""
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
static __thread uint64_t waited_ns, waits;
static __thread double squares;
static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
void lib_wait(uint64_t ns)
{
	uint64_t start_ns = now_ns(), passed_ns;
	do
		passed_ns = now_ns() - start_ns;
	while (passed_ns < ns);
	waited_ns += passed_ns;
	waits++;
	squares += (double)passed_ns * (double)passed_ns;
}
double lib_mean(void) { return (double)waited_ns / (double)waits; }
double lib_mean_square(void) { return squares / (double)waits; }
int lib_plain(int value) { return value + 1; }
int lib_around(int (*inside)(int), int value) { return inside(value) + 1; }
void lib_free(void *block) { free(block); }
"""

HOST = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int (*plain)(int);
static int (*around)(int (*)(int), int);
static void (*waits)(uint64_t);
static double (*mean)(void), (*mean_square)(void);
static const char *what;
static int rounds;

static void *work(void *unused)
{
	(void)unused;
	for (int i = 0; i < rounds; i++) {
		if (!strcmp(what, "plain") && plain(i) != i + 1)
			abort();
		if (!strcmp(what, "nested") && around(plain, i) != i + 2)
			abort();
		if (!strcmp(what, "mixed"))
			waits(i % 7 ? 3000 + i % 13 * 500 : 60000);
		if (!strcmp(what, "periodic"))
			waits(i % 10 ? 2000 : 200000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int threads = atoi(argv[3]);
	pthread_t thread[8];

	(void)argc;
	what = argv[2];
	rounds = atoi(argv[4]);
	*(void **)&plain = dlsym(library, "lib_plain");
	*(void **)&around = dlsym(library, "lib_around");
	*(void **)&waits = dlsym(library, "lib_wait");
	*(void **)&mean = dlsym(library, "lib_mean");
	*(void **)&mean_square = dlsym(library, "lib_mean_square");
	for (int i = 1; i < threads; i++)
		pthread_create(&thread[i], NULL, work, NULL);
	work(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (threads == 1 && (!strcmp(what, "mixed") || !strcmp(what, "periodic")))
		printf("%f %f\n", mean(), mean_square());
	return 0;
}
"""


def programs(folder):
    return (compile_program(folder, "host", HOST, "-ldl", "-lpthread"),
            shared(folder, "libwaits.so", LIBRARY, suffix=".c"))


def sample(folder, what, threads, rounds, one_in, **how):
    host, library = programs(folder)
    recording = record(folder, host, library, what, threads, rounds,
                       options=["--sample", f"1/{one_in}"], **how)
    require(recording.status == 0, f"the host ended with {recording.status}: {recording.err}")
    return recording


def near_share(found, calls, one_in, what, clusters=1):
    """A binomial number, six deviations wide: never by chance."""
    deviation = (calls / one_in * clusters) ** 0.5
    near(found, calls / one_in, 6 * deviation + clusters, what)


@test(threads=[1, 8], one_in=[10, 1000])
def all_calls_are_counted_and_one_in_n_is_timed(folder, threads, one_in):
    recording = sample(folder, "plain", threads, 200000, one_in)
    report = recording.report()
    found = row(report, "lib_plain")
    calls = threads * 200000
    equal(found.get("calls"), calls, "calls")
    equal(found.get("skipped"), 0, "skipped")
    equal(found.get("sampled"), found.get("timed_calls"), "sampled")
    near_share(found.get("sampled"), calls, one_in, "timed calls")
    equal(found.get("threads"), threads, "threads")
    equal(report["loss"]["events"], 0, "lost events")
    equal(found.get("partial"), False, "partial")
    check(f"(--sample 1/{one_in})" in recording.summary, f"the summary is {recording.summary!r}")
    screen = run(FFISCOPE, "report", "--brief", recording.path)
    check("about " in screen.out, "the screen does not say that requests are estimated")


@test
def without_it_nothing_is_an_estimate(folder):
    found = row(sample(folder, "plain", 1, 2000, 1).report(), "lib_plain")
    equal((found.get("calls"), found.get("timed_calls")), (2000, 2000), "calls")
    equal((found.get("sampled"), found.get("mean_ci95_ns")), (None, 0), "sampled, interval")


@test(one_in=[2, 10, 300])
def what_lies_in_a_call_goes_with_it(folder, one_in):
    """lib_plain() is always the only call inside a lib_around()."""
    report = sample(folder, "nested", 2, 50000, one_in).report()
    outer, inner = row(report, "lib_around"), row(report, "lib_plain")
    equal((outer.get("calls"), inner.get("calls")), (100000, 100000), "calls")
    equal(outer.get("sampled"), inner.get("sampled"), "timed calls")
    near_share(outer.get("sampled"), 100000, one_in, "timed calls")
    equal([found["entry_point"] for found in report["requests"]], ["lib_around"], "requests")


@test(what=["mixed", "periodic"])
def the_mean_lies_where_it_is_said_to(folder, what):
    """Six deviations of what the library saw, which a busy machine makes wide, and what measuring adds."""
    recording = sample(folder, what, 1, 5000, 10)
    found = row(recording.report(), "lib_wait")
    truth, mean_square = map(float, recording.out.split())
    deviation = ((mean_square - truth ** 2) / 500) ** 0.5
    equal(found.get("calls"), 5000, "calls")
    near(found["mean_ns"], truth, 6 * deviation + 0.05 * truth, "mean_ns")
    # Were all that lasted long among the tenth that was timed, its mean square would be ten times that of all.
    widest = 2 * (10 * mean_square / 500) ** 0.5
    check(0 < found["mean_ci95_ns"] < 1.2 * widest, f"interval of {found['mean_ci95_ns']} ns, not up to {widest}")
    near(found["total_ns"], found["mean_ns"] * 5000, 5000, "total_ns")


@test(threads=[1, 8], entry=["mixed", "hello"])
def buffers_and_bytes_stay_exact(folder, threads, entry):
    recording = record_host(folder, "dlopen", "--requests", 12000, "--threads", threads, "--entry",
                            entry, options=["--sample", "1/10"])
    truth, report = recording.truth(), recording.report()
    for said in truth["entry_points"]:
        found = row(report, said["name"])
        equal(found.get("calls"), said["calls"], f"calls of {said['name']}")
        if said["request_bytes"]:
            for key in ("request_bytes", "response_bytes"):
                equal(found.get(key), said[key], f"{key} of {said['name']}")
    leaks = recording.leaks(status=0)
    equal((leaks["buffers"]["made"], leaks["buffers"]["live"]), (truth["service"]["made"], 0),
          "buffers")
    equal(leaks["findings"], [], "findings")
    check_phases_add_up(report)


@test(threads=[1, 8])
def each_recorded_request_is_whole(folder, threads):
    """The host encodes before each call and decodes after it: both go with the call, or neither."""
    recording = record_host(folder, "dlopen", "--requests", 20000, "--threads", threads, options=[
                            "--sample", "1/10"])
    report = recording.report()
    requests = row(report, "proto2ffi_say_hello", "requests")
    near_share(requests.get("sampled"), 20000, 10, "recorded requests")
    for side, which in (("host", "encode"), ("library", "decode"), ("library", "work"),
                        ("library", "encode"), ("host", "decode"), ("host", "consume"),
                        ("library", "free")):
        equal(phase(report, "proto2ffi_say_hello", side, which).get("count"),
              requests.get("count"), f"{side} {which}")
    equal(row(report, "proto2ffi_free_byte_buffer").get("sampled"), requests.get("sampled"),
          "timed frees")


@test(every=[2, 7, 100])
def leaks_are_found_as_ever(folder, every):
    recording = record_host(folder, "dlopen", "--requests", 3000, "--leak-every", every,
                            options=["--sample", "1/50"])
    truth, leaks = recording.truth(), recording.leaks(status=1)
    found = [(finding["kind"], finding["count"], finding["bytes"], finding["uncertain"])
             for finding in leaks["findings"]]
    equal(found, [("never_freed", truth["leaked"], truth["leaked_bytes"], False)], "findings")


@test(kind=["twice", "size", "plain"])
def a_bad_free_is_found_though_its_call_was_left_out(folder, kind):
    option, found = {"twice": ("--free-twice-at", "freed_twice"),
                     "size": ("--wrong-length-at", "size_mismatch"),
                     "plain": ("--plain-free-at", "foreign_free")}[kind]
    recording = record_host(folder, "dlopen", "--requests", 400, option, 123,
                            options=["--sample", "1/1000000"])
    equal([(finding["kind"], finding["count"]) for finding in recording.leaks(status=1)["findings"]],
          [(found, 1)], "findings")


@test
def the_profile_sink_times_each_call(folder):
    done = run(FFISCOPE, "record", "--sample", "1/10", "--sink", "profile", "--", "true", cwd=folder)
    one_line(done, 125, "--sample", "profile")
    host, library = programs(folder)
    output = os.path.join(folder, "alone")
    alone = run(host, library, "plain", 1, 3000, cwd=folder, env=environment(
        LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=output, FFISCOPE_SINK="profile", FFISCOPE_SAMPLE="1/10"))
    equal(alone.status, 0, "status")
    found = row(Recording(output, alone).report(), "lib_plain")
    equal((found.get("calls"), found.get("timed_calls"), found.get("sampled")), (3000, 3000, None), "calls")


if __name__ == "__main__":
    main()
