# A server of threads on a unix socket, spoken to by socat.
memcached -s "$PWD/s" -t 2 -u "$(id -un)" &
server=$!
until [ -S s ]; do sleep 0.05; done
printf 'set a 0 0 5\r\nhello\r\nget a\r\nincr a 1\r\nset n 0 0 1\r\n5\r\nincr n 37\r\nquit\r\n' | socat -t 5 - UNIX-CONNECT:s
for n in $(seq 1 20); do printf 'get n\r\nquit\r\n' | socat -t 5 - UNIX-CONNECT:s; done | sort | uniq -c
kill $server
wait $server 2>/dev/null
echo "status $?"
