#!/bin/sh
# A task that asks for several things: the proposal, and running it, also over
# the death of its owner.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: coder
description: Fixes failing tests and bugs in code.
run: [sh, -c, "echo coder >>calls; echo \"coder: $1\"", sh, "${text}"]
---
agent: writer
description: Writes documentation and release notes.
run: [sh, -c, "echo writer >>calls; while [ ! -e go ]; do sleep 0.05; done; cat"]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
both='fix the failing test, then write the release notes'
exits 0 "$NDF" why "$both"
says "$OUT" 'runs them one after another'
says "$OUT" '^1 +coder +0\.[0-9]+ +fix the failing test$'
exits 0 "$NDF" why "$both" --json
is_json "$OUT" 'it["compose"]["kind"] == "sequential"'
is_json "$OUT" '["coder", "writer"] == [
    part["pattern"] for part in it["compose"]["parts"]]'
exits 0 "$NDF" why 'fix the failing test' --json
is_json "$OUT" '"compose" not in it'

# Nothing is composed unasked, and nothing is to be composed of one thing.
touch go
exits 0 "$NDF" 'do' 'fix the failing test' --compose
says "$OUT" '^coder: fix the failing test$'
exits 0 "$NDF" 'do' "$both" --compose --dry-run
says "$OUT" 'task +write the release notes'
exits 2 "$NDF" 'do' "$both" --compose --pick coder
one_sentence 'leave one out'
exits 2 "$NDF" 'do' "$both" --compose --fallback coder
says "$ERR" 'has no fallbacks'
rm calls
exits 0 "$NDF" 'do' 'fix the failing test; write the release notes' --compose
says "$OUT" '^coder: fix the failing test$'
says "$OUT" '"task":"write the release notes"'
says "$OUT" '"text":"fix the failing test; write the release notes"'
says "$ERR" 'done side by side'
sort calls | tr '\n' ' ' >"$OUT"
says "$OUT" '^coder writer $'

# Its owner is killed in the second part: resume goes on with that.
rm go calls
"$NDF" 'do' "$both" --compose >/dev/null 2>&1 &
owner=$!
until grep -q writer calls 2>/dev/null; do sleep 0.05; done
kill -KILL "$owner"
wait "$owner" 2>/dev/null || true
touch go
run=$("$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])')
exits 0 "$NDF" resume "$run"
says "$OUT" '^coder: fix the failing test$'
says "$OUT" '"task":"write the release notes"'
[ "$(grep -c coder calls)" = 1 ] || fail 'the first part was made twice'
exits 2 "$NDF" rate "$run" good
one_sentence 'composed of several patterns'
exits 0 "$NDF" dev check

# A part that chooses when it is reached chooses for its own task.
cat >more.yaml <<'Y'
agent: auditor
description: Audits code for vulnerabilities.
run: [echo, "${text}"]
---
pattern: translate
description: Translates poems.
phases: [{who: {select: true}}]
Y
exits 0 "$NDF" import more.yaml
exits 0 "$NDF" 'do' --compose --json \
    'audit code for vulnerabilities; translate the documentation and poems'
is_json "$OUT" 'sorted(record["body"]["step"] for record in it["records"]
    if record["kind"] == "result") == ["parts/auditor/auditor",
    "parts/translate/who/writer/writer"]'
