#!/bin/sh
# Follow-ups: within a session, a task without content of its own stays with
# who had the last turn, and goes where a correction says.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: coder
description: Fixes failing tests and bugs in code.
run: [echo, done]
---
agent: writer
description: Writes documentation and release notes.
run: [echo, wrote]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 4 "$NDF" 'do' yes --session s1
exits 0 "$NDF" 'do' 'write the release notes' --session s1
exits 4 "$NDF" 'do' yes
exits 4 "$NDF" 'do' yes --session s2
exits 0 "$NDF" 'do' 'nochmal bitte' --session s1
says "$OUT" '^wrote$'
says "$ERR" '^follow-up of session s1: stays with writer'
export NDF_SESSION=s1
exits 0 "$NDF" why 'try again' --json
is_json "$OUT" 'it["follow_up"] == "s1" and it["chosen"] == "writer"'
exits 0 "$NDF" why 'fix the failing test' --json
is_json "$OUT" '"follow_up" not in it and it["chosen"] == "coder"'
exits 0 "$NDF" why 'try again' --session s2 --json
is_json "$OUT" 'it["chosen"] is None'

# What a person says about it moves the session, and is no lesson on its words.
exits 0 "$NDF" 'do' weiter --json
run=$(/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["id"])' "$OUT")
exits 0 "$NDF" rate "$run" should=coder
exits 0 "$NDF" show "$run" --json
is_json "$OUT" 'all(one["follow_up"] for one in it["outcomes"])'
exits 0 "$NDF" 'do' yes
says "$OUT" '^done$'
exits 0 "$NDF" 'do' yes --pick writer
exits 0 "$NDF" dev export lines
grep '"should":"ndf/writer"' lines | grep -q '"follow_up":true' ||
    fail 'the pick of a follow-up teaches its words'
exits 0 "$NDF" 'do' 'go on'
says "$OUT" '^wrote$'
exits 2 "$NDF" 'do' yes --session ''
one_sentence 'session'
