#!/bin/sh
# Phases of patterns: their order, what they take back, what they choose; an
# owner that is killed between two phases.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: note
description: Notes its step.
run: [sh, -c, "echo $NDF_STEP >>calls; echo noted"]
---
agent: bad
description: Fails.
run: [sh, -c, "echo no >&2; exit 3"]
---
agent: late
description: Waits for a sign.
run: [sh, -c, "echo $NDF_STEP >>calls; while [ ! -e sign ]; do sleep 0.02; done; echo late"]
---
pattern: prepare
description: Prepares the ground.
steps:
  - one: {agent: note, undo: {run: [sh, -c, "echo one >>undone"]}}
---
pattern: build
description: Builds two things.
tasks:
  - left: {agent: note, undo: {run: [sh, -c, "echo left >>undone"]}}
  - right: {agent: note, undo: {run: [sh, -c, "echo right >>undone"]}, needs: [left]}
---
pattern: fails
description: Cannot do it.
steps: [bad]
---
pattern: poem.write
description: Write a poem about the sea.
steps:
  - verse: {agent: note}
---
pattern: whole
description: All of it.
phases:
  - first: {patterns: [prepare]}
  - second: {patterns: [build, note], coordination: parallel}
---
pattern: by-phase
description: The second phase fails.
rollback_strategy: phase
phases:
  - first: {patterns: [prepare]}
  - second: {patterns: [build, fails]}
---
pattern: by-all
description: The second phase fails.
phases:
  - first: {patterns: [prepare]}
  - second: {patterns: [build, fails]}
---
pattern: tolerant
description: Half of it is enough.
phases:
  - only: {patterns: [fails, prepare], success_criteria: {min_success_rate: 0.5}}
---
pattern: chooses
description: Leaves the choice for later.
phases:
  - first: {patterns: [prepare]}
  - act: {select: true}
---
pattern: slow
description: The second phase waits.
phases:
  - first: {patterns: [prepare]}
  - second: {patterns: [late]}
---
pattern: circle
description: Leads back.
phases:
  - only: {patterns: [circle]}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

newest() {
    "$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])'
}

# has FILE LINE...: just these lines.
has() {
    file=$1
    shift
    [ "$(cat "$file")" = "$(printf '%s\n' "$@")" ] ||
        fail "$file: $(cat "$file")"
}

exits 0 "$NDF" run whole 'do it'
[ "$(head -1 calls)" = first/prepare/one ] || fail "called: $(cat calls)"
sort calls >sorted
has sorted first/prepare/one second/build/left second/build/right \
    second/note/note
exits 0 "$NDF" show "$(newest)"
says "$OUT" '^second/build/right +done'
exits 0 "$NDF" logs "$(newest)"
says "$OUT" ' second/build +began'
says "$OUT" ' first +done'

exits 1 "$NDF" run by-phase 'do it'
says "$ERR" "phase 'second' failed: pattern 'second/fails' failed"
has undone right left
rm undone
exits 1 "$NDF" run by-all 'do it'
has undone right left one
rm undone
exits 0 "$NDF" run tolerant 'do it'
[ ! -e undone ] || fail 'what counts was undone'

rm calls
exits 0 "$NDF" run chooses 'a poem about the sea'
has calls first/prepare/one act/poem.write/verse
exits 1 "$NDF" run chooses 'qqqq zzzz'
says "$ERR" "phase 'act' failed"
has undone one

exits 0 "$NDF" run whole x --dry-run
says "$OUT" '^phase second'
says "$OUT" 'second/build/left'
says "$OUT" 'can be undone$'
exits 0 "$NDF" run chooses x --dry-run
says "$OUT" 'selected when the phase is reached'
says "$OUT" 'besides, what is selected$'
"$NDF" run circle x >"$OUT" 2>"$ERR" && fail 'a circle ran'
says "$ERR" 'leads back to it'

# The owner dies in the second phase; what was done is not done again.
rm -f calls undone
"$NDF" run slow 'do it' >/dev/null 2>&1 &
owner=$!
tries=0
until grep -q second/late/late calls 2>/dev/null; do
    sleep 0.05
    tries=$((tries + 1))
    [ "$tries" -lt 400 ] || fail 'the second phase did not begin'
done
kill -KILL "$owner"
wait "$owner" 2>/dev/null || true
run=$(newest)
touch sign
exits 0 "$NDF" resume "$run"
has calls first/prepare/one second/late/late
[ ! -e undone ] || fail 'what is done was undone'
