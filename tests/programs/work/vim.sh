# A scripted session: substitutions, macros, sorting, folding, undo, a swap file, a shell filter.
seq 1 20000 >text
cat >script.vim <<'END'
set nomore
%s/\(\d\)\(\d\)$/\2\1/e
%sort n
normal gg0qaA x\<Esc>jq
execute "normal 500@a"
1,100!sort -rn
g/7$/d
undo
let @b = 'done ' . line('$')
put b
call writefile([printf('%s %d', getline('$'), strlen(join(getline(1, '$'), '')))], 'said')
wq
END
TERM=xterm vim -u NONE -i NONE -es -S script.vim text </dev/null
echo "status $?"
sha256sum text
cat said
