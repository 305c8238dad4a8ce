# SPDX-License-Identifier: MIT
"""rust - the reference service in Rust: what is seen of a library over prost, as it is shipped and marked.

Every host that opens the service by its path calls it. Its allocator counts what Rust asks of libc.
"""
import ctypes
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from delays import LIBRARY, NAME, check_one
from scenario import (BUILD, FFISCOPE, PYTHON, SCRIPTED, SERVICE, check, compile_program,
                      compile_rust, environment, equal, host, main, near, phase, record,
                      record_host, require, row, run, test)
from truth import BUFFER_ENTRIES, PLAIN_ENTRIES, check_all, takes_buffers

SHIPPED, MARKED, UNWINDING = "rust", "rust_marked", "rust_unwinding"
BUILDS = [SHIPPED, MARKED, UNWINDING]
HOST_KINDS = ["dlopen", "cpp", "ctypes"]
HELLO_BYTES = 23  # of an encoded HelloResponse, and of its buffer


def library(build):
    path = os.path.join(BUILD, "ffi", f"libffiscope_service_{build}.so")
    require(os.path.exists(path), f"{path} is missing: cmake --build {BUILD} --target rust")
    return path


def record_rust(folder, kind, build, *arguments, **how):
    return record_host(folder, kind, "--library", library(build), *arguments, **how)


def check_rust(recording, build):
    """Marks stand around prost alone: an entry point without messages shows no codec."""
    return check_all(recording, takes_buffers if build != SHIPPED else lambda _: False)


# --- What crosses --------------------------------------------------------------------------------

class Buffer(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t), ("cap", ctypes.c_size_t)]


class Slice(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def answer(service, name, request):
    """The bytes of the response, given back; None: refused."""
    function = getattr(service, name)
    function.restype = Slice if name == "calculator_process" else Buffer
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    response = function(request, len(request))
    if not response.ptr:
        return None
    data = ctypes.string_at(response.ptr, response.len)
    free = service.calculator_free_buffer if name == "calculator_process" else \
        service.proto2ffi_free_byte_buffer
    free.argtypes, free.restype = [type(response)], None
    free(response)
    return data


def raw(service, name, size, number):
    out = ctypes.create_string_buffer(size)
    getattr(service, name)(out, ctypes.c_uint64(number))
    return out.raw


def fixed64(field, number):
    return bytes([field << 3 | 1]) + number.to_bytes(8, "little")


def text(field, data):
    return bytes([field << 3 | 2, len(data)]) + data


def sums():
    """CalculatorRequests: 7 and 2, then 7 and nothing."""
    for operation in (b"add", b"subtract", b"multiply", b"divide", b"guess", b""):
        yield text(1, operation) + b"\x11" + bytes(6) + b"\x1c\x40" + b"\x19" + bytes(7) + b"\x40"
        yield text(1, operation) + b"\x11" + bytes(6) + b"\x1c\x40"


@test(build=BUILDS)
def the_twins_answer_the_same_bytes(folder, build):
    twins = ctypes.CDLL(SERVICE), ctypes.CDLL(library(build))
    users = [fixed64(1, number) for number in (0, 1, 9, 12345678, 99999999, 2**40)]
    requests = [("proto2ffi_say_hello", text(1, name)) for name in
                (b"", b"x", b"Ada", b"n" * 127)]
    requests += [(name, user) for user in users
                 for name in ("proto2ffi_get_user", "proto2ffi_get_post")]
    requests += [("proto2ffi_process_batch", b"".join(text(1, user) for user in users[:count]))
                 for count in range(len(users))]
    requests += [("calculator_process", request) for request in sums()]
    broken = [(name, b"\x0a\x05ab") for name in BUFFER_ENTRIES.values()]
    for name, request in requests + broken:
        found, expected = [answer(twin, name, request) for twin in reversed(twins)]
        equal(found, expected, f"answer of {name} to {request!r}")
    check(all(answer(twins[1], *request) is None for request in broken), "broken requests are refused")
    for name, size in (("proto2ffi_get_user_raw", 1200), ("proto2ffi_get_post_raw", 4480)):
        for number in (0, 7, 12345678):
            found, expected = [raw(twin, name, size, number) for twin in reversed(twins)]
            equal(found, expected, f"struct of {name} of {number}")


@test(build=[SHIPPED, MARKED])
def what_is_shipped_has_no_codec_to_hook(folder, build):
    """Exports are the twin's; prost is inlined, and no other name is left."""
    names = set(run("nm", "-D", "--defined-only", library(build)).out.split()[2::3])
    twin = set(run("nm", "-D", "--defined-only", SERVICE).out.split()[2::3])
    equal(names, {name for name in twin if "pool" not in name}, "exported names")
    equal(run("nm", library(build)).out, "", "other names")


# --- Counts --------------------------------------------------------------------------------------

@test(host=HOST_KINDS, build=BUILDS, threads=[1, 4])
def counts_equal_what_host_and_service_say(folder, host, build, threads):
    recording = record_rust(folder, host, build, "--requests", 2400, "--threads", threads,
                            "--entry", "mixed")
    truth, _ = check_rust(recording, build)
    check(truth["service"]["allocations"] > truth["service"]["made"], "Rust allocates more than buffers")


@test(host=["dlopen"], build=[SHIPPED, UNWINDING], entry=[*BUFFER_ENTRIES, *PLAIN_ENTRIES])
def every_entry_point_is_counted_exactly(folder, host, build, entry):
    check_rust(record_rust(folder, host, build, "--requests", 1001, "--threads", 2, "--entry", entry),
               build)


@test(host=SCRIPTED, build=[SHIPPED, MARKED])
def counts_equal_what_hosts_in_other_languages_say(folder, host, build):
    """PHP opens the library with RTLD_DEEPBIND: its malloc and its marks are seen all the same."""
    check_rust(record_rust(folder, host, build, "--requests", 1200, "--entry", "mixed"), build)


# Per call: allocations, bytes, frees (allocations.rs). A reallocation is one of each.
ASKED = {"grow_and_shrink": (3, 100 + 300 + 200, 3), "zeroed": (1, 1000, 1), "nothing": (0, 0, 0),
         "aligned": (2, 4096 + 8192, 2), "boxed": (1, 48, 1)}

CALLS_ALL = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.boxed.restype = ctypes.c_void_p
library.boxed.argtypes = [ctypes.c_void_p]
last = None
for _ in range(300):
    for name in ("grow_and_shrink", "zeroed", "nothing", "aligned"):
        getattr(library, name)()
    last = library.boxed(last)
"""


@test
def what_the_default_allocator_is_asked_for_is_counted(folder):
    """malloc, realloc both ways, calloc, posix_memalign: one by one, without any count in between."""
    source = os.path.join(os.path.dirname(os.path.realpath(__file__)), "allocations.rs")
    made = compile_rust(folder, "liballocations.so", source, "--crate-type", "cdylib")
    recording = record(folder, PYTHON, "-c", CALLS_ALL, made)
    equal(recording.status, 0, "exit status")
    report = recording.report()
    for name, (allocations, asked, frees) in ASKED.items():
        found = row(report, name)
        missed = 1 if name == "boxed" else 0  # the first is given nothing to free
        equal(tuple(found.get(key) for key in ("calls", "allocations", "allocated_bytes", "frees")),
              (300, 300 * allocations, 300 * asked, 300 * frees - missed), f"figures of {name}")


# --- Phases --------------------------------------------------------------------------------------

@test(host=HOST_KINDS)
def without_marks_prost_is_not_seen_and_work_is_not_known(folder, host):
    report = record_rust(folder, host, SHIPPED, "--requests", 500, "--entry", "mixed").report()
    for name in BUFFER_ENTRIES.values():
        for which in LIBRARY:
            found = phase(report, name, "library", which)
            equal((found.get("count"), found.get("total_ns", 0), found.get("mean_ns", 0)),
                  (0, None, None), f"library {which} of {name}")
        near(phase(report, name, "library", "other").get("total_ns"),
             row(report, name).get("total_ns", 0), 1, f"library other of {name}, beside the calls' time")


@test(host=HOST_KINDS, build=[MARKED, UNWINDING])
def marks_show_prosts_phases_with_their_allocations(folder, host, build):
    recording = record_rust(folder, host, build, "--requests", 1200, "--entry", "mixed")
    report = recording.report()
    for said in recording.truth()["entry_points"]:
        name = said["name"]
        if not takes_buffers(name):
            continue
        phases = {which: phase(report, name, "library", which) for which in LIBRARY}
        for which, found in phases.items():
            equal((found.get("count"), found.get("source")), (said["calls"], "measured"),
                  f"library {which} of {name}")
        equal(phases["encode"].get("allocations"), said["calls"], f"allocations of encode of {name}")
        equal(phases["encode"].get("allocated_bytes"), said["response_bytes"], f"bytes of encode of {name}")
        for key in ("allocations", "allocated_bytes"):
            equal(sum(found[key] for found in phases.values()), row(report, name).get(key),
                  f"{key} of decode, work and encode of {name}")


@test(build=[MARKED, UNWINDING], name=LIBRARY)
def a_delay_in_the_library_is_found_in_its_phase(folder, build, name):
    check_one(folder, "dlopen", "fenced", "library", name, "--library", library(build))


@test(build=[MARKED, UNWINDING])
def marks_cost_nothing_but_a_test_without_ffiscope(folder, build):
    """The functions are absent, not stubs: the library finds them NULL."""
    result = run(*host("dlopen", "--library", library(build), "--requests", 600, "--entry", "mixed"))
    equal((result.status, result.err), (0, ""), "exit status and stderr")
    symbols = run("nm", "-D", "--undefined-only", library(build)).out
    equal(set(re.findall(r"(\w) ffiscope_\w+", symbols)), {"w"}, "how ffiscope's functions are bound")


@test(build=BUILDS)
def doctor_knows_prost_and_whether_it_is_marked(folder, build):
    found = json.loads(run(FFISCOPE, "doctor", "--json", library(build)).stdout)
    expected = {"codec_prost"} if build == SHIPPED else {"codec_marked"}
    if build != UNWINDING:
        expected.add("rust_stripped")
    equal({one["id"] for one in found["findings"]}, expected, "findings")


# --- Leaks ---------------------------------------------------------------------------------------

def only_finding(recording, kind, name=NAME):
    leaks = recording.leaks(status=1)
    kinds = [(found["kind"], found["entry_point"]) for found in leaks["findings"]]
    require(kinds == [(kind, name)], f"findings are {kinds}, expected one {kind} of {name}")
    equal(leaks["loss"]["events"], 0, "lost events")
    return leaks, leaks["findings"][0]


# fiddle cannot call the calculator: it gets one of the two registers of a struct of 16 bytes.
@test(case=[(host, entry) for host in HOST_KINDS + SCRIPTED for entry in ("hello", "calculator")
            if (host, entry) != ("fiddle", "calculator")], every=[0, 7])
def every_kth_response_leaked_is_found_and_no_other(folder, case, every):
    host, entry = case
    recording = record_rust(folder, host, SHIPPED, "--requests", 1000, "--entry", entry,
                            "--leak-every", every)
    truth = recording.truth()
    if not every:
        equal(recording.leaks(status=0)["findings"], [], "findings of a clean run")
        return
    leaks, finding = only_finding(recording, "never_freed", BUFFER_ENTRIES[entry])
    equal((finding["count"], finding["bytes"]), (truth["leaked"], truth["leaked_bytes"]), "count and bytes")
    equal((leaks["buffers"]["made"], leaks["buffers"]["live"]), (1000, truth["service"]["live"]), "buffers")


@test(host=HOST_KINDS, option=["free-twice-at", "wrong-length-at", "plain-free-at"])
def a_response_given_back_wrongly_is_one_finding(folder, host, option):
    kind = {"free-twice-at": "freed_twice", "wrong-length-at": "size_mismatch",
            "plain-free-at": "foreign_free"}[option]
    recording = record_rust(folder, host, SHIPPED, "--requests", 400, f"--{option}", 123)
    leaks, finding = only_finding(recording, kind)
    equal((finding["count"], finding["bytes"]), (1, HELLO_BYTES), "count and bytes")
    equal(leaks["buffers"]["live"], 0, "live buffers")


@test(host=HOST_KINDS, every=[0, 10])
def a_pool_inside_one_piece_makes_no_false_finding(folder, host, every):
    """Nothing is seen of the pool: a buffer comes back that was not allocated in the call."""
    recording = record_rust(folder, host, SHIPPED, "--requests", 1000, "--pool", *(
        ["--leak-every", every] if every else []))
    truth = recording.truth()
    require(truth["service"]["pool_taken"] > 0, "the pool was not used")
    check_rust(recording, SHIPPED)
    if every:
        leaks, finding = only_finding(recording, "never_freed")
        equal((finding["count"], leaks["buffers"]["live"]), (100, 100), "count, live buffers")
    else:
        equal(recording.leaks(status=0)["findings"], [], "findings of a clean run")


# --- Panics --------------------------------------------------------------------------------------

# Its frames are unwound by a panic; nobody catches it.
CPP_HOST = r"""
#include "ffi/abi.h"
#include <cstdio>
#include <dlfcn.h>
struct witness {
	~witness() { std::puts("destroyed"); std::fflush(stdout); }
};
int main(int, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	auto hello = (fsc_byte_buffer (*)(const uint8_t *, size_t))dlsym(library, "proto2ffi_say_hello");
	auto give = (void (*)(fsc_byte_buffer))dlsym(library, "proto2ffi_free_byte_buffer");
	for (;;) {
		witness here;
		give(hello((const uint8_t *)"\x0a\x01x", 3));
	}
}
"""


@test(build=[SHIPPED, UNWINDING], language=["c", "c++"])
def a_panic_that_nobody_catches_ends_the_program_as_ever(folder, build, language):
    """Where it aborts in the library, and where the unwinder finds nobody beyond the thunk."""
    at = 150
    command = host("dlopen", "--library", library(build), "--requests", 1000)
    if language == "c++":
        command = [compile_program(folder, "cpp_host", CPP_HOST, compiler="g++", suffix=".cpp"), library(build)]
    env = environment(FFI_SERVICE_PANIC_AT=str(at), RUST_BACKTRACE="0")
    bare = run(*command, env=env)
    recording = record(folder, *command, env=env)
    equal(bare.signal, 6, "signal of the bare program")
    equal((recording.status, recording.out), (bare.status, bare.out), "exit status and output")
    said = f"panicked at 'planted in the work of request {at}'"
    check(said in bare.err, f"the bare program said {bare.err!r}")
    equal(recording.err.split("ffiscope:")[0], bare.err, "stderr")
    found = row(recording.report(), NAME)
    equal((found.get("calls"), found.get("open"), found.get("unwound")), (at, 1, 0), "calls, open, unwound")
    leaks = recording.leaks(status=0)
    equal((leaks["buffers"]["made"], leaks["buffers"]["live"]), (at - 1, 0), "buffers")


@test
def a_panics_backtrace_passes_the_thunk(folder):
    env = environment(FFI_SERVICE_PANIC_AT="3", RUST_BACKTRACE="1")
    recording = record(folder, *host("dlopen", "--library", library(UNWINDING)), env=env)
    frames = re.findall(r"^ +\d+: (\S+)", recording.err, re.MULTILINE)
    order = [frames.index(name) if name in frames else None
             for name in (NAME, "ffiscope_thunk", "fsc_host_do_request", "main")]
    check(None not in order and order == sorted(order), f"frames are {frames}")


if __name__ == "__main__":
    main()
