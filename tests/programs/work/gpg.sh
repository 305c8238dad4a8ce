# An agent in the background, a key, a signature, a cipher; the agent is stopped.
export GNUPGHOME=$PWD/home
mkdir -m 700 home
gpg -q --batch --passphrase '' --quick-gen-key a@b ed25519 sign 2>/dev/null
echo "key: $?"
seq 1 10000 >data
gpg -q --batch --sign -o data.sig data && gpg -q --batch -d data.sig 2>/dev/null | cmp - data && echo same
gpg -q --batch --passphrase x --pinentry-mode loopback -c -o data.gpg data
gpg -q --batch --passphrase x --pinentry-mode loopback -d data.gpg 2>/dev/null | cmp - data && echo same
gpg -q --batch --passphrase y --pinentry-mode loopback -d data.gpg >/dev/null 2>&1
echo "wrong: $?"
gpgconf --kill gpg-agent
