# SPDX-License-Identifier: MIT
"""own_codec - a library with a codec of its own, which a boundary file names."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
from scenario import (FFISCOPE, check_phases_add_up, compile_program, equal, main, record, row, run, shared,
                      test, write)

REQUESTS = 50

LIBRARY = r"""
#include <stdlib.h>
#include <string.h>
struct buffer { char *ptr; size_t len, cap; };
char *own_decode(const char *data, size_t len) { return strndup(data, len); }
size_t own_encode(const char *message, char *out) { return strlen(strcpy(out, message)); }
struct buffer own_echo(const char *data, size_t len)
{
	char *message = own_decode(data, len);
	struct buffer response = { .ptr = malloc(len + 1), .cap = len + 1 };
	response.len = own_encode(message, response.ptr);
	free(message);
	return response;
}
struct buffer own_ask(const char *data, size_t len) { return own_echo(data, len); }
void own_free(struct buffer buffer) { free(buffer.ptr); }
"""

HOST = r"""
#include <dlfcn.h>
#include <stdlib.h>
struct buffer { char *ptr; size_t len, cap; };
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	struct buffer (*ask)(const char *, size_t);
	void (*give)(struct buffer);
	ask = (struct buffer (*)(const char *, size_t))dlsym(library, "own_ask");
	give = (void (*)(struct buffer))dlsym(library, "own_free");
	for (int i = 0; i < atoi(argv[2]); i++)
		give(ask("hello", 5));
	return argc != 3;
}
"""

ROWS = """
entry  own_ask    request=arg0,arg1 response=ret{ptr,len,cap} free=own_free
entry  own_echo   request=arg0,arg1 response=ret{ptr,len,cap} free=own_free
free   own_free   buffer=arg0{ptr,len,cap} stack=24
decode own_decode buffer=arg0,arg1 message=ret
encode own_encode buffer=arg1,ret message=arg0
"""


@test(binding=["now", "lazy"])
def what_the_library_calls_of_its_own_codec_are_its_phases(folder, binding):
    """Its calls go through its linkage table; one of its entry points that it calls is no call."""
    library = shared(folder, "libown.so", LIBRARY, "-fno-inline", f"-Wl,-z,{binding}")
    recording = record(folder, compile_program(folder, "host", HOST), library, str(REQUESTS),
                       options=["--boundary", write(os.path.join(folder, "rows"), ROWS)])
    equal(recording.status, 0, "exit status")
    report = recording.report()
    equal(sorted((entry["name"], entry["calls"]) for entry in report["entry_points"]),
          [("own_ask", REQUESTS), ("own_free", REQUESTS)], "calls")
    for phase, allocations in (("decode", REQUESTS), ("encode", 0), ("work", REQUESTS)):
        found = [(told["count"], told["allocations"]) for told in report["phases"]
                 if (told["entry_point"], told["side"], told["phase"]) == ("own_ask", "library", phase)]
        equal(found, [(REQUESTS, allocations)], f"requests with {phase}, its allocations")
    equal(row(report, "own_ask").get("response_bytes"), 5 * REQUESTS, "bytes of responses")
    check_phases_add_up(report)


@test
def doctor_knows_that_its_slots_lead_to_its_codec(folder):
    rows = write(os.path.join(folder, "rows"), ROWS)
    for flags, ids in (((), []), (("-Wl,-Bsymbolic",), ["codec_inside"])):
        library = shared(folder, "libown.so", LIBRARY, "-fno-inline", *flags)
        found = json.loads(run(FFISCOPE, "doctor", "--json", "--boundary", rows, library).out)
        equal([one["id"] for one in found["findings"] if one["id"].startswith("codec")], ids,
              f"what is known of its codec {flags}")


if __name__ == "__main__":
    main()
