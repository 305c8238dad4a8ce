# A pseudo terminal with a dialogue in it.
expect -c '
    log_user 0
    spawn sh -c {stty -echo; printf "name? "; read name; printf "hello %s\n" "$name"; exit 4}
    expect "name? "; send "world\r"
    expect -re {hello (\w+)}; puts "got $expect_out(1,string)"
    expect eof; puts "status [lindex [wait] 3]"
    puts [expr {2 ** 100}]; after 10 {set done 1}; vwait done; exit 6'
