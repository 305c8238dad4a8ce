# A server in the background with two windows, keys sent to a shell, its screen captured.
export TERM=xterm SHELL=/bin/sh PS1='$ '
unset TMUX
tmux -S "$PWD/s" -f /dev/null new-session -d -n first -x 80 -y 24 'cat >typed; sleep 60'
tmux -S s send-keys 'one two' Enter three Enter C-d
until [ "$(wc -l 2>/dev/null <typed)" = 2 ]; do sleep 0.05; done
cat typed
tmux -S s new-window -d -n second 'seq 1 10; read line; echo "got $line"; sleep 60'
until tmux -S s capture-pane -p -t second | grep -q '^10$'; do sleep 0.05; done
tmux -S s send-keys -t second hello Enter
until tmux -S s capture-pane -p -t second | grep -q 'got hello'; do sleep 0.05; done
tmux -S s capture-pane -p -t second | grep -v '^$'
tmux -S s list-windows -F '#{window_index} #{window_name} #{window_panes}'
tmux -S s kill-server
echo "status $?"
