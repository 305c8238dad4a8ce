#!/usr/bin/env bash
# Two real programs that talk protobuf over an FFI, recorded; called by `./run demo` after a build.
set -euo pipefail
cd "$(dirname "$0")/.."

ffiscope=build/bin/ffiscope
demo=build/demo
rm -rf "$demo"
mkdir -p "$demo"

show() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}

# A program prints what it did; only the leaks are of interest here.
quietly() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@" >"$demo/said"
}

echo "A C program that calls the reference library (two threads; it forgets every 1000th response):"
quietly $ffiscope record -o "$demo/c" -- build/ffi/host_dlopen --requests 6000 --threads 2 --entry user --leak-every 1000
show $ffiscope report "$demo/c" --brief
show $ffiscope leaks "$demo/c" || [ $? -eq 1 ]

echo
echo "A Python program, through ctypes:"
quietly $ffiscope record -o "$demo/python" -- /usr/bin/python3 build/ffi/host_ctypes.py --requests 5000 --entry hello
show $ffiscope report "$demo/python" --brief
show $ffiscope leaks "$demo/python"
show $ffiscope flamegraph "$demo/python" -o "$demo/python.svg"

echo
echo "Where the time goes, drawn: $demo/python.svg. Your own program: $ffiscope record -- COMMAND"
