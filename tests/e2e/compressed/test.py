# SPDX-License-Identifier: MIT
"""compressed - `record --compress` makes a recording smaller and changes nothing that is read from it."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, Recording, check, environment, equal, events_of_calls, load, main,
                      one_line, record_host, require, run, test, write)


def streams(recording):
    return [os.path.join(image, "ctf", name) for image in recording.images()
            for name in sorted(os.listdir(os.path.join(image, "ctf"))) if name.startswith("slot-")]


def compressed(folder, *arguments, options=()):
    return record_host(folder, "dlopen", *arguments, options=["--compress", *options])


def expanded(folder, recording):
    """A copy whose streams zstd itself expanded."""
    path = os.path.join(folder, "expanded")
    shutil.copytree(recording.path, path)
    for stream in streams(recording):
        copy = os.path.join(path, os.path.relpath(stream, recording.path))
        done = run("zstd", "-q", "-d", "--rm", copy)
        require(done.status == 0, f"zstd: {done.err}")
    return path


@test(threads=[1, 4])
def everything_reads_the_same(folder, threads):
    recording = compressed(folder, "--requests", 20000, "--threads", threads)
    files = streams(recording)
    require(files, "streams are missing")
    check(all(name.endswith(".zst") for name in files), f"not all are compressed: {files}")
    path = expanded(folder, recording)
    for command in ("report", "leaks"):
        equal(load(recording.path, command), load(path, command), command)
    equal(*(run(FFISCOPE, "flamegraph", "--folded", each).out for each in (recording.path, path)), "folded stacks")


@test
def a_plain_call_takes_at_most_16_bytes(folder):
    recording = compressed(folder, "--requests", 100000, "--entry", "noop")
    calls = sum(entry["calls"] for entry in recording.report()["entry_points"])
    lost = recording.report()["loss"]["events"]
    size = sum(os.path.getsize(name) for name in streams(recording))
    check(size <= 16 * (calls - lost), f"{size} bytes for {calls - lost} calls")


@test
def zstd_makes_it_one_that_babeltrace2_reads(folder):
    recording = compressed(folder, "--requests", 500)
    calls = sum(entry["calls"] for entry in recording.report()["entry_points"])
    equal(events_of_calls(Recording(expanded(folder, recording), recording)), calls, "events of calls")


@test(keep=[0.5, 0.9])
def a_stream_that_is_cut_off_gives_what_can_be_read(folder, keep):
    recording = compressed(folder, "--requests", 100000, "--entry", "noop", options=["--buffer-size=16M"])
    whole = load(recording.path, "report")
    stream = max(streams(recording), key=os.path.getsize)
    os.truncate(stream, int(os.path.getsize(stream) * keep))
    report = load(recording.path, "report")
    equal([entry["calls"] for entry in report["entry_points"]],
          [entry["calls"] for entry in whole["entry_points"]], "calls, from the counters")
    timed, all_of_them = (sum(entry["timed_calls"] for entry in of["entry_points"]) for of in (report, whole))
    check(0 < timed < all_of_them, f"{timed} of {all_of_them} calls were read")
    equal(report["loss"]["damaged_streams"], 1, "damaged streams")


@test
def a_damaged_stream_ends_at_the_damage(folder):
    recording = compressed(folder, "--requests", 50000, "--entry", "noop")
    stream = max(streams(recording), key=os.path.getsize)
    with open(stream, "r+b") as file:
        file.seek(os.path.getsize(stream) // 2)
        file.write(b"\xff" * 64)
    equal(load(recording.path, "report")["loss"]["damaged_streams"], 1, "damaged streams")


@test
def what_an_ended_recorder_left_is_not_read_twice(folder):
    recording = compressed(folder, "--requests", 2000)
    before = load(recording.path, "report")
    stream = streams(recording)[0]
    write(stream[:-len(".zst")] + ".part", "half a stream")
    require(run("zstd", "-q", "-d", stream).status == 0, "zstd failed")
    equal(load(recording.path, "report"), before, "report")


@test
def the_option_beats_the_variable(folder):
    recording = record_host(folder, "dlopen", "--requests", 300, options=["--no-compress"],
                            env=environment(FFISCOPE_COMPRESS="yes"))
    check(not any(name.endswith(".zst") for name in streams(recording)), "compressed nevertheless")


@test
def a_bad_value_is_one_line(folder):
    done = run(FFISCOPE, "record", "--compress=perhaps", "--", "true", cwd=folder)
    one_line(done, 125, "--compress")


if __name__ == "__main__":
    main()
