# SPDX-License-Identifier: MIT
"""findings.py - what the scenarios of doctor ask it, and small programs to ask about."""
import json

from scenario import FFISCOPE, check, equal, require, run

MAIN = "int main(void) { return 0; }\n"
ENTRY = """
#include <stdlib.h>
#include <string.h>
struct buffer { unsigned char *pointer; size_t length, capacity; };
struct buffer proto2ffi_copy(const unsigned char *data, size_t length)
{
	unsigned char *pointer = malloc(length + 1);
	memcpy(pointer, data, length);
	return (struct buffer){ pointer, length, length + 1 };
}
void proto2ffi_free_byte_buffer(struct buffer buffer) { free(buffer.pointer); }
"""


def doctor(*arguments, **how):
    """The JSON document; the table must come too."""
    result = run(FFISCOPE, "doctor", "--json", *arguments, **how)
    require(result.status == 0, f"doctor {arguments} ended with {result.status}: {result.err[-400:]}")
    found = json.loads(result.stdout)
    equal(found["schema"], "ffiscope.doctor/1", "schema")
    screen = run(FFISCOPE, "doctor", *arguments, **how)
    equal(screen.status, 0, "status of the table")
    for finding in found["findings"]:
        check(finding["weight"] in ("blocks", "limits", "note"), f"weight of {finding['id']}")
        check(finding["what"] and finding["remedy"], f"{finding['id']} says what and what to do")
        check(finding["what"].split()[0] in screen.out, f"{finding['id']} is in the table")
    return found


def ids(found, weight=None):
    return [finding["id"] for finding in found["findings"] if weight in (None, finding["weight"])]


def finding(found, name):
    chosen = [one for one in found["findings"] if one["id"] == name]
    check(len(chosen) == 1, f"{len(chosen)} findings {name} among {ids(found)}, expected 1")
    return chosen[0] if chosen else {"what": "", "remedy": "", "subject": ""}


def functions(found, **members):
    return {one["name"] for one in found["functions"]
            if all(one[key] == value for key, value in members.items())}
