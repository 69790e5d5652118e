#!/bin/sh
# Each bad file: one sentence with file, line and column, exit 2, nothing kept.
. "$(dirname "$0")/lib.sh"
exits 0 "$NDF" init

# refuses REGEX: the document on stdin, and nothing of it is kept.
refuses() {
    rm -rf bad && mkdir bad
    cat >bad/x.yaml
    exits 2 "$NDF" import bad/x.yaml
    says "$ERR" 'x\.yaml:[0-9]+:'
    says "$ERR" "$1"
    exits 0 "$NDF" ls agents --json
    is_json "$OUT" 'it == []'
}

ok='description: d
run: [echo, x]'

printf 'agent: a\ndescripton: d\nrun: [echo]\n' | refuses "description"
printf 'agent: a\n%s\ntimeout: [1]\n' "$ok" | refuses ':4:10: .*timeout|duration'
printf 'pattern: p\ndescription: d\nsteps: 3\n' | refuses ':3:8: '
printf 'pattern: p\ndescription: d\nstpes: [a]\n' | refuses "steps"
printf 'pattern: p\ndescription: d\ngood_for: {domain: ["a***b"]}\nsteps: [a]\n' |
    refuses 'a\*\*\*b|glob'
printf 'pattern: p\ndescription: d\ngood_for: {text: ["(x"]}\nsteps: [a]\n' |
    refuses 'regular expression|parenthes'
printf 'agent: a\nagent: b\n%s\n' "$ok" | refuses 'agent'
printf 'agent: a\n%s\n---\nagent: a\n%s\n' "$ok" "$ok" | refuses "'?a'?"
printf 'pattern: p\ndescription: d\nsteps: [a, a]\n' | refuses "a"
printf 'pattern: p\ndescription: d\ntasks: [{a: {needs: [b]}}, {b: {needs: [a]}}]\n' |
    refuses 'circle|cycle'
printf 'agent: a\ndescription: *x\nrun: [echo]\n' | refuses 'alias|anchor'
printf 'agent: a\ndescription: "\377"\nrun: [echo]\n' | refuses 'UTF-8'
printf 'agent: a\ndescription: "x\\0y"\nrun: [echo]\n' | refuses 'NUL'
printf 'agent: a\n%s\noutput_max: 99999999999999999999\n' "$ok" |
    refuses '64'
{
    printf 'pattern: p\ndescription: d\nonly_if: {attributes: {x: '
    i=0
    while [ $i -lt 70 ]; do printf '['; i=$((i + 1)); done
    i=0
    while [ $i -lt 70 ]; do printf ']'; i=$((i + 1)); done
    printf '}}\nsteps: [a]\n'
} | refuses '64|deep'
printf 'agent: a\n\tdescription: x\n' | refuses '.'
printf '[1, 2]\n' | refuses 'agent|pattern'

# A good file beside a bad one is imported, and the bad one is told.
mkdir both
printf 'agent: good\n%s\n' "$ok" >both/good.yaml
printf 'agent: [\n' >both/bad.yaml
got=0
"$NDF" import both >"$OUT" 2>"$ERR" || got=$?
[ "$got" = 2 ] || fail "exit $got, wanted 2"
says "$ERR" 'bad\.yaml:'
exits 0 "$NDF" ls agents --json
is_json "$OUT" "[a['name'] for a in it] == ['good']"

rm both/bad.yaml

# A missing reference is found when the run is planned, and named.
printf 'pattern: lost\ndescription: d\nsteps: [nobody]\n' >lost.yaml
exits 0 "$NDF" import lost.yaml
exits 0 "$NDF" trust .
exits 3 "$NDF" run lost 'x'
one_sentence 'nobody'
exits 3 "$NDF" run absent 'x'
one_sentence 'absent'
: >empty.md
exits 2 "$NDF" import empty.md
one_sentence 'empty\.md.*front matter'
printf -- '---\nname: x\n' >open.md
exits 2 "$NDF" import open.md
one_sentence 'open\.md.*front matter'
exits 3 "$NDF" import nowhere
one_sentence 'nowhere'

# What is to be done next is the mend, not an import of something else.
printf 'agent: a\ndescripton: d\nrun: [echo]\n' >ndf.yaml
exits 2 "$NDF" init
says "$ERR" '^ndf: .*ndf\.yaml:2:1: '
says "$ERR" '^Next: mend that'
! grep -q "Next: ndf" "$ERR" || fail 'it speaks of something else'
