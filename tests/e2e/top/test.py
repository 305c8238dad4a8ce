# SPDX-License-Identifier: MIT
"""top - a running program's counters are read while it runs, and nothing of it is disturbed."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, PRELOAD, check, environment, equal, host, main, one_line, require,
                      row, run, test, wait_until)

NAME = "proto2ffi_say_hello"
REQUESTS = 1000


class Program:
    """Our host, recorded, in its pause after the last request."""

    def __init__(self, folder, *arguments, sink="embedded", standalone=False, pause=60000):
        self.pid_file = os.path.join(folder, "pid")
        output = os.path.join(folder, "rec")
        command = ["/bin/sh", "-c", 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec "$@"',
                   self.pid_file, *host("dlopen", *arguments, "--pause", pause)]
        if standalone:
            preloaded = ["/usr/bin/env", f"LD_PRELOAD={PRELOAD}", f"FFISCOPE_OUTPUT={output}",
                         f"FFISCOPE_SINK={sink}"]
            command = command[:4] + preloaded + command[4:]
        else:
            command = [FFISCOPE, "record", "--sink", sink, "-o", output, "--", *command]
        self.process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        require(wait_until(lambda: os.path.exists(self.pid_file)), "the program did not start")
        with open(self.pid_file, encoding="ascii") as file:
            self.pid = int(file.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def sample(self, *options):
        result = run(FFISCOPE, "top", "--json", *options, self.pid)
        return json.loads(result.stdout) if result.status == 0 else {"calls": -1}

    def wait(self, calls):
        """A sample once the program has made so many calls of hello."""
        found = {}

        def there():
            found.update(self.sample())
            rows = [entry for entry in found.get("entry_points", []) if entry["name"] == NAME]
            return rows and rows[0]["calls"] >= calls
        require(wait_until(there), f"the program did not make {calls} calls: {found}")
        time.sleep(0.1)  # the last buffer is given back after that
        return self.sample()


@test(sink=["embedded", "profile"], threads=[1, 3], standalone=[False, True])
def a_sample_is_what_the_program_did(folder, sink, threads, standalone):
    arguments = ["--requests", REQUESTS, "--threads", threads, "--entry", "hello", "--leak-every",
                 100]
    with Program(folder, *arguments, sink=sink, standalone=standalone) as program:
        sample = program.wait(REQUESTS)
        equal(sample["schema"], "ffiscope.top/1", "schema")
        equal((sample["pid"], sample["sink"]), (program.pid, sink), "pid and sink")
        entry = row(sample, NAME)
        equal((entry["calls"], entry["live_buffers"]), (REQUESTS, 10), "calls and live buffers")
        equal(sample["live_buffers"], 10, "live buffers of all")
        equal(row(sample, "proto2ffi_free_byte_buffer")["calls"], REQUESTS - 10, "frees")
        check(entry["bytes"] > 0 and entry["raw_mean_ns"] > 0, f"bytes and mean are {entry}")
        known = sink == "profile"
        equal((entry["p50_ns"] is not None, entry["p99_ns"] is not None), (known, known),
              "quantiles")
        equal((entry["calls_per_s"], sample["interval_ns"]), (None, None), "rates")
        again = row(program.sample(), NAME)
        equal(again, entry, "what a second look shows of a program that rests")


@test
def rows_come_in_the_order_that_was_asked_for(folder):
    with Program(folder, "--requests", 600, "--entry", "mixed", sink="profile") as program:
        program.wait(100)
        for word, key in (("calls", "calls"), ("mean", "raw_mean_ns"), ("p99", "p99_ns"),
                          ("bytes", "bytes"), ("live", "live_buffers")):
            found = [entry[key] for entry in program.sample("--sort", word)["entry_points"]]
            equal(found, sorted(found, reverse=True), f"order by {word}")


@test
def what_is_no_recorded_process_is_said_in_one_line(folder):
    one_line(run(FFISCOPE, "top", os.getpid()), 2, "is not recorded")
    one_line(run(FFISCOPE, "top", 2 ** 22 + 1), 2, "there is no process")
    one_line(run(FFISCOPE, "top"), 2, "which process")
    check(run(FFISCOPE, "top", "abc").status == 2, "abc is taken for a pid")


class Terminal:
    """`ffiscope top` on a terminal of 80 columns and 24 lines."""

    def __init__(self, pid):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen([FFISCOPE, "top", str(pid)], stdin=self.slave,
                                        stdout=self.slave, stderr=subprocess.PIPE,
                                        env=environment(TERM="xterm", NO_COLOR="1"),
                                        start_new_session=True)

    def read(self):
        while select.select([self.master], [], [], 0.05)[0]:
            self.text += os.read(self.master, 65536)
        return self.text.decode()

    def expect(self, words, what):
        require(wait_until(lambda: words in self.read()), f"{what}: {words!r} is not in "
                f"{self.text[-2000:]!r}")

    def end(self, what):
        require(wait_until(lambda: self.read() is not None and self.process.poll() is not None),
                f"it did not end after {what}")
        equal(self.process.returncode, 0, f"exit status after {what}")
        self.process.communicate()
        self.read()
        check(self.text.rstrip().endswith(b"\x1b[?25h\x1b[?1049l") or b"\x1b[?1049l" in self.text,
              f"the screen is left after {what}: {self.text[-80:]!r}")
        equal(termios.tcgetattr(self.slave), self.before, f"modes of the terminal after {what}")
        os.close(self.master)
        os.close(self.slave)


def screens(text):
    """What each refresh drew, line by line."""
    return [[line.replace("\x1b[K", "") for line in part.split("\r\n")]
            for part in text.split("\x1b[H")[1:]]


@test(end=["q", "SIGINT", "SIGTERM"])
def a_screen_is_sorted_resized_and_left_as_it_was(folder, end):
    with Program(folder, "--requests", 600, "--entry", "mixed", sink="profile") as program:
        program.wait(100)
        terminal = Terminal(program.pid)
        terminal.expect("by calls;", "the first screen")
        terminal.expect(" 0/s", "the second screen has a rate")
        os.write(terminal.master, b"b")
        terminal.expect("by bytes;", "after b")
        for lines in screens(terminal.read()):
            check(len(lines) <= 24, f"{len(lines)} lines on 24")
            check(all(len(line) <= 80 for line in lines), f"lines are too long: {lines}")
        fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 80, 0, 0))
        seen = len(terminal.read())
        os.killpg(terminal.process.pid, signal.SIGWINCH)
        require(wait_until(lambda: "\x1b[J" in terminal.read()[seen:]), "nothing after the resize")
        lines = screens(terminal.read()[seen:])[0]
        check(len(lines) <= 8, f"{len(lines)} lines on 8")
        if end == "q":
            os.write(terminal.master, b"q")
        else:
            os.killpg(terminal.process.pid, getattr(signal, end))
        terminal.end(end)
        equal(program.process.poll(), None, "the program goes on")


@test
def the_end_of_the_program_ends_it(folder):
    with Program(folder, "--requests", 200, "--entry", "hello", pause=60000) as program:
        program.wait(200)
        terminal = Terminal(program.pid)
        terminal.expect("by calls;", "the first screen")
        os.kill(program.pid, signal.SIGKILL)
        terminal.end("the program's end")


if __name__ == "__main__":
    main()
