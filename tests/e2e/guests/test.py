# SPDX-License-Identifier: MIT
"""guests - programs that load, link, nest and end in their own ways; alone and recorded they are the same.

Every program takes the path of its library, checks itself and prints what it saw. tests/faults has the
programs that break things on purpose.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, READER_KIB, Failure, Recording, Skip, check, check_phases_add_up,
                      compile_program, equal, events_of_calls, main, require, row, run, test)

HEAD = r"""
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
"""
LOOK_UP = r"""
static void *look_up(void *library, const char *name)
{
	void *found = dlsym(library, name);
	if (!found)
		printf("no %s: %s\n", name, dlerror()), exit(99);
	return found;
}
"""
PLAIN = "int plain(int n) { return n; }\n"


class Pair:
    """A library and a program, compiled; run() compares it alone and recorded."""

    def __init__(self, folder, library, program, *flags, library_flags=()):
        self.folder = folder
        self.library = compile_program(folder, "libguest.so", HEAD + library, "-shared", "-fPIC",
                                       "-pthread", *library_flags)
        self.program = compile_program(folder, "program", HEAD + LOOK_UP + program, "-pthread",
                                       *flags)

    def run(self, *arguments, options=(), status=0, name="rec"):
        arguments = arguments or (self.library,)
        path = os.path.join(self.folder, name)
        bare = run(self.program, *arguments)
        require(bare.status == status, f"the program itself ended with {bare.status}: "
                f"{bare.out[-300:]} {bare.err[-300:]}")
        seen = run(FFISCOPE, "record", "-o", path, *options, "--", self.program, *arguments)
        equal(seen.status, bare.status, f"exit status ({seen.err[-300:]!r})")
        check(seen.stdout == bare.stdout, f"it says {seen.out[-400:]!r} instead of "
              f"{bare.out[-400:]!r}")
        theirs = [line for line in seen.err.splitlines() if not line.startswith("ffiscope:")]
        equal(theirs, bare.err.splitlines(), "stderr")
        return Recording(path, seen)


def check_calls(recording, **expected):
    """Calls of each entry point; every phase adds up and every event is readable."""
    report = recording.report()
    for name, calls in expected.items():
        equal(row(report, name).get("calls"), calls, f"calls of {name}")
    equal(report["loss"]["events"], 0, "lost events")
    check_phases_add_up(report)
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    if len(report["processes"]) == 1:
        equal(events_of_calls(recording), timed, "calls that babeltrace2 reads")
    return report


# --- Threads -------------------------------------------------------------------------------------

def check_calls_of_each_thread(recording, threads, expected):
    """A call's id is its thread and its number: no event may carry the thread before."""
    result = run("babeltrace2", "--names=payload,context", os.path.join(recording.images()[0], "ctf"),
                 limit_kib=READER_KIB)
    calls = {}
    for line in result.out.splitlines():
        found = re.search(r" call: .*\btid = (\d+).*\bnumber = (\d+)", line)
        if found:
            calls.setdefault(found.group(1), []).append(int(found.group(2)))
    wrong = [f"{tid}: {numbers}" for tid, numbers in sorted(calls.items())
             if sorted(numbers) != list(range(1, expected + 1))]
    equal(wrong[:3], [], f"threads ({len(wrong)}) whose calls are not numbered 1 to {expected}")
    equal(len(calls), threads, "threads that babeltrace2 reads")


@test(together=[1, 20])
def a_call_belongs_to_its_own_thread_however_short_lived(folder, together):
    pair = Pair(folder, PLAIN, r"""
static int (*plain)(int);
static int sum;
static void *work(void *number)
{
	for (int i = 0; i < 5; i++)
		__atomic_add_fetch(&sum, plain((int)(intptr_t)number), __ATOMIC_RELAXED);
	return NULL;
}
int main(int argc, char **argv)
{
	int together = atoi(argv[2]);
	pthread_t threads[20];
	plain = look_up(dlopen(argv[1], RTLD_NOW), "plain");
	for (int round = 0; round < 3000 / together; round++) {
		for (int i = 0; i < together; i++)
			if (pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i) != 0)
				return 1;
		for (int i = 0; i < together; i++)
			pthread_join(threads[i], NULL);
	}
	printf("%d\n", sum);
	return argc != 3;
}
""")
    recording = pair.run(pair.library, str(together))
    report = check_calls(recording, plain=15000)
    equal(row(report, "plain").get("threads"), 3000, "threads")
    check_calls_of_each_thread(recording, 3000, 5)
    slots = [name for name in os.listdir(os.path.join(recording.images()[0], "ctf"))
             if name.startswith("slot-")]
    check(len(slots) <= 10 * together, f"{len(slots)} streams for {together} threads at a time")


@test
def many_threads_at_once(folder):
    pair = Pair(folder, PLAIN, r"""
static int (*plain)(int);
static pthread_barrier_t together;
static int sum;
static void *work(void *unused)
{
	__atomic_add_fetch(&sum, plain(1), __ATOMIC_RELAXED);
	pthread_barrier_wait(&together);
	__atomic_add_fetch(&sum, plain(1), __ATOMIC_RELAXED);
	return unused;
}
int main(int argc, char **argv)
{
	static pthread_t threads[1500];
	pthread_attr_t attributes;
	plain = look_up(dlopen(argv[1], RTLD_NOW), "plain");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_barrier_init(&together, NULL, 1500);
	for (int i = 0; i < 1500; i++)
		if (pthread_create(&threads[i], &attributes, work, NULL) != 0)
			return 1;
	for (int i = 0; i < 1500; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", sum);
	return argc != 2;
}
""")
    report = pair.run().report()
    equal(row(report, "plain").get("calls"), 3000, "calls")
    timed = sum(entry["timed_calls"] for entry in report["entry_points"])
    skipped = sum(entry["skipped"] for entry in report["entry_points"])
    equal(timed + report["loss"]["events"] + skipped, 3000,
          "calls with an event, lost events and skipped calls")


@test
def threads_with_the_smallest_stack(folder):
    pair = Pair(folder, PLAIN, r"""
static int (*plain)(int);
static void *work(void *unused) { for (int i = 0; i < 1000; i++) plain(i); return unused; }
int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	pthread_t thread;
	plain = look_up(dlopen(argv[1], RTLD_NOW), "plain");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384); /* the least that there is */
	for (int i = 0; i < 10; i++) {
		if (pthread_create(&thread, &attributes, work, NULL) != 0)
			return 1;
		pthread_join(thread, NULL);
	}
	printf("done\n");
	return argc != 2;
}
""")
    check_calls(pair.run(), plain=10000)


@test
def threads_that_still_wait_in_a_call_at_the_end_are_open(folder):
    pair = Pair(folder, PLAIN + "void waits(void) { nanosleep(&(struct timespec){ 30, 0 }, NULL); }",
                r"""
static void (*waits)(void);
static void *work(void *unused) { waits(); return unused; }
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int (*plain)(int) = look_up(library, "plain");
	pthread_t thread;
	waits = look_up(library, "waits");
	for (int i = 0; i < 5; i++)
		pthread_create(&thread, NULL, work, NULL);
	usleep(300000);
	printf("%d\n", plain(3));
	return argc != 2;
}
""")
    entry = row(pair.run().report(), "waits")
    equal((entry.get("calls"), entry.get("open"), entry.get("timed_calls")), (5, 5, 0),
          "calls, open and timed calls")
    equal((entry.get("mean_ns", 0), entry.get("p50_ns", 0)), (None, None), "mean and p50 of nothing")


# --- Nesting and ends ----------------------------------------------------------------------------

@test
def callbacks_into_the_host_are_nested_calls(folder):
    """Self time leaves the inner calls out; only the outer ones make requests."""
    pair = Pair(folder, r"""
static void wait_ns(long ns)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < ns);
}
void outer(void (*back)(void)) { wait_ns(50000); back(); }
void inner(void) { wait_ns(100000); }
""", r"""
static void (*inner)(void);
static void back(void) { inner(); inner(); }
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	void (*outer)(void (*)(void)) = look_up(library, "outer");
	inner = look_up(library, "inner");
	for (int i = 0; i < 200; i++)
		outer(back);
	printf("done\n");
	return argc != 2;
}
""")
    report = check_calls(pair.run(), outer=200, inner=400)
    outer, inner = row(report, "outer"), row(report, "inner")
    check(outer["self_ns"] >= 200 * 49500, f"self time of outer is {outer['self_ns']}")
    check(inner["self_ns"] >= 400 * 99500, f"self time of inner is {inner['self_ns']}")
    check(abs(outer["total_ns"] - outer["self_ns"] - inner["total_ns"]) <= 600 * 100,
          f"outer {outer['total_ns']} is not its own {outer['self_ns']} and inner's "
          f"{inner['total_ns']}")
    equal([request["entry_point"] for request in report["requests"]], ["outer"], "requests")


@test
def deep_recursion_is_one_request(folder):
    pair = Pair(folder, "long down(long n, long (*back)(long)) { return n ? back(n - 1) + 1 : 0; }",
                r"""
static long (*down)(long, long (*)(long));
static long back(long n) { return down(n, back); }
int main(int argc, char **argv)
{
	down = look_up(dlopen(argv[1], RTLD_NOW), "down");
	for (int i = 0; i < 3; i++)
		printf("%ld\n", down(10000, back));
	printf("%ld\n", down(3, back));
	return argc != 2;
}
""")
    report = check_calls(pair.run(), down=3 * 10001 + 4)
    equal(row(report, "down", "requests").get("count"), 4, "requests: the outermost calls only")


@test(name=["leaves", "quits"])
def an_exit_inside_a_call_is_an_open_call(folder, name):
    pair = Pair(folder, "void leaves(int n) { exit(n); } void quits(int n) { _exit(n); }", r"""
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	printf("going\n");
	fflush(stdout);
	((void (*)(int))look_up(library, argv[2]))(23);
	return argc;
}
""")
    entry = row(pair.run(pair.library, name, status=23).report(), name)
    equal((entry.get("calls"), entry.get("open")), (1, 1), "calls and open calls")


@test
def a_crash_inside_a_call_is_a_crash(folder):
    pair = Pair(folder, "int crashes(volatile int *p) { return *p; }", r"""
static void handler(int number, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d at %p\n", number, info->si_addr), fflush(stdout);
	signal(SIGSEGV, SIG_DFL);
}
int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &action, NULL);
	return ((int (*)(void *))look_up(dlopen(argv[1], RTLD_NOW), "crashes"))((void *)16) + argc;
}
""")
    entry = row(pair.run(status=139).report(), "crashes")
    equal((entry.get("calls"), entry.get("open")), (1, 1), "calls and open calls")


@test
def calls_before_main_and_after_exit(folder):
    pair = Pair(folder, PLAIN, r"""
static int (*plain)(int);
__attribute__((constructor)) static void before(int argc, char **argv)
{
	plain = (int (*)(int))dlsym(dlopen(argv[argc - 1], RTLD_NOW), "plain");
	plain(1);
}
static void at_exit(void) { plain(2); }
__attribute__((destructor)) static void after(void) { printf("%d\n", plain(3)); }
int main(void)
{
	atexit(at_exit);
	plain(4);
	return 0;
}
""")
    check_calls(pair.run(), plain=4)


# --- Looking up and linking ----------------------------------------------------------------------

@test
def same_names_in_two_libraries_are_two_rows(folder):
    pair = Pair(folder, "int plain(int n) { return n + 1; }", r"""
int main(int argc, char **argv)
{
	int (*first)(int) = look_up(dlopen(argv[1], RTLD_NOW), "plain");
	int (*second)(int) = look_up(dlopen(argv[2], RTLD_NOW), "plain");
	printf("%d %d %d\n", first(1), second(1), second(2));
	printf("%d\n", look_up(dlopen(argv[1], RTLD_NOW), "plain") == (void *)first);
	return argc != 3;
}
""")
    second = compile_program(folder, "second.so", "int plain(int n) { return n * 100; }",
                             "-shared", "-fPIC")
    report = pair.run(pair.library, second).report()
    rows = {entry["library"]: entry["calls"] for entry in report["entry_points"]}
    equal(rows, {pair.library: 1, second: 2}, "calls by library")


@test
def names_of_one_address_are_aliases(folder):
    pair = Pair(folder, PLAIN + 'int same(int n) __attribute__((alias("plain")));', r"""
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int (*plain)(int) = look_up(library, "plain");
	int (*same)(int) = look_up(library, "same");
	printf("%d %d\n", plain(1) + same(2), plain == same);
	return argc != 2;
}
""")
    report = pair.run().report()
    equal(len(report["entry_points"]), 1, "rows")
    entry = report["entry_points"][0]
    equal((entry["calls"], sorted([entry["name"], *entry["aliases"]])), (2, ["plain", "same"]),
          "calls and names")


@test
def a_library_closed_and_opened_again_keeps_its_rows(folder):
    pair = Pair(folder, "static int count; int plain(int n) { return n + count++; }"
                " int other(void) { return 7; }", r"""
#include <sys/mman.h>
int main(int argc, char **argv)
{
	int sum = 0;
	for (int i = 0; i < 60; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);
		int (*plain)(int) = look_up(library, "plain");
		int (*other)(void) = look_up(library, "other");
		sum += plain(i) + plain(0) + other();
		if (dlclose(library) != 0)
			return 1;
		if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD))
			return 2; /* closed means gone */
		/* Take its place, so that it is mapped elsewhere. */
		if (i % 3 == 0)
			mmap(NULL, 4096 * 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	printf("%d\n", sum);
	return argc != 2;
}
""")
    check_calls(pair.run(), plain=120, other=60)


@test
def a_library_finds_its_neighbours_by_origin(folder):
    """dlopen of a caller with the run path $ORIGIN: the loader must see the true caller."""
    os.mkdir(os.path.join(folder, "sub"))
    compile_program(os.path.join(folder, "sub"), "libneighbour.so", "int near_by(void) {return 4;}",
                    "-shared", "-fPIC")
    pair = Pair(folder, r"""
int opens(void)
{
	void *library = dlopen("libneighbour.so", RTLD_NOW);
	int (*near_by)(void) = library ? (int (*)(void))dlsym(library, "near_by") : NULL;
	return near_by ? near_by() : -1;
}
""", r"""
int main(int argc, char **argv)
{
	printf("%d\n", ((int (*)(void))look_up(dlopen(argv[1], RTLD_NOW), "opens"))());
	return argc != 2;
}
""", library_flags=["-Wl,-rpath,$ORIGIN/sub"])
    check_calls(pair.run(), opens=1, near_by=1)


@test
def a_library_that_looks_itself_up_finds_itself(folder):
    """As libruby does with ruby_xmalloc: another address would mean another libruby to it."""
    pair = Pair(folder, r"""
int plain(int n) { return n + 1; }
int finds_itself(void *self) { return dlsym(self, "plain") == (void *)plain; }
""", r"""
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	int (*plain)(int) = look_up(library, "plain");
	printf("%d %d\n", ((int (*)(void *))look_up(library, "finds_itself"))(library), plain(1));
	return argc != 2;
}
""")
    check_calls(pair.run(), finds_itself=1, plain=1)


@test
def vfork_is_never_wrapped(folder):
    pair = Pair(folder, PLAIN, r"""
int main(int argc, char **argv)
{
	pid_t (*look_vfork)(void) = look_up(RTLD_DEFAULT, "vfork");
	int (*plain)(int) = look_up(dlopen(argv[1], RTLD_NOW), "plain");
	for (int i = 0; i < 5; i++) {
		int status = 0;
		pid_t child = look_vfork();
		if (child == 0)
			_exit(6);
		waitpid(child, &status, 0);
		printf("%d %d\n", WEXITSTATUS(status), plain(i));
	}
	return argc != 2;
}
""")
    check_calls(pair.run(options=["--entry", "*fork", "--entry", "*setjmp*"]), plain=5)


LINKED = r"""
#include <stdio.h>
int proto2ffi_plain(int n);
int proto2ffi_other(int n);
int (*pointer)(int) = proto2ffi_other;
int main(void)
{
	int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += proto2ffi_plain(i) + pointer(i);
	printf("%d\n", sum);
	return 0;
}
"""


@test(flags=["-Wl,-z,lazy", "-Wl,-z,now -Wl,-z,relro", "-no-pie -Wl,-z,lazy", "-no-pie -fno-plt",
             "-fno-plt -Wl,-z,now", "-Wl,--hash-style=sysv", "-Wl,-z,lazy -fuse-ld=gold"])
def a_linked_program_is_seen_however_it_binds(folder, flags):
    library = compile_program(folder, "libproto.so", "int proto2ffi_plain(int n) { return n; }\n"
                              "int proto2ffi_other(int n) { return n + 1; }\n", "-shared", "-fPIC")
    try:
        path = compile_program(folder, "linked", LINKED, *flags.split(), library,
                               f"-Wl,-rpath,{folder}")
    except Failure as failure:
        raise Skip(f"this linker is not here: {str(failure)[:100]}") from None
    bare = run(path)
    seen = run(FFISCOPE, "record", "-o", path + ".rec", "--", path)
    equal((seen.status, seen.out), (0, bare.out), "exit status and output")
    report = Recording(path + ".rec", seen).report()
    equal(row(report, "proto2ffi_plain").get("calls"), 10, "calls of plain")
    if "-no-pie" not in flags:  # there the address may be the program's own stub
        equal(row(report, "proto2ffi_other").get("calls"), 10, "calls by a data pointer")


# --- Allocations ---------------------------------------------------------------------------------

@test
def every_function_of_the_malloc_family_is_counted(folder):
    pair = Pair(folder, r"""
#include <malloc.h>
void *keep[16];
void all(void)
{
	keep[0] = malloc(10);
	keep[1] = calloc(3, 20);
	keep[2] = realloc(NULL, 30);
	keep[3] = memalign(64, 40);
	keep[4] = aligned_alloc(64, 64);
	if (posix_memalign(&keep[5], 64, 50)) return;
	keep[6] = valloc(60);
	keep[7] = reallocarray(NULL, 7, 10);
}
void none(void) { for (int i = 0; i < 8; i++) free(keep[i]); free(NULL); }
""", r"""
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	((void (*)(void))look_up(library, "all"))();
	((void (*)(void))look_up(library, "none"))();
	printf("done\n");
	return argc != 2;
}
""", library_flags=["-fno-builtin"])
    report = check_calls(pair.run(), all=1, none=1)
    found = row(report, "all")
    equal((found["allocations"], found["allocated_bytes"], found["frees"]),
          (8, 10 + 60 + 30 + 40 + 64 + 50 + 60 + 70, 0), "allocations of all")
    found = row(report, "none")
    equal((found["allocations"], found["frees"]), (0, 8), "allocations and frees of none")


BAD_FREES = r"""
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	char *(*gives)(int) = look_up(library, "gives");
	void (*takes)(char *) = look_up(library, "takes");
	char *p = gives(5);
	if (strcmp(argv[2], "inside") == 0)
		takes(p + 1);
	takes(p);
	if (strcmp(argv[2], "twice") == 0)
		takes(p);
	return 0;
}
"""


@test(runtime=["shared", "static"], what=["inside", "twice"])
def what_a_sanitizer_finds_it_still_finds(folder, runtime, what):
    """A wrong free is asked nothing before the sanitizer has seen it."""
    flags = ["-fsanitize=address"] + (["-static-libasan"] if runtime == "static" else [])
    pair = Pair(folder, "char *gives(int n) { char *p = malloc(n); memset(p, 'a', n); return p; }"
                " void takes(char *p) { free(p); }", BAD_FREES, *flags)
    bare = run(pair.program, pair.library, what)
    seen = run(FFISCOPE, "record", "-o", os.path.join(folder, "rec"), "--", pair.program,
               pair.library, what)
    errors = [re.search(r"AddressSanitizer: (attempting [a-z -]+)", result.err)
              for result in (bare, seen)]
    require(errors[0], f"the sanitizer finds nothing: {bare.err[:300]}")
    check(errors[1] and errors[1].group(1) == errors[0].group(1),
          f"it finds {errors[1] and errors[1].group(1)!r} instead of {errors[0].group(1)!r}")
    equal(seen.status, bare.status, "exit status")


if __name__ == "__main__":
    main()
