# Another preload before ours, with a daemon of its own.
fakeroot sh -c 'id -u; touch a; chown 5:6 a; stat -c "%u %g" a; tar -cf a.tar a; tar -tvf a.tar | cut -d" " -f2; exit 4'
echo "status $?"
