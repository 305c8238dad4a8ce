# Keys, certificates, digests, ciphers, and its own speed test (without the speeds).
openssl genpkey -algorithm ED25519 -out key.pem && openssl pkey -in key.pem -noout -text | head -1
openssl req -x509 -key key.pem -subj /CN=test -days 1 -out cert.pem && openssl verify -CAfile cert.pem cert.pem
seq 1 100000 >data
for digest in sha256 sha3-512 blake2b512 md5; do openssl dgst -$digest data; done
openssl enc -aes-256-cbc -pbkdf2 -pass pass:x -S 0011223344556677 -in data -out data.enc
openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:x -S 0011223344556677 -in data.enc | cmp - data && echo same
openssl dgst -sha256 data.enc
openssl prime -hex 10001
openssl speed -seconds 1 -bytes 1024 -evp aes-128-gcm 2>/dev/null | sed -n '/^AES/s/ *[0-9.]*k$//p'
openssl x509 -in nothing -noout 2>&1 | head -1
