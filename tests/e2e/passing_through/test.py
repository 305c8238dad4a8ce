# SPDX-License-Identifier: MIT
"""passing_through - input, output, status, signals and environment pass through record unchanged."""
import fcntl
import glob
import os
import shutil
import signal
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (BUILD, FFISCOPE, PYTHON, SERVICE, Skip, TIMEOUT_S, check, environment, equal,
                      host, main, require, run, test, wait_until, write)


def same(folder, *command, prepare=None, stdin=b"", env=None, options=(), **how):
    """Run without and with record, each in a folder of its own; they must not differ."""
    results = []
    for name, before in (("bare", []), ("seen", [FFISCOPE, "record", "-o",
                                                 os.path.join(folder, "rec"), *options, "--"])):
        place = os.path.join(folder, name)
        os.mkdir(place)
        if prepare:
            prepare(place)
        results.append(run(*before, *command, cwd=place, stdin=stdin,
                           env=env or environment(), **how))
        os.rename(place, os.path.join(folder, "kept-" + name))
    bare, seen = results
    equal(seen.status, bare.status, f"exit status ({seen.err[-300:]!r})")
    check(seen.stdout == bare.stdout, f"stdout differs: {seen.stdout[:200]!r} instead of "
          f"{bare.stdout[:200]!r}")
    theirs = [line for line in seen.err.splitlines() if not line.startswith("ffiscope:")]
    equal(theirs, bare.err.splitlines(), "stderr")
    return bare, seen


PYTHON_WORK = """
import ctypes, hashlib, json, sqlite3, ssl, threading, zlib, os, socket
db = sqlite3.connect(":memory:")
db.create_function("twice", 1, lambda x: x * 2)
db.execute("create table t (a integer primary key, b text)")
db.executemany("insert into t values (?, ?)", ((i, str(i) * 20) for i in range(5000)))
print(db.execute("select sum(twice(a)), max(length(b)) from t").fetchone())
context = ssl.create_default_context()
print(context.protocol, len(context.get_ciphers()) > 0, ssl.OPENSSL_VERSION)
left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
client = context.wrap_bio(left, right, server_hostname="example.org")
try:
    client.do_handshake()
except ssl.SSLWantReadError:
    print("hello of", len(right.read()) > 100)
print(hashlib.sha256(b"x" * 100000).hexdigest(), zlib.crc32(b"y" * 1000))
print(ctypes.CDLL(None).getpid() == os.getpid())
libm = ctypes.CDLL("libm.so.6"); libm.cos.restype = ctypes.c_double
libm.cos.argtypes = [ctypes.c_double]
print(libm.cos(1.0))
threads = [threading.Thread(target=hashlib.sha1, args=(b"z" * 100000,)) for _ in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
print(json.dumps({"done": True}))
raise SystemExit(5)
"""


# Py_BuildValue is variadic and gets some 200 bytes of stack arguments here: more than the default
# window, which is what --window is for.
@test(options=[[], ["--entry", "*", "--window", "1k"], ["--clock", "fast"]])
def python_with_sqlite_and_ssl(folder, options):
    bare, _ = same(folder, PYTHON, "-c", PYTHON_WORK, options=options)
    equal(bare.status, 5, "exit status of the work itself")


@test
def python_that_ends_with_a_traceback(folder):
    same(folder, PYTHON, "-c", "import ssl, sqlite3\n1 / 0")


C_PROGRAM = r"""
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) { printf("%s %.3f\n", argv[argc - 1], sqrt(argc)); return argc; }
"""


@test
def a_pipeline_has_the_status_of_its_last_part(folder):
    for index, line in enumerate(("seq 1 20000 | sort -rn | head -5 | grep -q nothing",
                                  "seq 1 1000 | awk '{s += $1} END {print s; exit 3}'",
                                  "yes | head -100000 | wc -l; exit 42",
                                  "printf 'a\\0b\\n' | od -c; false",
                                  "(exit 9) & wait $!")):
        place = os.path.join(folder, str(index))
        os.mkdir(place)
        same(place, "/bin/sh", "-c", line)


@test
def a_static_binary(folder):
    write(os.path.join(folder, "s.c"), C_PROGRAM)
    for index, flags in enumerate((["-static"], ["-static-pie"])):
        program = os.path.join(folder, f"static{index}")
        built = run("gcc", *flags, "-o", program, os.path.join(folder, "s.c"), "-lm")
        require(built.status == 0, f"no static program: {built.err[:300]}")
        place = os.path.join(folder, str(index))
        os.mkdir(place)
        _, seen = same(place, program, "word")
        check("0 calls seen, because" in seen.err, f"summary says {seen.err!r}")


@test(number=[signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGINT,
              signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1])
def a_death_by_signal_is_128_and_the_signal(folder, number):
    bare, seen = same(folder, "/bin/sh", "-c", f"kill -{int(number)} $$; sleep 5")
    equal(seen.status, 128 + number, "exit status")
    equal(bare.signal, number, "signal without record")


@test(status=[0, 1, 2, 125, 126, 127, 128, 200, 255])
def every_status_passes_through(folder, status):
    same(folder, "/bin/sh", "-c", f"exit {status}")


@test
def stdin_passes_through(folder):
    data = os.urandom(300000)
    same(folder, "cat", stdin=data)
    place = os.path.join(folder, "lines")
    os.mkdir(place)
    same(place, "/bin/sh", "-c", 'read a; read b; echo "$b$a"; wc -c', stdin=b"one\ntwo\n" + data)
    closed = os.path.join(folder, "closed")
    os.mkdir(closed)
    same(closed, "/bin/sh", "-c", "exec <&-; cat; echo $?", stdin=b"x")


@test
def big_outputs_pass_through(folder):
    bare, _ = same(folder, PYTHON, "-c", "import os, sys\nfor i in range(300):\n"
                   " sys.stdout.buffer.write(bytes([i % 256]) * 100000)\n"
                   " sys.stderr.write('e' * 100 + '\\n')")
    equal(len(bare.stdout), 30000000, "bytes of output")


@test
def the_environment_and_arguments_pass_through(folder):
    arguments = ["", " ", "a b", "--", "-o", "x\ny", "*", "é", "x" * 50000]
    same(folder, PYTHON, "-c", "import sys; print(sys.argv)", *arguments)
    place = os.path.join(folder, "environment")
    os.mkdir(place)
    ours = ("LD_PRELOAD", "FFISCOPE_", "PWD", "OLDPWD", "_")
    asan = ("ASAN_OPTIONS", "verify_asan_link_order=0")  # children built so would not start without
    text = ("import os; print(sorted((k, v) for k, v in os.environ.items() "
            f"if not k.startswith({ours!r}) and (k, v) != {asan!r}))")
    same(place, PYTHON, "-c", text)


@test
def a_preload_of_the_users_own_stays(folder):
    write(os.path.join(folder, "mine.c"), "int fsc_test_number(void) { return 7; }\n")
    library = os.path.join(folder, "mine.so")
    require(run("gcc", "-shared", "-fPIC", "-o", library,
                os.path.join(folder, "mine.c")).status == 0, "the library was not built")
    same(folder, PYTHON, "-c", "import ctypes; print(ctypes.CDLL(None).fsc_test_number())",
         env=environment(LD_PRELOAD=library))


@test
def descriptors_signals_and_terminal_settings_are_the_same(folder):
    text = """
import os, signal, resource
print(sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1])
status = open('/proc/self/status').read().splitlines()
print([line for line in status if line.startswith(('SigBlk', 'SigIgn', 'SigCgt', 'NoNewPrivs'))])
print(os.umask(0), resource.getrlimit(resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, 0))
print(resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CORE))
print(open('/proc/self/comm').read().strip())
"""
    same(folder, PYTHON, "-c", text)


@test
def an_ignored_signal_stays_ignored(folder):
    def ignore():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    same(folder, "/bin/sh", "-c", "kill -USR1 $$; kill -INT $$; grep -E 'Sig(Ign|Blk|Cgt)' "
         "/proc/self/status; echo alive", preexec_fn=ignore)


def start(folder, *command, program=FFISCOPE, env=None, stdin=subprocess.DEVNULL, **how):
    return subprocess.Popen([program, "record", "-o", os.path.join(folder, "rec"), "--", *command],
                            env=env or environment(), stdin=stdin, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True, **how)


@test(number=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
              signal.SIGQUIT])
def a_signal_that_a_process_sends_is_forwarded(folder, number):
    ready = os.path.join(folder, "ready")
    process = start(folder, PYTHON, "-c", f"""
import signal, sys, time
signal.signal({int(number)}, lambda *_: (print("got it", flush=True), sys.exit(33)))
open({ready!r}, "w").close()
time.sleep(30)
print("nothing came")
""")
    require(wait_until(lambda: os.path.exists(ready)), "the program did not start")
    process.send_signal(number)
    out, _ = process.communicate(timeout=TIMEOUT_S)
    equal((out, process.returncode), (b"got it\n", 33), "output and exit status")


@test
def a_forwarded_signal_that_kills_is_128_and_the_signal(folder):
    process = start(folder, *host("dlopen", "--requests", 100, "--pause", 30000))
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=TIMEOUT_S)
    equal(process.returncode, 143, "exit status")
    check(b"202 calls" in err, f"summary says {err!r}")


# Prints who sent each signal (0 is the kernel), one line each, until none came for a second.
SENDERS = """
import signal, sys
number, ready = int(sys.argv[1]), sys.argv[2]
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
open(ready, "w").close()
wait_s = 30
while (found := signal.sigtimedwait([number], wait_s)) is not None:
    print(found.si_pid, flush=True)
    wait_s = 1
"""


@test
def a_signal_to_the_whole_group_comes_from_its_sender_and_from_record(folder):
    """record cannot know that the command has had it. It sleeps, so that the two never merge."""
    ready = os.path.join(folder, "ready")
    process = start(folder, PYTHON, "-c", SENDERS, str(int(signal.SIGUSR1)), ready)
    require(wait_until(lambda: os.path.exists(ready)), "the program did not start")
    os.kill(process.pid, signal.SIGSTOP)
    os.killpg(process.pid, signal.SIGUSR1)
    first = process.stdout.readline()
    os.kill(process.pid, signal.SIGCONT)
    out, _ = process.communicate(timeout=TIMEOUT_S)
    equal([int(line) for line in (first + out).split()], [os.getpid(), process.pid], "senders")
    equal(process.returncode, 0, "exit status")


class Terminal:
    """A record command in the foreground of a terminal of its own."""

    def __init__(self, folder, *command, **how):
        self.keys, inside = os.openpty()
        try:
            self.process = start(folder, *command, stdin=inside, preexec_fn=lambda: fcntl.ioctl(
                0, termios.TIOCSCTTY, 0), **how)
        finally:
            os.close(inside)

    def press(self, key):
        os.write(self.keys, key)

    def finish(self):
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        os.close(self.keys)
        return out, err


@test(key=[b"\x03", b"\x1c"])
def a_terminals_signal_arrives_once(folder, key):
    """Ctrl-C and Ctrl-\\: the kernel sends them to the whole foreground group."""
    ready = os.path.join(folder, "ready")
    number = {b"\x03": signal.SIGINT, b"\x1c": signal.SIGQUIT}[key]
    terminal = Terminal(folder, PYTHON, "-c", SENDERS, str(int(number)), ready)
    require(wait_until(lambda: os.path.exists(ready)), "the program did not start")
    terminal.press(key)
    out, _ = terminal.finish()
    equal((out, terminal.process.returncode), (b"0\n", 0), "senders and exit status")


class Preparing:
    """An ffiscope whose command does not start until it is told: so long it finds out what measuring
    costs."""

    def __init__(self, folder):
        self.measures, self.go = os.path.join(folder, "measures"), os.path.join(folder, "go")
        self.started = os.path.join(folder, "started")
        self.command = ["touch", self.started]
        self.program = os.path.join(folder, "copy", "bin", "ffiscope")
        self.cache = os.path.join(folder, "cache")
        for part in ("bin", "lib"):
            shutil.copytree(os.path.join(BUILD, part), os.path.join(folder, "copy", part))
        tool = os.path.join(folder, "copy", "libexec", "ffiscope", "ffiscope-calibrate")
        os.makedirs(os.path.dirname(tool))
        write(tool, f"#!/bin/sh\n: > {self.measures}\n"
              f"while ! test -e {self.go}; do sleep 0.01; done\n")
        os.chmod(tool, 0o755)

    def how(self):
        return {"program": self.program, "env": environment(XDG_CACHE_HOME=self.cache)}

    def wait(self):
        require(wait_until(lambda: os.path.exists(self.measures)), "nothing was measured")

    def go_on(self):
        write(self.go, "")

    def check_never_started(self, folder, process, status):
        equal(process.returncode, status, "exit status")
        check(not os.path.exists(self.started), "the command was started all the same")
        equal([name for name in os.listdir(folder) if name.startswith("rec")], [], "left behind")


@test
def a_terminals_interrupt_before_the_command_ends_record(folder):
    preparing = Preparing(folder)
    terminal = Terminal(folder, *preparing.command, **preparing.how())
    preparing.wait()
    terminal.press(b"\x03")
    terminal.finish()
    preparing.check_never_started(folder, terminal.process, 128 + signal.SIGINT)


@test(number=[signal.SIGTERM, signal.SIGHUP])
def a_signal_before_the_command_ends_record(folder, number):
    preparing = Preparing(folder)
    process = start(folder, *preparing.command, **preparing.how())
    preparing.wait()
    process.send_signal(number)
    preparing.go_on()
    process.communicate(timeout=TIMEOUT_S)
    preparing.check_never_started(folder, process, 128 + number)


@test
def an_ignored_signal_before_the_command_is_ignored(folder):
    preparing = Preparing(folder)
    process = start(folder, *preparing.command, **preparing.how(),
                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    preparing.wait()
    process.send_signal(signal.SIGHUP)
    preparing.go_on()
    process.communicate(timeout=TIMEOUT_S)
    equal(process.returncode, 0, "exit status")
    check(os.path.exists(preparing.started), "the command did not start")


@test
def stop_and_continue_work(folder):
    process = start(folder, "/bin/sh", "-c", "sleep 0.5; kill -STOP $$; echo went on; exit 3")
    found = wait_until(lambda: any(
        open(path, encoding="ascii").read().rsplit(")", 1)[1].split()[0] == "T"
        for path in glob.glob("/proc/[0-9]*/stat") if _child_of(path, process.pid)), 10)
    require(found, "the command did not stop")
    time.sleep(0.1)
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        os.kill(int(file.read().split()[0]), signal.SIGCONT)
    out, _ = process.communicate(timeout=TIMEOUT_S)
    equal((out, process.returncode), (b"went on\n", 3), "output and exit status")


def _text(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _child_of(path, parent):
    fields = _text(path).rpartition(")")[2].split()
    return len(fields) > 1 and int(fields[1]) == parent


@test
def a_program_that_closes_its_output_is_not_held_up(folder):
    """The reader is gone: SIGPIPE as without us."""
    same(folder, "/bin/bash", "-c", 'yes | head -1; echo "${PIPESTATUS[@]}"')


@test
def the_recorded_program_says_what_it_says_alone(folder):
    """Our own host, whose calls are caught: the same answers, but for times."""
    text = f"""
import ctypes
class Buffer(ctypes.Structure):
    _fields_ = [("p", ctypes.c_void_p), ("l", ctypes.c_size_t), ("c", ctypes.c_size_t)]
service = ctypes.CDLL({SERVICE!r})
service.proto2ffi_say_hello.restype = Buffer
service.proto2ffi_free_byte_buffer.argtypes = [Buffer]
for name in (b"x", b"you", b"\\xc3\\xa9" * 50):
    buffer = service.proto2ffi_say_hello(bytes([10, len(name)]) + name, len(name) + 2)
    print(ctypes.string_at(buffer.p, buffer.l), buffer.l, buffer.c)
    service.proto2ffi_free_byte_buffer(buffer)
"""
    _, seen = same(folder, PYTHON, "-c", text)
    check("6 calls" in seen.err, f"summary says {seen.err!r}")


@test
def a_setuid_program_is_left_alone(folder):
    program = next((path for path in ("/bin/su", "/usr/bin/passwd", "/bin/mount")
                    if os.path.exists(path)), None)
    if not program:
        raise Skip("no setuid program here")
    same(folder, program, "--help")


if __name__ == "__main__":
    main()
