# Programs that change the user: the loader ignores preloads there, and the library stays away.
su --version | head -1
if [ "$(id -u)" = 0 ]; then
    su nobody -s /bin/sh -c 'id -un; exit 5'
    echo "su: $?"
    sudo -n -u nobody sh -c 'id -un; exit 6'
    echo "sudo: $?"
else
    sudo -n -l >/dev/null 2>&1 </dev/null
    echo "sudo: $(($? != 0))"
fi
mount --version | head -c 5
chfn --no-such-option 2>/dev/null
echo "chfn: $?"
