# SPDX-License-Identifier: MIT
"""output_folder - where a recording goes, and that nothing else is harmed on its way there."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, check, equal, host, load, main, one_line, record, record_anyway,
                      record_host, require, run, test, unharmed, write)

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
