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
                      equal, host, main, one_line, record, require, run, shared, test, write)
from findings import MAIN, doctor, finding, functions, ids

RISCV = b"\xf3\x00"  # EM_RISCV of elf.h: there is no library for it


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
def shared_memory_without_limit_is_not_little(folder):
    """size=0 is none: tmpfs(5)."""
    inside = "mount -t tmpfs -o size=0 none /dev/shm && exec " + FFISCOPE + " doctor --json"
    as_root = [] if os.getuid() == 0 else ["-r"]
    result = run("unshare", *as_root, "-m", "sh", "-c", inside)
    if "unshare" in result.err or "mount:" in result.err:
        raise Skip(f"no mount namespace here: {result.err.strip()}")
    found = json.loads(result.stdout)
    check("little_shared_memory" not in ids(found), f"{found['facts']}")
    equal(found["facts"]["shared_memory_bytes"], None, "what is left is not known")


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
def what_was_not_looked_at_is_not_said_to_have_no_boundary(folder):
    trap = write(os.path.join(folder, "trap.so"), "#!/bin/sh\n")
    os.chmod(trap, 0o755)
    found = doctor("--", compile_program(folder, "own", MAIN, f"-Wl,--dynamic-linker={trap}"))
    check("nothing_at_the_boundary" not in ids(found), "its libraries are not known")
    bare = compile_program(folder, "bare", MAIN)
    with open(bare, "r+b") as file:  # what sstrip does: e_shoff, e_shnum and e_shstrndx are none
        file.seek(40)
        file.write(bytes(8))
        file.seek(60)
        file.write(bytes(4))
    found = doctor("--", bare)
    finding(found, "no_sections")
    check("nothing_at_the_boundary" not in ids(found), "its symbols are not known")


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


@test
def a_linked_function_is_named_once(folder):
    library = shared(folder, "libmine.so", "int store_query(void) { return 1; }")
    other = shared(folder, "libother.so", "int store_query(void); int other(void) { return store_query(); }")
    program = compile_program(folder, "user", """
int store_query(void); int other(void);
int (*volatile pointer)(void) = store_query;
int main(void) { return store_query() + pointer() + other(); }
""", other, library, f"-Wl,-rpath,{folder}", "-fno-pie", "-no-pie")
    equal(finding(doctor("--", program), "linked_without_row")["subject"], "other, store_query", "names")


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
def a_program_behind_a_link_finds_what_lies_beside_it(folder):
    """As Debian's java does."""
    place = os.path.join(folder, "place")
    os.mkdir(place)
    library = shared(place, "libbeside.so", "int beside(void) { return 1; }", "-Wl,-soname,libbeside.so")
    program = compile_program(place, "user", "int beside(void); int main(void) { return !beside(); }", library,
                              "-Wl,-rpath,$ORIGIN")
    link = os.path.join(folder, "link")
    os.symlink(program, link)
    require(run(link).status == 0, "it does start")
    found = doctor("--", link)
    equal(ids(found, "blocks"), [], "what blocks")
    check(library in [one["file"] for one in found["objects"]], "what it brings")


@test(kind=["short", "text"])
def a_library_that_the_loader_refuses_is_at_fault_and_not_ours(folder, kind):
    library = shared(folder, "libbad.so", "int bad(void) { return 1; }")
    program = compile_program(folder, "user", "int bad(void); int main(void) { return bad(); }", library,
                              f"-Wl,-rpath,{folder}")
    write(library, "short" if kind == "short" else "text " * 1000)
    found = doctor("--", program)
    check("libbad.so" in finding(found, "refused_library")["what"], "which")
    equal(ids(found, "blocks"), ["refused_library"], "nothing else is at fault")
    equal(found["facts"]["preload"], None, "whether ours could be loaded is not known")
    check("nothing_at_the_boundary" not in ids(found), "what is linked is not known")


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
    ends = [os.path.join(folder, "one"), os.path.join(folder, "two")]
    for own, other in (ends, ends[::-1]):
        write(own, f"#!{other}\n")
        os.chmod(own, 0o755)
    one_line(run(FFISCOPE, "doctor", "--", ends[0]), 2, "from script to script")


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
def functions_of_a_recording_stand_in_order(folder):
    """By name, then library, then process: not as they were looked up."""
    command = host("dlopen", "--requests", 3)
    script = " ".join(map(str, command)) + "; " + " ".join(map(str, command))
    found = doctor(record(folder, "/bin/sh", "-c", script).path)["wrapped"]
    rows = [(one["name"], one["library"], one["pid"]) for one in found]
    check(len({row[2] for row in rows}) == 2 and len({row[0] for row in rows}) > 3, f"{rows}")
    equal(rows, sorted(rows), "order")


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
def a_process_with_another_root_is_judged_as_it_sees_its_files(folder):
    """There the loader lies elsewhere, and what is in a system folder is none from here."""
    if os.getuid() != 0:
        raise Skip("only root may change the root of a process")
    root = os.path.join(folder, "root")
    os.makedirs(os.path.join(root, "usr", "lib"))
    library = shared(os.path.join(root, "usr", "lib"), "libmine.so", "int store_query(void) { return 1; }",
                     "-Wl,-soname,libmine.so")
    program = compile_program(root, "user", """
#include <stdio.h>
int store_query(void);
int main(void) { putchar('0' + store_query()); putchar(10); fflush(stdout); return getchar(); }
""", library, "-Wl,-rpath,/usr/lib", "-Wl,--dynamic-linker=/usr/lib/loader.so")
    for line in run("ldd", "/bin/true").out.splitlines():
        paths = [word for word in line.split() if word.startswith("/")]
        for path in paths:
            shutil.copy(path, os.path.join(root, "usr/lib", "loader.so" if "ld-linux" in path else ""))
    process = subprocess.Popen(["chroot", root, "/user"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=environment(LD_LIBRARY_PATH="/usr/lib"))
    process.stdout.readline()
    try:
        found = doctor("--pid", str(process.pid))
    finally:
        process.communicate(b"\n", timeout=60)
    equal(ids(found, "blocks"), ["not_preloaded"], "what blocks")
    check("/usr/lib/libmine.so" in [one["file"] for one in found["objects"]], "its files, as it knows them")
    check("linked_without_row" not in ids(found), f"a system folder's function is no entry point: {ids(found)}")


@test
def files_of_another_mount_namespace_are_read_where_they_lie(folder):
    """What is mounted at that place there hides what doctor would find there itself."""
    place = os.path.join(folder, "place")
    os.mkdir(place)
    library = shared(folder, "libmine.so", "int store_query(void) { return 1; }", "-Wl,-soname,libmine.so")
    program = compile_program(folder, "user", """
#include <stdio.h>
int store_query(void);
int main(void) { putchar('0' + store_query()); putchar(10); fflush(stdout); return getchar(); }
""", library, "-Wl,-rpath," + place)
    there = os.path.join(place, "libmine.so")
    write(there, "no library\n")
    script = f'mount -t tmpfs none {place} && cp {library} {place} && exec {program}'
    as_root = [] if os.getuid() == 0 else ["-r"]
    process = subprocess.Popen(["unshare", *as_root, "-m", "sh", "-c", script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    if process.stdout.readline() != b"1\n":
        raise Skip(f"no mount namespace here: {process.communicate()[1]}")
    try:
        found = doctor("--pid", str(process.pid), "--entry", "store_*")
    finally:
        process.communicate(b"\n", timeout=60)
    check("unreadable" not in ids(found), f"files that were not read: {ids(found)}")
    equal([one["file"] for one in found["objects"] if one["file"].endswith("mine.so")], [there], "its library")
    equal(functions(found, bound="slot"), {"store_query"}, "the function that it is linked with")


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
