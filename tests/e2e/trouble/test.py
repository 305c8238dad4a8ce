# SPDX-License-Identifier: MIT
"""trouble - one clear line, the documented exit status, and the program unharmed."""
import json
import os
import random
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FFISCOPE, Failure, Skip, check, environment, equal, host, load, main,
                      one_line, record, record_anyway, record_host, run, test, unharmed, write)

SEED = 7
LIMIT_KIB = 2000000
DAMAGED_TIMEOUT_S = 30
HELLO = "proto2ffi_say_hello"


# --- The command ---------------------------------------------------------------------------------

@test
def a_missing_command_is_127(folder):
    one_line(record(folder, "no-such-command-at-all"), 127, "no-such-command-at-all")
    one_line(record(folder, "/no/such/path"), 127, "/no/such/path")


@test
def a_command_that_is_not_executable_is_126(folder):
    path = write(os.path.join(folder, "plain.txt"), "not a program\n")
    one_line(record(folder, path), 126, path)
    one_line(record(folder, folder), 126, folder)


@test(arguments=[["record"], ["record", "--"], ["record", "-o"], ["record", "-o", "x", "--"]])
def no_command_is_125(folder, arguments):
    result = run(FFISCOPE, *arguments, cwd=folder)
    equal(result.status, 125, "exit status")
    check(result.err.startswith("ffiscope:"), f"message is {result.err!r}")
    equal(os.listdir(folder), [], "files left behind")


@test(command=["report", "leaks", "flamegraph"])
def no_recording_is_one_line_and_2(folder, command):
    one_line(run(FFISCOPE, command, cwd=folder), 2, "ffiscope.data")
    one_line(run(FFISCOPE, command, "/no/such/folder"), 2, "/no/such/folder")
    empty = os.path.join(folder, "empty")
    os.mkdir(empty)
    one_line(run(FFISCOPE, command, empty), 2, empty)
    one_line(run(FFISCOPE, command, "--nonsense"), 2, "--nonsense")
    one_line(run(FFISCOPE, command, "a", "b", "c"), 2)
    one_line(run(FFISCOPE, command, write(os.path.join(folder, "file"), b"\0\1\2")), 2)


@test
def an_unknown_command_is_one_line_and_2(folder):
    one_line(run(FFISCOPE, "recrod", cwd=folder), 2, "recrod")


# --- The output ----------------------------------------------------------------------------------

def as_nobody(**how):
    if os.geteuid() == 0:
        how.update(user=65534, group=65534, extra_groups=[])
    return how


@test
def no_right_to_create_the_folder_is_one_line_and_125(folder):
    closed = os.path.join(folder, "closed")
    os.mkdir(closed, 0o555)
    os.chmod(folder, 0o755)
    # The build may lie where nobody else can enter.
    program = os.path.join(folder, "copy", "bin", "ffiscope")
    for part in ("bin", "lib"):
        shutil.copytree(os.path.join(BUILD, part), os.path.join(folder, "copy", part))
    result = run(program, "record", "-o", os.path.join(closed, "rec"), "--", "echo", "started",
                 cwd=folder, **as_nobody())
    one_line(result, 125, os.path.join(closed, "rec"))
    equal(result.stdout, b"", "the command was started all the same")


@test
def a_missing_parent_folder_is_one_line_and_125(folder):
    path = os.path.join(folder, "no", "such", "rec")
    one_line(record_anyway(path), 125, path)


class SmallDisk:
    """A tmpfs of a few hundred KiB."""

    def __init__(self, folder, size):
        self.path = os.path.join(folder, "disk")
        os.mkdir(self.path)
        if os.geteuid() != 0:
            raise Skip("only root can mount a small disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path],
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Skip(f"cannot mount a tmpfs: {done.stderr.decode().strip()}")

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)


@test(size=["4k", "64k", *(f"{kib}k" for kib in range(580, 636, 4)), "2m"])
def a_full_disk_harms_nobody_and_is_told(folder, size):
    with SmallDisk(folder, size) as disk:
        path = os.path.join(disk, "rec")
        result = record_anyway(path, requests=8000)
        if result.status == 125:  # no room for even the beginning
            one_line(result, 125)
            equal(result.stdout, b"", "the command was started all the same")
            return
        unharmed(result, 8000)
        check("No space left" in result.err or "full" in result.err, f"summary: {result.err!r}")
        report = load(path, "report")
        if size == "4k":  # meta.json takes it all
            return
        calls = sum(entry["calls"] for entry in report["entry_points"] if entry["name"] == HELLO)
        equal(calls, 8000, "calls")
        check(report["loss"]["events"] > 0, "no loss is told")


@test
def a_disk_that_is_full_from_the_start_harms_nobody(folder):
    with SmallDisk(folder, "64k") as disk:
        try:
            write(os.path.join(disk, "filler"), b"x" * 100000)
        except OSError:
            pass
        result = record_anyway(os.path.join(disk, "rec"))
        if result.status == 125:
            one_line(result, 125)
        else:
            unharmed(result)


def limited(bytes_max):
    def apply():
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
    return apply


@test(bytes_max=[0, 4096, 100000, 1000000])
def a_limit_of_file_size_harms_nobody(folder, bytes_max):
    """The signal SIGXFSZ, that such a limit sends, must reach neither the program nor record."""
    path = os.path.join(folder, "rec")
    result = record_anyway(path, requests=8000, preexec_fn=limited(bytes_max))
    if result.status == 125:
        one_line(result, 125)
        equal(result.stdout, b"", "the command was started all the same")
        return
    unharmed(result, 8000)
    check(len(result.err.splitlines()) >= 1, "nothing is said of it")
    for command in ("report", "leaks"):
        shown = run(FFISCOPE, command, path)
        check(shown.status in (0, 2), f"{command} ended with {shown.status}: {shown.err!r}")


@test(limit=["RLIMIT_NOFILE", "RLIMIT_AS"])
def other_limits_harm_nobody(folder, limit):
    values = {"RLIMIT_NOFILE": 12, "RLIMIT_AS": 200 << 20}

    def apply():
        which = getattr(resource, limit)
        resource.setrlimit(which, (values[limit], values[limit]))

    result = record_anyway(os.path.join(folder, "rec"), preexec_fn=apply)
    if result.status == 125:
        one_line(result, 125)
    else:
        unharmed(result)


# --- The boundary file ---------------------------------------------------------------------------

BAD_BOUNDARIES = [  # text, line, column
    ("nonsense foo\n", 1, 1),
    ("# fine\n\nentry foo response=none\n  wrong bar\n", 4, 3),
    ("entry\n", 1, None),
    ("entry foo request=arg0,argx\n", 1, 24),
    ("entry foo request=arg0,arg1 colour=red\n", 1, 29),
    ("entry foo response=ret{ptr,len,cap\n", 1, None),
    ("entry foo response=none stack=many\n", 1, 31),
    ("free foo buffer=arg0{ptr,cap}\n", 1, None),
    ("entry [a-z response=none\n", 1, 7),
]


@test(case=range(len(BAD_BOUNDARIES)))
def a_bad_boundary_file_is_named_with_line_and_column(folder, case):
    text, line, column = BAD_BOUNDARIES[case]
    path = write(os.path.join(folder, "bad.boundary"), text)
    result = record_anyway(os.path.join(folder, "rec"), "--boundary", path)
    where = f"{path}:{line}:{column}" if column else f"{path}:{line}:"
    one_line(result, 125, where)
    equal(result.stdout, b"", "the command was started all the same")
    check(not os.path.exists(os.path.join(folder, "rec")), "a recording was begun")


@test
def a_bad_boundary_file_steers_no_terminal(folder):
    path = write(os.path.join(folder, "\x1b[31mred"), "nonsense foo\n")
    result = record_anyway(os.path.join(folder, "rec"), "--boundary", path)
    one_line(result, 125, "red:1:1: ")
    check(result.err.startswith("ffiscope: "), f"message is {result.err!r}")
    check("\x1b" not in result.err, "an escape sequence reaches the terminal")


@test
def a_boundary_file_that_cannot_be_read_is_one_line_and_125(folder):
    one_line(record_anyway(os.path.join(folder, "rec"), "--boundary", "/no/such/file"), 125,
             "/no/such/file")
    one_line(record_anyway(os.path.join(folder, "rec"), "--boundary", folder), 125, folder)
    noise = write(os.path.join(folder, "noise"), random.Random(SEED).randbytes(5000))
    one_line(record_anyway(os.path.join(folder, "rec"), "--boundary", noise), 125, noise)


# --- Damaged recordings --------------------------------------------------------------------------

def small_recording(folder, *arguments):
    recording = record_host(folder, "dlopen", "--requests", 120, "--threads", 2, "--entry",
                            "mixed", *arguments)
    files = [os.path.join(place, name) for place, _, names in os.walk(recording.path)
             for name in names]
    return recording.path, sorted(files)


def read_damaged(path, what):
    for command in (["report"], ["report", "--json"], ["leaks", "--json"], ["flamegraph"]):
        try:
            result = run(FFISCOPE, *command, path, timeout=DAMAGED_TIMEOUT_S, limit_kib=LIMIT_KIB)
        except Failure as failure:
            check(False, f"{what}: {failure}")
            continue
        name = " ".join(command)
        # A damaged state can look like a leak; a crash has a status above 2.
        allowed = (0, 1, 2) if command[0] == "leaks" else (0, 2)
        check(result.status in allowed, f"{what}: {name} ended with {result.status}: "
              f"{result.err[-200:]!r}")
        lines = result.err.splitlines()  # what could not be read, and at last the trouble
        check(len(lines) <= 12 and all(line.startswith("ffiscope:") for line in lines) and
              len(lines) >= (result.status == 2), f"{what}: {name} says {result.err[:300]!r}")
        if result.status == 2:
            continue
        if "--json" in command:
            try:
                json.loads(result.stdout)
            except ValueError as error:
                check(False, f"{what}: {name} prints no JSON: {error}")


def with_each_file(path, files, damages):
    """damages: [(name, function of the file's bytes to other bytes, or None to delete)]."""
    for file in files:
        with open(file, "rb") as opened:
            content = opened.read()
        for name, damage in damages:
            damaged = damage(content)
            what = f"{os.path.relpath(file, path)} {name}"
            if damaged is None:
                os.unlink(file)
            else:
                write(file, damaged)
            read_damaged(path, what)
            write(file, content)


@test
def a_file_that_is_missing_is_no_crash(folder):
    path, files = small_recording(folder)
    with_each_file(path, files, [("missing", lambda content: None)])


@test
def a_file_that_is_cut_off_is_no_crash(folder):
    path, files = small_recording(folder)
    chance = random.Random(SEED)
    damages = [("empty", lambda content: b""), ("one byte", lambda content: content[:1]),
               ("half", lambda content: content[:len(content) // 2]),
               ("less a byte", lambda content: content[:-1])]
    damages += [("cut off", lambda content: content[:chance.randrange(len(content))])
                for _ in range(6)]
    with_each_file(path, files, damages)


def flip(chance, content, count):
    damaged = bytearray(content)
    for _ in range(count):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


@test
def flipped_bits_are_no_crash(folder):
    path, files = small_recording(folder, "--leak-every", 9)
    chance = random.Random(SEED)
    damages = [(f"{count} bits flipped", lambda content, count=count: flip(chance, content, count))
               for count in (1, 1, 1, 1, 3, 3, 30, 30, 300)]
    damages += [("its beginning flipped", lambda content: flip(chance, content[:200], 3) +
                 content[200:]) for _ in range(6)]
    with_each_file(path, files, damages)


@test
def foreign_content_is_no_crash(folder):
    path, files = small_recording(folder)
    chance = random.Random(SEED)
    damages = [("noise", lambda content: chance.randbytes(len(content))),
               ("zeros", lambda content: bytes(len(content))),
               ("ones", lambda content: b"\xff" * len(content)),
               ("followed by noise", lambda content: content + chance.randbytes(5000)),
               ("twice", lambda content: content + content),
               ("deep JSON", lambda content: b"[" * 200000)]
    with_each_file(path, files, damages)


@test
def a_folder_in_the_place_of_a_file_is_no_crash(folder):
    path, files = small_recording(folder)
    for file in files:
        os.rename(file, file + ".away")
        os.mkdir(file)
        read_damaged(path, f"{os.path.relpath(file, path)} is a folder")
        os.rmdir(file)
        os.rename(file + ".away", file)


@test
def a_fifo_in_the_place_of_a_file_is_no_hang(folder):
    path, files = small_recording(folder)
    for file in files:
        os.rename(file, file + ".away")
        os.mkfifo(file)
        read_damaged(path, f"{os.path.relpath(file, path)} is a fifo")
        os.unlink(file)
        os.rename(file + ".away", file)


@test
def foreign_files_beside_ours_change_nothing(folder):
    path, _ = small_recording(folder)
    before = load(path, "report")
    image = next(name for name in os.listdir(path) if name != "meta.json")
    for place in (path, os.path.join(path, image), os.path.join(path, image, "ctf")):
        write(os.path.join(place, "notes.txt"), "mine")
        os.mkdir(os.path.join(place, "999-x"))
    os.mkdir(os.path.join(path, "perf"))
    after = load(path, "report")
    equal(after["entry_points"], before["entry_points"], "entry points")
    equal(after["loss"], before["loss"], "loss")


@test
def a_damaged_stream_gives_what_can_be_read(folder):
    """Half of one thread's events are gone: the rest and the counters are there, and it is told."""
    path, files = small_recording(folder)
    whole = load(path, "report")
    slot = max((file for file in files if "slot-" in file), key=os.path.getsize)
    with open(slot, "r+b") as file:
        file.truncate(os.path.getsize(slot) // 2)
    report = load(path, "report")
    for entry in whole["entry_points"]:
        found = [other for other in report["entry_points"] if other["name"] == entry["name"]]
        equal([other["calls"] for other in found], [entry["calls"]], f"calls of {entry['name']}")
    check(report["loss"]["damaged_streams"] > 0, "the damage is not told in JSON")
    shown = run(FFISCOPE, "report", path)
    check("damage" in shown.out + shown.err or "in part" in shown.out + shown.err,
          "the table does not tell the damage")


@test
def a_newer_format_is_read_or_refused_in_one_line(folder):
    path, files = small_recording(folder)
    for file in files:
        if not file.endswith(".json"):
            continue
        with open(file, encoding="utf-8") as opened:
            content = json.load(opened)
        newer = dict(content, format=999, schema=content["schema"].replace("/1", "/999"),
                     colour="blue", shape=[1, {"x": None}])
        write(file, json.dumps(newer))
        read_damaged(path, f"a newer {os.path.basename(file)}")
        shown = run(FFISCOPE, "report", path)
        check("newer" in shown.err + shown.out or "999" in shown.err + shown.out,
              f"nothing is said of a newer {os.path.basename(file)}")
        write(file, json.dumps(dict(content, colour="blue")))
        equal(run(FFISCOPE, "report", path).status, 0, "exit status with an unknown key")
        write(file, json.dumps(content))


@test
def events_of_a_newer_version_are_stepped_over(folder):
    """process.json tells the sizes of records; an event that nobody knows is in no one's way."""
    path, files = small_recording(folder)
    whole = load(path, "report")
    name = next(file for file in files if file.endswith("process.json"))
    with open(name, encoding="utf-8") as file:
        content = json.load(file)
    content["events"].append({"id": 200, "name": "dream", "bytes": 64})
    write(name, json.dumps(content))
    equal(load(path, "report")["entry_points"], whole["entry_points"], "entry points")


@test
def output_that_cannot_be_written_is_trouble(folder):
    path, _ = small_recording(folder)
    for command in (["report"], ["report", "--json"], ["leaks", "--json"],
                    ["flamegraph"], ["flamegraph", "--folded"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([FFISCOPE, *command, path], stdout=full, env=environment(),
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        equal(done.returncode, 2, f"exit status of {' '.join(command)} into a full disk")
        equal(len(done.stderr.splitlines()), 1, f"lines of {' '.join(command)}")


@test
def of_a_drawing_that_cannot_be_written_nothing_else_is_said(folder):
    """Not that it rests on a part of the calls, either."""
    part = record(folder, *host("dlopen", "--requests", 20000), options=["--ring=64k"]).path
    check("rests on a part" in run(FFISCOPE, "flamegraph", part).err, "it does rest on a part")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([FFISCOPE, "flamegraph", part], stdout=full, env=environment(),
                              stderr=subprocess.PIPE, timeout=60, check=False)
    equal(done.returncode, 2, "exit status")
    equal(len(done.stderr.splitlines()), 1, f"lines of {done.stderr!r}")
    one_line(run(FFISCOPE, "flamegraph", "-o", os.path.join(folder, "no", "where"), part), 2, "No such file")


if __name__ == "__main__":
    main()
