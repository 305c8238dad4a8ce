# SPDX-License-Identifier: MIT
"""faults - programs that do what programs should not; ffiscope must neither harm nor miscount them.

Each program lies beside this file. It runs bare and under record; output and exit status must be
the same, and the recording must say what the program says of itself.
"""
import os
import platform
import sys

sys.dont_write_bytecode = True
import sampled, surroundings  # their tests join those here
from cases import (FAULT_TIMEOUT_S, HERE, both, build, build_shared, calls_of, library, processes,
                   program, program_and_twin, row_is, said, sum_of, unharmed)
from scenario import (FFISCOPE, PRELOAD, Skip, check, compile_rust, environment, equal, main, near,
                      phase, record, require, row, run, test)

JUMPS_TIMEOUT_S = 20

# --- Out of a call -------------------------------------------------------------------------------

@test
def exceptions_pass_through_calls_and_are_counted(folder):
    command = program(folder, "exceptions.cpp", compiler="g++")
    recording, bare = both(folder, command)
    told = said(bare.out)
    report = recording.report()
    row_is(report, "lib_add", calls=told["adds"], unwound=0, open=0)
    equal(calls_of(report, "lib_call", "proto2ffi_call"), told["calls"], "calls")
    equal(sum_of(report, "unwound"), told["unwound"], "unwound")
    equal(sum_of(report, "open"), 0, "open")


@test
def an_exception_that_nobody_catches_ends_the_program_as_ever(folder):
    command = program(folder, "exceptions.cpp", compiler="g++") + ["throw"]
    bare = run(*command)
    recording = record(folder, *command)
    equal(bare.signal, 6, "signal of the bare program")
    unharmed(command, recording, bare)
    check("terminate called after throwing" in recording.err, f"stderr is {recording.err!r}")
    row_is(recording.report(), "lib_add", calls=said(bare.out)["adds"])


def panics(folder):
    source = os.path.join(HERE, "panics.rs")
    return [compile_rust(folder, "panics", source, "-C", "prefer-dynamic"),
            compile_rust(folder, "libpanics.so", source, "-C", "prefer-dynamic", "--cfg", "library",
                         "--crate-type", "cdylib")]


@test
def panics_pass_through_calls_and_are_counted(folder):
    """Raised in a wrapped function or beyond one; caught at each level, and by a thread's start."""
    recording, bare = both(folder, panics(folder))
    told = said(bare.out)
    require(told.get("unwound", 0) > told["panics"] > 0, f"the program says {told}")
    report = recording.report()
    row_is(report, "lib_add", calls=told["adds"], unwound=0, open=0)
    row_is(report, "lib_panic", calls=told["panics"], unwound=told["panics"], open=0)
    equal(calls_of(report, "lib_call", "proto2ffi_call"), told["calls"], "calls")
    equal(sum_of(report, "unwound"), told["unwound"], "unwound")
    equal(sum_of(report, "open"), 0, "open")


@test
def a_panic_that_nobody_catches_ends_the_program_as_ever(folder):
    command = panics(folder) + ["panic"]
    recording, bare = both(folder, command)
    equal(bare.status, 101, "exit status of a program that panicked")
    told = said(bare.out)
    # The thread calls nothing after it: that the last call was left has no witness.
    row_is(recording.report(), "lib_panic", calls=told["panics"] + 1, unwound=told["panics"], open=1)


@test(what=["longjmp", "exit", "cancel", "inside"])
def who_jumps_out_of_calls_is_counted_as_unwound(folder, what):
    """longjmp; pthread_exit; cancellation, deferred and asynchronous; siglongjmp from a handler."""
    command = program(folder, "jumps.c") + [what, 300]
    recording, _ = both(folder, command)
    told = said(recording.out)
    report = recording.report()
    if told["calls"]:
        row_is(report, "lib_call", calls=told["calls"], unwound=told["unwound"], open=0)
    if told["adds"]:
        row_is(report, "lib_add", calls=told["adds"], unwound=0, open=0)
    if what in ("cancel", "inside"):
        row_is(report, "lib_stay", calls=told["stays"], unwound=told["stays"], open=0)


@test(start=["warm", "cold"])
def a_handler_that_jumps_out_of_anywhere_harms_nothing(folder, start):
    """cold: also out of what the thread's very first call prepares."""
    command = program(folder, "jumps.c") + [start, 500]
    recording, _ = both(folder, command, timeout=JUMPS_TIMEOUT_S)
    report = recording.report()
    spins = said(recording.err)["spins"]
    found = row_is(report, "lib_add", open=0)
    # A jump may come between the program's count and the call, or leave a hook before it counts.
    near(found.get("calls"), spins, 500, "calls of lib_add")
    check(found.get("unwound", 501) <= 500, f"{found.get('unwound')} unwound in 500 jumps")
    found = row_is(report, "lib_after", calls=1000, unwound=0, open=0)
    check(found.get("total_ns") is not None and found.get("p50_ns") is not None,
          f"the calls after the jumps have no times: {found}")


# Calls unwound; phases too deep in a call; calls of each turn with a phase that ended.
LEFT = {"call": (500, 0, 1), "phase": (0, 0, 1), "many phases": (0, 4, 1),
        "phases in a call": (500, 20, 2)}


@test(what=list(LEFT))
def what_is_left_inside_a_call_takes_nothing_away(folder, what):
    """Not its allocations, and not the phases of later calls."""
    unwound, too_deep, ended = LEFT[what]
    recording, _ = both(folder, program(folder, "left.c") + [what])
    report = recording.report()
    row_is(report, "lib_call", calls=1000 + unwound, unwound=unwound, open=0,
           allocations=1500, allocated_bytes=1500 * 48, frees=500)
    equal(phase(report, "lib_call", "library", "whole").get("count"), 500 * ended,
          "calls with a phase that ended")
    equal(report["loss"]["events"], 500 * too_deep, "lost events")


# --- Deep, signals, fibers -----------------------------------------------------------------------

@test(depth=[10000, 100000])
def recursion_through_a_call_is_exact_however_deep(folder, depth):
    sleep_ns = 50000000
    command = program(folder, "nesting.c") + [depth, sleep_ns]
    if depth > 10000:
        command.append("on a thread")
    # All calls end at once: more than the largest ring of the default holds.
    recording, _ = both(folder, command, options=["--buffer-size", "16M"])
    report = recording.report()
    found = row_is(report, "lib_call", calls=depth, unwound=0, open=0)
    equal(report["loss"]["events"], 0, "lost events")
    # The innermost alone slept: all its parents hold that time as their child's.
    check(sleep_ns <= (found.get("self_ns") or 0) < 10 * (found.get("min_ns") or 0),
          f"self_ns is {found.get('self_ns')}")
    check(found.get("total_ns", 0) >= 0.99 * depth * sleep_ns, f"total_ns {found.get('total_ns')}")
    check(found.get("min_ns", 0) >= sleep_ns, f"min_ns is {found.get('min_ns')}")


@test(stack=["normal", "sigaltstack"], period_us=[53, 1000], start=["warm", "cold"])
def calls_of_signal_handlers_are_exact(folder, stack, period_us, start):
    """cold: signals come while the thread's very first call is being prepared."""
    command = program(folder, "signals.c") + [stack, period_us, start]
    recording, _ = both(folder, command)
    told = said(recording.err)
    report = recording.report()
    row_is(report, "lib_add", calls=told["adds"], unwound=0, open=0)
    row_is(report, "lib_call", calls=told["calls"], unwound=0, open=0)
    row_is(report, "lib_spin", calls=told["spins"], unwound=0, open=0)


@test(how=["flat", "nested"])
def fibers_that_switch_inside_calls_are_exact(folder, how):
    command = program(folder, "fibers.c") + [how, 200]
    recording, bare = both(folder, command)
    told = said(bare.out)
    report = recording.report()
    row_is(report, "lib_add", calls=told["adds"], unwound=0, open=0)
    row_is(report, "lib_call", calls=told["calls"], unwound=0, open=0)


@test(how=["top", "edges", "neighbours"])
def a_stack_that_ends_right_above_the_frame_is_not_read_beyond(folder, how):
    command = program(folder, "fibers.c") + [how, 100]
    recording, bare = both(folder, command)
    row_is(recording.report(), "lib_add", calls=said(bare.out)["adds"], unwound=0, open=0)


@test(how=["unmapped", "kept", "signal stack"])
def a_call_left_behind_on_a_stack_above_is_given_up(folder, how):
    recording, _ = both(folder, program(folder, "stacks.c") + [how])
    equal(said(recording.err).get("above"), 1, "the other stack lies above")
    report = recording.report()
    row_is(report, "lib_add", calls=1000, unwound=0, open=0)
    row_is(report, "lib_call", calls=1, unwound=1, open=0)
    equal(row(report, "lib_add", "requests").get("count"), 1000, "requests of lib_add")


@test
def a_call_that_ends_on_another_thread_disturbs_nothing(folder):
    recording, _ = both(folder, program(folder, "stacks.c") + ["moved"])
    report = recording.report()
    row_is(report, "lib_add", calls=2000, unwound=0, open=0)
    equal(row(report, "lib_call").get("calls"), 1, "calls of lib_call")
    equal(report["loss"]["events"], 0, "lost events")


@test
def a_call_that_ends_where_its_thread_ended_another_is_not_taken_for_one_of_its_own(folder):
    """The thread's first call ended in the same frame of the same stack."""
    recording, _ = both(folder, program(folder, "stacks.c") + ["moved to its like"])
    report = recording.report()
    row_is(report, "lib_add", calls=1000, unwound=0, open=0)
    row_is(report, "lib_call", calls=2)
    equal(row(report, "lib_call", "requests").get("count"), 1, "requests of lib_call")
    equal(report["loss"]["events"], 0, "lost events")


@test
def what_a_function_returns_is_not_followed_into_nothing(folder):
    recording, _ = both(folder, program(folder, "stacks.c") + ["argument"])
    row_is(recording.report(), "proto2ffi_same", calls=17, unwound=0, open=0)


@test(where=["main", "thread"])
def the_own_stack_is_known_and_not_asked_for(folder, where):
    """Who had to ask would get no answer, and its calls would pass unseen."""
    recording, _ = both(folder, program_and_twin(folder, "offsets.c") + [where])
    row_is(recording.report(), "lib_sum", calls=512, skipped=0, unwound=0, open=0)


# --- Processes and threads -----------------------------------------------------------------------

@test
def what_a_child_does_in_its_parents_call_belongs_to_no_call_of_its_own(folder):
    recording, _ = both(folder, program(folder, "children.c") + ["decode"])
    found = processes(recording)
    equal([(calls_of(report, "lib_add"), calls_of(report, "lib_call")) for report in found],
          [(50, 0), (10, 1)], "calls of lib_add and lib_call in child and parent")
    equal([row["entry_point"] for row in found[0]["phases"]
           if row["phase"] == "decode" and row["count"]], [], "child's calls that decoded")


@test(what=["fork", "fork_exit"])
def a_child_forked_inside_a_call_returns_from_it_and_goes_on(folder, what):
    recording, _ = both(folder, program(folder, "children.c") + [what])
    found = processes(recording)
    # The call that a child was forked in belongs to its parent.
    equal([(calls_of(report, "lib_add"), calls_of(report, "lib_call")) for report in found],
          [(70, 0), (50, 1), (30, 1)], "calls of lib_add and lib_call in grandchild, child, parent")
    equal([sum_of(report, "unwound") + sum_of(report, "open") for report in found], [0, 0, 0],
          "unwound and open")


@test
def a_child_forked_while_another_thread_looks_up_can_open_libraries(folder):
    """fork does not reset all of the loader's locks."""
    recording, _ = both(folder, program(folder, "forks.c", "-rdynamic"))
    equal(sorted(calls_of(report, "lib_add") for report in processes(recording)), [1] * 10,
          "calls of lib_add in each child")


@test
def a_handler_of_fork_that_calls_is_recorded(folder):
    """It runs in the child before ours does."""
    recording, _ = both(folder, program(folder, "handlers.c"))
    equal([calls_of(report, "lib_add") for report in processes(recording)], [12, 10],
          "calls of lib_add in child and parent")


@test(what=["vfork", "spawn"])
def a_program_started_inside_a_call_is_recorded_and_the_parent_goes_on(folder, what):
    recording, _ = both(folder, program(folder, "children.c") + [what])
    found = processes(recording)
    equal([(calls_of(report, "lib_add"), calls_of(report, "lib_call")) for report in found],
          [(30, 3), (33, 0), (33, 0)], "calls of lib_add and lib_call")
    equal([sum_of(report, "unwound") + sum_of(report, "open") for report in found], [0, 0, 0],
          "unwound and open")


@test(how=["at once", "one by one", "by hand", "_Fork"])
def children_of_clone_are_right_and_counted(folder, how):
    """at once: parent and child share their thread-local storage, and neither is recorded then."""
    recording, bare = both(folder, program(folder, "clones.c") + [how])
    calls = said(bare.out)["calls"]
    found = processes(recording)
    for name in ("lib_call", "lib_add"):
        equal(sum(calls_of(report, name) for report in found), calls, f"calls of {name}")
    skipped = sum(sum_of(report, "skipped") for report in found)
    equal(skipped, 2 * (calls - 500) if how == "at once" else 0, "calls that passed unseen")
    equal({sum_of(report, "unwound") + sum_of(report, "open") for report in found}, {0},
          "unwound and open")
    equal(len(found), 11 if how in ("by hand", "_Fork") else 1, "processes")


@test
def a_handler_that_clones_while_a_hook_runs_harms_nothing(folder):
    """The child shares the thread-local storage that the interrupted hook is at work with."""
    recording, _ = both(folder, program(folder, "cloning_handler.c"), ["--max-size", "16M"])
    equal(len(processes(recording)), 200, "processes")


@test
def a_child_without_a_storage_of_the_c_librarys_is_let_through(folder):
    """As Chromium's sandbox clones it. What it calls is counted, and no more than that."""
    recording, _ = both(folder, program(folder, "children.c") + ["clone"])
    row_is(recording.report(), "lib_add", calls=35, skipped=5)
    check(" calls (5 only counted), " in recording.err, f"the summary says {recording.err!r}")


@test
def processes_of_other_pid_namespaces_are_told_apart(folder):
    """Both have pid 1, which is somebody else's here: record --wait must not wait for that one."""
    recording, _ = both(folder, program(folder, "clones.c") + ["namespaces"], options=["--wait"])
    equal(sorted((found["pid"] == 1, found["state"], found["calls"], found["lost_events"])
                 for found in recording.meta()["processes"]),
          [(False, "exited", 1000, 0), (True, "ended", 2000, 0), (True, "ended", 2000, 0)],
          "processes (pid 1, state, calls, lost events)")
    for image in recording.images():
        with open(os.path.join(image, "maps"), encoding="utf-8") as file:
            check("liblib.so" in file.read(), f"{image} has the maps of another process")


@test
def a_thread_that_a_refused_clone_brought_elsewhere_counts_as_before(folder):
    """The place of a thread that ended is free, and has counters for few functions."""
    recording, bare = both(folder, program_and_twin(folder, "slots.c"))
    report = recording.report()
    told = said(bare.out)
    equal((told["wrong"], sum_of(report, "calls")), (0, told["calls"] + 1), "wrong results, calls")
    row_is(report, "lib_inside", calls=1, unwound=0, open=0)
    row_is(report, "lib_99", calls=2, unwound=0, open=0)
    equal(report["loss"]["events"], 0, "lost events")


@test
def what_lies_above_a_system_call_by_hand_is_the_programs(folder):
    """It has fewer arguments than there could be; another thread writes where the last would lie."""
    if platform.machine() != "x86_64":
        raise Skip("the program is in x86-64 assembly")
    recording, bare = both(folder, program(folder, "leaves.c", "-fno-omit-frame-pointer"))
    equal(said(bare.out), {"lost": 0}, "what the bare program lost")
    row_is(recording.report(), "lib_add", calls=1)


@test
def a_thread_with_descriptors_of_its_own_is_seen(folder):
    command = program(folder, "descriptors.c")
    recording, _ = both(folder, command)
    row_is(recording.report(), "lib_add", calls=1, library=os.path.realpath(command[1]))


@test(what=["closes", "daemon"])
def a_program_that_closes_all_descriptors_goes_on_being_recorded(folder, what):
    command = program(folder, "children.c") + [what, folder]
    recording, _ = both(folder, command, options=("--wait",))
    with open(os.path.join(folder, "said"), encoding="ascii") as file:
        equal(said(file.read()), {"untouched": 1}, "the files of the program")
    found = processes(recording)
    after = 100012 if what == "daemon" else 100112
    equal(calls_of(found[0], "lib_add"), after, "calls of lib_add")
    equal(found[0]["loss"]["events"], 0, "lost events")


@test
def without_record_too_no_file_of_the_program_is_written_to(folder):
    """Without record the library drains itself, and has descriptors to lose."""
    command = program(folder, "children.c") + ["closes", folder]
    path = os.path.join(folder, "alone")
    result = run(*command, timeout=FAULT_TIMEOUT_S,
                 env=environment(LD_PRELOAD=PRELOAD, FFISCOPE_OUTPUT=path))
    equal((result.status, result.out), (0, ""), "exit status and output")
    with open(os.path.join(folder, "said"), encoding="ascii") as file:
        equal(said(file.read()), {"untouched": 1}, "the files of the program")
    check(os.path.isdir(path), "no recording was left")


@test(together=[1, 20, 200])
def ten_thousand_threads_that_come_and_go_are_exact(folder, together):
    recording, bare = both(folder, program(folder, "threads.c") + [10000 // together, together])
    found = row_is(recording.report(), "lib_add", calls=said(bare.out)["adds"], unwound=0, open=0)
    equal(found.get("threads"), 10000, "threads of lib_add")


@test
def threads_one_after_the_other_are_told_apart(folder):
    """With pauses in which the ring of the last one is drained: the next one inherits it."""
    command = program(folder, "threads.c") + [3, 1300000, "slowly"]
    recording, _ = both(folder, command)
    found = row_is(recording.report(), "lib_add", calls=6, unwound=0, open=0)
    equal(found.get("threads"), 3, "threads of lib_add")


@test
def a_wrapped_function_may_be_passed_wherever_a_function_may(folder):
    """pthread_create, qsort, signal, pthread_key_create, atexit."""
    recording, _ = both(folder, program(folder, "threads.c") + ["callbacks"])
    report = recording.report()
    row_is(report, "lib_thread", calls=110, unwound=0, open=0)
    row_is(report, "lib_handler", calls=10, unwound=0, open=0)
    row_is(report, "lib_nothing", calls=1, unwound=0, open=0)
    check(calls_of(report, "lib_compare") > 5000, "calls of lib_compare")


# --- Loading -------------------------------------------------------------------------------------

def loading(folder):
    """The program, linked with two libraries of the same names: (program, second library)."""
    first = build_shared(folder, "loading.c", "-DFIRST", "-fvisibility=hidden", name="libfirst.so")
    second = build_shared(folder, "loading.c", "-DSECOND", "-fvisibility=hidden", "-ftls-model="
                          "global-dynamic", name="libsecond.so")
    command = build(folder, "loading.c", "-rdynamic", "-Wl,--no-as-needed", first, second)
    return command, second


@test
def dlsym_and_dlerror_say_what_they_say_without_us(folder):
    command, second = loading(folder)
    both(folder, [command, "semantics", second], wrapped=False)


@test
def a_library_that_binds_to_itself_is_as_without_us(folder):
    """RTLD_DEEPBIND: its own names first, and past LD_PRELOAD."""
    command, second = loading(folder)
    deep = [build_shared(folder, "loading.c", "-DDEEP", "-fvisibility=hidden", name=name)
            for name in ("libdeep.so", "libdeeper.so", "libdeepest.so")]
    local = build_shared(folder, "loading.c", "-DLOCAL", "-fvisibility=hidden", name="liblocal.so")
    for path in deep:  # each has a dependency in its own scope
        os.unlink(path)
        build_shared(folder, "loading.c", "-DDEEP", "-fvisibility=hidden", "-Wl,--no-as-needed",
                     "-Wl,-z,lazy", local, name=os.path.basename(path))
    recording, _ = both(folder, [command, "deep", second, *deep, local, library(folder)])
    report = recording.report()
    row_is(report, "lib_add", calls=120, open=0, unwound=0)
    for path in deep:
        row_of = [found for found in report["entry_points"] if found["library"] == path]
        named = {found["name"]: found for found in row_of}
        equal(named.get("deep_allocate", {}).get("calls"), 100, f"calls in {path}")
        equal(named.get("deep_allocate", {}).get("allocations"), 100, f"allocations in {path}")
        equal(named.get("deep_free", {}).get("frees"), 150, f"frees in {path}")


@test(hash_style=["gnu", "sysv"])
def a_library_with_an_allocator_in_its_own_scope_keeps_it(folder, hash_style):
    """Bound lazily: its slots do not say yet whose malloc they will hold."""
    command, _ = loading(folder)
    own = build_shared(folder, "loading.c", "-DALLOCATOR", "-fvisibility=hidden", "-fno-builtin",
                       f"-Wl,--hash-style={hash_style}", name="libown.so")
    deep = build_shared(folder, "loading.c", "-DDEEP", "-fvisibility=hidden", "-Wl,-z,lazy", own,
                        name="libdeep.so")
    recording, bare = both(folder, [command, "owner", deep])
    check("own bytes 11200, freed 100, foreign 0" in bare.out, f"the program says {bare.out!r}")
    row_is(recording.report(), "deep_allocate", calls=100)


@test
def another_library_at_the_same_address_is_told_apart(folder):
    command, _ = loading(folder)
    paths = [library(folder, "libone.so"), library(folder, "libtwo.so", "-DSALT=1000")]
    recording, bare = both(folder, [command, "reopen", *paths])
    report = recording.report()
    check(said(bare.err)["same"] > 0, "the libraries never came to the same address")
    for path in paths:
        named = {found["name"]: found for found in report["entry_points"]
                 if found["library"] == path}
        for name in ("lib_add", "lib_after"):
            equal(named.get(name, {}).get("calls"), 300, f"calls of {name} in {path}")


def bindings(folder, what):
    """The program and a library that is bound to another one."""
    other = library(folder)
    bound = build_shared(folder, "bindings.c", "-DLIBRARY", "-Wl,-z,now,-z,relro", other,
                         f"-Wl,-rpath,{folder}", name="libbound.so")
    return [build(folder, "bindings.c"), bound, what]


@test(what=["readonly", "writable"])
def a_slot_keeps_the_protection_that_the_program_gave_it(folder, what):
    """readonly: what we may not write stays as it is. writable: it is, afterwards too."""
    command = bindings(folder, what)
    if what == "readonly":
        command = ["/usr/bin/env", "PROTECT=1", *command]
    recording, _ = both(folder, command, options=["--entry", "lib_add"])
    row_is(recording.report(), "own_add", calls=100)
    row_is(recording.report(), "lib_add", calls=100 if what == "readonly" else 200)


@test(turn=[1, 2, 3])
def slots_of_a_library_that_is_being_opened_are_left_for_later(folder, turn):
    """The loader makes them read-only when they are filled: who writes then may be late."""
    first = library(folder)
    opened = build_shared(folder, "opening.c", "-DLIBRARY", "-fno-plt", "-Wl,-z,now,-z,relro", first,
                          name="libopened.so")
    command = [build(folder, "opening.c", "-rdynamic"), first, opened, turn]
    recording, _ = both(folder, command, options=["--entry", "lib_add"])
    row_is(recording.report(), "lib_add", calls=1)


@test
def whose_an_address_is_is_answered_as_ever(folder):
    """dladdr and dladdr1, of a thunk too."""
    recording, bare = both(folder, bindings(folder, "addresses"))
    check("looked up: 1, lib_add in /liblib.so, at it 1" in bare.out, f"bare says {bare.out!r}")
    row_is(recording.report(), "lib_add", calls=1)


@test
def a_library_in_another_namespace_works(folder):
    command, _ = loading(folder)
    both(folder, [command, "namespaces", library(folder)], wrapped=False)


@test
def five_thousand_functions_are_all_right(folder):
    command = program_and_twin(folder, "many.c", "-O0")
    recording, _ = both(folder, command)
    equal(said(recording.out), {"right": 10000}, "right results")
    report = recording.report()
    calls = [found["calls"] for found in report["entry_points"]]
    check(len(calls) >= 1900, f"only {len(calls)} functions were wrapped")
    equal(set(calls), {2}, "calls of each")
    shown = run(FFISCOPE, "report", recording.path)
    left = 5000 - len(calls)
    check(f"{left} functions found no free thunk" in shown.out,
          f"the report does not say that {left} functions were left alone")


# --- State ---------------------------------------------------------------------------------------

@test(clock=["fenced", "fast"])
def errno_registers_flags_and_rounding_are_left_alone(folder, clock):
    command = program_and_twin(folder, "state.c", "-mno-red-zone")
    recording, _ = both(folder, command, options=("--clock", clock))
    report = recording.report()
    # 3 threads of 30,000 and once more.
    row_is(report, "state_errno", calls=2 * 90001)
    row_is(report, "state_errno_left", calls=90001)
    row_is(report, "state_set", calls=9001)
    row_is(report, "state_look", calls=27003)


@test(what=["threads", "refused"])
def registers_arrive_whatever_slow_code_does_to_them(folder, what):
    """threads: slow code makes a thread ready; refused: it cannot, and each call goes on unseen."""
    probe = os.path.join(HERE, "..", "signatures", f"probe_{platform.machine()}")
    command = [build(folder, "garbage.c", f"{probe}.c", f"{probe}.S", "-rdynamic"),
               library(folder, "liblib.so", "-DLIBRARY", f"{probe}.S"), what]
    recording, bare = both(folder, command, wrapped=what == "threads")
    equal(said(bare.err)["wrapped"], 0, "wrapped probes of the bare program")
    told = said(recording.err)
    equal(told["wrapped"], 6, "wrapped probes")
    check(told["asked"] >= 200, f"slow code called the program's functions {told['asked']} times")


@test(clock=["fenced", "fast"])
def arguments_and_results_of_every_class_pass(folder, clock):
    """14 integers, doubles, structs, long double, complex, variadic, vectors, 128 bits ..."""
    recording, _ = both(folder, program_and_twin(folder, "signatures.c", "-lm"),
                        options=("--clock", clock))
    report = recording.report()
    row_is(report, "sig_ints14", calls=5001)
    row_is(report, "sig_variadic", calls=15003)


@test(way=["window", "boundary"])
def large_structs_pass_with_a_window_of_their_size(folder, way):
    command = program_and_twin(folder, "signatures.c", "-lm") + ["wide"]
    options = ("--window", "640")
    if way == "boundary":
        path = os.path.join(folder, "wide.boundary")
        with open(path, "w", encoding="ascii") as file:
            file.write("entry wide_* response=none stack=600\n"
                       "entry sig_s200 response=none stack=200\n"
                       "entry sig_* response=none\n")
        options = ("--boundary", path)
    recording, _ = both(folder, command, options=options)
    row_is(recording.report(), "wide_s600", calls=5001, unwound=0)


if __name__ == "__main__":
    main()
