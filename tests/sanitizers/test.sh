#!/usr/bin/env bash
# The commands of a sanitizer build (ASan, UBSan and LeakSanitizer, or TSan) on real recordings, and in
# the asan build the preload under UBSan that traps. LeakSanitizer is checked here, by its exit code:
# Criterion does not fail on what it finds. TSan is checked here alone: Criterion's workers do not start
# under it.
set -uo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
export ASAN_OPTIONS=detect_leaks=1:exitcode=99
export UBSAN_OPTIONS=halt_on_error=1:exitcode=99
export TSAN_OPTIONS=exitcode=99
failures=0

run() {
    local wanted=$1 status
    shift
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -ne "$wanted" ] || grep -qE 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error' "$work/err"; then
        echo "FAIL $* : status $status, wanted $wanted"
        head -n 30 "$work/err"
        failures=$((failures + 1))
    else
        echo "ok $(basename "$1") ${*:2}"
    fi
}

ffiscope=$build/bin/ffiscope
cd "$work" || exit 1
run 0 "$build/tests/sanitizers/ledger_stress"
run 0 "$ffiscope" record -o clean -- "$build/ffi/host_dlopen" --requests 2000 --threads 4 --entry mixed
run 0 "$ffiscope" record -o leaky -- "$build/ffi/host_linked" --requests 2000 --threads 2 --leak-every 7 --free-twice-at 5
run 0 "$ffiscope" record -o ring --ring 64k -- "$build/ffi/host_dlopen" --requests 5000
run 0 "$ffiscope" record -o python -- /usr/bin/python3 "$build/ffi/host_ctypes.py" --requests 500
run 0 "$ffiscope" record -o fast --clock fast --max-size 100k -- "$build/ffi/host_dlopen" --requests 5000
run 127 "$ffiscope" record -o none -- ./no-such-command
for recording in clean leaky ring python fast; do
    run 0 "$ffiscope" report "$recording"
    run 0 "$ffiscope" report "$recording" --json
    run 0 "$ffiscope" flamegraph "$recording" -o "$recording.svg"
    run 0 "$ffiscope" flamegraph "$recording" --folded
done
run 0 "$ffiscope" leaks clean
run 1 "$ffiscope" leaks leaky
run 1 "$ffiscope" leaks leaky --json
run 2 "$ffiscope" report no-such-recording
run 0 "$ffiscope" doctor
run 0 "$ffiscope" doctor --json "$build/ffi/libffiscope_service.so"
run 0 "$ffiscope" doctor -- "$build/ffi/host_linked"
run 0 "$ffiscope" doctor --json -- /usr/bin/python3
run 0 "$ffiscope" doctor --pid $$
run 0 "$ffiscope" doctor clean
run 2 "$ffiscope" doctor "$build/build.ninja"
run 2 "$ffiscope" doctor -- ./no-such-command
for file in clean/*/ctf/* clean/*/process.json clean/meta.json; do
    rm -rf damaged && cp -r clean damaged
    size=$(stat -c %s "damaged/${file#clean/}")
    truncate -s $((size * 2 / 3)) "damaged/${file#clean/}"
    "$ffiscope" report damaged >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -gt 2 ] || grep -qE 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error' "$work/err"; then
        echo "FAIL report with a cut ${file#clean/}: status $status"
        head -n 30 "$work/err"
        failures=$((failures + 1))
    else
        echo "ok report with a cut ${file#clean/}"
    fi
done
[ $failures -eq 0 ]
