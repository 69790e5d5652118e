#!/bin/sh
# Agents that mean harm: bounded, gone in time, nothing of them left or believed.
. "$(dirname "$0")/lib.sh"
: "${HOSTILE:?HOSTILE must name the hostile program}"

agent() {
    cat <<Y
---
agent: $1
description: Does what no agent should.
run: ["$HOSTILE", $1]
Y
}
{
    for mode in gigabyte errors endless deaf daemon vanish bomb comets unlock \
        records utf8 ansi; do
        agent "$mode"
    done
    for mode in gigabyte errors endless deaf daemon vanish bomb comets unlock; do
        printf -- '---\npattern: p.%s\nsteps: [{%s: {timeout: 1s}}]\n' \
            "$mode" "$mode"
    done
    cat <<'Y'
---
agent: quiet
description: Says one word and then nothing.
run: [sh, -c, "echo word; exec sleep 1000"]
---
pattern: silent
steps: [{quiet: {heartbeat: 500ms, timeout: 60s}}]
---
agent: keyed
description: Prints what it was given.
run: [sh, -c, "echo key=$API_KEY secret=$OTHER_SECRET"]
pass_env: [API_KEY]
---
agent: bounded
description: Prints its limits.
run: [sh, -c, "echo files=$(ulimit -n) core=$(ulimit -c)"]
limits: {files: 33}
Y
} >ndf.yaml
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# Five seconds of grace, as always; then all of it is gone.
for mode in daemon vanish bomb comets unlock deaf; do
    "$NDF" run "p.$mode" x >"$SCRATCH/$mode.out" 2>"$SCRATCH/$mode.err" &
done
for mode in gigabyte errors endless; do
    got=0
    "$NDF" run "p.$mode" x >"$OUT" 2>"$ERR" || got=$?
    [ "$got" != 0 ] || fail "$mode succeeded"
    [ "$(wc -c <"$OUT")" -lt 100 ] || fail "$mode printed to the end"
done
wait
for mode in daemon vanish bomb comets unlock deaf; do
    says "$SCRATCH/$mode.err" 'did not end within its timeout'
done
no_survivor
[ "$(du -sk .ndf | cut -f1)" -lt 200000 ] || fail 'it filled the disk'

# Silence is told from slowness.
got=0
"$NDF" run silent x >"$OUT" 2>"$ERR" || got=$?
[ "$got" = 6 ] || fail "exit $got, wanted 6"
says "$ERR" 'no sign of life'
no_survivor

# What it prints is data: it looks like a record, and is none.
exits 0 "$NDF" run records x
exits 0 "$NDF" show --json "$("$NDF" ls runs --json | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')"
is_json "$OUT" "sum(r['kind'] == 'result' for r in it['records']) == 1"
is_json "$OUT" "it['outcomes'][0]['result'] == 'unknown'"
exits 0 "$NDF" run utf8 x
LC_ALL=C.UTF-8 iconv -f UTF-8 -t UTF-8 "$OUT" >/dev/null || fail 'not UTF-8'
# To a terminal no control character of it goes.
exits 0 "$NDF" run ansi x --quiet
script -qec "'$NDF' run ansi x --quiet" /dev/null >"$SCRATCH/seen" </dev/null
if grep -q "$(printf '\033')\]0;owned" "$SCRATCH/seen"; then
    fail 'a title was set'
fi

# It sees what it lists of the environment, and is bound by what it is given.
API_KEY=k1 OTHER_SECRET=s1 exits 0 "$NDF" run keyed x
says "$OUT" '^key=k1 secret=$'
API_KEY=k1 OTHER_SECRET=s1 NDF_PASS_ENV='OTHER_*' exits 0 "$NDF" run keyed x
says "$OUT" '^key=k1 secret=s1$'
exits 0 "$NDF" run bounded x
says "$OUT" '^files=33 core=0$'
