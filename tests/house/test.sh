#!/usr/bin/env bash
# The house keeps its own rules: a forbidden include does not build, the hot path is checked, every row
# of a list has its test, nothing exports what it should not.
set -uo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() {
    if [ "$2" = 0 ]; then
        echo "ok $1"
    else
        echo "FAIL $1"
        failures=$((failures + 1))
    fi
}

# The include directories of a folder's target, as the build uses them.
flags_of() {
    python3 - "$build/compile_commands.json" "$1/" <<'EOF'
import json, shlex, sys
for row in json.load(open(sys.argv[1])):
    if f"/{sys.argv[2]}" in row["file"] and "/tests/" not in row["file"]:
        words = shlex.split(row["command"])
        print(" ".join(w for w in words if w.startswith("-I")))
        break
EOF
}

# may_include FOLDER HEADER yes|no
may_include() {
    local wanted=$3 found=no
    echo "#include \"$2\"" >"$work/include.c"
    # shellcheck disable=SC2046
    gcc -std=gnu11 -D_GNU_SOURCE -fsyntax-only $(flags_of "$1") "$work/include.c" 2>/dev/null && found=yes
    [ "$found" = "$wanted" ]
    check "$1 may include $2: $wanted" $?
}

may_include analyzers trace_points/events.h yes
may_include analyzers ffi/abi.h yes
may_include analyzers instrument/session_internal.h no
may_include analyzers flamegraphs/folded.h no
may_include analyzers cli/commands.h no
may_include trace_points analyzers/status.h no
may_include trace_points ffi/abi.h no
may_include ffi trace_points/events.h no
may_include flamegraphs analyzers/status.h yes
may_include flamegraphs instrument/session_internal.h no
may_include instrument analyzers/status.h no
may_include instrument cli/commands.h no
may_include cli flamegraphs/folded.h yes
may_include cli instrument/session_internal.h no

! git grep -nE '#include "\.\./' -- ffi trace_points instrument analyzers flamegraphs cli
check "nobody includes around the arrows" $?

! git grep -nE '#include ".*\.c"' -- '*.c' '*.h'
check "no source includes a source" $?

library=$build/lib/$(gcc -print-multiarch)/libffiscope.so
# Each build checks the hot path; here that the check can fail.
! instrument/check_hot_path.sh objdump "instrument/arch/$(uname -m)" "$library" >/dev/null 2>&1
check "the check of the hot path fails on code that is not" $?
sed "s/^vector=.*/vector='%[xyz'/" "instrument/arch/$(uname -m)/hot_path.sh" >"$work/hot_path.sh"
said=$(instrument/check_hot_path.sh objdump "$work" "$library" 2>&1)
[ $? = 1 ] && ! grep -q "hot path" <<<"$said"
check "the check of the hot path fails when it could not look" $?

# What the preload exports is the interposed names and the API, and nothing else.
expected="aligned_alloc calloc clone dladdr dladdr1 dlsym dlvsym ffiscope_begin ffiscope_end ffiscope_intern ffiscope_mark free
malloc memalign posix_memalign prctl pvalloc realloc reallocarray syscall valloc"
[ "$(nm -D --defined-only "$library" | awk '{print $3}' | sort | xargs)" = "$(echo $expected | xargs -n1 | sort | xargs)" ]
check "the preload exports the interposed names and the API alone" $?

# A program may have functions of its own by any name that C does not reserve: of those names it asks
# for threads alone. The others are hidden functions of instrument/libc_calls.c.
foreign=$(nm -D --undefined-only "$library" | awk '$1 == "U" {sub(/@.*/, "", $2); print $2}' |
    grep -vxE '_.*|environ|(str|mem)[a-z]*|pthread_[a-z_]*')
[ -z "$foreign" ]
check "the preload calls nothing that the program may have in another sense ($foreign)" $?

# Large static TLS keeps programs from starting: ours is one small block.
tls=$(($(readelf -lW "$library" | awk '$1 == "TLS" {print $6}')))
[ "$tls" -le 256 ]
check "the preload's static TLS is small ($tls bytes)" $?

! readelf -d "$library" | grep NEEDED | grep -vE 'libc\.so|ld-linux'
check "the preload needs libc alone" $?

# Every file of code has a unit test of its name or is exercised by one: the lists must.
for event in $(sed -n 's/^FSC_EVENT([0-9]*, \([a-z_]*\),.*/\1/p' trace_points/events.def); do
    git grep -qE "FSC_EVENT_$event\b|fsc_${event}_record|BUILDER_PUT\(.*, $event," -- tests/unit
    check "event $event has a unit test" $?
done
for command in $(sed -n 's/^FSC_COMMAND(\([a-z_]*\),.*/\1/p' cli/commands.def); do
    [ -f "docs/man/ffiscope-$command.1" ]
    check "command $command has a man page" $?
done

[ $failures -eq 0 ]
