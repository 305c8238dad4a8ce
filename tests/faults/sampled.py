# SPDX-License-Identifier: MIT
"""sampled - what is hard for the library is hard while it leaves calls out, too: nothing but that is asked here.

Imported by test.py.
"""
from cases import both, program, program_and_twin, said
from scenario import check, near, row, test

# Source, flags and arguments of programs that do what other tests here do.
PROGRAMS = {
    "longjmp": ("jumps.c", [], ["longjmp", 300]),
    "exit inside": ("jumps.c", [], ["inside", 300]),
    "cancel": ("jumps.c", [], ["cancel", 300]),
    "left phases": ("left.c", [], ["phases in a call"]),
    "recursion": ("nesting.c", [], [10000, 0]),
    "signals": ("signals.c", [], ["normal", 53, "warm"]),
    "signal stack": ("signals.c", [], ["sigaltstack", 53, "cold"]),
    "fibers": ("fibers.c", [], ["nested", 200]),
    "stacks": ("stacks.c", [], ["kept"]),
    "forks": ("children.c", [], ["fork"]),
    "vfork": ("children.c", [], ["vfork"]),
    "clones": ("clones.c", [], ["at once"]),
    "atfork": ("forks.c", ["-rdynamic"], []),
    "handlers": ("handlers.c", [], []),
    "threads": ("threads.c", [], [500, 20]),
    "sandbox": ("sandbox.c", [], ["warm", 1]),
    "own malloc": ("own_malloc.c", ["-rdynamic", "-fno-builtin"], []),
}


@test(which=list(PROGRAMS), one_in=[3, 1000])
def a_sampled_program_does_what_it_does_without_us(folder, which, one_in):
    source, flags, arguments = PROGRAMS[which]
    both(folder, program(folder, source, *flags) + arguments, options=["--sample", f"1/{one_in}"])


@test(start=["warm", "cold"])
def a_handler_that_jumps_out_of_anywhere_harms_no_sampled_program(folder, start):
    """Also between the steps of what decides which call is recorded: several times, it is chance."""
    for _ in range(5):
        recording, _ = both(folder, program(folder, "jumps.c") + [start, 500], options=["--sample", "1/3"])
        report = recording.report()
        near(row(report, "lib_add").get("calls"), said(recording.err)["spins"], 500, "calls of lib_add")
        check(row(report, "lib_after").get("calls") == 1000, "calls after the jumps")


@test(one_in=[1, 3])
def a_child_forked_inside_a_call_that_it_has_no_counter_for_is_unharmed(folder, one_in):
    """Of a function that was found late: the child has counters for the first ones alone."""
    recording, bare = both(folder, program_and_twin(folder, "late.c"), options=["--sample", f"1/{one_in}"])
    children = bare.out.count("right=500\n")
    check(children == 20, "children that did all their calls")
    check(sorted(process["calls"] for process in recording.report()["processes"]) == [20] + [500] * children,
          "calls of the program and of its children")
