# SPDX-License-Identifier: MIT
"""output_folder - where a recording goes, and that nothing else is harmed on its way there."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, TIMEOUT_S, check, environment, equal, host, load, main, one_line,
                      record, record_anyway, record_host, require, run, test, unharmed, wait_until,
                      write)

HELLO = "proto2ffi_say_hello"


@test
def an_output_that_is_a_file_is_not_overwritten(folder):
    path = write(os.path.join(folder, "precious"), "precious")
    one_line(record_anyway(path), 125, path)
    with open(path, encoding="ascii") as file:
        equal(file.read(), "precious", "content of the file")


@test
def a_foreign_folder_is_never_deleted(folder):
    path = os.path.join(folder, "photos")
    os.mkdir(path)
    write(os.path.join(path, "cat.jpg"), "miau")
    for _ in range(2):
        one_line(record_anyway(path), 125, path)
    equal(os.listdir(path), ["cat.jpg"], "what is in the folder")
    equal(os.listdir(folder), ["photos"], "what is beside the folder")


@test(meta=['{"name": "my web app"}', '{"schema": "other/1"}', "", '{"schema":"ffiscope.recordin',
            '{"was": "ffiscope.recording/1"}', '["schema", "ffiscope.recording/1"]'])
def a_folder_with_a_meta_json_of_another_program_is_never_deleted(folder, meta):
    for name in ("app", "app.old"):
        path = os.path.join(folder, name)
        os.mkdir(path)
        write(os.path.join(path, "meta.json"), meta)
        write(os.path.join(path, "precious.txt"), "precious")
        for _ in range(2):
            one_line(record_anyway(path), 125, path)
        equal(sorted(os.listdir(path)), ["meta.json", "precious.txt"], "what is in the folder")
    shutil.rmtree(os.path.join(folder, "app"))
    unharmed(record_anyway(os.path.join(folder, "app")))
    one_line(record_anyway(os.path.join(folder, "app")), 125, "app.old")
    equal(sorted(os.listdir(path)), ["meta.json", "precious.txt"], "what is in the folder")


@test
def a_recording_of_any_version_and_form_may_be_replaced(folder):
    path = os.path.join(folder, "rec")
    for schema in ("ffiscope.recording/1", "ffiscope.recording/999"):
        os.mkdir(path)
        write(os.path.join(path, "meta.json"), json.dumps({"schema": schema}, indent=2))
        unharmed(record_anyway(path))
        equal(os.listdir(path + ".old"), ["meta.json"], "what is in the older recording")
        shutil.rmtree(path)


@test
def a_foreign_folder_in_the_place_of_old_is_never_deleted(folder):
    path = os.path.join(folder, "rec")
    os.mkdir(path + ".old")
    write(os.path.join(path + ".old", "cat.jpg"), "miau")
    unharmed(record_anyway(path))
    result = record_anyway(path)
    check(result.status in (0, 125), f"exit status is {result.status}")
    equal(os.listdir(path + ".old"), ["cat.jpg"], "what is in the folder")


@test
def an_older_recording_is_kept_as_old(folder):
    path = os.path.join(folder, "rec")
    for requests in (11, 22, 33):
        unharmed(record_anyway(path, requests=requests), requests)
    found = {name: sum(entry["calls"] for entry in
                       load(os.path.join(folder, name), "report")["entry_points"]
                       if entry["name"] == HELLO) for name in sorted(os.listdir(folder))}
    equal(found, {"rec": 33, "rec.old": 22}, "calls in the recordings")


def hellos(path):
    return sum(entry["calls"] for entry in load(path, "report")["entry_points"]
               if entry["name"] == HELLO)


class Paused:
    """A recording under way: its command waits until it is told to go on."""

    def __init__(self, folder, path):
        self.ready, self.go = os.path.join(folder, "ready"), os.path.join(folder, "go")
        script = 'touch "$0"; while ! test -e "$1"; do sleep 0.01; done; shift; exec "$@"'
        self.process = subprocess.Popen(
            [FFISCOPE, "record", "-o", path, "--", "/bin/sh", "-c", script, self.ready, self.go,
             *host("dlopen", "--requests", 70)], env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        require(wait_until(lambda: os.path.exists(self.ready)), "the command did not start")

    def finish(self):
        write(self.go, "")
        _, err = self.process.communicate(timeout=TIMEOUT_S)
        equal(self.process.returncode, 0, f"exit status of the first record ({err!r})")


@test(older=[False, True])
def a_recording_under_way_is_not_replaced(folder, older):
    path = os.path.join(folder, "rec")
    if older:
        unharmed(record_anyway(path, requests=11), 11)
    first = Paused(folder, path)
    second = record_anyway(path)
    one_line(second, 125, path, "is being recorded")
    equal(second.stdout, b"", "the command was started all the same")
    first.finish()
    equal(hellos(path), 70, "calls of the first")
    equal(os.path.exists(path + ".old"), older, "there is an older recording")
    unharmed(record_anyway(path))
    equal((hellos(path), hellos(path + ".old")), (200, 70), "calls in the recordings")


@test
def a_recording_under_way_is_not_removed_as_old(folder):
    path = os.path.join(folder, "rec")
    unharmed(record_anyway(path))
    first = Paused(folder, path + ".old")
    one_line(record_anyway(path), 125, path + ".old", "is being recorded")
    first.finish()
    equal((hellos(path), hellos(path + ".old")), (200, 70), "calls in the recordings")


@test
def a_record_within_a_record_has_a_recording_of_its_own(folder):
    """The options of the outer one are not those of the inner one."""
    line = " ".join(host("dlopen", "--requests", 20))
    inner = " ".join(host("dlopen", "--requests", 30))
    outer = os.path.join(folder, "outer")
    result = run(FFISCOPE, "record", "-o", outer, "--wait", "--max-size", "1G", "--", "/bin/sh",
                 "-c", f"{line}; env | grep ^FFISCOPE_; {FFISCOPE} record -- {inner}; {line}",
                 cwd=folder)
    equal(result.status, 0, f"exit status ({result.err!r})")
    for name in ("OUTPUT", "WAIT", "MAX_SIZE"):
        check(f"FFISCOPE_{name}=" not in result.out, f"FFISCOPE_{name} reaches the command")
    equal(hellos(os.path.join(folder, "ffiscope.data")), 30, "calls of the inner one")
    processes = [process["calls"] for process in load(outer, "report")["processes"]]
    equal(processes, [42, 42], "calls of the processes of the outer one")


@test
def a_record_within_a_record_into_the_same_folder_is_refused(folder):
    path = os.path.join(folder, "rec")
    result = run(FFISCOPE, "record", "-q", "-o", path, "--", "/bin/sh", "-c",
                 f"{' '.join(host('dlopen', '--requests', 20))} >&2; "
                 f"{FFISCOPE} record -o {path} -- true; echo $?")
    equal(result.out, "125\n", f"exit status of the inner one ({result.err!r})")
    equal(hellos(path), 20, "calls of the outer one")


@test
def an_empty_folder_may_be_used(folder):
    path = os.path.join(folder, "rec")
    os.mkdir(path)
    unharmed(record_anyway(path))


@test
def names_with_percent_expand(folder):
    result = run(FFISCOPE, "record", "-o", os.path.join(folder, "r-%e-%p-%h"), "--",
                 *host("dlopen", "--requests", 10))
    equal(result.status, 0, "exit status")
    names = os.listdir(folder)
    require(len(names) == 1, f"recordings: {names}")
    parts = names[0].split("-", 3)
    equal(parts[:2], ["r", "host_dlopen"], "name")
    check(parts[2].isdigit(), f"pid in {names[0]}")
    equal(parts[3], os.uname().nodename, "host name")


@test
def everything_in_a_recording_is_private(folder):
    recording = record_host(folder, "dlopen", "--requests", 20, umask=0)
    for place, folders, files in os.walk(recording.path):
        for name in folders:
            mode = os.stat(os.path.join(place, name)).st_mode & 0o777
            equal(mode, 0o700, f"mode of {name}")
        for name in files:
            equal(os.stat(os.path.join(place, name)).st_mode & 0o777, 0o600, f"mode of {name}")


@test
def a_recording_can_be_moved_and_read_elsewhere(folder):
    recording = record_host(folder, "dlopen", "--requests", 50)
    before = recording.report()
    shutil.move(recording.path, os.path.join(folder, "else where"))
    after = load(os.path.join(folder, "else where"), "report", cwd="/")
    equal(after["entry_points"], before["entry_points"], "entry points after the move")


if __name__ == "__main__":
    main()
