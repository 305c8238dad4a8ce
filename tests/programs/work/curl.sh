# curl against Python's server on the loopback: pages, ranges, errors, uploads, parallel transfers.
mkdir pages && cd pages
seq 1 100000 >numbers && echo hello >hello
/usr/bin/python3 -u -m http.server --bind 127.0.0.1 0 >../log 2>&1 &
server=$!
cd ..
until port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' log 2>/dev/null) && [ -n "$port" ]; do sleep 0.05; done
url=http://127.0.0.1:$port
curl -sS "$url/hello"
curl -sS "$url/numbers" | sha256sum
curl -sS -I "$url/hello" | grep -i content
curl -sS --fail "$url/none"
echo "status $?"
curl -sS -X POST -d data "$url/hello" -o /dev/null -w '%{http_code}\n'
curl -sS --parallel --parallel-max 4 -o 1 "$url/numbers" -o 2 "$url/numbers" -o 3 "$url/hello" 2>/dev/null && sha256sum 1 2 3
for n in $(seq 1 20); do curl -sS "$url/hello"; done | sort | uniq -c
curl -sS http://127.0.0.1:1/
echo "status $?"
kill $server
wait $server 2>/dev/null
echo "server $?"
