#!/usr/bin/env bash
# build.sh TARGET OUTPUT: build the reference service in Rust, with cargo's files in TARGET, into
#
#   OUTPUT/libffiscope_service_rust.so            as it is shipped: fat LTO, stripped, a panic aborts
#   OUTPUT/libffiscope_service_rust_marked.so     the same, with prost's decode and encode marked
#   OUTPUT/libffiscope_service_rust_unwinding.so  marked, with symbols; a panic unwinds
#
# Compiler and crates are Debian's, even where a newer Rust comes first in PATH: they fit together.
set -euo pipefail
target=$1 output=$2
cd "$(dirname "$0")"

export RUSTC=/usr/bin/rustc
cargo=/usr/bin/cargo
for tool in "$cargo" "$RUSTC"; do
    [ -x "$tool" ] || {
        echo "$tool is missing: install the packages of packages_rust in ./run, which ./run test does" >&2
        exit 1
    }
done
# The crates are those that are installed, whatever an older lock says.
rm -f Cargo.lock
# extern "C-unwind" is stable since Rust 1.71; to Debian's 1.63 this one crate says that it knows.
export RUSTC_BOOTSTRAP=ffiscope_service

# library NAME PROFILE OPTION...
library() {
    local name=$1 profile=$2
    shift 2
    "$cargo" build --quiet --offline --jobs 2 --target-dir "$target" --profile "$profile" "$@"
    # A new file: a program may have the old one mapped.
    cp "$target/$profile/libffiscope_service.so" "$output/lib$name.so.new"
    mv "$output/lib$name.so.new" "$output/lib$name.so"
}

library ffiscope_service_rust release
library ffiscope_service_rust_marked release --features marks
library ffiscope_service_rust_unwinding unwinding --features marks
