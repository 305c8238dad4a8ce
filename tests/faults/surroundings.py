# SPDX-License-Identifier: MIT
"""surroundings - programs that forbid, limit or take away what the library lives on.

Imported by test.py.
"""
from cases import both, calls_of, processes, program, row_is, said, sum_of
from scenario import check, equal, test

ERRORS = {"EPERM": 1, "ENOSYS": 38}
SANDBOX_CALLS = 2 * (3000 + 256)  # of each child, on two threads
SANDBOX_CHILDREN = 40


# --- Forbidden system calls ----------------------------------------------------------------------

@test(start=["warm", "cold"], error=list(ERRORS))
def whatever_system_call_is_forbidden_the_program_is_right(folder, start, error):
    """warm: the first call was before. Where not even an image can be made, that is counted."""
    command = program(folder, "sandbox.c") + [start, ERRORS[error]]
    recording, _ = both(folder, command)
    found = processes(recording)
    refused = recording.meta()["seen"]["refused"]
    if start == "warm":
        equal(refused, 0, "processes without memory")
    equal(len(found) + refused, SANDBOX_CHILDREN, "processes with and without memory")
    equal({sum_of(report, "calls") for report in found},
          {SANDBOX_CALLS + (start == "warm")}, "calls of each process")


@test(error=list(ERRORS))
def who_may_not_ask_what_is_mapped_reads_nothing(folder, error):
    """Calls at a stack's end of which nothing is known are counted and pass unseen."""
    command = program(folder, "fibers.c") + ["edges", 100, ERRORS[error]]
    recording, bare = both(folder, command)
    row_is(recording.report(), "lib_add", calls=said(bare.out)["adds"], unwound=0, open=0)
