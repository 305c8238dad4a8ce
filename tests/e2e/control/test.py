# SPDX-License-Identifier: MIT
"""control - what is recorded of a running program is changed, and reports know from where on."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, PRELOAD, Recording, Result, babeltrace_lines, check, compile_program, environment,
                      equal, main, near, one_line, require, row, run, shared, test)

LIBRARY = "int lib_plain(int value) { return value + 1; }\n"

# Says its pid; then makes as many calls as each line says, and answers.
HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	int (*plain)(int), calls;

	*(void **)&plain = dlsym(library, "lib_plain");
	printf("%d\n", (int)getpid());
	fflush(stdout);
	while (scanf("%d", &calls) == 1) {
		for (int i = 0; i < calls; i++)
			if (plain(i) != i + 1)
				abort();
		puts("done");
		fflush(stdout);
	}
	return 0;
}
"""
LATE = 4096  # calls that a thread may make before it goes by a change


class Program:
    """A host that calls as often as it is told to."""

    def __init__(self, folder, *options, standalone=False):
        library = shared(folder, "libplain.so", LIBRARY, suffix=".c")
        command = [compile_program(folder, "host", HOST, "-ldl"), library]
        self.output = os.path.join(folder, "rec")
        changes = {}
        if standalone:
            changes = {"LD_PRELOAD": PRELOAD, "FFISCOPE_OUTPUT": self.output}
        else:
            command = [FFISCOPE, "record", "-o", self.output, *options, "--", *command]
        self.process = subprocess.Popen(command, env=environment(**changes), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.pid = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

    def call(self, calls):
        self.process.stdin.write(f"{calls}\n".encode())
        self.process.stdin.flush()
        equal(self.process.stdout.readline(), b"done\n", "answer of the program")

    def control(self, *options):
        result = run(FFISCOPE, "control", self.pid, *options)
        equal(result.status, 0, f"status of control {result.err!r}")
        return result.out.strip()

    def finish(self):
        out, err = self.process.communicate()
        require(self.process.returncode == 0, f"the program ended with {self.process.returncode}: {err}")
        return Recording(self.output, Result(["host"], self.process.returncode, out, err))


@test(standalone=[False, True])
def a_running_program_is_sampled_and_then_not_any_more(folder, standalone):
    with Program(folder, standalone=standalone) as program:
        program.call(10000)
        equal(program.control(), f"process {program.pid}: all calls are recorded", "what it says")
        equal(program.control("--sample", "1/100"), f"process {program.pid}: one call in 100 is recorded",
              "what it says")
        program.call(200000)
        equal(program.control("--sample", "all"), f"process {program.pid}: all calls are recorded", "what it says")
        program.call(10000 + LATE)
        recording = program.finish()
    report = recording.report()
    found, requests = row(report, "lib_plain"), row(report, "lib_plain", "requests")
    equal(found.get("calls"), 220000 + LATE, "calls")
    equal(report["loss"]["events"], 0, "lost events")
    # All of the first and the last, 1 % of those between; and what came late on either side.
    near(found.get("sampled"), 20000 + 2000 + LATE, LATE + 300, "timed calls")
    check(found["sampled"] >= 20000 + 1900 - 300, f"timed calls are {found['sampled']}")
    near(requests.get("count"), 220000 + LATE, 6 * 100 * 2000 ** 0.5 + 200, "requests, weighed")
    check(0 < found["mean_ci95_ns"], f"interval of {found['mean_ci95_ns']} ns")


@test
def the_recording_says_where_it_changed(folder):
    with Program(folder, "--sample", "1/10") as program:
        program.call(2000)
        program.control("--sample", "1/1000")
        program.call(50000)
        program.control("--sample", "none")
        program.call(50000)
        recording = program.finish()
    found = row(recording.report(), "lib_plain")
    equal(found.get("calls"), 102000, "calls")
    lines = [line for name, line in babeltrace_lines(recording.images()[0] + "ctf") if name == "detail"]
    rates = [int(line.split("one_in = ")[1].split()[0].rstrip(",")) for line in lines]
    equal(rates, [10, 1000, 0], "rates in the order of the recording")


@test
def none_counts_and_records_nothing(folder):
    with Program(folder, "--sample", "none") as program:
        program.call(3000)
        equal(program.control(), f"process {program.pid}: calls are counted, none is recorded", "what it says")
        found = row(program.finish().report(), "lib_plain")
    equal((found.get("calls"), found.get("sampled"), found.get("mean_ns")), (3000, 0, None), "calls, timed, mean")


@test
def what_cannot_be_changed_is_said_in_one_line(folder):
    one_line(run(FFISCOPE, "control"), 2, "which process")
    one_line(run(FFISCOPE, "control", os.getpid(), "--sample", "1/10"), 2, "is not recorded")
    with Program(folder, "--sink", "profile") as program:
        program.call(10)
        one_line(run(FFISCOPE, "control", program.pid, "--sample", "1/10"), 2, "profile")
        check(run(FFISCOPE, "control", program.pid, "--sample", "10").status == 2, "10 is taken for a rate")
        equal(row(program.finish().report(), "lib_plain").get("calls"), 10, "calls")


if __name__ == "__main__":
    main()
