# restic is written in Go: its binary makes calls of the kernel its own way.
export RESTIC_PASSWORD=x HOME=$PWD RESTIC_CACHE_DIR=$PWD/cache
mkdir tree && for n in $(seq 1 30); do seq 1 $((n * 500)) >"tree/file$n"; done
restic -q -r repository init && restic -q -r repository backup tree
restic -q -r repository check
echo "check: $?"
restic -r repository -q restore latest --target back && diff -r tree back/tree && echo same
restic -r nothing snapshots 2>/dev/null
echo "status $?"
