#!/usr/bin/env bash
# A host under valgrind with the preload: what the preload does must be clean, and the host's own
# answer unchanged.
set -uo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
cd "$work" || exit 1

"$build/bin/ffiscope" record -o recording -- \
    valgrind --quiet --error-exitcode=99 --soname-synonyms=somalloc=nouserintercepts \
    "$build/ffi/host_dlopen" --requests 200 --threads 2 --entry mixed >out 2>err
status=$?
cat err
grep -q '"requests":200' out || status=98
[ $status -eq 0 ]
