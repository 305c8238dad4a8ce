# tar with gzip, bzip2, xz with two threads and zstd with two: there and back.
mkdir tree
for n in $(seq 1 60); do seq "$n" $((n * 400)) >"tree/file$n"; done
ln -s file1 tree/link && ln tree/file2 tree/hard
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf tree.tar tree
gzip -n -k tree.tar && bzip2 -k tree.tar && xz -k -1 -T 2 tree.tar && zstd -q -k -T2 tree.tar
sha256sum tree.tar*
for kind in gz bz2 xz zst; do
    mkdir "$kind" && tar -C "$kind" -xf "tree.tar.$kind" && diff -r tree "$kind/tree" && echo "$kind same"
done
xz -t -v tree.tar.xz 2>/dev/null && head -c 1000 tree.tar.xz >short.xz && xz -t short.xz
echo "short: $?"
zstd -q -d -c tree.tar.gz 2>&1 | head -c 100 | sha256sum
