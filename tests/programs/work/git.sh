# Commits, branches, merges and a pack; helpers and hooks are children.
export GIT_AUTHOR_DATE=2024-01-01T00:00:00Z GIT_COMMITTER_DATE=2024-01-01T00:00:00Z
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_CONFIG_NOSYSTEM=1
git init -q -b trunk origin
cd origin
for n in $(seq 1 20); do
    seq 1 $((n * 100)) >"file$n"
    git add . && git commit -q -m "commit $n"
done
git checkout -q -b side HEAD~5 && echo side >side && git add side && git commit -q -m side
git checkout -q trunk && git merge -q -m merge side
git log --format='%H %s' --graph
git repack -q -a -d && git fsck && git diff --stat HEAD~3
git blame file7 | tail -3
cd .. && git clone -q origin copy && git -C copy rev-parse HEAD
echo 'exit 1' >origin/.git/hooks/pre-commit && chmod +x origin/.git/hooks/pre-commit
cd origin && echo x >x && git add x && git commit -q -m refused
echo "hook: $?"
git archive HEAD | sha256sum
git checkout no-such-branch
