#!/bin/sh
# What was done is taken back, in reverse, when a step fails or a person stops
# the run.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: write-a
description: Writes a.
run: [sh, -c, "echo a >a; echo wrote a"]
---
agent: write-b
description: Writes b.
run: [sh, -c, "echo b >b; echo wrote b"]
---
agent: breaks
description: Fails.
run: [sh, -c, "exit 9"]
---
agent: waits
description: Waits for long.
run: [sh, -c, "touch waiting; sleep 1000"]
---
pattern: fails
description: Writes twice, then fails.
steps:
  - a: {agent: write-a, undo: {run: [sh, -c, "rm a; echo a >>undone"]}}
  - b: {agent: write-b, undo: {run: [sh, -c, "rm b; echo b >>undone"]}}
  - breaks
---
pattern: waits.long
description: Writes, then waits.
steps:
  - a: {agent: write-a, undo: {run: [sh, -c, "rm a; echo a >>undone"]}}
  - waits
---
pattern: stuck
description: Its undo fails.
steps:
  - a: {agent: write-a, undo: {run: [sh, -c, "exit 5"]}}
  - breaks
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

exits 1 "$NDF" run fails x
one_sentence 'breaks'
[ "$(tr '\n' ' ' <undone)" = 'b a ' ] || fail "undone: $(cat undone)"
[ ! -e a ] && [ ! -e b ] || fail 'a or b is still there'

# stopped HOW...: runs waits.long, waits for its second step, stops it so.
stopped() {
    rm -f undone waiting
    "$NDF" run waits.long x >"$OUT" 2>"$ERR" &
    owner=$!
    while [ ! -e waiting ]; do sleep 0.05; done
    "$@"
    got=0
    wait "$owner" || got=$?
    [ "$(cat undone)" = a ] || fail 'not undone'
    [ ! -e a ] || fail 'a is still there'
}
interrupt() {
    # A shell starts background programs with SIGINT ignored; ndf takes it
    # nonetheless, because a person may have started it so.
    kill -INT "$owner"
}
cancel() {
    run=$("$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])')
    "$NDF" cancel "$run" >/dev/null 2>"$SCRATCH/cancel" || fail 'cancel failed'
    says "$SCRATCH/cancel" 'was asked to cancel it'
}
stopped interrupt
[ "$got" = 130 ] || fail "exit $got, wanted 130"
# A terminal that is closed ends the run, and may say so twice; not under nohup.
hang_up() {
    kill -HUP "$owner"
    kill -HUP "$owner"
}
stopped hang_up
[ "$got" = 130 ] || fail "exit $got, wanted 130"
rm -f waiting
(trap '' HUP && exec "$NDF" run waits.long x) >"$OUT" 2>"$ERR" &
owner=$!
while [ ! -e waiting ]; do sleep 0.05; done
kill -HUP "$owner"
sleep 0.3
kill -0 "$owner" 2>/dev/null || fail 'it ended in spite of nohup'
kill -INT "$owner"
wait "$owner" || true
stopped cancel
[ "$got" = 130 ] || fail "exit $got, wanted 130"

exits 1 "$NDF" run stuck x
says "$ERR" 'undo'
exits 0 "$NDF" ls runs --json
is_json "$OUT" "it[0]['state'] == 'undo_failed'"
