# Its processes, sandboxes of namespaces and seccomp, V8: a page renders itself by script.
echo '<p id=p></p><script>let s = 0; for (let i = 0; i < 1e6; i++) s += i % 7; p.textContent = s + new Intl.NumberFormat("en").format(12345)</script>' >page.html
export HOME=$PWD
timeout 100 chromium --headless --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" 2>/dev/null
echo "status $?"
