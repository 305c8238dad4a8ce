# Threads of the notifier, channels, bignums, an error.
cat >work.tcl <<'END'
proc numbers {n} { for {set i 0} {$i < $n} {incr i} { yield $i }; return done }
coroutine next numbers 10
set sum 0; while {[string is integer -strict [set x [next]]]} { incr sum $x }
puts "$sum [expr {2 ** 200}] [binary encode hex [zlib crc32 [string repeat x 1000]]]"
for {set i 0} {$i < 50000} {incr i} { lappend list [expr {$i * 7919 % 10007}] }
puts [lrange [lsort -integer -unique $list] 0 9]
set server [socket -server {apply {{channel args} { puts $channel hello; close $channel }}} -myaddr 127.0.0.1 0]
set client [socket 127.0.0.1 [lindex [fconfigure $server -sockname] 2]]
fileevent $client readable {set line [gets $client]}
vwait line; puts $line
puts [exec sh -c "echo child"]
error "the end"
END
tclsh work.tcl
