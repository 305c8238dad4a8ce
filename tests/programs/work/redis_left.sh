# A daemon that outlives the command: record returns, and the server must serve on.
# redis-tools has the whole server under another name; the package redis-server would start a service.
ln -s "$(command -v redis-check-rdb)" redis-server
./redis-server --port 0 --unixsocket "$PWD/s" --save '' --dir "$PWD" --daemonize yes --logfile "$PWD/log" >/dev/null
until redis-cli -s s ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
redis-benchmark -s s -n 2000 -c 5 -q -t set,lpush >/dev/null
redis-cli -s s dbsize
