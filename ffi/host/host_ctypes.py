#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""host_ctypes.py - the C hosts' twin in Python: structs by value through ctypes.

Options and JSON are those of host_dlopen (host_options.def, memory_stats.def), with one
difference: Python's codec has no place for a delay inside, so the host's encode and decode delays
stand beside it (delay_in_codec is false). Begin at main().
"""
import argparse
import ctypes
import json
import os
import re
import signal
import statistics
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
try:
    import service_pb2
except ImportError:  # no protobuf for this Python: only hello is spoken, by hand
    service_pb2 = None


def read_rows(file_name, macro):
    """The rows of a .def file as lists of literal arguments."""
    with open(os.path.join(HERE, file_name), encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    rows = re.findall(r"^" + macro + r"\((.*)\)$", text, flags=re.M)
    return [[part.strip().strip('"') for part in row.split(",", 3)] for row in rows]


class ByteBuffer(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t), ("cap", ctypes.c_size_t)]


class ByteSlice(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class MemoryStats(ctypes.Structure):
    _fields_ = [(row[0], ctypes.c_uint64)
                for row in read_rows("memory_stats.def", "FSC_SERVICE_COUNTER")]
    _fields_ += [(f"{row[0]}_{part}", ctypes.c_uint64)
                 for row in read_rows("memory_stats.def", "FSC_SERVICE_DELAY")
                 for part in ("planned_ns", "elapsed_ns", "count", "median_ns")]


class HandMadeHello:
    """HelloRequest and HelloResponse without a codec: one string with tag 1."""

    def __init__(self, name=""):
        self.name = name

    def SerializeToString(self):
        data = self.name.encode()
        return bytes((0x0A, len(data))) + data

    @staticmethod
    def FromString(data):
        if data[0] != 0x0A:
            raise ValueError("not a HelloResponse")
        return data[2:].decode()


def hello(number, _):
    name = f"host {number:08d}"
    return HandMadeHello(name) if service_pb2 is None else service_pb2.HelloRequest(name=name)


def user(number, _):
    return service_pb2.GetUserRequest(id=number)


def post(number, _):
    return service_pb2.GetPostRequest(id=number)


def batch(number, options):
    requests = [service_pb2.GetUserRequest(id=number + i) for i in range(options.batch)]
    return service_pb2.BatchRequest(requests=requests)


def calculator(number, _):
    return service_pb2.CalculatorRequest(operation="add", a=number, b=1)


# Option: (entry point, how to make a request, name of the response); mixed takes the first six.
ENTRIES = {
    "hello": ("proto2ffi_say_hello", hello, "HelloResponse"),
    "user": ("proto2ffi_get_user", user, "User"),
    "post": ("proto2ffi_get_post", post, "Post"),
    "batch": ("proto2ffi_process_batch", batch, "BatchResponse"),
    "calculator": ("calculator_process", calculator, "CalculatorResponse"),
    "noop": ("proto2ffi_noop", None, None),
    "add": ("proto2ffi_add", None, None),
    "user_raw": ("proto2ffi_get_user_raw", None, None),
    "post_raw": ("proto2ffi_get_post_raw", None, None),
}
MIXED = list(ENTRIES)[:6]
RAW_BYTES = {"user_raw": 1200, "post_raw": 4480}


def parse_options():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option, field, start, what in read_rows("host_options.def", "FSC_HOST_NUMBER"):
        parser.add_argument("--" + option, dest=field, type=int, default=int(start), help=what)
    for option, field, start, what in read_rows("host_options.def", "FSC_HOST_TEXT"):
        parser.add_argument("--" + option, dest=field, default=start, help=what)
    for option, field, what in read_rows("host_options.def", "FSC_HOST_FLAG"):
        parser.add_argument("--" + option, dest=field, action="store_true", help=what)
    parser.add_argument("--bytes-request", action="store_true",
                        help="pass Python's own bytes, not a copy in a malloc block")
    options = parser.parse_args()
    if options.entry != "mixed" and options.entry not in ENTRIES:
        parser.error(f"unknown entry '{options.entry}'")
    if options.threads < 1 or options.batch < 1:
        parser.error("--threads and --batch are 1 at least")
    if service_pb2 is None and options.entry != "hello":
        parser.error("without python3-protobuf only --entry hello works")
    return options


def open_service(path):
    service = ctypes.CDLL(path or os.path.join(HERE, "libffiscope_service.so"))
    for name, make, _ in ENTRIES.values():
        if make:
            function = getattr(service, name)
            function.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
            function.restype = ByteSlice if name == "calculator_process" else ByteBuffer
    for option in RAW_BYTES:
        function = getattr(service, ENTRIES[option][0])
        function.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
        function.restype = None
    service.proto2ffi_noop.restype = None
    service.proto2ffi_add.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    service.proto2ffi_add.restype = ctypes.c_uint64
    service.proto2ffi_free_byte_buffer.argtypes = [ByteBuffer]
    service.proto2ffi_free_byte_buffer.restype = None
    service.calculator_free_buffer.argtypes = [ByteSlice]
    service.calculator_free_buffer.restype = None
    service.proto2ffi_memory_stats.restype = MemoryStats
    service.ffi_service_set.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
    service.ffi_service_set.restype = None
    service.init_service.restype = None
    return service


def open_libc():
    libc = ctypes.CDLL(None)
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free.restype = None
    return libc


class Delay:
    """A busy wait that knows what it planned and what elapsed on CLOCK_MONOTONIC."""

    def __init__(self, delay_ns):
        self.delay_ns = delay_ns
        self.elapsed_ns = []  # append is atomic: shared by the threads

    def wait(self):
        if self.delay_ns == 0:
            return
        start = time.monotonic_ns()
        elapsed = 0
        while elapsed < self.delay_ns:
            elapsed = time.monotonic_ns() - start
        self.elapsed_ns.append(elapsed)

    def report(self, name):
        count = len(self.elapsed_ns)
        median = int(statistics.median_low(self.elapsed_ns)) if count else 0
        return {f"{name}_planned_ns": self.delay_ns * count,
                f"{name}_elapsed_ns": sum(self.elapsed_ns),
                f"{name}_count": count, f"{name}_median_ns": median}


class Tally:
    def __init__(self):
        self.rows = {entry: dict.fromkeys(("calls", "request_bytes", "response_bytes", "frees"), 0)
                     for entry in ENTRIES}
        self.misuse = dict.fromkeys(("leaked", "leaked_bytes", "freed_twice", "freed_wrong_length",
                                     "freed_plain", "failed"), 0)

    def add(self, other):
        for entry, row in other.rows.items():
            for key, value in row.items():
                self.rows[entry][key] += value
        for key, value in other.misuse.items():
            self.misuse[key] += value


class Host:
    def __init__(self, options):
        self.options = options
        self.libc = open_libc()
        self.service = open_service(options.library)
        self.delays = {name: Delay(getattr(options, field)) for name, field in (
            ("encode", "delay_host_encode_ns"), ("decode", "delay_host_decode_ns"),
            ("prepare", "delay_prepare_ns"), ("consume", "delay_consume_ns"))}

    def plant(self):
        options = self.options
        self.service.init_service()
        for name in ("decode", "work", "encode"):
            delay_ns = getattr(options, f"delay_{name}_ns")
            if delay_ns:
                self.service.ffi_service_set(f"DELAY_{name.upper()}_NS".encode(), delay_ns)
        if options.pool:
            self.service.ffi_service_set(b"POOL", 1)
        if options.free_twice_at or options.wrong_length_at or options.plain_free_at:
            self.service.ffi_service_set(b"REGISTRY", 1)

    def call(self, name, encoded):
        """Copy the request into a malloc block, as FFI bindings do, and call."""
        function = getattr(self.service, name)
        if self.options.bytes_request:
            self.delays["prepare"].wait()
            return function(encoded, len(encoded))
        request = self.libc.malloc(len(encoded))
        ctypes.memmove(request, encoded, len(encoded))
        self.delays["prepare"].wait()
        response = function(request, len(encoded))
        self.libc.free(request)
        return response

    def give_back(self, row, response):
        row["frees"] += 1
        if isinstance(response, ByteSlice):
            self.service.calculator_free_buffer(response)
        else:
            self.service.proto2ffi_free_byte_buffer(response)

    def finish(self, tally, row, response, number):
        """End the response, in the way that the options planted for this request."""
        options = self.options
        if options.leak_every and number % options.leak_every == 0:
            tally.misuse["leaked"] += 1
            tally.misuse["leaked_bytes"] += response.len
        elif number == options.plain_free_at:
            tally.misuse["freed_plain"] += 1
            self.libc.free(response.ptr)
        elif number == options.wrong_length_at:
            tally.misuse["freed_wrong_length"] += 1
            response.len -= 1
            if isinstance(response, ByteBuffer):
                response.cap -= 1
            self.give_back(row, response)
        else:
            self.give_back(row, response)
            if number == options.free_twice_at:
                tally.misuse["freed_twice"] += 1
                self.give_back(row, response)

    def decode(self, response_name, data):
        self.delays["decode"].wait()
        kind = HandMadeHello if service_pb2 is None else getattr(service_pb2, response_name)
        try:
            kind.FromString(data)
            return True
        except Exception:  # each protobuf implementation has its own DecodeError
            return False

    def request_with_buffers(self, tally, entry, number):
        name, make, response_name = ENTRIES[entry]
        row = tally.rows[entry]
        message = make(number, self.options)
        self.delays["encode"].wait()
        encoded = message.SerializeToString()
        response = self.call(name, encoded)
        row["calls"] += 1
        row["request_bytes"] += len(encoded)
        row["response_bytes"] += response.len
        if not response.ptr:
            tally.misuse["failed"] += 1
            return
        if not self.decode(response_name, ctypes.string_at(response.ptr, response.len)):
            tally.misuse["failed"] += 1
        self.delays["consume"].wait()
        self.finish(tally, row, response, number)

    def request(self, tally, entry, number):
        name, make, _ = ENTRIES[entry]
        if make:
            self.request_with_buffers(tally, entry, number)
            return
        if entry in RAW_BYTES:
            out = ctypes.create_string_buffer(RAW_BYTES[entry])
            getattr(self.service, name)(out, number)
        elif entry == "add":
            self.service.proto2ffi_add(number, 1)
        else:
            self.service.proto2ffi_noop()
        tally.rows[entry]["calls"] += 1

    def run_thread(self, tally, first):
        """Thread t of T does the requests t+1, t+1+T, t+1+2T ..."""
        entry = self.options.entry
        for number in range(first, self.options.requests + 1, self.options.threads):
            chosen = MIXED[(number - 1) % len(MIXED)] if entry == "mixed" else entry
            self.request(tally, chosen, number)

    def run(self):
        tallies = [Tally() for _ in range(self.options.threads)]
        threads = [threading.Thread(target=self.run_thread, args=(tally, i + 1))
                   for i, tally in enumerate(tallies) if i > 0]
        for thread in threads:
            thread.start()
        self.run_thread(tallies[0], 1)
        for thread in threads:
            thread.join()
        for tally in tallies[1:]:
            tallies[0].add(tally)
        return tallies[0]

    def report(self, tally, wall_ns):
        options = self.options
        stats = self.service.proto2ffi_memory_stats()
        host = {"delay_in_codec": False}
        for name, delay in self.delays.items():
            host.update(delay.report(name))
        line = {"program": "host_ctypes.py", "entry": options.entry, "requests": options.requests,
                "threads": options.threads, "wall_ns": wall_ns,
                "entry_points": [{"name": ENTRIES[entry][0], **row}
                                 for entry, row in tally.rows.items() if row["calls"]],
                **tally.misuse, "host": host,
                "service": {field[0]: getattr(stats, field[0]) for field in MemoryStats._fields_}}
        print(json.dumps(line, separators=(",", ":")), flush=True)


def main():
    options = parse_options()
    host = Host(options)
    host.plant()
    start = time.monotonic_ns()
    tally = host.run()
    host.report(tally, time.monotonic_ns() - start)
    time.sleep(options.pause_ms / 1000)
    status = 1 if tally.misuse["failed"] else 0
    if options.end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if options.end == "abort":
        os.abort()
    if options.end == "_exit":
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
