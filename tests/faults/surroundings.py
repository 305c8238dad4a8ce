# SPDX-License-Identifier: MIT
"""surroundings - programs that forbid, limit or take away what the library lives on.

Imported by test.py.
"""
import glob
import json
import os
import platform
import shutil

from cases import (FAULT_TIMEOUT_S, both, build, build_shared, calls_of, processes, program,
                   row_is, said, sum_of, unharmed)
from scenario import (BUILD, PRELOAD, Skip, check, environment, equal, load, record, require, run,
                      test)

ERRORS = {"EPERM": 1, "ENOSYS": 38}
SANDBOX_CALLS = 2 * (3000 + 256)  # of each child, on two threads
SANDBOX_CHILDREN = 41


def load_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


# --- Forbidden system calls ----------------------------------------------------------------------

@test(start=["warm", "cold"], error=[*ERRORS, "the end"])
def whatever_system_call_is_forbidden_the_program_is_right(folder, start, error):
    """warm: the first call was before. Where not even an image can be made, that is counted."""
    command = program(folder, "sandbox.c") + [start, ERRORS.get(error, 0)]
    recording, _ = both(folder, command)
    found = processes(recording)
    refused = recording.meta()["seen"]["refused"]
    if start == "warm":
        equal(refused, 0, "processes without memory")
    equal(len(found) + refused, SANDBOX_CHILDREN, "processes with and without memory")
    equal({sum_of(report, "calls") for report in found},
          {SANDBOX_CALLS + (start == "warm")}, "calls of each process")


@test(how=["tsc", "strict", "strict-by-hand"], where=["outside", "inside"],
      clock=["fenced", "fast"])
def a_thread_that_gives_its_clock_away_is_counted_and_not_timed(folder, how, where, clock):
    """inside: within a call, whose end is not seen then."""
    recording, _ = both(folder, program(folder, "clockless.c") + [how, where], ["--clock", clock])
    report = recording.report()
    row_is(report, "lib_add", calls=5010, skipped=5000, unwound=0, open=0)
    check(" calls (5000 only counted), " in recording.err, f"the summary says {recording.err!r}")
    if where == "inside":
        row_is(report, "lib_call", calls=1, unwound=1, open=0)


@test(where=["outside", "inside"])
def a_clock_that_the_kernel_did_not_take_goes_on(folder, where):
    """Nor is it our fault when the filter cannot be read: that is the kernel's to say."""
    recording, _ = both(folder, program(folder, "clockless.c") + ["refused", where])
    report = recording.report()
    row_is(report, "lib_add", calls=5010, skipped=0, unwound=0, open=0)
    if where == "inside":
        row_is(report, "lib_call", calls=1, unwound=0, open=0)


@test(which=["ends", "refused"], how=["record", "alone"])
def a_filter_for_all_threads_reaches_none_of_ours(folder, which, how):
    """Without record a helper thread drains: it is gone before the filter comes.

    What is drained is what was before; the rest is not known. A filter that the kernel refused changes nothing.
    """
    command = program(folder, "filtered.c") + [which]
    if how == "record":
        recording, bare = both(folder, command)
        found = row_is(recording.report(), "lib_add", calls=5010, skipped=0)
        state = "exited"
    else:
        bare = run(*command)
        result, report = alone(folder, [PRELOAD], *command)
        equal((result.status, result.out), (bare.status, bare.out), "exit status and output")
        calls, skipped, state = (10, None, "running") if which == "ends" else (5010, 0, "exited")
        found = row_is(report, "lib_add", calls=calls, skipped=skipped)
    equal(bare.status, 7 if which == "ends" else 0, "exit status of the bare program")
    equal(found.get("threads"), 2 if which == "refused" else 1, "threads of lib_add")
    [image] = glob.glob(os.path.join(folder, "*", "*-*", "process.json"))
    equal(load_json(image)["state"], state, "what is said of the process's end")


@test(how=["record", "alone"])
def who_asks_which_filters_there_are_changes_nothing(folder, how):
    """libseccomp asks with a filter that is NULL: the helper thread stays, and all calls are recorded."""
    command = program(folder, "filtered.c") + ["asks"]
    if how == "record":
        report = both(folder, command)[0].report()
    else:
        result, report = alone(folder, [PRELOAD], *command)
        equal((result.status, result.out), (0, "wrong=0\n"), "exit status and output")
    row_is(report, "lib_add", calls=5010, skipped=0, unwound=0, open=0)


@test(how=["record", "alone"])
def threads_that_take_filters_at_once_keep_their_signals(folder, how):
    """While one of them waits for the helper thread, the other forbids the system calls to do it."""
    command = program(folder, "filtered.c") + ["each"]
    if how == "record":
        both(folder, command)
    else:
        result, _ = alone(folder, [PRELOAD], *command)
        equal((result.status, result.out), (0, "wrong=0\n"), "exit status and output")


@test(error=list(ERRORS))
def who_may_not_ask_what_is_mapped_reads_nothing(folder, error):
    """Calls at a stack's end of which nothing is known are counted and pass unseen."""
    command = program(folder, "fibers.c") + ["edges", 100, ERRORS[error]]
    recording, bare = both(folder, command)
    row_is(recording.report(), "lib_add", calls=said(bare.out)["adds"], unwound=0, open=0)


@test(clock=["counter", "system"])
def no_clock_is_read_that_would_end_the_program(folder, clock):
    """Without a vDSO it is a system call. Who has no other clock is given up, its open calls with it."""
    if platform.machine() != "x86_64":
        raise Skip("the launcher knows x86-64")
    launcher = build(folder, "without_vdso.c")
    command = [launcher, clock, *program(folder, "timeless.c")]
    recording, _ = both(folder, command)
    report = recording.report()
    skipped = 1999 if clock == "system" else 0  # the other thread finds out in a call
    row_is(report, "lib_add", calls=2020, skipped=skipped, unwound=int(clock == "system"), open=0)
    row_is(report, "lib_call", calls=1, unwound=int(clock == "system"), open=0)
    row_is(report, "lib_after", calls=1)


@test(start=["warm", "cold"])
def without_a_vdso_too_whatever_is_forbidden_the_program_is_right(folder, start):
    if platform.machine() != "x86_64":
        raise Skip("the launcher knows x86-64")
    command = [build(folder, "without_vdso.c"), "counter", *program(folder, "sandbox.c"), start, 0]
    recording, _ = both(folder, command)
    equal({sum_of(report, "calls") for report in processes(recording)},
          {SANDBOX_CALLS + (start == "warm")}, "calls of each process")


@test(how=["record", "alone"])
def functions_of_the_programs_own_are_not_taken_for_the_c_librarys(folder, how):
    """C lets a program have a read() and a clock_gettime() that are something else."""
    command = program(folder, "own_calls.c")
    if how == "record":
        report = both(folder, command)[0].report()
    else:
        result, report = alone(folder, [PRELOAD], *command)
        equal((result.status, result.out), (0, "right\n"), "exit status and output")
    row_is(report, "lib_add", calls=1000, unwound=0, open=0)


# --- Limits, users, folders ----------------------------------------------------------------------

LIMITED_CALLS = 5000
TAKEN = ["address space", "descriptors", "unlocked memory", "user", "root", "mounts"]


@test(what=TAKEN, start=["warm", "cold"])
def what_a_program_takes_from_itself_harms_only_the_recording(folder, what, start):
    """And what is not recorded is counted: as lost, as unseen, or as a process without memory."""
    if what == "user" and os.geteuid() != 0:
        what = "root"
    empty = os.path.join(folder, "empty")
    os.mkdir(empty)
    recording, _ = both(folder, program(folder, "limits.c") + [what, start, empty])
    found = processes(recording)
    refused = recording.meta()["seen"]["refused"]
    equal(len(found) + refused, 2, "processes with and without memory")
    parent = (5 + (start == "warm")) * LIMITED_CALLS
    equal([calls_of(report, "lib_add") for report in found],
          [parent, LIMITED_CALLS][:len(found)], "calls of lib_add in parent and child")
    for report in found:
        equal(sum_of(report, "timed_calls") + sum_of(report, "skipped") + report["loss"]["events"],
              sum_of(report, "calls"), "timed, unseen and lost calls")


@test
def a_call_needs_little_stack(folder):
    """Fibers and signal stacks may be small. A vector of 64 bytes is saved 8 times."""
    recording, _ = both(folder, program(folder, "painted.c"))
    told = said(recording.err)
    for name, most in (("later", 1024), ("first", 2048), ("growing", 2048), ("child", 5120)):
        check(200 < told[name] < most, f"stack of {name} is {told[name]} bytes, expected {most}")


@test
def paths_may_hold_spaces(folder):
    """Ours, the program's, its library's and the recording's."""
    there = os.path.join(folder, "a b", "c  d")
    os.makedirs(there)
    for name in ("bin", "lib", "libexec"):
        os.symlink(os.path.join(BUILD, name), os.path.join(there, name))
    command = [shutil.copy(path, there) for path in program(folder, "clones.c")] + ["one by one"]
    bare = run(*command)
    path = os.path.join(there, "r e c")
    recorded = run(os.path.join(there, "bin", "ffiscope"), "record", "-o", path, "--", *command)
    equal((recorded.status, recorded.out), (bare.status, bare.out), "exit status and output")
    row_is(load(path, "report"), "lib_add", calls=said(bare.out)["calls"])


# --- Other preloads, other allocators ------------------------------------------------------------

ALLOCATORS = ["libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2.0"]


def alone(folder, preloads, *command):
    """Run with these preloads and ours, without record: (result, report)."""
    path = os.path.join(folder, "alone")
    result = run(*command, env=environment(LD_PRELOAD=":".join(preloads), FFISCOPE_OUTPUT=path))
    return result, load(path, "report")


@test(allocator=ALLOCATORS)
def a_host_linked_with_another_allocator_works(folder, allocator):
    command = program(folder, "sanitized.c", "-Wl,--no-as-needed", f"-l:{allocator}") + ["none"]
    recording, _ = both(folder, command)
    found = row_is(recording.report(), "lib_allocate", calls=8000, allocations=8000)
    check(found.get("allocated_bytes", 0) > 4000 * 500, f"allocated {found.get('allocated_bytes')}")


@test(allocator=ALLOCATORS + ["libearly.so"], order=["before us", "behind us"])
def another_preload_works_in_either_order(folder, allocator, order):
    command = program(folder, "sanitized.c") + ["none"]
    if allocator == "libearly.so":
        allocator = build_shared(folder, "early.c", name=allocator)
    bare = run(*command, env=environment(LD_PRELOAD=allocator))
    preloads = [allocator, PRELOAD] if order == "before us" else [PRELOAD, allocator]
    result, report = alone(folder, preloads, *command)
    equal((result.status, result.out), (bare.status, bare.out), "exit status and output")
    check("not" not in bare.out, f"the program itself says {bare.out!r}")
    # An allocator before us takes what the library asks for past us: unknown is not 0.
    seen = order == "behind us" or not allocator in ALLOCATORS
    row_is(report, "lib_allocate", calls=8000, allocations=8000 if seen else None)


@test
def a_host_with_a_dlsym_of_its_own_keeps_it(folder):
    both(folder, program(folder, "own_dlsym.c", "-rdynamic"), wrapped=False)


@test
def as_many_libraries_with_static_storage_can_be_opened(folder):
    first = build_shared(folder, "static_tls.c", "-DLIBRARY", name="lib0.so")
    copies = [shutil.copy(first, os.path.join(folder, f"lib{i}.so")) for i in range(1, 30)]
    _, bare = both(folder, [build(folder, "static_tls.c"), *copies])
    check(2 < said(bare.out)["opened"] < 29, f"bare, {said(bare.out)['opened']} could be opened")


@test
def a_host_built_with_undefined_behaviour_sanitizer_works(folder):
    """And finds in itself, not in us."""
    command = program(folder, "sanitized.c", "-fsanitize=undefined") + ["none"]
    recording, _ = both(folder, command)
    check("runtime error" not in recording.err, f"said {recording.err[:600]!r}")
    row_is(recording.report(), "lib_add", calls=4000, open=0)


@test
def a_program_with_its_own_malloc_keeps_it(folder):
    command = program(folder, "own_malloc.c", "-rdynamic", "-fno-builtin")
    recording, bare = both(folder, command)
    equal(said(bare.out)["in_arena"], 5000, "blocks in the program's arena")
    # Nobody asks us: unknown is not 0.
    row_is(recording.report(), "lib_allocate", calls=5001, allocations=None, frees=None)


def sanitized(folder, command, word):
    """The sanitizer finds what it finds without us, or nothing."""
    bare = run(*command, timeout=FAULT_TIMEOUT_S)
    prefix = []
    if "unexpected memory mapping" in bare.err:
        prefix = ["setarch", "-R"]
        bare = run(*prefix, *command, timeout=FAULT_TIMEOUT_S)
    if "unexpected memory mapping" in bare.err:
        raise Skip("this kernel is not for this sanitizer")
    check(word in bare.err, f"{word} is not in what the bare program says: {bare.err[:300]!r}")
    recording = record(folder, *prefix, *command, timeout=FAULT_TIMEOUT_S)
    unharmed(command, recording, bare)
    if word:
        check(word in recording.err, f"{word} not in {recording.err[:600]!r}")
    else:
        check("Sanitizer" not in recording.err and "runtime does not" not in recording.err,
              f"said {recording.err[:600]!r}")
    require(recording.images(), f"no images: {recording.err[:400]!r}")
    report = recording.report()
    row_is(report, "lib_add", calls=4000, open=0)
    row_is(report, "lib_call", calls=4000, open=0)


@test(runtime=["shared", "static"], fault=["none", "overflow", "freed", "leak"])
def a_host_built_with_address_sanitizer_works(folder, runtime, fault):
    flags = ["-fsanitize=address"] + (["-static-libasan"] if runtime == "static" else [])
    command = program(folder, "sanitized.c", *flags) + [fault]
    sanitized(folder, command, {"none": "", "overflow": "heap-buffer-overflow",
                                "freed": "heap-use-after-free", "leak": "LeakSanitizer"}[fault])


@test
def a_child_built_with_address_sanitizer_starts(folder):
    command = program(folder, "sanitized.c", "-fsanitize=address") + ["none"]
    sanitized(folder, ["sh", "-c", '"$@"; exit $?', "sh", *command], "")


@test(runtime=["shared", "static"], fault=["none", "race"])
def a_host_built_with_thread_sanitizer_works(folder, runtime, fault):
    flags = ["-fsanitize=thread"] + (["-static-libtsan"] if runtime == "static" else [])
    command = program(folder, "sanitized.c", *flags) + [fault]
    sanitized(folder, command, {"none": "", "race": "data race"}[fault])
