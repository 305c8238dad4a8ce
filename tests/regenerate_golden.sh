#!/bin/sh
# SPDX-License-Identifier: MIT
# Write the golden files of tests/data anew: tests/regenerate_golden.sh [BUILD FOLDER]
# Review what changed as a diff.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build}
tests="unit_flamegraphs_svg unit_cli_report_screen unit_cli_leaks"
# shellcheck disable=SC2086 # a list of targets
cmake --build "$build" --target $tests
for test in $tests; do
	FSC_GOLDEN="write" "$build/tests/unit/$test"
done
git -C "$root" status --short tests/data
