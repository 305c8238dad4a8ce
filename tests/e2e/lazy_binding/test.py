# SPDX-License-Identifier: MIT
"""lazy_binding - a slot that is not bound yet gets the function that the loader would have bound."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import compile_program, equal, main, record, require, row, run, shared, test, write

LAZY = "-Wl,-z,lazy"


def same(folder, program, *arguments, entry):
    """Record it with that function wrapped; it says what it says alone."""
    bare = run(program, *arguments)
    require(bare.status == 0, f"alone it ends with {bare.status}: {bare.err[:300]}")
    recording = record(folder, program, *arguments, options=["--entry", entry])
    equal((recording.status, recording.out), (0, bare.out), "exit status and output")
    return recording


@test
def the_kernels_own_functions_are_not_the_c_librarys(folder):
    """The vDSO has a clock_gettime, too, and a getrandom; it knows no errno and other arguments."""
    program = compile_program(folder, "kernel", r"""
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
int main(void)
{
	struct timespec now;
	char bytes[24] = { 0 };
	int result = clock_gettime(12345, &now);
	printf("%d %d\n", result, errno);
	printf("%zd\n", getrandom(bytes, sizeof(bytes), GRND_NONBLOCK));
	return 0;
}
""", LAZY)
    report = same(folder, program, entry="[cg]*t*").report()
    equal(row(report, "clock_gettime").get("calls"), 1, "calls of clock_gettime")
    equal(row(report, "getrandom").get("calls"), 1, "calls of getrandom")


@test
def a_program_of_an_older_library_gets_the_older_function(folder):
    """Which version a lazily bound slot wants is not looked up: the function is left alone."""
    versions = write(os.path.join(folder, "versions"), "ONE { global: *; };\nTWO { } ONE;\n")
    library = shared(folder, "libversions.so", r"""
int old_answer(void) { return 1; }
int new_answer(void) { return 2; }
int only_answer(void) { return 3; }
__asm__(".symver old_answer, answer@ONE");
__asm__(".symver new_answer, answer@@TWO");
""", f"-Wl,--version-script={versions}")
    program = compile_program(folder, "older", r"""
#include <stdio.h>
int older(void);
int answer(void);
int only_answer(void);
__asm__(".symver older, answer@ONE");
int main(void) { return printf("%d %d %d\n", older(), answer(), only_answer()) < 0; }
""", LAZY, library, f"-Wl,-rpath,{folder}")
    report = same(folder, program, entry="*answer").report()
    equal([entry["name"] for entry in report["entry_points"]], ["only_answer"], "wrapped functions")


@test
def libraries_with_neighbours_of_their_own_keep_them(folder):
    """Two plugins, each with its own near_by: no scope but the plugin's says which it calls."""
    for name, answer in (("one", 1), ("two", 2)):
        os.mkdir(os.path.join(folder, name))
        neighbour = shared(os.path.join(folder, name), f"lib{name}.so",
                           f"int near_by(void) {{ return {answer}; }}", f"-Wl,-soname,lib{name}.so")
        shared(folder, f"{name}.so", "int near_by(void);\nint asks(void) { return near_by(); }",
               LAZY, neighbour, f"-Wl,-rpath,{os.path.join(folder, name)}")
    program = compile_program(folder, "plugins", r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_LAZY | RTLD_LOCAL);
		int (*asks)(void) = library ? (int (*)(void))dlsym(library, "asks") : NULL;
		printf("%d\n", asks ? asks() : -1);
	}
	return 0;
}
""")
    plugins = [os.path.join(folder, name) for name in ("one.so", "two.so")]
    report = same(folder, program, *plugins, entry="near_by").report()
    equal(sum(entry["calls"] for entry in report["entry_points"] if entry["name"] == "asks"), 2,
          "calls of asks")


if __name__ == "__main__":
    main()
