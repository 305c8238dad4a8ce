# A tracer of children: how many calls of one kind, and the status.
strace -f -o log -e trace=execve sh -c 'true; /bin/true; exit 3'
echo "status $?"
grep -c execve log
