#!/bin/sh
# A step or a whole run waits for a person, whoever works on it and whoever
# dies meanwhile.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: build
description: Builds.
run: [sh, -c, "echo build >>calls; echo built"]
---
agent: deploy
description: Deploys.
run: [sh, -c, "echo deploy >>calls; echo deployed"]
---
pattern: release
description: Build it and deploy it.
timeout: 2s
steps:
  - build: {undo: {run: [sh, -c, "echo unbuild >>calls"]}}
  - deploy: {approval: true}
---
pattern: guarded
description: Nothing without a word.
approval: true
steps: [build]
---
pattern: both
description: Two words are needed.
tasks:
  - build
  - deploy: {approval: true}
  - later: {agent: deploy, approval: true, needs: [build]}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

waits() {
    for _ in $(seq 100); do
        "$NDF" ls runs --json >"$OUT" 2>"$ERR"
        grep -q '"state":"waiting"' "$OUT" && return
        sleep 0.05
    done
    fail "run $1 does not wait"
}
begin() {
    rm -f calls
    id=$("$NDF" run "$@" --bg 2>"$ERR") || fail "--bg: exit $?"
    waits "$id"
}
calls() {
    [ "$(paste -sd ' ' calls 2>/dev/null)" = "$1" ] ||
        fail "calls: $(paste -sd ' ' calls), wanted: $1"
}

# The plan says so before.
exits 0 "$NDF" run release x --dry-run
says "$OUT" '^ *approval +true'
exits 0 "$NDF" run guarded x --dry-run --json
is_json "$OUT" "it['plan']['approval'] and it['totals']['approvals'] == 1"

# It waits, longer than the time limit of the run, and says so.
begin release x
is_json "$OUT" "it[0]['asks'] == ['deploy']"
sleep 2.2
exits 0 "$NDF" show "$id"
says "$OUT" '^state +waiting'
says "$OUT" '^deploy +waits .*approval'
says "$ERR" "ndf approve $id"
exits 2 "$NDF" approve "$id" build
says "$ERR" "does not wait for approval of 'build'"
calls build
exits 0 "$NDF" approve "$id" --reason 'looks good'
exits 0 "$NDF" wait "$id"
calls 'build deploy'
exits 0 "$NDF" logs "$id"
says "$OUT" 'deploy +waits for approval'
says "$OUT" 'deploy +approved: looks good'
exits 2 "$NDF" approve "$id"
says "$ERR" 'waits for nobody.s approval: it has ended'
exits 3 "$NDF" approve nosuchrun

# Denied, it is undone; nothing is learned from that.
begin release x
exits 0 "$NDF" approve "$id" deploy --deny --reason 'not on a Friday'
exits 1 "$NDF" wait "$id"
says "$ERR" "cancelled: step 'deploy' was denied: not on a Friday"
calls 'build unbuild'
exits 0 "$NDF" logs "$id"
says "$OUT" '(x|✗) deploy +denied: not on a Friday'
exits 0 "$NDF" show "$id" --json
is_json "$OUT" "it['outcomes'] == [] and it['state'] == 'cancelled'"

# In the foreground without a terminal it says how to answer.
rm -f calls
"$NDF" run release x >"$SCRATCH/fg.out" 2>"$SCRATCH/fg.err" &
front=$!
waits front
until grep -q "^run .* waits" "$SCRATCH/fg.err"; do sleep 0.05; done
exits 0 "$NDF" approve "$(sed -n 's/^run \([a-z0-9]*\) waits.*/\1/p' "$SCRATCH/fg.err")" deploy
wait "$front" || fail "the foreground run: exit $?"
calls 'build deploy'
grep -qx deployed "$SCRATCH/fg.out" || fail 'no output'

# A whole run; a cancel ends the wait.
begin guarded x
calls ''
exits 0 "$NDF" approve "$id"
exits 0 "$NDF" wait "$id"
calls build
begin guarded x
exits 0 "$NDF" cancel "$id"
exits 130 "$NDF" wait "$id"
calls ''

# Of several, one must be named.
begin both x
until grep -q build calls 2>/dev/null; do sleep 0.05; done
for _ in $(seq 100); do
    "$NDF" show "$id" --json >"$OUT"
    grep -q '"asks":\["deploy","later"\]' "$OUT" && break
    sleep 0.05
done
exits 2 "$NDF" approve "$id"
says "$ERR" 'several: say which of deploy, later'
exits 0 "$NDF" approve "$id" later
exits 0 "$NDF" approve "$id" deploy
exits 0 "$NDF" wait "$id"

# The owner dies while it waits: before the answer, and after.
owner_of() {
    for folder in /proc/[0-9]*; do
        [ "$(readlink "$folder/cwd" 2>/dev/null)" = "$PWD" ] || continue
        { tr '\0' ' ' <"$folder/cmdline"; } 2>/dev/null |
            grep -q "^$NDF run release .*--bg" || continue
        echo "${folder#/proc/}"
        return
    done
    fail "no process works on it"
}
begin release x
kill -9 "$(owner_of)"
exits 1 "$NDF" wait "$id"
exits 0 "$NDF" show "$id" --json
is_json "$OUT" "it['state'] == 'interrupted' and it['asks'] == ['deploy']"
exits 0 "$NDF" approve "$id"
says "$ERR" "ndf resume $id. goes on with it"
exits 0 "$NDF" resume "$id"
calls 'build deploy'
begin release x
kill -9 "$(owner_of)"
exits 1 "$NDF" wait "$id"
"$NDF" resume "$id" >"$OUT" 2>"$SCRATCH/resumed" &
front=$!
until grep -q 'waits for approval' "$SCRATCH/resumed"; do sleep 0.05; done
exits 0 "$NDF" approve "$id" --deny
wait "$front" && fail 'a denied run is not done'
calls 'build unbuild'
