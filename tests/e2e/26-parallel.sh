#!/bin/sh
# Tasks side by side: their order, failures, outputs; a killed owner with two
# of them at work.
. "$(dirname "$0")/lib.sh"
cat >meet <<'S'
#!/bin/sh
# Says that it is here and waits for the others.
echo "$1" >>calls
touch "here.$1"
shift
for other; do
    while [ ! -e "here.$other" ]; do sleep 0.02; done
done
echo "$NDF_STEP met"
S
chmod +x meet
cat >ndf.yaml <<'Y'
agent: a
description: Waits for b.
run: [./meet, a, b]
---
agent: b
description: Waits for a.
run: [./meet, b, a]
---
agent: late
description: Waits for a sign.
run: [./meet, late, sign]
---
agent: good
description: Is done.
run: [sh, -c, "echo good >>calls; echo good"]
---
agent: bad
description: Fails.
run: [sh, -c, "echo no >&2; exit 3"]
---
pattern: both
description: Two that need each other to run at once.
tasks: [a, b]
---
pattern: fan
description: Several, and one in the end.
failure_tolerance: 0.5
tasks:
  - last: {agent: good, needs: [one, two], with: {x: "${steps.one.output}"}}
  - one: {agent: good}
  - two: {agent: good}
  - bad
  - after: {agent: good, needs: [bad]}
---
pattern: strict
description: One fails, the other is undone.
tasks:
  - one: {agent: good, undo: {run: [sh, -c, "echo one >>undone"]}}
  - bad: {needs: [one]}
  - after: {agent: good, needs: [bad]}
---
pattern: wide
description: Two wait while nobody is there.
tasks:
  - late: {undo: {run: [sh, -c, "echo late >>undone"]}}
  - other: {agent: late, idempotent: true}
  - end: {agent: good, needs: [late, other]}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

newest() {
    "$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])'
}

exits 0 "$NDF" run both x
[ "$(cat "$OUT")" = "a:
a met
b:
b met" ] || fail 'the outputs of both'

exits 0 "$NDF" run fan x
[ "$(cat "$OUT")" = good ] || fail 'the output of the last'
run=$(newest)
exits 0 "$NDF" show "$run"
says "$OUT" '^after +skipped .*it needs .bad., which failed'
says "$OUT" '^bad +failed'
says "$OUT" '^last +done'
says "$OUT" '^output of last:'
! grep -q '^output of one' "$OUT" || fail 'one is needed by last'

exits 1 "$NDF" run strict x
says "$ERR" "step 'bad' failed: agent 'bad' ended with status 3: no"
[ "$(cat undone)" = one ] || fail 'one was not undone'
rm undone

# Starts `wide` and waits until both are at work.
start_wide() {
    rm -f calls here.* undone
    "$NDF" run wide x >/dev/null 2>&1 &
    owner=$!
    tries=0
    until [ "$(grep -c late calls 2>/dev/null)" = 2 ]; do
        sleep 0.05
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || fail 'the two did not start'
    done
}

# The owner dies with two at work; both are taken over.
start_wide
kill -KILL "$owner"
wait "$owner" 2>/dev/null || true
run=$(newest)
exits 0 "$NDF" show "$run"
says "$OUT" '^late +started'
says "$OUT" '^other +started'
(sleep 0.5; touch here.sign) &
exits 0 "$NDF" resume "$run"
[ "$(sort calls | tr '\n' ' ')" = 'good late late ' ] ||
    fail "called: $(cat calls)"

# Cancelled: both are ended, and what was not done is not undone.
start_wide
run=$(newest)
exits 0 "$NDF" cancel "$run"
got=0
wait "$owner" || got=$?
[ "$got" = 130 ] || fail "exit $got, wanted 130"
[ ! -e undone ] || fail 'what was not done was undone'
! grep -q good calls || fail 'the last was called'
for process in /proc/[0-9]*; do
    where=$(readlink "$process/cwd" 2>/dev/null) || continue
    [ "$where" != "$SCRATCH/work" ] || [ "${process#/proc/}" = $$ ] ||
        ! grep -q meet "$process/cmdline" 2>/dev/null ||
        fail "an agent is left: $process"
done
