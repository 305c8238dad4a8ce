# Master and two workers as daemons; curl and a reload; then a stop by signal.
mkdir -p pages logs && echo hello >pages/hello && seq 1 50000 >pages/numbers
cat >nginx.conf <<END
worker_processes 2;
daemon on;
pid $PWD/pid;
error_log $PWD/logs/error;
events { worker_connections 64; }
http {
    access_log $PWD/logs/access;
    client_body_temp_path $PWD/body; proxy_temp_path $PWD/proxy; fastcgi_temp_path $PWD/fastcgi;
    uwsgi_temp_path $PWD/uwsgi; scgi_temp_path $PWD/scgi;
    gzip on; gzip_types *;
    server { listen unix:$PWD/s; root $PWD/pages; location /teapot { return 418; } }
}
END
chmod -R a+rX .
/usr/sbin/nginx -e "$PWD/logs/error" -c "$PWD/nginx.conf"
echo "start: $?"
get() { curl -sS --unix-socket s "$@"; }
get http://x/hello
get http://x/numbers | sha256sum
get --compressed http://x/numbers | sha256sum
get -o /dev/null -w '%{http_code}\n' http://x/teapot
/usr/sbin/nginx -e "$PWD/logs/error" -c "$PWD/nginx.conf" -s reload
for n in $(seq 1 30); do get http://x/hello; done | sort | uniq -c
pid=$(cat pid)
/usr/sbin/nginx -e "$PWD/logs/error" -c "$PWD/nginx.conf" -s quit
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
wc -l <logs/access
grep -cE 'alert|emerg|signal 11' logs/error
