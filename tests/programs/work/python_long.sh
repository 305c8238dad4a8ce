# More of CPython's test suite: threads, crashes in signal handlers, files, terminals.
exec /usr/bin/python3 -m test --quiet test_threading test_faulthandler test_os test_select test_exceptions \
    test_coroutines test_pty test_mmap test_posix test_zlib
