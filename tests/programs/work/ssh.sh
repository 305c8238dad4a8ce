# A server that re-executes itself, drops its rights and runs in a sandbox; a client, scp and rsync.
ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub authorized
chmod 600 authorized
mkdir -p /run/sshd 2>/dev/null
cat >config <<END
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
PidFile none
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
END
cat >client <<END
ProxyCommand /usr/sbin/sshd -i -f $PWD/config -E $PWD/log
UserKnownHostsFile $PWD/known
StrictHostKeyChecking no
LogLevel ERROR
IdentityFile $PWD/key
END
ssh -F client "$(id -un)@here" 'echo hello; wc -l; exit 7' <key.pub
echo "status $?"
seq 1 100000 >data
scp -q -F client data "$(id -un)@here:$PWD/copy" && cmp data copy && echo same
rsync -e "ssh -F $PWD/client" data "$(id -un)@here:$PWD/copy2" && cmp data copy2 && echo same
