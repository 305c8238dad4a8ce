# Modules with native code, threads of processes, sockets, regular expressions, sort, pack.
perl -MPOSIX -MStorable -MDigest::SHA=sha256_hex -MEncode -MSocket -MTime::HiRes -MList::Util=sum -e '
    my %words; $words{$_ * 7919 % 10007} .= chr(97 + $_ % 26) for 1 .. 200000;
    print sha256_hex(join ",", map { "$_=$words{$_}" } sort { $a <=> $b } keys %words), "\n";
    print sum(map { length } values %words), " ", POSIX::floor(3.7), "\n";
    my $copy = Storable::dclone(\%words); print scalar(keys %$copy), "\n";
    print length(Encode::encode("UTF-16", Encode::decode("UTF-8", "\xc3\xa9" x 1000))), "\n";
    socketpair(my $l, my $r, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
    for my $n (1 .. 20) { my $pid = fork; if (!$pid) { exit $n } waitpid $pid, 0; print $? >> 8, " " }
    print "\n", join("", reverse split //, "done"), "\n";
    local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; sleep 5;
    print `echo child; exit 3`, $? >> 8, "\n";
    my $text = "ab" x 50000; my $n = () = $text =~ /(a)(?=b)/g; print "$n\n";
    die "the end\n";'
