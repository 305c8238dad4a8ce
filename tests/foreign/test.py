# SPDX-License-Identifier: MIT
"""foreign - programs of another processor under an emulator, read by this machine's tools.

FFISCOPE_TEST_MACHINE says which processor. The scenarios that hold for any processor are run for this
one too: tests/e2e/CMakeLists.txt has the list.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "e2e"))
import machine
from scenario import (BUILD, PRELOAD, Recording, check_phases_add_up, environment, equal, host,
                      main, record, record_host, require, row, run, test)

HELLO = "proto2ffi_say_hello"
REQUESTS = 300


def process_json(image):
    with open(os.path.join(image, "process.json"), encoding="utf-8") as file:
        return json.load(file)


@test(which=["dlopen", "linked"])
def its_clock_is_the_systems_and_its_probe_cost_unknown(folder, which):
    """The recorder cannot read its counter, and measured nothing there."""
    recording = record_host(folder, which, "--requests", REQUESTS)
    report = recording.report()
    equal(row(report, HELLO).get("calls"), REQUESTS, "calls")
    equal(report["clock"]["mode"], "system", "clock mode")
    equal(report["clock"]["step_ns"], None, "clock step")
    equal(report["probe_cost_ns"], {"inner": None, "outer": None}, "probe cost")
    equal([process_json(image)["machine"] for image in recording.images()], [machine.NAME],
          "machine of the images")
    check_phases_add_up(report)


@test(clock=["fenced", "fast"])
def without_a_recorder_it_reads_its_own_counter(folder, clock):
    path = os.path.join(folder, "rec")
    variables = environment(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=path, FFISCOPE_CLOCK=clock)
    recording = Recording(path, run(*host("dlopen", "--requests", REQUESTS), env=variables))
    equal((recording.status, recording.err), (0, ""), "exit status, stderr")
    report = recording.report()
    equal(report["clock"]["mode"], clock, "clock mode")
    equal(row(report, HELLO).get("calls"), REQUESTS, "calls")
    equal(recording.leaks(status=0)["buffers"]["made"], REQUESTS, "buffers made")
    check_phases_add_up(report)


@test
def beside_a_native_program_each_has_figures_of_its_own(folder):
    native = [os.path.join(BUILD, "ffi", "host_dlopen"), "--requests", "100"]
    foreign = [*machine.RUNNER, *host("dlopen", "--requests", REQUESTS)]
    recording = record(folder, "/bin/sh", "-c", f"{' '.join(native)} && {' '.join(foreign)}")
    equal(recording.status, 0, f"exit status ({recording.err[-300:]!r})")
    found = {process_json(image)["machine"]: process_json(image) for image in recording.images()}
    require(found.keys() == {machine.NATIVE, machine.NAME}, f"machines are {list(found)}")
    for name, calls in ((machine.NATIVE, 100), (machine.NAME, REQUESTS)):
        report = recording.report("--pid", found[name]["pid"])
        equal(row(report, HELLO).get("calls"), calls, f"calls on {name}")
        equal(report["probe_cost_ns"]["inner"] is None, name == machine.NAME,
              f"probe cost unknown on {name}")


main()
