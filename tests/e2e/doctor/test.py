# SPDX-License-Identifier: MIT
"""doctor - what it says of programs, libraries and processes, held against what record then sees."""
import ctypes
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FFISCOPE, PRELOAD, PYTHON, SERVICE, Skip, check, compile_program, environment,
                      equal, host, main, one_line, phase, record, require, run, shared, test, write)

MAIN = "int main(void) { return 0; }\n"
ENTRY = """
#include <stdlib.h>
#include <string.h>
struct buffer { unsigned char *pointer; size_t length, capacity; };
struct buffer proto2ffi_copy(const unsigned char *data, size_t length)
{
	unsigned char *pointer = malloc(length + 1);
	memcpy(pointer, data, length);
	return (struct buffer){ pointer, length, length + 1 };
}
void proto2ffi_free_byte_buffer(struct buffer buffer) { free(buffer.pointer); }
"""
RISCV = b"\xf3\x00"  # EM_RISCV of elf.h: there is no library for it


def doctor(*arguments, **how):
    """The JSON document; the table must come too."""
    result = run(FFISCOPE, "doctor", "--json", *arguments, **how)
    require(result.status == 0, f"doctor {arguments} ended with {result.status}: {result.err[-400:]}")
    found = json.loads(result.stdout)
    equal(found["schema"], "ffiscope.doctor/1", "schema")
    screen = run(FFISCOPE, "doctor", *arguments, **how)
    equal(screen.status, 0, "status of the table")
    for finding in found["findings"]:
        check(finding["weight"] in ("blocks", "limits", "note"), f"weight of {finding['id']}")
        check(finding["what"] and finding["remedy"], f"{finding['id']} says what and what to do")
        check(finding["what"].split()[0] in screen.out, f"{finding['id']} is in the table")
    return found


def ids(found, weight=None):
    return [finding["id"] for finding in found["findings"] if weight in (None, finding["weight"])]


def finding(found, name):
    chosen = [one for one in found["findings"] if one["id"] == name]
    check(len(chosen) == 1, f"{len(chosen)} findings {name} among {ids(found)}, expected 1")
    return chosen[0] if chosen else {"what": "", "remedy": "", "subject": ""}


def functions(found, **members):
    return {one["name"] for one in found["functions"]
            if all(one[key] == value for key, value in members.items())}


def blocked(folder, name, program, *arguments):
    """doctor says that nothing will be seen, and record sees nothing."""
    found = doctor("--", program, *arguments)
    equal(ids(found, "blocks"), [name], "what blocks")
    recording = record(folder, program, *arguments)
    check("0 calls seen" in recording.err or "cannot run" in recording.err,
          f"record says {recording.err!r}")
    return found


# --- The machine ---------------------------------------------------------------------------------

@test
def the_machine_has_a_clock_and_a_library(folder):
    found = doctor()
    facts = found["facts"]
    equal(found["subject"], "machine", "subject")
    check(facts["clock_mode"] in ("fenced", "system"), f"clock {facts['clock_mode']}")
    check(facts["ticks_per_s"] > 0 and facts["step_ticks"] > 0, f"ticks {facts}")
    check(facts["calibration"] in ("measured", "cached"), f"calibration {facts['calibration']}")
    equal(PRELOAD in [one["file"] for one in found["objects"]], True, "our library is listed")
    equal(ids(found, "blocks"), [], "what blocks on a machine that records")


def forbid_perf():
    """A seccomp filter: perf_event_open gives EPERM, all else passes (seccomp(2))."""
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
    number = 298 if os.uname().machine == "x86_64" else 241
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    text = b"".join(code.to_bytes(2, "little") + bytes([true, false]) + value.to_bytes(4, "little")
                    for code, true, false, value in steps)
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)
    libc.prctl(22, 2, ctypes.byref(Program(len(steps), text)), 0, 0)


@test
def what_a_sandbox_forbids_is_tried(folder):
    found = doctor(preexec_fn=forbid_perf)
    finding(found, "seccomp")
    check("Operation not permitted" in finding(found, "perf_forbidden")["what"], "the reason")


@test
def little_shared_memory_is_told(folder):
    """In a mount namespace of its own."""
    inside = "mount -t tmpfs -o size=1m none /dev/shm && exec " + FFISCOPE + " doctor --json"
    as_root = [] if os.getuid() == 0 else ["-r"]
    result = run("unshare", *as_root, "-m", "sh", "-c", inside)
    if "unshare" in result.err or "mount:" in result.err:
        raise Skip(f"no mount namespace here: {result.err.strip()}")
    found = json.loads(result.stdout)
    finding(found, "little_shared_memory")
    check(found["facts"]["shared_memory_bytes"] <= 1 << 20, f"{found['facts']}")


@test
def another_preload_and_an_audit_are_told(folder):
    found = doctor(env=environment(LD_PRELOAD=SERVICE))
    check(SERVICE in finding(found, "preload_taken")["what"], "which")
    check("no/such" in finding(doctor(env=environment(LD_AUDIT="/no/such.so")), "audit")["what"], "which")


# --- Commands ------------------------------------------------------------------------------------

@test
def a_linked_host_is_bound_by_slots_and_record_sees_just_these(folder):
    command = host("linked", "--requests", 50, "--entry", "mixed")
    found = doctor("--", *command)
    equal(ids(found, "blocks"), [], "what blocks")
    equal(found["facts"]["preload"], "possible", "preload")
    slots = functions(found, bound="slot")
    recording = record(folder, *command)
    seen = {one["name"] for one in recording.report()["entry_points"] if one["calls"]}
    check(seen and seen <= slots, f"record sees {sorted(seen - slots)} besides")
    check({"protobuf_c_message_pack", "protobuf_c_message_unpack"} <= slots, "the codec")
    equal(functions(found, kind="free"), {"proto2ffi_free_byte_buffer", "calculator_free_buffer"}, "frees")


@test
def a_host_that_looks_up_is_told_so(folder):
    found = doctor("--", *host("dlopen"))
    equal(ids(found, "blocks"), [], "what blocks")
    check("host_dlopen" in finding(found, "lookups_at_run_time")["what"], "who looks up")
    finding(found, "opens_at_run_time")


@test(which=["ctypes", "koffi", "luajit", "php", "fiddle"])
def an_interpreter_can_be_recorded(folder, which):
    found = doctor("--", *host(which))
    equal(ids(found, "blocks"), [], "what blocks")
    equal(found["facts"]["preload"], "possible", "preload")


@test
def a_program_without_boundary_is_told_so(folder):
    program = compile_program(folder, "plain", MAIN)
    finding(doctor("--", program), "nothing_at_the_boundary")
    check("nothing_at_the_boundary" not in ids(doctor("--", *host("linked"))), "a host has one")


@test
def a_linked_function_without_row_is_named(folder):
    library = shared(folder, "libmine.so", "int store_query(void) { return 1; }")
    program = compile_program(folder, "user", "int store_query(void); int main(void) { return !store_query(); }",
                              library, f"-Wl,-rpath,{folder}")
    found = doctor("--", program)
    check("store_query" in finding(found, "linked_without_row")["what"], "which")
    found = doctor("--entry", "store_*", "--", program)
    equal(functions(found, bound="slot"), {"store_query"}, "with --entry")
    check("linked_without_row" not in ids(found), "nothing is left")


@test(flags=["-static", "-static-pie"])
def a_static_program_blocks(folder, flags):
    program = compile_program(folder, "still", MAIN, flags)
    blocked(folder, "static_binary" if flags == "-static" else "static_pie", program)


@test
def a_program_for_musl_blocks(folder):
    program = compile_program(folder, "alpine", MAIN, "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1")
    equal(ids(doctor("--", program), "blocks"), ["musl"], "what blocks")


@test
def a_loader_that_is_missing_blocks_and_a_strange_one_is_not_started(folder):
    gone = compile_program(folder, "gone", MAIN, f"-Wl,--dynamic-linker={folder}/none.so")
    blocked(folder, "no_loader", gone)
    trap = write(os.path.join(folder, "trap.so"), f"#!/bin/sh\ntouch {folder}/started\n")
    os.chmod(trap, 0o755)
    found = doctor("--", compile_program(folder, "own", MAIN, f"-Wl,--dynamic-linker={trap}"))
    finding(found, "foreign_loader")
    check(not os.path.exists(os.path.join(folder, "started")), "the file's loader was not run")


@test
def another_width_and_another_machine_block(folder):
    narrow = compile_program(folder, "narrow", "void _start(void) { for (;;) ; }", "-m32", "-nostdlib",
                             "-static", "-fno-pic")
    found = doctor("--", narrow)
    built = os.path.exists(os.path.join(BUILD, "lib", "i386-linux-gnu", "libffiscope.so"))
    equal("wrong_architecture" in ids(found, "blocks"), not built, f"{ids(found)}: wrong")
    if not built:
        check("i386" in finding(found, "wrong_architecture")["what"], "which")
    equal(found["facts"]["bits"], 32, "bits")
    for source, command in ((narrow, ["--"]), (SERVICE, [])):
        with open(source, "rb") as file:
            text = bytearray(file.read())
        text[18:20] = RISCV
        other = write(os.path.join(folder, "other"), bytes(text))
        os.chmod(other, 0o755)
        check("wrong_architecture" in ids(doctor(*command, other), "blocks"), f"{source}")


@test
def a_setuid_program_blocks(folder):
    program = compile_program(folder, "raised", MAIN)
    if os.getuid() == 0:
        os.chown(program, 65534, 65534)
        os.chmod(program, 0o4755)
    else:
        program = shutil.which("su")
    if os.statvfs(program).f_flag & os.ST_NOSUID:
        raise Skip(f"{folder} is on a file system without setuid")
    blocked(folder, "setuid", program, *([] if os.getuid() == 0 else ["--help"]))
    os.getuid() == 0 and os.chmod(program, 0o755)
    if os.getuid() == 0:
        equal(ids(doctor("--", program), "blocks"), [], "without the bit")


def become_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


@test
def a_program_with_capabilities_blocks_whoever_is_not_root(folder):
    program = compile_program(folder, "able", MAIN)
    if os.getuid() != 0:
        raise Skip("only root may give a file capabilities")
    # CAP_NET_BIND_SERVICE, effective: struct vfs_cap_data of revision 2, linux/capability.h.
    words = (0x02000001, 1 << 10, 0, 0, 0)
    try:
        os.setxattr(program, "security.capability", b"".join(word.to_bytes(4, "little") for word in words))
    except OSError as error:
        raise Skip(f"this file system keeps no capabilities: {error}") from None
    os.chmod(folder, 0o755)
    equal(ids(doctor("--", program), "blocks"), [], "what blocks root")
    equal(ids(doctor("--", program, preexec_fn=become_nobody), "blocks"), ["capabilities"], "what blocks others")


@test
def a_script_leads_to_its_interpreter(folder):
    inner = write(os.path.join(folder, "inner"), f"#!{PYTHON} -u\nprint(1)\n")
    outer = write(os.path.join(folder, "outer"), f"#!/usr/bin/env {inner}\n")
    plain = write(os.path.join(folder, "plain"), "exit 0\n")
    for path in (inner, outer, plain):
        os.chmod(path, 0o755)
    found = doctor("--", outer)
    equal(ids(found).count("script"), 2, f"scripts in {ids(found)}")
    equal(os.path.realpath(found["facts"]["program"]), os.path.realpath(PYTHON), "program")
    found = doctor("--", plain)
    finding(found, "shell_script")
    equal(found["facts"]["program"], "/bin/sh", "program")


@test
def a_library_that_is_missing_is_named(folder):
    library = shared(folder, "libgone.so", "int gone(void) { return 1; }")
    program = compile_program(folder, "user", "int gone(void); int main(void) { return gone(); }", library)
    os.remove(library)
    found = doctor("--", program)
    check("libgone.so" in finding(found, "missing_library")["what"], "which")


@test
def a_dlsym_and_a_malloc_of_its_own_are_told(folder):
    program = compile_program(folder, "own", "#include <stddef.h>\n" + MAIN + """
void *dlsym(void *handle, const char *name) { return name ? handle : NULL; }
static char pool[1 << 20]; static size_t used;
void *malloc(size_t size) { used += (size + 15) & ~15ul; return pool + used - size; }
void free(void *p) { (void)p; }
""", "-rdynamic")
    found = doctor("--", program)
    finding(found, "own_dlsym")
    finding(found, "own_malloc")
    library = shared(folder, "liballocator.so", """
#include <stddef.h>
void *__libc_malloc(size_t);
void *malloc(size_t size) { return __libc_malloc(size); }
""")
    program = compile_program(folder, "with", MAIN, "-Wl,--no-as-needed", library)
    found = doctor("--", program)
    check("liballocator.so" in finding(found, "other_malloc")["what"], "which")
    check("own_malloc" not in ids(found), "it is after ours")


@test
def a_c_library_that_is_too_old_blocks(folder):
    """A library that claims to be glibc 2.17."""
    script = write(os.path.join(folder, "map"), "GLIBC_2.17 { global: gnu_get_libc_version; };\n")
    library = shared(folder, "libold.so", 'const char *gnu_get_libc_version(void) { return "2.17"; }',
                     f"-Wl,--version-script={script}")
    program = compile_program(folder, "aged", MAIN, "-Wl,--no-as-needed", library)
    found = doctor("--", program)
    check("2.17" in finding(found, "glibc_too_old")["what"], "which")


@test
def what_is_no_command_is_trouble(folder):
    text = write(os.path.join(folder, "text"), "no program\n")
    one_line(run(FFISCOPE, "doctor", "--", text), 2, "cannot run", "Permission denied")
    one_line(run(FFISCOPE, "doctor", "--", "no-such-command"), 2, "No such file")
    one_line(run(FFISCOPE, "doctor", "--"), 2, "no command follows")
    one_line(run(FFISCOPE, "doctor", SERVICE, "--", "true"), 2, "at a time")
    script = write(os.path.join(folder, "lost"), "#!/no/such/interpreter\n")
    os.chmod(script, 0o755)
    one_line(run(FFISCOPE, "doctor", "--", script), 2, "/no/such/interpreter")


# --- Libraries -----------------------------------------------------------------------------------

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
    rust = ENTRY + 'const char *text(void) { return "delimited length exceeded /rustc/"; }\n'
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
            check({"no_sections", "damaged"} & set(ids(found)), f"{parts}/16: {ids(found)}")
            equal(found["facts"]["exported_functions"], None if "no_sections" in ids(found) else 0,
                  f"{parts}/16: exports")


# --- Recordings ----------------------------------------------------------------------------------

@test(which=["dlopen", "linked"])
def a_recording_says_how_each_function_was_bound(folder, which):
    recording = record(folder, *host(which, "--requests", 30))
    found = doctor(recording.path)
    equal(found["subject"], "recording", "subject")
    equal(ids(found), [], "findings")
    bound = {one["name"]: one["bound"] for one in found["wrapped"]}
    equal(bound.get("proto2ffi_say_hello"), "lookup" if which == "dlopen" else "slot", "entry point")
    equal(bound.get("protobuf_c_message_pack"), "slot", "codec")
    calls = {one["name"]: one["calls"] for one in found["wrapped"] if one["kind"] in ("entry", "free")}
    equal({name: count for name, count in calls.items() if count},
          {one["name"]: one["calls"] for one in recording.report()["entry_points"] if one["calls"]}, "calls")
    promised = doctor("--", *host("linked")) if which == "linked" else doctor(SERVICE)
    check(set(bound) <= {one["name"] for one in promised["functions"]}, f"doctor foresaw {sorted(bound)}")


@test
def a_recording_of_a_static_program_says_that_nothing_was_loaded(folder):
    recording = record(folder, compile_program(folder, "still", MAIN, "-static"))
    equal(ids(doctor(recording.path)), ["never_loaded"], "findings")
    recording = record(folder, "/bin/true", name="plain")
    equal(ids(doctor(recording.path)), ["nothing_wrapped"], "findings")


# --- Processes -----------------------------------------------------------------------------------

def sleeper(*before):
    """Says a line when it is up, and ends when its input does."""
    process = subprocess.Popen([*before, PYTHON, "-c", "print(1, flush=True); input()"], env=environment(),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    return process


@test
def a_running_process_is_recorded_or_not(folder):
    process = sleeper()
    try:
        found = doctor("--pid", str(process.pid))
    finally:
        process.communicate(b"\n", timeout=60)
    equal(found["facts"]["preloaded"], "no", "preloaded")
    equal(ids(found, "blocks"), ["not_preloaded"], "what blocks")
    process = sleeper(FFISCOPE, "record", "-q", "-o", os.path.join(folder, "rec"), "--")
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            child = file.read().split()[0]
        found = doctor("--pid", child)
    finally:
        process.communicate(b"\n", timeout=60)
    equal(found["facts"]["preloaded"], "yes", "preloaded")
    equal(ids(found, "blocks"), [], "what blocks")
    equal(os.path.realpath(found["facts"]["program"]), os.path.realpath(PYTHON), "program")


@test
def a_library_without_a_recording_is_told(folder):
    process = subprocess.Popen([PYTHON, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=environment(LD_PRELOAD=PRELOAD))
    process.stdout.readline()
    try:
        found = doctor("--pid", str(process.pid))
    finally:
        process.communicate(b"\n", timeout=60)
    equal(ids(found, "blocks"), ["not_recorded"], "what blocks")


@test
def no_process_is_trouble(folder):
    process = subprocess.Popen(["true"])
    process.wait()
    one_line(run(FFISCOPE, "doctor", "--pid", str(process.pid)), 2, "there is none")
    one_line(run(FFISCOPE, "doctor", "--pid", "x"), 2, "does not take")


# --- Without a library ---------------------------------------------------------------------------

@test
def an_installation_without_library_is_told(folder):
    os.mkdir(os.path.join(folder, "bin"))
    alone = shutil.copy(FFISCOPE, os.path.join(folder, "bin", "ffiscope"))
    result = run(alone, "doctor", "--json")
    equal(result.status, 0, "status")
    check("cannot find libffiscope.so" in result.err, f"stderr {result.err!r}")
    found = json.loads(result.stdout)
    finding(found, "no_session")
    equal(found["facts"]["calibration"], None, "calibration")


if __name__ == "__main__":
    main()
