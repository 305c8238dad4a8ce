# man and its filters run behind a seccomp sandbox of their own.
export MANPAGER=cat MANWIDTH=80 MANROFFOPT=
mkdir -p manual/man1
cat >manual/man1/thing.1 <<'END'
.TH THING 1
.SH NAME
thing \- does a thing
.SH SYNOPSIS
.B thing
.RI [ WORD ]
.SH DESCRIPTION
One sentence that is long enough to be broken over several lines of the page, as pages do.
END
MANPATH=$PWD/manual man thing
echo "status $?"
man -l -Tutf8 manual/man1/thing.1 | sha256sum
gzip manual/man1/thing.1 && man -l manual/man1/thing.1.gz | head -3
MANPATH=$PWD/manual man nothing
echo "status $?"
