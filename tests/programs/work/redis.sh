# The server on a unix socket, its own benchmark, a script, a snapshot by fork, then a clean stop.
# redis-tools has the whole server under another name; the package redis-server would start a service.
ln -s "$(command -v redis-check-rdb)" redis-server
./redis-server --port 0 --unixsocket "$PWD/s" --save '' --dir "$PWD" --daemonize yes \
    --pidfile "$PWD/pid" --logfile "$PWD/log" >/dev/null
until redis-cli -s s ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
redis-benchmark -s s -n 5000 -c 10 -q -t set,get,lpush,lrange_100,mset | sed 's/.*\r//; s/:.*//'
for n in $(seq 1 100); do echo "SET key$n $n"; done | redis-cli -s s | sort | uniq -c
redis-cli -s s EVAL 'local s = 0 for i = 1, 1000 do s = s + i end return s' 0
redis-cli -s s BGSAVE
until redis-cli -s s INFO persistence | grep -q 'bgsave_in_progress:0'; do sleep 0.05; done
redis-cli -s s INFO persistence | grep last_bgsave_status
redis-cli -s s DBSIZE
pid=$(cat pid)
redis-cli -s s SHUTDOWN NOSAVE
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
grep -c 'bye bye' log
