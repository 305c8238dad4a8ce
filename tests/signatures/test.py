# SPDX-License-Identifier: MIT
"""signatures - whatever a function takes and returns, a thunk changes nothing of it.

generate.py writes 3,000 functions and their calls, probe_*.S one call with garbage in all registers.
Each call is made twice in one program, by an address that ffiscope never saw and by the one that
dlsym gave; the program says what differs. With FFISCOPE_TEST_LONG=1 there are more sets of 3,000.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import generate
import machine
from scenario import Skip, check, equal, main, record, require, row, run, test, write

SEEDS = range(1, 7) if os.environ.get("FFISCOPE_TEST_LONG") else [1]
FUNCTIONS = 3000
UNITS = 12
JOBS = 2
PART = 1600             # there are 2,046 thunks for functions
WINDOW = 128            # bytes, when nobody says otherwise
WINDOW_MAX = 4096
PROBE_ROUNDS = 1500
ROWS_MAX = 256          # of a boundary file
CLOCKS = ["fenced", "fast"]

_programs = {}


class Program:
    """The host and the library of one seed."""

    def __init__(self, folder, seed):
        self.folder = folder
        self.made = generate.Set(seed, FUNCTIONS, machine.NAME)
        self.host = os.path.join(folder, "host")
        self.library = os.path.join(folder, "libsignatures.so")
        self.command = [self.host, self.library]
        os.mkdir(folder)
        library, host = generate.write(folder, self.made, UNITS)
        common = [f"probe_{machine.NAME}.S", "values.c"]
        library = self.objects("library", library, common + ["library.c"], "-fPIC", "-DLIBRARY")
        host = self.objects("host", host, common + ["host.c", f"probe_{machine.NAME}.c"])
        in_turn([[*machine.COMPILER, "-shared", "-o", self.library, *library],
                 [*machine.COMPILER, "-o", self.host, *host, "-pthread"]])

    def objects(self, name, generated, written, *flags):
        sources = [os.path.join(self.folder, source) for source in generated]
        sources += [os.path.join(HERE, source) for source in written]
        objects = [os.path.join(self.folder, f"{name}-{os.path.basename(source)}.o")
                   for source in sources]
        in_turn([[*machine.COMPILER, "-O1", "-w", "-Wno-psabi", *flags, "-I", HERE,
                  "-I", self.folder, "-c", source, "-o", output]
                 for source, output in zip(sources, objects)])
        return objects

    def sizes(self, rows_each=1):
        """All sizes of stack arguments that there are, in lists that fit into a boundary file when
        each size takes so many rows."""
        sizes = sorted({function.stack for function in self.made.functions})
        most = (ROWS_MAX - 1) // rows_each
        return [sizes[first:first + most] for first in range(0, len(sizes), most)]

    @property
    def word(self):
        """Bytes of a pointer."""
        return next(type_.size for type_ in self.made.abi.INTEGERS if type_.name == "pointer")

    def nest(self, row):
        """A row for sig_nest, which takes two pointers."""
        pointer = next(type_ for type_ in self.made.abi.INTEGERS if type_.name == "pointer")
        return f"{row} stack={self.made.abi.stack_bytes(None, [pointer, pointer], 2)}"


def in_turn(commands):
    """Run them, JOBS at a time."""
    waiting, running = list(commands), []
    while waiting or running:
        while waiting and len(running) < JOBS:
            command = waiting.pop()
            running.append((command, subprocess.Popen(command, stdout=subprocess.PIPE,
                                                      stderr=subprocess.STDOUT)))
        command, process = running.pop(0)
        said = process.communicate()[0].decode(errors="replace")
        require(process.returncode == 0, f"{' '.join(command)}: {said[:1500]}")


def program(folder, seed=1):
    """Compiled once: all tests of one seed share it."""
    if not os.path.exists(os.path.join(HERE, f"abi_{machine.NAME}.py")):
        raise Skip(f"nothing is known of {machine.NAME}'s calling convention")
    if machine.missing():
        raise Skip(f"{machine.missing()} is not installed")
    if seed not in _programs:
        _programs[seed] = None  # tried
        _programs[seed] = Program(os.path.join(os.path.dirname(folder), f"seed-{seed}"), seed)
    require(_programs[seed], f"seed {seed} did not compile")
    return _programs[seed]


def said(text, name):
    found = re.search(rf"(?m)^{name}=(\d+)$", text)
    return int(found.group(1)) if found else None


def wrongs(text):
    """What the program says is wrong, as far as a person wants to read it."""
    return "; ".join(re.findall(r"(?m)^wrong: (.*)$", text)[:4])


def unharmed(folder, made, arguments, options=(), name="rec"):
    """Bare, then recorded: nothing differs, and everything went through a thunk."""
    command = [*made.command, *arguments]
    bare = run(*command)
    require((bare.status, said(bare.out, "wrong")) == (0, 0),
            f"wrong without ffiscope: {bare.status} {wrongs(bare.out)}")
    equal(said(bare.err, "wrapped"), 0, "wrapped functions of the bare program")
    recording = record(folder, *command, options=options, name=name)
    what = " ".join(str(word) for word in [*options, *arguments] if os.sep not in str(word))
    equal(recording.status, 0, f"exit status with {what}")
    equal(wrongs(recording.out), "", f"wrong with {what}")
    check(recording.out == bare.out, f"other output with {what}: {recording.out[-200:]!r}")
    wanted = said(bare.out, "functions") or said(bare.out, "probes")
    equal(said(recording.err, "wrapped"), wanted, f"wrapped functions with {what}")
    return recording


def is_counted(recording):
    """The report has each function, and the calls that the program made."""
    report = recording.report()
    names = re.findall(r"(?m)^((?:sig|proto2ffi)_\w+) [0-9a-f]+ [0-9a-f]+$", recording.out)
    found = {point["name"]: (point["calls"], point["unwound"], point["open"])
             for point in report["entry_points"]}
    expected = dict.fromkeys(names, (said(recording.out, "rounds"), 0, 0))
    expected["sig_nest"] = (1, 0, 0)
    other = {name: (found.get(name), expected.get(name)) for name in found.keys() | expected.keys()
             if found.get(name) != expected.get(name)}
    equal(list(other.items())[:3], [], "functions counted otherwise (calls, unwound, open)")
    equal(report["loss"]["events"], 0, "lost events")


def in_parts(folder, made, stack, *options):
    for first in range(0, FUNCTIONS, PART):
        recording = unharmed(folder, made, [first, first + PART, *stack], options, f"rec{first}")
        is_counted(recording)


def described(folder, rows, name="exact.boundary"):
    path = write(os.path.join(folder, name), "\n".join(rows) + "\n")
    return "--boundary", path


def exactly(made, sizes, less=0):
    """A row for each size of stack arguments: it is part of a function's name."""
    rows = [made.nest("entry sig_nest response=none")]
    return rows + [f"entry *_s{size}_* response=none stack={max(size - less, 0)}" for size in sizes]


# --- Generated functions -------------------------------------------------------------------------

@test(seed=SEEDS, clock=CLOCKS)
def functions_that_nobody_described_pass_in_the_usual_window(folder, seed, clock):
    in_parts(folder, program(folder, seed), (0, WINDOW), "--clock", clock)


@test(seed=SEEDS, clock=CLOCKS)
def functions_with_more_on_the_stack_pass_in_a_larger_window(folder, seed, clock):
    made = program(folder, seed)
    in_parts(folder, made, (WINDOW + 1, WINDOW_MAX), "--clock", clock, "--window", str(WINDOW_MAX))


@test(seed=SEEDS, clock=CLOCKS)
def functions_that_are_described_pass_exactly(folder, seed, clock):
    made = program(folder, seed)
    for sizes in made.sizes():
        in_parts(folder, made, (sizes[0], sizes[-1]), "--clock", clock,
                 *described(folder, exactly(made, sizes)))


@test(seed=SEEDS)
def a_description_that_is_one_word_short_is_noticed(folder, seed):
    """That is: the sizes above are exact, and the comparison sees what is missing."""
    made = program(folder, seed)
    noticed, functions = set(), 0
    for sizes in made.sizes(2):
        command = [*made.command, 0, PART, max(sizes[0], 8), sizes[-1]]
        rows = [f"entry *_s{size}_copied response=none stack={size}" for size in sizes]
        rows += exactly(made, sizes, less=made.word)
        recording = record(folder, *command, options=described(folder, rows))
        noticed |= set(re.findall(r"(?m)^wrong: (\w+), looked up", recording.out))
        equal(re.findall(r"(?m)^wrong: \w+, directly.*", recording.out)[:2], [], "wrong directly")
        functions += len(re.findall(r"(?m)^(?!\w+_copied )\w+ [0-9a-f]+ [0-9a-f]+$",
                                    recording.out))
    # The last word may be padding, which is not looked at.
    check(functions and len(noticed) > 0.9 * functions,
          f"{len(noticed)} of {functions} functions missed a word")


LIES = {
    "calls": ("entry *_???[0-3]_s{0}_* request=arg0,arg1 response=ret{{ptr,len,cap}} stack={0}",
              "entry *_???[4-6]_s{0}_* request=arg0,arg1 response=*arg2,*arg3 stack={0}",
              "free *_s{0}_* buffer=arg0,arg1,arg2 stack={0}"),
    "pools": ("acquire *_???[0-4]_s{0}_* response=ret{{ptr,len}} stack={0}",
              "release *_s{0}_* buffer=arg0,arg1,arg2 stack={0}"),
    "codecs": ("encode *_???[0-4]_s{0}_* buffer=arg1,ret message=arg0 stack={0}",
               "decode *_s{0}_* buffer=arg0,arg1 message=ret stack={0}"),
}


@test(seed=SEEDS, kind=list(LIES))
def rows_that_say_what_is_not_so_change_nothing(folder, seed, kind):
    """Hooks look at arguments and results that are not there. Inside sig_nest, which is an encoder
    then, encoders pass unseen, and pools pass unseen inside a call."""
    made = program(folder, seed)
    nest = "encode sig_nest message=arg0" if kind == "codecs" else "entry sig_nest response=none"
    for sizes in made.sizes(len(LIES[kind])):
        rows = [made.nest(nest)] + [lie.format(size) for size in sizes for lie in LIES[kind]]
        options = described(folder, rows)
        for first in range(0, FUNCTIONS, PART):
            unharmed(folder, made, [first, first + PART, sizes[0], sizes[-1]], options,
                     f"rec{first}")


@test
def this_processor_has_all_that_is_generated(folder):
    made = program(folder)
    called = [said(run(*made.command, first, first + PART, 0, WINDOW_MAX).out,
                   "functions") for first in range(0, FUNCTIONS, PART)]
    if sum(called) < FUNCTIONS:
        raise Skip(f"{FUNCTIONS - sum(called)} functions want vectors that it has not")


# --- Registers -----------------------------------------------------------------------------------

PROBE_SIZES = (0, 8, 40, 104, 120, 128, 136, 256)
PROBES = {
    "usual window": (WINDOW, lambda folder: ()),
    "larger window": (256, lambda folder: ("--window", "256")),
    "described": (256, lambda folder: described(folder, exactly(program(folder), PROBE_SIZES))),
    # The ring is enlarged under way, and then full: slow paths that call ordinary code.
    "small ring": (256, lambda folder: ("--buffer-size", "16k",
                                        *described(folder, exactly(program(folder),
                                                                   PROBE_SIZES)))),
}


@test(way=list(PROBES), clock=CLOCKS)
def registers_arrive_and_survive(folder, way, clock):
    stack_to, options = PROBES[way]
    recording = unharmed(folder, program(folder), ["probe", PROBE_ROUNDS, stack_to],
                         ("--clock", clock, *options(folder)))
    report = recording.report()
    for number, size in enumerate(PROBE_SIZES):
        if size <= stack_to:
            found = row(report, f"probe_{number}_s{size}_value")
            equal((found.get("calls"), found.get("unwound"), found.get("open")),
                  (said(recording.out, "rounds"), 0, 0), f"calls, unwound, open of probe {number}")


@test
def registers_arrive_and_survive_where_nothing_is_recorded(folder):
    """An encoder inside an encoder goes on unseen."""
    made = program(folder)
    rows = [made.nest("encode sig_nest message=arg0")]
    rows += [f"encode probe_*_s{size}_* message=arg0 stack={size}" for size in PROBE_SIZES]
    unharmed(folder, made, ["probe", PROBE_ROUNDS, 256], described(folder, rows))


if __name__ == "__main__":
    main()
