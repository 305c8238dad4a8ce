# initdb, a server on a unix socket, pgbench, a crash of one backend, a stop.
export PATH="$(echo /usr/lib/postgresql/*/bin):$PATH" HOME=$PWD
initdb -D data -U test --no-sync -A trust --locale=C -E UTF8 >log.init 2>&1
echo "initdb: $?"
pg_ctl -D data -w -s -l log -o "-k $PWD -c listen_addresses= -c fsync=off" start
echo "start: $?"
export PGHOST=$PWD PGUSER=test PGDATABASE=postgres
pgbench -i -q -s 1 2>/dev/null
pgbench -c 4 -j 2 -t 250 -N 2>/dev/null | grep -E 'clients|threads|processed|failed'
psql -At -c 'SELECT count(*), sum(abalance) IS NOT NULL FROM pgbench_accounts'
psql -At -c "SELECT md5(string_agg(x::text, ',')) FROM generate_series(1, 100000) x"
psql -At -c "CREATE FUNCTION twice(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2 * x; END'" -c 'SELECT sum(twice(x)) FROM generate_series(1, 10000) x'
psql -At -c 'SELECT 1 / 0'
echo "psql: $?"
pg_dump -t pgbench_tellers --data-only | grep -c '^[0-9]'
pg_ctl -D data -w -s -m fast stop
echo "stop: $?"
