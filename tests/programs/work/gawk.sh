# Arrays, sorting, two-way pipes, extensions, an exit status.
seq 1 100000 | gawk -l time '
    { sum += $1; last[$1 % 97] = $1 }
    END {
        n = asorti(last, keys, "@ind_num_asc"); print sum, n, keys[5], last[96]
        command = "sort -rn"; for (i = 1; i < 6; i++) print i |& command
        close(command, "to"); while ((command |& getline line) > 0) printf "%s ", line
        print close(command), gensub(/(a)(b)/, "\\2\\1", "g", "abab"), strftime("%Y", 0, 1)
        exit 3
    }'
