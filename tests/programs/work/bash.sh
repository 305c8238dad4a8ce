# Jobs, traps, coprocesses, process substitution, closed descriptors.
exec bash -c '
    trap "echo trapped" USR1; kill -USR1 $$
    jobs=(); for n in {1..20}; do (exit $n) & jobs+=($!); done; for job in ${jobs[@]}; do wait $job; echo -n "$? "; done; echo
    coproc { while read line; do echo "<$line>"; done; }
    echo hello >&${COPROC[1]}; read -u ${COPROC[0]} answer; echo "$answer"
    diff <(seq 1 5) <(seq 2 6)
    for fd in $(seq 3 40); do eval "exec $fd>&-"; done
    ls /proc/self/fd | wc -l
    declare -A map; for n in {1..5000}; do map[$n]=$((n * n)); done; echo ${#map[@]} ${map[77]}
    shopt -s lastpipe; seq 1 5 | mapfile -t lines; echo ${lines[3]}
    printf "%s\n" {z..a} | sort | tr "\n" " "; echo
    ulimit -n 20; exec 2>&-; exec 0<&-; cat; echo closed $?
    kill -TERM $BASHPID'
