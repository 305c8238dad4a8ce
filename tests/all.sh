#!/usr/bin/env bash
# The whole suite; called by `./run test`, which has installed what it needs.
#
#   all.sh            everything
#   all.sh --quick    release build: unit tests and the scenarios labelled quick
#   all.sh --all      everything, more programs, the long stress runs (FFISCOPE_TEST_LONG=1)
#
# Each step is one line in the summary; the last line counts them.
set -uo pipefail
cd "$(dirname "$0")/.."

quick=no
for argument in "$@"; do
    case $argument in
    --quick) quick=yes ;;
    --all) export FFISCOPE_TEST_LONG=1 ;;
    *)
        echo "test: no option '$argument'" >&2
        exit 2
        ;;
    esac
done

logs=build/tests/logs
mkdir -p "$logs"
passed=0 failed=0 summary=()

# step NAME COMMAND...: run it, keep its output, show it when it fails.
step() {
    local name=$1 log="$logs/${1// /-}.log" begin=$SECONDS
    shift
    printf '== %s\n' "$name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        summary+=("passed  $name ($((SECONDS - begin)) s)")
    else
        failed=$((failed + 1))
        summary+=("FAILED  $name: see $log")
        tail -n 60 "$log"
    fi
}

build() {
    local folder=build
    [ "$1" = release ] || folder=build/$1
    [ -f "$folder/build.ninja" ] || cmake --preset "$1" || return
    cmake --build --preset "$1"
}

# unit FOLDER: the Criterion tests of a build tree.
unit() {
    ctest --test-dir "$1" -L unit --output-on-failure --no-tests=error
}

scenarios() {
    ctest --test-dir build -L "$1" --output-on-failure --no-tests=error
}

# `./run test` has installed them, so one that is missing has failed.
programs() {
    FFISCOPE_TEST_INSTALLED=1 /usr/bin/python3 -B tests/programs/test.py build
}

formatted() {
    git ls-files '*.c' '*.cpp' '*.h' | xargs clang-format --dry-run -Werror &&
        git ls-files '*.rs' | xargs /usr/bin/rustfmt --edition 2021 --check
}

# The release build knows how its own sources are compiled, not those of another processor.
tidy() {
    {
        git ls-files 'ffi/*.c' 'trace_points/*.c' 'instrument/*.c' 'analyzers/*.c' 'flamegraphs/*.c' 'cli/*.c' |
            grep -v '^instrument/arch/'
        git ls-files "instrument/arch/$(uname -m)/*.c"
    } | xargs -P 2 -n 1 clang-tidy -p build --quiet
}

step "build release" build release
step "house" tests/house/test.sh build
step "unit tests" unit build
if [ $quick = yes ]; then
    step "quick scenarios" scenarios quick
else
    step "build rust" cmake --build build --target rust
    step "build i386" build i386
    step "scenarios" scenarios e2e
    step "programs" programs
    sed -n 's/^times of /      /p; /^not driven/p' "$logs/programs.log"
    step "build aarch64" build aarch64
    step "scenarios, other processors" scenarios foreign
    step "format" formatted
    step "build clang" build clang
    step "unit tests, clang" unit build/clang
    step "build asan" build asan
    step "unit tests, asan and ubsan" unit build/asan
    step "commands, asan and ubsan" tests/sanitizers/test.sh build/asan
    step "build tsan" build tsan
    step "commands, tsan" tests/sanitizers/test.sh build/tsan
    step "build fuzz" build fuzz
    step "fuzz" tests/fuzz/test.sh build/fuzz build 20
    step "valgrind" tests/valgrind/test.sh build
    step "tidy" tidy
fi

printf '\n'
printf '%s\n' "${summary[@]}"
printf '\n%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
