# SPDX-License-Identifier: MIT
"""machine.py - the processor that test programs are compiled for and run on.

FFISCOPE_TEST_MACHINE names it, as `uname -m` does; default: this one. The tools stay this machine's:
what a foreign program leaves is read here.
"""
import os
import platform
import shutil

NATIVE = platform.machine()
NAME = os.environ.get("FFISCOPE_TEST_MACHINE", NATIVE)

# Compiler, and what a program of that processor is started with.
_FOREIGN = {
    "aarch64": (["aarch64-linux-gnu-gcc"], ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]),
}
COMPILER, RUNNER = (["gcc"], []) if NAME == NATIVE else _FOREIGN[NAME]


def missing():
    """The first program that is not installed, or None."""
    return next((words[0] for words in (COMPILER, RUNNER)
                 if words and not shutil.which(words[0])), None)
