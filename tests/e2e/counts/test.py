# SPDX-License-Identifier: MIT
"""counts - calls, bytes, allocations and sums are exactly what the programs say of themselves."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (SCRIPTED, check, check_phases_add_up, check_unseen_phases_are_null, equal,
                      main, near, phase, record_host, row, test, write)
from truth import (BUFFER_ENTRIES, PLAIN_ENTRIES, check_all, check_entry_rows, check_nothing_lost,
                   check_requests, check_service_totals, takes_buffers)

REQUESTS = 3000
HOST_KINDS = ["dlopen", "linked", "cpp", "ctypes"]


@test(host=HOST_KINDS, threads=[1, 2, 4], entry=["mixed", "hello"])
def counts_equal_what_host_and_service_say(folder, host, threads, entry):
    check_all(record_host(folder, host, "--requests", REQUESTS, "--threads", threads,
                          "--entry", entry))


@test(host=HOST_KINDS, entry=["user", "post", "batch", "calculator", *PLAIN_ENTRIES])
def every_entry_point_is_counted_exactly(folder, host, entry):
    check_all(record_host(folder, host, "--requests", 1001, "--threads", 2, "--entry", entry))


# fiddle cannot call the calculator: it gets one of the two registers of a struct of 16 bytes.
@test(case=[(host, entry) for host in SCRIPTED
            for entry in ("mixed", *BUFFER_ENTRIES, *PLAIN_ENTRIES)
            if (host, entry) != ("fiddle", "calculator")])
def counts_equal_what_hosts_in_other_languages_say(folder, case):
    host, entry = case
    check_all(record_host(folder, host, "--requests", 1001, "--entry", entry))


@test(host=HOST_KINDS)
def the_fast_clock_changes_no_count(folder, host):
    recording = record_host(folder, host, "--requests", REQUESTS, "--threads", 2, "--entry",
                            "mixed", options=["--clock", "fast"])
    _, report = check_all(recording)
    equal(report["clock"]["mode"], "fast", "clock mode")


@test(host=HOST_KINDS, threads=[1, 4])
def library_phases_have_the_allocations_of_their_calls(folder, host, threads):
    recording = record_host(folder, host, "--requests", REQUESTS, "--threads", threads,
                            "--entry", "mixed")
    report = recording.report()
    for name in BUFFER_ENTRIES.values():
        entry = row(report, name)
        for key in ("allocations", "allocated_bytes"):
            parts = [found[key] for found in report["phases"]
                     if found["entry_point"] == name and found["side"] == "library"
                     and found["phase"] in ("decode", "work", "encode")]
            check(None not in parts, f"{key} of a library phase of {name} is null")
            equal(sum(part or 0 for part in parts), entry.get(key),
                  f"{key} of decode, work and encode of {name}")


@test(host=HOST_KINDS, threads=[1, 4])
def codec_phases_of_both_sides_are_counted_once_per_request(folder, host, threads):
    recording = record_host(folder, host, "--requests", REQUESTS, "--threads", threads,
                            "--entry", "mixed")
    report = recording.report()
    for said in recording.truth()["entry_points"]:
        if not takes_buffers(said["name"]):
            continue
        for side, which in (("host", "encode"), ("library", "decode"), ("library", "encode"),
                            ("host", "decode"), ("host", "consume"), ("library", "free")):
            found = phase(report, said["name"], side, which)
            equal(found.get("count"), said["calls"], f"{side} {which} of {said['name']}")
            equal(found.get("source"), "measured", f"source of {side} {which}")


@test(threads=[1, 4])
def prepare_is_null_only_until_the_call_site_is_known(folder, threads):
    """Each thread must see its request's malloc once before it can time it."""
    recording = record_host(folder, "dlopen", "--requests", REQUESTS, "--threads", threads)
    found = phase(recording.report(), "proto2ffi_say_hello", "host", "prepare")
    check(REQUESTS - 2 * threads <= found.get("count", 0) <= REQUESTS,
          f"prepare was seen {found.get('count')} times in {REQUESTS} requests")
    equal(found.get("source"), "measured", "source of prepare")


@test(host=HOST_KINDS)
def what_nothing_can_see_is_null(folder, host):
    recording = record_host(folder, host, "--requests", 500, "--entry", "hello")
    report = recording.report()
    crossing = phase(report, "proto2ffi_say_hello", "host", "crossing")
    equal(crossing.get("count"), 0, "crossing count")
    equal(crossing.get("total_ns", 0), None, "crossing total")
    equal(set(report["dart"].values()), {None}, "dart")


@test
def responses_freed_in_their_request_were_held_for_no_time(folder):
    recording = record_host(folder, "dlopen", "--requests", 500, "--entry", "hello")
    report = recording.report()
    equal(row(report, "proto2ffi_say_hello", "requests").get("held_ns"), 0, "held_ns")
    equal(row(report, "init_service", "requests").get("held_ns", 0), None, "held_ns without any")


@test
def a_plain_entry_point_has_no_bytes_and_no_host_codec(folder):
    report = record_host(folder, "dlopen", "--requests", 500, "--entry", "noop").report()
    for which in ("encode", "decode", "prepare", "consume", "crossing"):
        found = phase(report, "proto2ffi_noop", "host", which)
        equal((found.get("count"), found.get("total_ns", 0)), (0, None), f"host {which} of noop")
    for which in ("decode", "encode"):  # the library's codec is wrapped and did not run
        found = phase(report, "proto2ffi_noop", "library", which)
        equal((found.get("count"), found.get("total_ns")), (500, 0), f"library {which} of noop")


ALL_ROWS = """
entry proto2ffi_get_*_raw response=none
entry proto2ffi_noop response=none
entry proto2ffi_memory_stats response=none
entry proto2ffi_add response=none
free  proto2ffi_free_byte_buffer buffer=arg0{ptr,len,cap} stack=24
free  calculator_free_buffer buffer=arg0{ptr,len}
entry proto2ffi_* request=arg0,arg1 response=ret{ptr,len,cap} free=proto2ffi_free_byte_buffer
entry calculator_process request=arg0,arg1 response=ret{ptr,len} free=calculator_free_buffer
"""


@test(host=["dlopen", "linked", "ctypes"], described=[True, False])
def without_allocations_their_figures_are_null(folder, host, described):
    """A two-register response of an undescribed function cannot be proven to be a buffer then."""
    options = ["--no-allocations"]
    if described:
        options += ["--boundary", write(os.path.join(folder, "all.boundary"), ALL_ROWS)]
    recording = record_host(folder, host, "--requests", 500, "--threads", 2, "--entry", "mixed",
                            options=options)
    truth, report = recording.truth(), recording.report()
    check_entry_rows(report, truth, () if described else ("calculator_process",))
    check_requests(report, truth)
    check_nothing_lost(recording, report, truth)
    for entry in report["entry_points"]:
        for key in ("allocations", "allocated_bytes", "frees", "freed_bytes"):
            equal(entry[key], None, f"{key} of {entry['name']}")
    for found in report["phases"]:
        for key in ("allocations", "allocated_bytes"):
            equal(found[key], None, f"{key} of {found['side']} {found['phase']}")


@test(host=HOST_KINDS)
def without_codecs_their_phases_are_null_and_work_too(folder, host):
    recording = record_host(folder, host, "--requests", 500, "--threads", 2, "--entry", "mixed",
                            options=["--no-codecs"])
    truth, report = recording.truth(), recording.report()
    check_entry_rows(report, truth)
    check_service_totals(report, truth)
    check_phases_add_up(report)
    check_unseen_phases_are_null(report)
    for said in truth["entry_points"]:
        name = said["name"]
        for side, which in (("host", "encode"), ("host", "decode"), ("library", "decode"),
                            ("library", "work"), ("library", "encode")):
            found = phase(report, name, side, which)
            equal((found.get("count"), found.get("total_ns", 0)), (0, None),
                  f"{side} {which} of {name}")
        found = phase(report, name, "library", "other")
        equal(found.get("count"), said["calls"], f"library other of {name}")
        near(found.get("total_ns"), row(report, name).get("total_ns", 0), 1,
             f"library other of {name}, beside the calls' time")


@test(host=HOST_KINDS)
def quantiles_are_in_order_and_totals_are_means_times_count(folder, host):
    report = record_host(folder, host, "--requests", REQUESTS, "--entry", "mixed").report()
    step = report["clock"]["step_ns"]
    for entry in report["entry_points"]:
        times = [entry[key] for key in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns",
                                        "max_ns")]
        equal(times, sorted(times), f"order of quantiles of {entry['name']}")
        off = abs(entry["total_ns"] - entry["mean_ns"] * entry["calls"])
        check(off <= entry["calls"], f"mean of {entry['name']} is not total / calls")
        check(entry["raw_mean_ns"] >= entry["mean_ns"], f"raw mean of {entry['name']}")
        error = entry["quantile_error_ns"]
        check(error is step is None or error >= step - 1, f"quantile error of {entry['name']}")
    shares = {}
    for found in report["phases"]:
        shares[found["entry_point"]] = shares.get(found["entry_point"], 0) + (found["share"] or 0)
    for name, share in shares.items():
        check(abs(share - 1) < 0.001, f"shares of {name} add up to {share}")


@test
def a_batch_of_many_requests_is_one_call(folder):
    recording = record_host(folder, "dlopen", "--requests", 50, "--entry", "batch", "--batch", 300)
    _, report = check_all(recording)
    check(row(report, "proto2ffi_process_batch").get("response_bytes", 0) > 50 * 300 * 216,
          "a batch response is as large as its users")


@test
def excluded_functions_are_not_seen(folder):
    recording = record_host(folder, "dlopen", "--requests", 200, "--entry", "mixed",
                            options=["--exclude", "proto2ffi_get_*", "--exclude", "calculator_*"])
    names = {entry["name"] for entry in recording.report()["entry_points"]}
    equal(names & {"proto2ffi_get_user", "proto2ffi_get_post", "calculator_process",
                   "calculator_free_buffer"}, set(), "excluded functions that were seen")
    check("proto2ffi_say_hello" in names, "others are still seen")


@test(host=HOST_KINDS + SCRIPTED)
def a_boundary_file_replaces_what_is_looked_up(folder, host):
    boundary = os.path.join(folder, "b.boundary")
    with open(boundary, "w", encoding="ascii") as file:
        file.write("# only these\n"
                   "entry proto2ffi_get_user request=arg0,arg1 response=ret{ptr,len,cap} "
                   "free=proto2ffi_free_byte_buffer\n"
                   "free proto2ffi_free_byte_buffer buffer=arg0{ptr,len,cap} stack=24\n")
    recording = record_host(folder, host, "--requests", 600, "--entry", "user",
                            options=["--boundary", boundary])
    truth, report = recording.truth(), recording.report()
    check_entry_rows(report, truth)
    check_phases_add_up(report)
    image = recording.images()[0]
    with open(boundary, "rb") as used, open(os.path.join(image, "boundary"), "rb") as kept:
        equal(kept.read(), used.read(), "boundary kept in the recording")


if __name__ == "__main__":
    main()
