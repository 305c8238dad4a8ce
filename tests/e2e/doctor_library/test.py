# SPDX-License-Identifier: MIT
"""doctor_library - what doctor says of libraries: their functions, codecs, allocators; damaged ones."""
import glob
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FFISCOPE, PYTHON, SERVICE, check, compile_program, environment, equal, host,
                      main, one_line, phase, record, require, run, shared, test, write)
from findings import ENTRY, MAIN, doctor, finding, functions, ids


@test
def a_library_shows_which_functions_are_wrapped_as_what(folder):
    found = doctor(SERVICE)
    equal(functions(found, kind="free"), {"proto2ffi_free_byte_buffer", "calculator_free_buffer"}, "frees")
    check("proto2ffi_say_hello" in functions(found, kind="entry", choice="row", built_in=True), "entries")
    check("init_service" in functions(found, choice="lookup", bound="lookup"), "by the lookup rule")
    check("protobuf_c_message_unpack" in functions(found, kind="decode", bound="slot"), "the codec")
    equal(ids(found), [], "findings")
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", SERVICE).out.splitlines()
                if line.split()[-2] == "T"}
    equal({one["name"] for one in found["functions"] if one["library"]}, exported, "exports, as nm sees them")
    recording = record(folder, *host("dlopen", "--requests", 20, "--entry", "mixed"))
    seen = {one["name"] for one in recording.report()["entry_points"]}
    check(seen <= functions(found, choice="row") | functions(found, choice="lookup"), f"record sees {seen}")


@test
def options_choose_as_those_of_record_do(folder):
    found = doctor("--exclude", "proto2ffi_say*", SERVICE)
    equal(functions(found, choice="excluded"), {"proto2ffi_say_hello"}, "excluded")
    rows = write(os.path.join(folder, "rows"), "entry proto2ffi_add response=none\n")
    found = doctor("--boundary", rows, SERVICE)
    equal(functions(found, row_line=1), {"proto2ffi_add"}, "by the file")
    check("init_service" in functions(found, choice="unnamed"), "not by lookup")
    found = doctor(SERVICE, env=environment(FFISCOPE_EXCLUDE="*hello"))
    equal(functions(found, choice="excluded"), {"proto2ffi_say_hello"}, "by the variable")
    one_line(run(FFISCOPE, "doctor", "--boundary", write(os.path.join(folder, "bad"), "enter x\n"), SERVICE), 2,
             "bad:1:1")


@test
def a_library_of_the_system_needs_names(folder):
    libz = [line.split()[2] for line in run("ldd", PYTHON).out.splitlines() if "libz.so" in line][0]
    found = doctor(libz)
    finding(found, "system_folder")
    equal(functions(found, choice="row"), set(), "rows")
    equal(functions(doctor("--entry", "deflateEnd", libz), choice="row"), {"deflateEnd"}, "with --entry")


@test
def a_library_without_exports_is_told(folder):
    library = shared(folder, "libempty.so", "int hidden(void) { return 1; }", "-fvisibility=hidden")
    finding(doctor(library), "no_function")
    program = compile_program(folder, "program", MAIN)
    finding(doctor(program), "no_library_file")


@test
def calls_inside_a_library_are_counted(folder):
    text = ENTRY + """
struct buffer proto2ffi_twice(const unsigned char *data, size_t length)
{
	struct buffer first = proto2ffi_copy(data, length);
	proto2ffi_free_byte_buffer(first);
	return proto2ffi_copy(data, length);
}
"""
    found = doctor(shared(folder, "libinner.so", text, "-Wl,-Bsymbolic", "-fno-inline"))
    calls = {one["name"]: one["inner_calls"] for one in found["functions"]}
    equal(calls, {"proto2ffi_copy": 2, "proto2ffi_twice": 0, "proto2ffi_free_byte_buffer": 1}, "calls")
    check("proto2ffi_copy (2)" in finding(found, "inner_calls")["what"], "which")
    found = doctor(shared(folder, "libouter.so", ENTRY))
    check("inner_calls" not in ids(found), "without any")


@test
def a_hidden_codec_is_told_and_where_marks_help(folder):
    inside = ENTRY + "size_t protobuf_c_message_pack(void *m, void *b) { return m == b; }\n"
    found = doctor(shared(folder, "libinside.so", inside, "-Wl,--exclude-libs,ALL"))
    finding(found, "codec_inside")
    found = doctor(shared(folder, "libnone.so", ENTRY))
    check("ffiscope.h" in finding(found, "codec_unseen")["remedy"], "what helps")
    marked = '#include <ffiscope.h>\n' + ENTRY + "void mark(void) { ffiscope_phase_begin(1); }\n"
    found = doctor(shared(folder, "libmarked.so", marked))
    finding(found, "codec_marked")
    check("codec_unseen" not in ids(found), "what is marked is not unseen")
    # rustc and prost are known by the texts that they leave; here they are a C string.
    rust = ENTRY + 'const char *text(void) { return "delimited length exceeded " PANIC; }\n'
    rust = '#define PANIC "/rustc/90c541806f23a127002de5b4038be731ba1458ca/library/std/src/io/mod.rs"\n' + rust
    library = shared(folder, "librust.so", rust)
    found = doctor(library)
    check("Cargo.toml" in finding(found, "codec_prost")["remedy"], "the line that helps")
    check("rust_stripped" not in ids(found), "it has symbols")
    require(run("strip", library).status == 0, "strip failed")
    found = doctor(library)
    check("strip = false" in finding(found, "rust_stripped")["remedy"], "the line that helps")
    equal(functions(found, kind="free"), {"proto2ffi_free_byte_buffer"}, "exports of a stripped library")


@test(build=["", "_marked", "_unwinding"])
def the_service_in_rust_shows_its_codec_only_where_it_marks_it(folder, build):
    library = os.path.join(BUILD, "ffi", f"libffiscope_service_rust{build}.so")
    require(os.path.exists(library), f"{library} is missing: ./run test builds it")
    found = doctor(library)
    equal([name for name in ids(found) if name.startswith("codec_")],
          ["codec_marked" if build else "codec_prost"], "what is known of its codec")
    equal("rust_stripped" in ids(found), build != "_unwinding", "it is stripped")
    recording = record(folder, *host("dlopen", "--requests", 20, "--library", library))
    decode = phase(recording.report(), "proto2ffi_say_hello", "library", "decode")
    equal(decode.get("count"), 20 if build else 0, "what record sees of it")


@test
def an_allocator_of_its_own_is_told(folder):
    own = """
static char pool[4096];
void *proto2ffi_take(void) { return pool; }
"""
    found = doctor(shared(folder, "libpool.so", own))
    finding(found, "own_allocator")
    check("own_allocator" not in ids(doctor(shared(folder, "libmalloc.so", ENTRY))), "one that uses malloc")
    # libffiscope.so has these too, for other reasons.
    other = own + """
int dladdr(const void *, void *); long syscall(long, ...); int prctl(int, ...);
int proto2ffi_other(void) { return dladdr(pool, pool) + (int)syscall(39) + prctl(3); }
"""
    finding(doctor(shared(folder, "libother.so", other)), "own_allocator")


@test(which=["libprotobuf-c", "libprotobuf", "libprotobuf-lite"])
def the_codec_itself_hides_no_codec(folder, which):
    """A copy, for whose functions a lookup is enough."""
    found = sorted(glob.glob(f"/usr/lib/*/{which}.so.[0-9]*"))
    require(found, f"no {which} is installed")
    copy = shutil.copy(os.path.realpath(found[0]), folder)
    equal([name for name in ids(doctor(copy)) if name.startswith("codec")], ["codec_itself"], "what it is")
    names = [one["name"] for one in doctor(copy)["functions"]]
    check(names == sorted(names), "functions stand in order")


@test
def a_cxx_codec_is_told_where_no_method_that_is_known_has_a_slot(folder):
    unknown = ENTRY + """
void _ZN6google8protobuf5Arena5ResetEv(void *);
void proto2ffi_reset(void *arena) { _ZN6google8protobuf5Arena5ResetEv(arena); }
"""
    found = doctor(shared(folder, "libunknown.so", unknown))
    equal([name for name in ids(found) if name.startswith("codec")], ["codec_cxx"], "by a slot of protobuf's")
    known = unknown + """
int _ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi(void *, const void *, int);
int proto2ffi_parse(void *m) { return _ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi(m, m, 0); }
"""
    found = doctor(shared(folder, "libknown.so", known))
    equal([name for name in ids(found) if name.startswith("codec")], [], "by a slot that is known")
    equal(functions(found, kind="decode", bound="slot"),
          {"_ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi"}, "the codec")
    inside = unknown + "int _ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi(void *m) { return !m; }\n"
    found = doctor(shared(folder, "libinside.so", inside, "-Wl,-Bsymbolic"))
    equal([name for name in ids(found) if name.startswith("codec")], ["codec_inside"], "by a part of its own")
    check("-lprotobuf)" in finding(found, "codec_inside")["remedy"], "what helps in C++")


@test
def a_program_that_knows_the_words_of_rust_is_not_rust(folder):
    equal(doctor(FFISCOPE)["facts"]["language"], None, "language of ffiscope")


@test
def what_is_no_library_is_trouble(folder):
    one_line(run(FFISCOPE, "doctor", write(os.path.join(folder, "text"), "text\n")), 2, "not an ELF file")
    one_line(run(FFISCOPE, "doctor", folder), 2, folder)
    one_line(run(FFISCOPE, "doctor", os.path.join(folder, "none")), 2, "No such file")
    os.mkfifo(os.path.join(folder, "pipe"))
    one_line(run(FFISCOPE, "doctor", os.path.join(folder, "pipe"), timeout=20), 2, "not a regular file")


@test
def a_cut_library_is_read_as_far_as_it_goes_and_says_so(folder):
    with open(SERVICE, "rb") as file:
        text = file.read()
    path = os.path.join(folder, "cut.so")
    for parts in range(1, 16):
        result = run(FFISCOPE, "doctor", "--json", write(path, text[:len(text) * parts // 16]))
        require(result.status in (0, 2), f"{parts}/16: status {result.status}")
        if result.status == 0:
            found = json.loads(result.stdout)
            check("damaged" in ids(found), f"{parts}/16: {ids(found)}")
            check("no_sections" not in ids(found), f"{parts}/16: nobody took the sections away")
            equal(found["facts"]["exported_functions"], None, f"{parts}/16: exports")


if __name__ == "__main__":
    main()
