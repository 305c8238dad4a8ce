# SPDX-License-Identifier: MIT
"""scenario.py - what every end-to-end scenario needs: run, record, read JSON, check, say so.

A scenario is a folder with a test.py. Its functions marked @test read as sentences; each gets a
fresh folder. The build tree is the first argument, else FFISCOPE_BUILD, else ./build; further
arguments choose tests whose name contains one of them; * stands for anything. Begin at main().
"""
import fnmatch
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import machine

PYTHON = "/usr/bin/python3"
RUSTC = "/usr/bin/rustc"  # Debian's, whatever comes first in PATH
HERE = os.path.dirname(os.path.realpath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else
                         os.environ.get("FFISCOPE_BUILD", os.path.join(SOURCE, "build")))
FFISCOPE = os.path.join(BUILD, "bin", "ffiscope")
# Programs of another processor come out of a build tree of their own, to be read by these tools.
PROGRAMS = os.path.join(BUILD, machine.NAME) if machine.FOREIGN else BUILD
SERVICE = os.path.join(PROGRAMS, "ffi", "libffiscope_service.so")
PRELOAD = os.path.join(BUILD, "$LIB" if machine.FOREIGN else
                       os.path.join("lib", sysconfig.get_config_var("MULTIARCH") or ""),
                       "libffiscope.so")
HOSTS = {"dlopen": [os.path.join(PROGRAMS, "ffi", "host_dlopen")],
         "linked": [os.path.join(PROGRAMS, "ffi", "host_linked")],
         "cpp": [os.path.join(BUILD, "ffi", "host_cpp")],
         "ctypes": [PYTHON, os.path.join(BUILD, "ffi", "host_ctypes.py")],
         "koffi": ["node", os.path.join(BUILD, "ffi", "host_koffi.js")],
         "luajit": ["luajit", os.path.join(BUILD, "ffi", "host_luajit.lua")],
         "php": ["php", "-d", "ffi.enable=1", os.path.join(BUILD, "ffi", "host_php.php")],
         "fiddle": ["ruby", os.path.join(BUILD, "ffi", "host_fiddle.rb")]}
FOREIGN = os.path.join(BUILD, "i386", "ffi")  # the hosts and the service as 32-bit programs
SCRIPTED = ["koffi", "luajit", "php", "fiddle"]  # one thread; messages are encoded by hand
READER_KIB = 2000000  # babeltrace2 2.0.4 eats all memory on some broken files
TIMEOUT_S = 120

_tests = []
_failures = []
_scratch = None


class Failure(Exception):
    """The rest of this test makes no sense."""


class Skip(Exception):
    """This machine cannot run the test."""


def test(function=None, **cases):
    """@test, or @test(name=[values], ...): once for each combination of the values."""
    def register(function):
        combinations = [{}]
        for name, values in cases.items():
            combinations = [dict(chosen, **{name: value})
                            for chosen in combinations for value in values]
        _tests.extend((function, chosen) for chosen in combinations)
        return function
    return register(function) if function else register


def check(condition, sentence):
    """Note a failure and go on."""
    if not condition:
        _failures.append(sentence)
    return bool(condition)


def equal(found, expected, what):
    return check(found == expected, f"{what} is {found!r}, expected {expected!r}")


def near(found, expected, tolerance, what):
    return check(found is not None and abs(found - expected) <= tolerance,
                 f"{what} is {found}, expected {expected} within {tolerance:.0f}")


def failures():
    """What was found wrong so far in this test."""
    return list(_failures)


def forget_failures():
    _failures.clear()


def require(condition, sentence):
    if not condition:
        raise Failure(sentence)


def environment(**changes):
    """The environment of a user who never heard of us; a value None takes a variable out."""
    result = {name: value for name, value in os.environ.items()
              if not name.startswith(("FFISCOPE_", "FFI_SERVICE_")) and name != "LD_PRELOAD"}
    result.update(LC_ALL="C", XDG_CACHE_HOME=os.path.join(_scratch, "cache"), HOME=_scratch)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


class Result:
    """What a command left: status as a shell says it, stdout and stderr as bytes."""

    def __init__(self, command, status, stdout, stderr):
        self.command = command
        self.status = 128 - status if status < 0 else status
        self.signal = -status if status < 0 else 0
        self.stdout = stdout
        self.stderr = stderr

    @property
    def out(self):
        return self.stdout.decode(errors="replace")

    @property
    def err(self):
        return self.stderr.decode(errors="replace")


def run(*command, cwd=None, env=None, stdin=b"", timeout=TIMEOUT_S, limit_kib=None, **options):
    """Run to the end; whatever is still alive of it after the timeout is killed."""
    command = machine.started([str(part) for part in command])
    if limit_kib:
        command = ["/bin/sh", "-c", f'ulimit -v {limit_kib}; exec "$@"', "sh"] + command
    process = subprocess.Popen(command, cwd=cwd, env=env or environment(),
                               stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, **options)
    try:
        stdout, stderr = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Failure(f"did not end within {timeout} s: {' '.join(command)}") from None
    return Result(command, process.returncode, stdout, stderr)


def host(name, *options):
    if not shutil.which(HOSTS[name][0]):
        raise Skip(f"{HOSTS[name][0]} is not installed")
    if name == "koffi" and not os.path.isdir(os.path.join(BUILD, "ffi", "node_modules", "koffi")):
        raise Skip("koffi is not installed: ./run test does it")
    if machine.FOREIGN and name not in ("dlopen", "linked"):
        raise Skip(f"there is no {HOSTS[name][0]} for {machine.NAME} here")
    return HOSTS[name] + [str(option) for option in options]


class Recording(Result):
    """A recording and what record itself left."""

    def __init__(self, path, result):
        super().__init__(result.command, result.status, result.stdout, result.stderr)
        self.signal = result.signal
        self.path = path

    def truth(self):
        """The JSON line that our hosts print."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            raise Failure(f"the host printed no JSON: {self.out[:300]!r} {self.err[:600]!r}, "
                          f"status {self.status}") from None

    def report(self, *options, **how):
        return load(self.path, "report", *options, **how)

    def leaks(self, *options, **how):
        return load(self.path, "leaks", *options, **how)

    def meta(self):
        with open(os.path.join(self.path, "meta.json"), encoding="utf-8") as file:
            return json.load(file)

    def images(self):
        """The folders of the process images."""
        return sorted(glob.glob(os.path.join(self.path, "*-*", "")))

    @property
    def summary(self):
        """The last line that record itself said."""
        lines = [line for line in self.err.splitlines() if line.startswith("ffiscope:")]
        return lines[-1] if lines else ""


def record(folder, *command, options=(), name="rec", **how):
    path = os.path.join(folder, name)
    return Recording(path, run(FFISCOPE, "record", "-o", path, *options, "--",
                               *machine.started([str(part) for part in command]), **how))


def record_host(folder, which, *arguments, options=(), name="rec", status=0, **how):
    """Record one of our hosts; its end must be the expected one."""
    recording = record(folder, *host(which, *arguments), options=options, name=name, **how)
    require(recording.status == status, f"{' '.join(recording.command)} ended with "
            f"{recording.status}, expected {status}: {recording.err[-600:]}")
    return recording


def record_anyway(output, *options, requests=200, **how):
    """Record our host into that folder, whatever comes of it."""
    return run(FFISCOPE, "record", "-o", output, *options, "--",
               *machine.started(host("dlopen", "--requests", requests)), **how)


def one_line(result, status, *parts):
    """The command ended as documented and said why, once."""
    equal(result.status, status, f"exit status of {' '.join(result.command[1:3])}")
    equal(len(result.err.splitlines()), 1, f"lines in {result.err!r}")
    for part in parts:
        check(str(part) in result.err, f"{part!r} is not in {result.err!r}")


def unharmed(result, calls=200):
    """Our host did all that it was to do."""
    equal(result.status, 0, "exit status of the program")
    truth = json.loads(result.stdout) if result.stdout else {}
    equal(truth.get("service", {}).get("calls"), calls, f"calls of the program ({result.err!r})")
    equal(truth.get("failed"), 0, "failed requests")


def load(path, command, *options, status=None, **how):
    """The JSON of report or leaks. status: the expected one (leaks: else 1 if there are findings)."""
    result = run(FFISCOPE, command, "--json", *options, path, **how)
    require(result.status in (0, 1) if command == "leaks" else result.status == 0,
            f"{command} {path} ended with {result.status}: {result.err[-600:]}")
    try:
        loaded = json.loads(result.stdout)
    except ValueError as error:
        raise Failure(f"{command} --json: {error}: {result.out[:300]!r}") from None
    equal(loaded.get("schema"), f"ffiscope.{command}/1", "schema")
    if command == "leaks":
        equal(result.status, 1 if loaded["findings"] else 0, "exit status of leaks")
    if status is not None:
        equal(result.status, status, f"exit status of {command}")
    loaded["stderr"] = result.err
    return loaded


def row(report, name, table="entry_points", **keys):
    """The one row of that name, or an empty dict (and a failure)."""
    key = "name" if table == "entry_points" else "entry_point"
    rows = [found for found in report[table] if found[key] == name and
            all(found[column] == value for column, value in keys.items())]
    if not check(len(rows) == 1, f"{len(rows)} rows of {name} {keys or ''} in {table}, expected 1"):
        return {}
    return rows[0]


def phase(report, name, side, which):
    return row(report, name, "phases", side=side, phase=which)


def check_phases_add_up(report):
    """To the nanosecond, for every entry point that made requests."""
    for request in report["requests"]:
        phases = [found for found in report["phases"]
                  if found["entry_point"] == request["entry_point"] and
                  found.get("library") == request.get("library")]
        total = sum(found["total_ns"] or 0 for found in phases)
        equal(total, request["total_ns"],
              f"sum of the phases of {request['entry_point']} ({len(phases)} rows)")


def check_unseen_phases_are_null(report):
    for found in report["phases"]:
        if found["count"] == 0:
            seen = {key: found[key] for key in ("mean_ns", "p50_ns", "p99_ns", "total_ns", "share",
                                                "allocations", "allocated_bytes")
                    if found[key] is not None}
            equal(seen, {}, f"unseen {found['side']} {found['phase']} of {found['entry_point']}")


def babeltrace_lines(*paths, options=(), timeout=TIMEOUT_S):
    """Name and text of each event, as babeltrace2 prints it; a failure when it complains."""
    result = run("babeltrace2", "--no-delta", *options, *paths, limit_kib=READER_KIB,
                 timeout=timeout)
    check(result.status == 0, f"babeltrace2 ended with {result.status}: {result.err[-400:]}")
    lines = []
    for line in result.out.splitlines():
        found = re.match(r"\[.*?\] (?:\S+ )?(\w+): ", line)
        lines.append((found.group(1) if found else line[:60], line))
    return lines


def babeltrace(*paths, timeout=TIMEOUT_S):
    """Events by name."""
    counts = {}
    for name, _ in babeltrace_lines(*paths, options=["--names=none"], timeout=timeout):
        counts[name] = counts.get(name, 0) + 1
    return counts


def events_of_calls(recording):
    """Over all images: how many calls babeltrace2 finds."""
    total = 0
    for image in recording.images():
        counts = babeltrace(os.path.join(image, "ctf"))
        total += sum(counts.get(kind, 0)
                     for kind in ("call", "call_wide", "call_made", "call_freed"))
    return total


def compile_program(folder, name, text, *flags, compiler=machine.COMPILER[0], suffix=".c"):
    """Compile a text with the system's compiler; the path of what came out."""
    source = os.path.join(folder, name + suffix)
    output = os.path.join(folder, name)
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    result = run(compiler, *machine.COMPILER[1:], "-O1", "-g", "-o", output, source, "-I", SOURCE,
                 "-I", os.path.join(SOURCE, "instrument", "include"), *flags)
    require(result.status == 0, f"{name} does not compile: {result.err[:2000]}")
    return output


def shared(folder, name, text, *flags, **how):
    return compile_program(folder, name, text, "-shared", "-fPIC", *flags, **how)


def compile_rust(folder, name, source, *flags):
    """Compile a file with Debian's rustc; the path of what came out."""
    require(os.path.exists(RUSTC), f"{RUSTC} is missing: ./run test installs it")
    output = os.path.join(folder, name)
    # extern "C-unwind" is not stable in Rust 1.63.
    result = run(RUSTC, "--edition", "2021", "-O", *flags, "-o", output, source,
                 env=environment(RUSTC_BOOTSTRAP="1"))
    require(result.status == 0, f"{source} does not compile: {result.err[:2000]}")
    return output


def write(path, text):
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def wait_until(condition, timeout_s=30):
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _title(function, chosen):
    values = ", ".join(str(value) if str(value).isprintable() and len(str(value)) < 60 else
                       repr(value)[:40] for value in chosen.values())
    return function.__name__ + (f"[{values}]" if values else "")


def _run_one(function, chosen):
    """None: it passed. Else why not."""
    _failures.clear()
    folder = tempfile.mkdtemp(prefix="case-", dir=_scratch)
    try:
        function(folder, **chosen)
    except Failure as failure:
        _failures.append(str(failure))
    except Skip:
        raise
    except Exception:  # a broken test must not hide the others
        _failures.append(traceback.format_exc())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not _failures:
        return None
    more = f" (and {len(_failures) - 8} more)" if len(_failures) > 8 else ""
    return "; ".join(_failures[:8]) + more


def main():
    """Run all tests of the scenario; the process ends with 1 when one failed."""
    global _scratch
    passed = failed = skipped = 0
    _scratch = tempfile.mkdtemp(prefix="ffiscope-e2e-")
    os.chmod(_scratch, 0o755)
    try:
        for function, chosen in _tests:
            title = _title(function, chosen)
            if sys.argv[2:] and not any(fnmatch.fnmatchcase(title, f"*{part}*")
                                        for part in sys.argv[2:]):
                continue
            try:
                why = _run_one(function, chosen)
            except Skip as skip:
                skipped += 1
                print(f"skip {title}: {skip}", flush=True)
                continue
            passed += why is None
            failed += why is not None
            print(f"ok {title}" if why is None else f"FAIL {title}: {why}", flush=True)
    finally:
        shutil.rmtree(_scratch, ignore_errors=True)
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed", flush=True)
    if not passed + failed + skipped:
        print(f"no test has a name with {' or '.join(sys.argv[2:])}")
    sys.exit(failed > 0 or not passed + failed + skipped)
