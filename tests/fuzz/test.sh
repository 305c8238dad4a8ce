#!/usr/bin/env bash
# Each fuzzer of build/fuzz for some seconds, from what the release build records.
#
#   test.sh FUZZ_BUILD RELEASE_BUILD SECONDS
set -euo pipefail
fuzz=$(realpath "$1")
release=$(realpath "$2")
seconds=$3
source=$(dirname "$(realpath "$0")")/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
cd "$work"

mkdir batch_fuzz boundary_fuzz ctf_reader_fuzz elf_fuzz folded_fuzz lttng_fuzz summary_fuzz
cp "$source"/ffi/*.boundary boundary_fuzz/
"$release/bin/ffiscope" record -q -o recording -- "$release/ffi/host_linked" --requests 20 --entry mixed --leak-every 3 >host.out
for stream in recording/*/ctf/state recording/*/ctf/slot-*; do
    cp "$stream" "ctf_reader_fuzz/$(basename "$stream")"
done
"$release/bin/ffiscope" flamegraph recording --folded >folded_fuzz/requests
cp recording/*/ctf/metadata lttng_fuzz/ # LTTng's is of the same language
"$release/bin/ffiscope" merge -o summary_fuzz/summary recording

cp "$release/libexec/ffiscope/libffiscope_callee.so" "$release/ffi/host_linked" elf_fuzz/
strip "elf_fuzz/host_linked"

status=0
for fuzzer in batch_fuzz boundary_fuzz ctf_reader_fuzz elf_fuzz folded_fuzz lttng_fuzz summary_fuzz; do
    mkdir -p found
    if "$fuzz/tests/fuzz/$fuzzer" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=20 \
        -artifact_prefix="$work/found/" "$fuzzer" >"$fuzzer.log" 2>&1; then
        echo "ok $fuzzer: $(grep -o 'Done [0-9]* runs' "$fuzzer.log")"
    else
        echo "FAIL $fuzzer"
        tail -n 40 "$fuzzer.log"
        for input in found/*; do
            echo "input $(basename "$input"):" && base64 "$input"
        done
        status=1
    fi
done
exit $status
