# Parts of CPython's own test suite: foreign functions, codecs, child processes.
exec /usr/bin/python3 -m test --quiet test_ctypes test_struct test_json
