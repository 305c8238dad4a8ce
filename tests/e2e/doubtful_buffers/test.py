# SPDX-License-Identifier: MIT
"""doubtful_buffers - what looks like a finding and is none, and what hardly looks like one and is."""
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from scenario import compile_program, equal, main, record, require, row, shared, test, write

COUNT, HELD = 100, 20
ROWS = """entry store_query response=*arg1,*arg2,*arg3
free store_free buffer=arg0,arg1,arg2
"""


def source(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def record_case(folder, case, options=()):
    host = compile_program(folder, "host", source("host.c"))
    library = shared(folder, "liblibrary.so", source("library.c"))
    recording = record(folder, host, library, case, options=options)
    equal(recording.status, 0, f"exit status ({recording.err[-300:]!r})")
    require(recording.images(), "nothing was recorded")
    return recording


def findings(leaks):
    return {found["kind"]: found["count"] for found in leaks["findings"]}


@test
def an_address_that_an_unknown_function_gave_out_again_is_not_freed_twice(folder):
    recording = record_case(folder, "in turn")
    leaks = recording.leaks()
    equal(findings(leaks), {}, "findings")
    equal(leaks["buffers"]["made"], COUNT, "buffers made")
    equal(row(recording.report(), "other_make").get("calls"), COUNT, "calls of other_make")


@test
def a_second_free_is_still_found(folder):
    equal(findings(record_case(folder, "twice").leaks()).get("freed_twice"), COUNT, "freed twice")


@test
def a_pointer_beside_a_number_is_no_buffer(folder):
    """proto2ffi_* returns {ptr,len,cap}: a plain pointer never proves it."""
    recording = record_case(folder, "handles")
    equal(recording.leaks()["buffers"]["made"], 0, "buffers made")
    found = row(recording.report(), "proto2ffi_open")
    equal(found.get("calls"), COUNT, "calls")
    equal(found.get("response_bytes"), None, "response bytes")


INT_LIBRARY = """int store_find(const void *data, int length) { return data ? length : 0; }
"""
INT_HOST = """#include <dlfcn.h>
#include <stdint.h>
int main(int argc, char **argv)
{
	/* As a compiler may leave it: the other half of the register holds something else. */
	int (*find)(const void *, uint64_t) = dlsym(dlopen(argv[1], RTLD_NOW), "store_find");
	int wrong = 0;
	for (int i = 0; i < 100; i++)
		wrong += find("0123456789abcdef", 0xdeadbeef00000010u) != 16;
	return wrong + (argc != 2);
}
"""


@test
def a_length_of_type_int_is_half_a_register(folder):
    host = compile_program(folder, "host", INT_HOST)
    library = shared(folder, "liblibrary.so", INT_LIBRARY)
    rows = os.path.join(folder, "rows")
    write(rows, "entry store_find request=arg0,arg1:int response=none\n")
    recording = record(folder, host, library, options=["--boundary", rows])
    equal(recording.status, 0, "exit status")
    equal(row(recording.report(), "store_find").get("request_bytes"), 1600, "request bytes")


@test
def a_struct_that_another_call_left_is_no_response(folder):
    recording = record_case(folder, "stale")
    equal(recording.leaks()["buffers"]["made"], 0, "buffers made")
    equal(row(recording.report(), "proto2ffi_keep").get("calls"), COUNT, "calls")


@test
def a_plain_free_after_a_call_was_jumped_out_of_is_foreign(folder):
    equal(findings(record_case(folder, "plain after jump").leaks()), {"foreign_free": COUNT},
          "findings")


@test(case=["query well", "query badly"])
def a_described_capacity_must_come_back(folder, case):
    boundary = write(os.path.join(folder, "store.boundary"), ROWS)
    leaks = record_case(folder, case, options=["--boundary", boundary]).leaks()
    equal(leaks["buffers"]["made"], COUNT, "buffers made")
    equal(findings(leaks), {"size_mismatch": COUNT} if case == "query badly" else {}, "findings")


@test(case=["late", "late but one"])
def what_a_finalizer_would_have_freed_is_no_leak(folder, case):
    leaks = record_case(folder, case).leaks()
    equal(leaks["buffers"]["live"], HELD + (case == "late but one"), "live buffers")
    equal(sum(found["count"] for found in leaks["awaiting_finalizer"]), HELD, "awaiting")
    equal(findings(leaks), {"never_freed": 1} if case == "late but one" else {}, "findings")


@test(name=["store_free", "other_free"])
def a_buffer_goes_back_to_the_function_that_its_row_names(folder, name):
    rows = ROWS.replace("*arg3\n", f"*arg3 free={name}\n")
    boundary = write(os.path.join(folder, "store.boundary"), rows)
    leaks = record_case(folder, "query well", options=["--boundary", boundary]).leaks()
    equal(leaks["buffers"]["freed"], COUNT, "buffers freed")
    equal(findings(leaks), {} if name == "store_free" else {"foreign_free": COUNT}, "findings")


if __name__ == "__main__":
    main()
