# Tables, indexes, full-text search, JSON, a dump and an integrity check.
sqlite3 data.db <<'END'
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)
INSERT INTO t SELECT x, printf('%x', x * 7919 % 100003), x / 7.0 FROM n;
CREATE INDEX i ON t (b);
SELECT count(*), sum(c), max(b), group_concat(DISTINCT substr(b, 1, 1)) FROM t;
CREATE VIRTUAL TABLE f USING fts5 (x);
INSERT INTO f SELECT b FROM t LIMIT 20000;
SELECT count(*) FROM f WHERE f MATCH '1*';
SELECT json_group_array(json_object('a', a)) FROM t WHERE a < 10;
DELETE FROM t WHERE a % 3 = 0;
VACUUM;
PRAGMA integrity_check;
END
sqlite3 data.db .dump | sha256sum
sqlite3 data.db 'SELECT nonsense'
