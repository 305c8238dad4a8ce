# Numbers, regular expressions, recursion and errors.
seq 1 20000 | jq -c -s '[length, add, (map(tostring | test("7")) | map(select(.)) | length), (.[0:3] | map({a: .}))]'
jq -n 'def f: if . > 0 then (. - 1 | f) + 1 else 0 end; 3000 | f'
echo '{' | jq .
