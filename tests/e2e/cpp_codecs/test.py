# SPDX-License-Identifier: MIT
"""cpp_codecs - protobuf's C++ library, in C++ programs and under Python, is seen call for call."""
import functools
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from scenario import (BUILD, FFISCOPE, PYTHON, SOURCE, babeltrace_lines, check,
                      check_phases_add_up, check_unseen_phases_are_null, equal, main, phase, record,
                      record_host, require, row, run, test, write)

COUNT = 50
ENCODE, DECODE = 1, 2  # enum fsc_phase_id
BYTES_KNOWN = 2        # FSC_PHASE_BYTES
ROWS = """entry batch_few request=arg0,arg1 response=*arg2,*arg3 free=batch_free
entry batch_many request=arg0,arg1 response=*arg2,*arg3 free=batch_free
free batch_free buffer=arg0
"""
_built = tempfile.TemporaryDirectory(prefix="ffiscope-cpp-")


@functools.lru_cache(maxsize=None)
def programs():
    """The host and the library; their messages are a library too, for both are in one process."""
    folder = _built.name
    service = os.path.join(SOURCE, "ffi", "service")
    messages = ["-L", folder, "-lmessages", "-lprotobuf", "-Wl,-rpath," + folder]
    shared = ["-shared", "-fPIC"]
    for command in (["protoc", "--cpp_out=" + folder, "-I", service, "service.proto"],
                    ["g++", *shared, "-o", folder + "/libmessages.so", folder + "/service.pb.cc",
                     "-lprotobuf"],
                    ["g++", "-O1", *shared, "-I", folder, "-o", folder + "/library.so",
                     HERE + "/library.cpp", *messages],
                    ["g++", "-O1", "-I", folder, "-o", folder + "/host", HERE + "/host.cpp",
                     *messages, "-pthread"]):
        result = run(*command)
        require(result.status == 0, f"{command[0]}: {result.err[:2000]}")
    return folder + "/host", folder + "/library.so"


def record_cpp(folder, what, *arguments, options=()):
    recording = record(folder, programs()[0], what, *arguments, options=options)
    require(recording.status == 0, f"{what} ended with {recording.status}: {recording.err[-600:]}")
    return recording


def number(line, field):
    return int(re.search(rf"\b{field} = (\w+)", line).group(1), 0)


def phases(recording):
    """The phase events by the name of the codec function."""
    lines = babeltrace_lines(*(os.path.join(image, "ctf") for image in recording.images()))
    texts, names, found = {}, {}, []
    for kind, line in lines:
        if kind == "string":
            text = re.search(r'text = "(.*?)"', line).group(1)
            parts = texts.setdefault(number(line, "string"), {})
            parts[number(line, "part")] = text
        elif kind == "site":
            names[number(line, "site")] = number(line, "name")
        elif kind == "phase":
            found.append({field: number(line, field) for field in
                          ("phase", "site", "flags", "call", "message", "buffer", "bytes")})
    by_name = {}
    for event in found:
        parts = texts[names[event["site"]]]
        whole = "".join(parts[part] for part in sorted(parts))
        by_name.setdefault(method(whole), []).append(event)
    return by_name


def method(mangled):
    """_ZN6google8protobuf7Message12ByteSizeLongEv: the last of the names with a length before."""
    rest, name = re.sub(r"^_ZNK?", "", mangled), mangled
    while rest[:1].isdigit():
        length = re.match(r"\d+", rest).group()
        end = len(length) + int(length)
        name, rest = rest[len(length):end], rest[end:]
    return name


# One user's id: the text lies inside the std::string. Fifty: it does not, and messages are nested.
@test(users=[1, 50])
def each_way_is_one_phase_with_its_message_and_the_bytes_that_are_known(folder, users):
    recording = record_cpp(folder, "ways", COUNT, users)
    truth, seen = recording.truth(), phases(recording)
    # Beside the ways: one encode without room for it, and one decode of 1 byte, which fails.
    extra = {"SerializeToArray": [None], "ParseFromArray": [1]}
    equal(sorted(seen), sorted(truth), "codec functions that were seen")
    for name, said in truth.items():
        events = seen.get(name, [])
        equal(len(events), said["count"] + len(extra.get(name, [])), f"phases of {name}")
        kind = ENCODE if said["kind"] == "encode" else DECODE
        equal({event["phase"] for event in events}, {kind}, f"kind of {name}")
        equal({event["message"] for event in events}, {said["message"]}, f"message of {name}")
        known = sorted(event["bytes"] for event in events if event["flags"] & BYTES_KNOWN)
        expected = [size for size in [said["bytes"]] * said["count"] + extra.get(name, [])
                    if size is not None]
        equal(known, sorted(expected), f"bytes of {name}")


@test(threads=[1, 4])
def both_sides_are_counted_on_every_thread(folder, threads):
    recording = record_cpp(folder, "calls", programs()[1], COUNT, threads)
    report = recording.report()
    calls = COUNT * threads
    found = row(report, "batch_few")
    equal((found.get("calls"), found.get("threads")), (calls, threads), "calls and threads")
    for side in ("host", "library"):
        for which in ("encode", "decode"):
            codec = phase(report, "batch_few", side, which)
            equal((codec.get("count"), codec.get("source")), (calls, "measured"),
                  f"{side} {which}")
    check_phases_add_up(report)
    check_unseen_phases_are_null(report)
    events = phases(recording)
    equal({name: len(found) for name, found in events.items()},
          {"SerializeToString": calls, "ParseFromArray": 2 * calls, "SerializeAsString": calls},
          "phases by codec")
    inside = [event["call"] > 0 for event in events.get("ParseFromArray", [])]
    equal(sum(inside), calls, "decodes inside a call")


@test
def an_encode_belongs_to_the_call_that_got_its_bytes(folder):
    """Two requests are encoded, then sent in the other order: by order alone one would get both."""
    options = ["--boundary", write(os.path.join(folder, "rows"), ROWS)]
    recording = record_cpp(folder, "crossed", programs()[1], COUNT, options=options)
    report = recording.report()
    for name in ("batch_few", "batch_many"):
        equal(phase(report, name, "host", "encode").get("count"), COUNT, f"encodes of {name}")
        equal(row(report, name, "requests").get("count"), COUNT, f"requests of {name}")
    check_phases_add_up(report)


@test
def an_exception_out_of_a_codec_passes_and_leaves_the_others_right(folder):
    recording = record_cpp(folder, "throws", COUNT)
    equal(recording.truth(), {"caught": COUNT}, "what the program caught")
    events = phases(recording)
    equal({name: len(found) for name, found in events.items()}, {"SerializeToString": COUNT},
          "phases")


@test
def without_codecs_none_is_wrapped(folder):
    recording = record_cpp(folder, "calls", programs()[1], COUNT, 2, options=["--no-codecs"])
    equal(phases(recording), {}, "phases")
    equal(row(recording.report(), "batch_few").get("calls"), 2 * COUNT, "calls")


@test(threads=[1, 3], entry=["user", "batch"])
def pythons_codec_is_seen_call_for_call(folder, threads, entry):
    """_message.so encodes in two steps: it asks for the size, then writes. A batch is nested."""
    recording = record_host(folder, "ctypes", "--requests", 300, "--threads", threads, "--entry",
                            entry)
    said = recording.truth()["entry_points"][0]
    events = phases(recording)
    host = {name: [event for event in found if not event["call"]]
            for name, found in events.items()}
    for name, kind in (("ByteSizeLong", ENCODE), ("_InternalSerialize", ENCODE),
                       ("_InternalParse", DECODE)):
        equal(len(host.get(name, [])), said["calls"], f"{name} on the host's side")
        equal({event["phase"] for event in host.get(name, [])}, {kind}, f"kind of {name}")
    equal(sum(event["bytes"] for event in host.get("ByteSizeLong", [])), said["request_bytes"],
          "bytes of the encoded messages")
    equal({event["flags"] & BYTES_KNOWN for event in host.get("_InternalParse", [])}, {0},
          "bytes of decodes, which are not known")
    for which in ("encode", "decode"):
        equal(phase(recording.report(), said["name"], "host", which).get("count"), said["calls"],
              f"host {which}")


# ---- programs that use the library and no FFI ----

def files(folder):
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                found[os.path.relpath(os.path.join(place, name), folder)] = file.read()
    return found


def bare_and_seen(folder, *command):
    """Run in two folders, without and with record: status, output and files are the same."""
    results = []
    for name, before in (("bare", []),
                         ("seen", [FFISCOPE, "record", "-q", "-o", os.path.join(folder, "rec"), "--"])):
        place = os.path.join(folder, name)
        os.mkdir(place)
        result = run(*before, *command, cwd=place)
        results.append((result.status, result.stdout, result.stderr, files(place)))
    for what, bare, seen in zip(("status", "stdout", "stderr", "files"), *results):
        check(bare == seen, f"{what} of {command[0]} differ: {str(bare)[:300]}, {str(seen)[:300]}")
    return results[0]


@test
def protoc_writes_the_same_files(folder):
    service = os.path.join(SOURCE, "ffi", "service")
    status, _, _, written = bare_and_seen(
        folder, "protoc", "-I", service, "-I", "/usr/include", "--cpp_out=.", "--python_out=.",
        "--include_imports", "--include_source_info", "--descriptor_set_out=set", "service.proto",
        "google/protobuf/descriptor.proto", "google/protobuf/struct.proto")
    equal(status, 0, "status of protoc")
    check(len(written) >= 7, f"protoc wrote {sorted(written)}")


@test
def protoc_says_the_same_of_a_mistake(folder):
    with open(os.path.join(folder, "bad.proto"), "w", encoding="ascii") as file:
        file.write('syntax = "proto3"; message Bad { int32 a = 1; int32 b = 1; }')
    status, _, err, _ = bare_and_seen(folder, "protoc", "-I", folder, "--cpp_out=.", "bad.proto")
    equal(status, 1, "status of protoc")
    check(err, "protoc said nothing")


PYTHON_WORK = """
import copy, pickle, sys
sys.path.insert(0, sys.argv[1])
import service_pb2
from google.protobuf import json_format, text_format, struct_pb2, descriptor_pb2, message
from google.protobuf.internal import api_implementation
print(api_implementation.Type())
batch = service_pb2.BatchResponse()
for i in range(300):
    batch.responses.add(id=i + 1, name="n" * i, active=True)
data = batch.SerializeToString()
again = service_pb2.BatchResponse.FromString(data)
print(len(data), again == batch, copy.deepcopy(batch) == batch, batch.ByteSize() == len(data))
print(pickle.loads(pickle.dumps(batch)) == batch, batch.SerializeToString(deterministic=True) == data)
print(json_format.Parse(json_format.MessageToJson(batch), service_pb2.BatchResponse()) == batch)
print(text_format.Parse(text_format.MessageToString(batch), service_pb2.BatchResponse()) == batch)
try:
    service_pb2.User.FromString(data[:-1])
except message.DecodeError as error:
    print(error)
tree = struct_pb2.Struct()
tree.update({"a": [1, {"b": None}], "c": "d"})
print(struct_pb2.Struct.FromString(tree.SerializeToString()) == tree)
try:
    descriptor_pb2.UninterpretedOption.NamePart().SerializeToString()
except message.EncodeError as error:
    print(error)
"""


@test
def a_python_program_computes_the_same(folder):
    status, out, _, _ = bare_and_seen(folder, PYTHON, "-c", PYTHON_WORK,
                                      os.path.join(BUILD, "ffi"))
    equal(status, 0, "status")
    check(out.startswith(b"cpp\n") and b"False" not in out, f"the work itself printed {out!r}")


if __name__ == "__main__":
    main()
