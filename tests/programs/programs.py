# SPDX-License-Identifier: MIT
"""programs.py - the programs of Debian that must do under record what they do without.

One row each: what it is called (work/NAME.sh is its own work), the Debian packages that it needs,
the commands by which a machine shows that it has them, and what of its output differs from run to
run. To add one: a row and a file. `programs.py packages [all]` prints the packages of a tier.
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
    Program("archives", "tar gzip bzip2 xz-utils zstd", "tar gzip bzip2 xz zstd"),
    Program("curl", "curl python3", "curl", "time"),
    Program("git", "git", "git"),
    Program("make", "make gcc libc6-dev", "make gcc"),
    Program("node", "", "node"),
    Program("perl", "perl", "perl"),
    Program("python", "libpython3.11-testsuite", "/usr/lib/python3.11/test/test_ctypes.py",
            "load time"),
    Program("redis", "redis-tools", "redis-check-rdb redis-benchmark", modes=DAEMON),
    Program("sqlite3", "sqlite3", "sqlite3"),
    Program("vim", "vim", "vim"),
]

# In `./run test --all`, too.
MORE = [
    Program("bash", "bash", "bash"),
    Program("bubblewrap", "bubblewrap", "bwrap"),
    Program("chromium", "chromium", "chromium", user="nobody"),
    Program("clang", "clang libclang-rt-14-dev", "clang++"),
    Program("cmake", "cmake ninja-build g++", "cmake ninja g++", "time"),
    Program("expect", "expect", "expect"),
    Program("fakeroot", "fakeroot", "fakeroot"),
    Program("ffmpeg", "ffmpeg", "ffmpeg"),
    Program("gawk", "gawk", "gawk"),
    Program("gdb", "gdb gcc libc6-dev", "gdb", "process address"),
    Program("ghostscript", "ghostscript", "gs"),
    Program("golang", "restic", "restic"),
    Program("gpg", "gnupg gpg-agent", "gpg gpg-agent", modes=DAEMON),
    Program("guile", "guile-3.0", "guile"),
    Program("imagemagick", "imagemagick", "convert identify"),
    Program("java", "openjdk-17-jdk-headless", "javac java"),
    Program("jq", "jq", "jq"),
    Program("lua", "lua5.4", "lua5.4"),
    Program("luajit", "luajit", "luajit", "address"),
    Program("man", "man-db groff-base", "man"),
    Program("memcached", "memcached socat", "memcached socat"),
    Program("nginx", "nginx-light curl", "/usr/sbin/nginx curl", modes=DAEMON),
    Program("openssl", "openssl", "openssl"),
    Program("php", "php-cli", "php"),
    Program("postgres", "postgresql", "/usr/lib/postgresql/15/bin/initdb pgbench", modes=DAEMON,
            user="nobody"),
    Program("prolog", "swi-prolog-nox", "swipl"),
    Program("protoc", "protobuf-compiler protobuf-c-compiler python3-protobuf", "protoc protoc-c"),
    Program("python_long", "libpython3.11-testsuite",
            "/usr/lib/python3.11/test/test_ctypes.py", "load time"),
    Program("redis_left", "redis-tools", "redis-check-rdb",
            after="redis-cli -s s ping; redis-cli -s s dbsize; redis-cli -s s shutdown nosave"),
    Program("ruby", "ruby", "ruby"),
    Program("setuid", "sudo passwd", "sudo su chfn"),
    Program("ssh", "openssh-server openssh-client rsync", "/usr/sbin/sshd ssh scp rsync"),
    Program("static", "busybox-static", "busybox"),
    Program("strace", "strace", "strace"),
    Program("tcl", "tcl", "tclsh"),
    Program("tmux", "tmux", "tmux", modes=DAEMON),
    # It remarks on our question whether a page can be read, which most undescribed calls make there.
    Program("valgrind", "valgrind gcc libc6-dev", "valgrind", "process address", modes=((),)),
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
