#!/bin/sh
# Every command that reads prints one JSON document with --json; nothing but
# data is on stdout, no escape code without a terminal.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: greeter
description: Says hello.
run: [echo, hello]
---
agent: counts
description: Gives a value as its output.
run: [echo, '{"output": {"b": 0.1, "a": [1, {"z": 1.5e300}], "c": "\u00e9"}}']
---
agent: writes
description: Gives text that looks like a value.
run: [printf, '{"b":  1}\n']
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 0 "$NDF" run greeter x
run=$("$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])')

no_escape() {
    if grep -q "$(printf '\033')" "$OUT" "$ERR"; then
        fail 'an escape code without a terminal'
    fi
}
for command in 'ls agents' 'ls patterns' 'ls runs' 'ls sources' \
    'show greeter' "show $run" 'stats' 'stats greeter' 'why hello' \
    'why --not greeter hello' 'dev check'; do
    # shellcheck disable=SC2086 # words of the command
    exits 0 "$NDF" $command --json
    is_json "$OUT"
    # shellcheck disable=SC2086
    exits 0 "$NDF" $command
    no_escape
done
exits 0 "$NDF" 'do' hello
no_escape
exits 0 env NO_COLOR=1 "$NDF" ls
no_escape

exits 0 "$NDF" dev schema
is_json "$OUT" '"$defs" in it or "oneOf" in it'

# A value is one line, always in the same form; text is what it was.
exits 0 "$NDF" run counts x
printf '%s\n' '{"a":[1,{"z":1.5e300}],"b":0.1,"c":"é"}' >wanted
cmp "$OUT" wanted || fail 'the value is in another form'
exits 0 "$NDF" run writes x
printf '{"b":  1}\n' >wanted
cmp "$OUT" wanted || fail 'the text was changed'

# Everything out and in again is the same, byte for byte.
exits 0 "$NDF" dev export
cp "$OUT" first.jsonl
exits 0 "$NDF" --store copy.db dev import first.jsonl
exits 0 "$NDF" --store copy.db dev export
cmp first.jsonl "$OUT" || fail 'the second export differs'
exits 0 "$NDF" dev backup kept.db
exits 0 "$NDF" --store kept.db show "$run"
exits 5 "$NDF" dev backup kept.db
one_sentence 'kept.db'
