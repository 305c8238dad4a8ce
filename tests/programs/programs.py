# SPDX-License-Identifier: MIT
"""programs.py - the programs of Debian that must do under record what they do without.

One row each: what it is called (work/NAME.sh is its own work), the Debian packages that it needs,
the commands by which a machine shows that it has them, what it says and how it ends when it did its
work, and what of its output differs from run to run. To add one: a row and a file.
`programs.py packages [all]` prints the packages of a tier.
"""
import sys
from dataclasses import dataclass

# What may differ from run to run; a row names the patterns that its program needs.
PATTERNS = {
    "time": r"\b(\d+ min )?\d+(\.\d+)? ?(ms|s|sec|seconds)\b",
    "address": r"\b0x[0-9a-f]+",
    "process": r"(?<===)\d+(?===)|(?<=process )\d+",
    "load": r"^\d+:\d\d:\d\d load avg: [\d.]+",
}

EVERYTHING = ("--entry", "*", "--window", "1k")


@dataclass
class Program:
    name: str
    packages: str
    commands: str
    says: str  # by what its output shows that it did its work, with record and without
    status: int = 0  # with which it ends then
    differs: str = ""
    modes: tuple = ((), EVERYTHING)  # options of record, one recorded run for each
    after: str = ""  # a command that ends what the work left running; it is not recorded
    user: str = ""  # root runs it, and record, as that user: it refuses to work for root

    def __str__(self):
        return self.name


WAIT = ("--wait",)
DAEMON = ((), WAIT, EVERYTHING)

# In every `./run test`: they take two minutes together.
USUAL = [
    Program("archives", "tar gzip bzip2 xz-utils zstd", "tar gzip bzip2 xz zstd", "zst same"),
    Program("curl", "curl python3", "curl", "20 hello", differs="time"),
    Program("git", "git", "git", "hook: 1", status=1),
    Program("make", "make gcc libc6-dev", "make gcc", "status 30", status=2),
    Program("node", "", "node", "child 3 true", status=1),
    Program("perl", "perl", "perl", "10007", status=3),
    Program("python", "libpython3.11-testsuite", "/usr/lib/python3.11/test/test_ctypes.py",
            "Tests result: SUCCESS", differs="load time"),
    Program("redis", "redis-tools", "redis-check-rdb redis-benchmark", "rdb_last_bgsave_status:ok",
            modes=DAEMON),
    Program("sqlite3", "sqlite3", "sqlite3", '[{"a":1},{"a":2}', status=17),
    Program("vim", "vim", "vim", "20000 88904"),
]

# In `./run test --all`, too.
MORE = [
    Program("bash", "bash", "bash", "closed 1", status=143),
    Program("bubblewrap", "bubblewrap", "bwrap", "status 5"),
    Program("chromium", "chromium", "chromium", "299999712,345", user="nobody"),
    Program("clang", "clang libclang-rt-14-dev", "clang++", "caught"),
    Program("cmake", "cmake ninja-build g++", "cmake ninja g++", "tested: 8", differs="time"),
    Program("expect", "expect", "expect", "got world", status=6),
    Program("fakeroot", "fakeroot", "fakeroot", "5 6"),
    Program("ffmpeg", "ffmpeg", "ffmpeg", "codec_name=aac"),
    Program("gawk", "gawk", "gawk", "5 4 3 2 1 0 baba 1970", status=3),
    Program("gdb", "gdb gcc libc6-dev", "gdb", "twice (x=21) at a.c:2", differs="process address"),
    Program("ghostscript", "ghostscript", "gs", "  back.ppm"),
    Program("golang", "restic", "restic", "same"),
    Program("gpg", "gnupg gpg-agent", "gpg gpg-agent", "wrong: 2", modes=DAEMON),
    Program("guile", "guile-3.0", "guile", "2122500", status=8),
    Program("imagemagick", "imagemagick", "convert identify", "97 90 3942"),
    Program("java", "openjdk-17-jdk-headless", "javac java", "333332833333500000", status=9),
    Program("jq", "jq", "jq", "3000", status=4),
    Program("lua", "lua5.4", "lua5.4", "true\t6", status=7),
    Program("luajit", "luajit", "luajit", "1 two 3.000 4", status=1, differs="address"),
    Program("man", "man-db groff-base", "man", "thing - does a thing"),
    Program("memcached", "memcached socat", "memcached socat", "20 42"),
    Program("nginx", "nginx-light curl", "/usr/sbin/nginx curl", "30 hello", status=1, modes=DAEMON),
    Program("openssl", "openssl", "openssl", "cert.pem: OK"),
    Program("php", "php-cli", "php", "349012 2722207201 3", status=255),
    Program("postgres", "postgresql", "/usr/lib/postgresql/15/bin/initdb pgbench", "100010000",
            modes=DAEMON, user="nobody"),
    Program("prolog", "swi-prolog-nox", "swipl", "[1,4,9,16]", status=3),
    Program("protoc", "protobuf-compiler protobuf-c-compiler python3-protobuf", "protoc protoc-c",
            "DecodeError: Error parsing message with type 'M'", status=1),
    Program("python_long", "libpython3.11-testsuite", "/usr/lib/python3.11/test/test_ctypes.py",
            "Tests result: SUCCESS", differs="load time"),
    Program("redis_left", "redis-tools", "redis-check-rdb", "after: PONG",
            after="redis-cli -s s ping; redis-cli -s s dbsize; redis-cli -s s shutdown nosave"),
    Program("ruby", "ruby", "ruby", "4129599910", status=1),
    Program("setuid", "sudo passwd", "sudo su chfn", "sudo: 6"),
    Program("ssh", "openssh-server openssh-client rsync", "/usr/sbin/sshd ssh scp rsync", "status 7"),
    Program("static", "busybox-static", "busybox", "5050"),
    Program("strace", "strace", "strace", "status 3"),
    Program("tcl", "tcl", "tclsh", "0 1 2 3 4 5 6 7 8 9", status=1),
    Program("tmux", "tmux", "tmux", "got hello", modes=DAEMON),
    # It remarks on our question whether a page can be read, which most undescribed calls make there.
    Program("valgrind", "valgrind gcc libc6-dev", "valgrind",
            "are definitely lost in loss record 1 of 1", status=9,
            differs="process address", modes=((),)),
]

NOT_DRIVEN = {
    "dart, flutter": "not in Debian",
    "docker, podman": "containers need rights over cgroups and mounts that a test has not",
    "firefox, libreoffice": "chromium and ghostscript stand for them; half a gigabyte each",
    "systemd": "it must be process 1",
    "wine": "its usual programs need Debian's packages for i386, which would change the machine's architectures",
}


def of_tier(everything):
    return USUAL + MORE if everything else USUAL


if __name__ == "__main__":
    if sys.argv[1:2] != ["packages"]:
        sys.exit("usage: programs.py packages [all]")
    print(*sorted({package for program in of_tier(sys.argv[2:] == ["all"])
                   for package in program.packages.split()}))
