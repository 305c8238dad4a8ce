# SPDX-License-Identifier: MIT
"""machine.py - the processor that test programs are compiled for and run on.

FFISCOPE_TEST_MACHINE names it, as `uname -m` does; default: this one. The tools stay this machine's:
what a foreign program leaves is read here.
"""
import os
import platform
import shutil
import struct

NATIVE = platform.machine()
NAME = os.environ.get("FFISCOPE_TEST_MACHINE", NATIVE)

# Compiler, what a program of that processor is started with, and its e_machine (ELF).
_FOREIGN = {
    "aarch64": (["aarch64-linux-gnu-gcc"], ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"], 183),
    "i386": (["gcc", "-m32", "-msse2", "-idirafter", "/usr/include/x86_64-linux-gnu"], [], 3),
}
FOREIGN = NAME != NATIVE
COMPILER, RUNNER, _E_MACHINE = _FOREIGN[NAME] if FOREIGN else (["gcc"], [], 0)


def missing():
    """The first program that is not installed, or None."""
    return next((words[0] for words in (COMPILER, RUNNER)
                 if words and not shutil.which(words[0])), None)


def started(command):
    """The command as it is started here: a foreign program by its emulator."""
    if FOREIGN and os.path.isfile(command[0]):
        with open(command[0], "rb") as file:
            head = file.read(20)
        if head[:4] == b"\x7fELF" and struct.unpack_from("<H", head, 18)[0] == _E_MACHINE:
            return [*RUNNER, *command]
    return list(command)
