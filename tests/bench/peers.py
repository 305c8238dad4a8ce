# SPDX-License-Identifier: MIT
"""The same calls under other tools. A tool counts only if it saw every call: each says how many it saw."""
import os
import re
import shutil

from measure import CALLEE, Row, bare, calls_command, figures_of, lost, recorded, run

FUNCTION = "proto2ffi_bench_work"


def uftrace(command):
    done = run(["uftrace", "record", "--force", "-d", "peer.data", "-P",
                f"{FUNCTION}@{os.path.basename(CALLEE)}", *command])
    seen = re.search(rf"(\d+)\s+{FUNCTION}$", run(["uftrace", "report", "-d", "peer.data"]).stdout, re.MULTILINE)
    shutil.rmtree("peer.data", ignore_errors=True)
    return figures_of(done.stdout), int(seen.group(1)) if seen else 0


def perf_probe(command):
    """Entry and return, as they are needed for a duration."""
    for probe in (f"bench_enter={FUNCTION}", f"bench_leave={FUNCTION}%return"):
        made = run(["perf", "probe", "-q", "-x", CALLEE, probe])
        if made.returncode:
            return None, "the kernel lets no probe be set"
    done = run(["perf", "record", "-q", "-o", "peer.data", "-e", "probe_libbench_callee:*", *command])
    seen = run(["perf", "script", "-i", "peer.data", "-F", "event"]).stdout.count("bench_leave")
    run(["perf", "probe", "-q", "-d", "probe_libbench_callee:bench_*"])
    os.remove("peer.data")
    return figures_of(done.stdout), seen


def bpftrace(command):
    """A histogram of durations, kept in the kernel."""
    script = (f"uprobe:{CALLEE}:{FUNCTION} {{ @begin[tid] = nsecs; }} "
              f"uretprobe:{CALLEE}:{FUNCTION} /@begin[tid]/ {{ @ns = hist(nsecs - @begin[tid]); "
              "@calls = count(); delete(@begin[tid]); }")
    done = run(["bpftrace", "-e", script, "-c", " ".join(command)])
    seen = re.search(r"@calls: (\d+)", done.stdout)
    return figures_of(done.stdout), int(seen.group(1)) if seen else 0


def ltrace(command):
    done = run(["ltrace", "-x", FUNCTION, "-o", "peer.data", *command])
    with open("peer.data", encoding="utf-8", errors="replace") as lines:
        seen = sum(line.startswith((f"{FUNCTION}(", f"{FUNCTION}@")) for line in lines)
    os.remove("peer.data")
    return figures_of(done.stdout), seen


def callgrind(command):
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=peer.data", *command])
    said = run(["callgrind_annotate", "--tree=caller", "--inclusive=yes", "--threshold=100", "peer.data"]).stdout
    seen = sum(int(count.replace(",", "")) for count in
               re.findall(r"\(([\d,]+)x\)[^\n]*\n[^\n]*\* [^\n]*" + FUNCTION, said))
    os.remove("peer.data")
    return figures_of(done.stdout), seen


def heaptrack(command):
    done = run(["heaptrack", "-o", "peer", *command])
    files = [name for name in os.listdir(".") if name.startswith("peer.")]
    said = run(["heaptrack_print", *files]).stdout if files else ""
    seen = re.search(r"calls to allocation functions: (\d+)", said)
    for name in files:
        os.remove(name)
    return figures_of(done.stdout), int(seen.group(1)) if seen else 0


# name, command that must be there, how, kernel, rounds, calls: few calls where each takes microseconds
CALL_PEERS = (("uftrace -P", "uftrace", uftrace, 40, 500),
              ("perf probe", "perf", perf_probe, 10, 200),
              ("bpftrace", "bpftrace", bpftrace, 10, 200),
              ("ltrace -x", "ltrace", ltrace, 5, 50),
              ("valgrind callgrind", "valgrind", callgrind, 10, 200))
ALLOCATION_PEERS = (("heaptrack", "heaptrack", heaptrack, 20, 500),)


def one_turn(tool, kernel, rounds, calls):
    """bare, ours and theirs in ns, then what is wrong with ours and theirs, if anything."""
    command = calls_command(kernel, rounds, calls)
    base = bare(kernel, rounds, calls)["kernel"]["median"]
    output, report = recorded(command)
    theirs, seen = tool(command)
    if not isinstance(seen, str):
        seen = f"saw {seen} of {rounds * calls} calls" if seen < rounds * calls else None
    return (base, figures_of(output)["kernel"]["median"], theirs and theirs["kernel"]["median"],
            f"{lost(report)} events lost" if lost(report) else None, seen)


def beside(what, kernel, peers, turns):
    """Ours first, then each peer: `ratio` is its added cost over ours in the same turn."""
    ours, made = Row("peers", what, "ffiscope, fenced"), []
    base, own = [], []
    for name, needs, tool, rounds, calls in peers:
        row = Row("peers", what, name)
        made.append(row)
        if not shutil.which(needs):
            row.void = f"{needs} is not installed"
            continue
        before, after = [], []
        for _ in range(turns):
            bare_ns, own_ns, their_ns, our_fault, their_fault = one_turn(tool, kernel, rounds, calls)
            ours.void, row.void = ours.void or our_fault, row.void or their_fault
            if their_ns is None:
                break
            for values, value in ((base, bare_ns), (own, own_ns), (before, bare_ns), (after, their_ns)):
                values.append(value)
            row.ratios.append((their_ns - bare_ns) / (own_ns - bare_ns))
        if after:
            row.between(before, after)
        if tool is uftrace:
            row.goal, row.goal_is_least = 6, True
    return [ours.between(base, own), *made] if own else made


def rows(turns):
    return (beside("a call of 21 ns", "work", CALL_PEERS, turns) +
            beside("a call that allocates, and its free", "hello", ALLOCATION_PEERS, turns))
