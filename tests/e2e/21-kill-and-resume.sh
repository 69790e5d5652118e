#!/bin/sh
# The owner is killed in the middle: resume makes nothing twice, waits for the
# agent that still runs, and stops where it cannot know.
. "$(dirname "$0")/lib.sh"
cat >slow <<'S'
#!/bin/sh
echo "$1" >>calls
while [ ! -e go ]; do sleep 0.05; done
echo "$1 done"
S
chmod +x slow
cat >ndf.yaml <<'Y'
agent: first
description: Ends at once.
run: [sh, -c, "echo first >>calls; echo one"]
---
agent: slow
description: Waits for a sign.
run: [./slow, slow]
---
pattern: two
description: Two steps.
steps:
  - first: {agent: first, undo: {run: [sh, -c, "echo first >>undone"]}}
  - slow
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# Starts `two` and kills its owner while the second step runs.
killed_run() {
    rm -f go calls
    "$NDF" run two x >/dev/null 2>&1 &
    owner=$!
    until grep -q slow calls 2>/dev/null; do sleep 0.05; done
    kill -KILL "$owner"
    wait "$owner" 2>/dev/null || true
}
# Kills the watcher of the agent, and the agent with it.
kill_watcher() {
    for folder in /proc/[0-9]*; do
        { tr '\0' ' ' <"$folder/cmdline"; } 2>/dev/null |
            grep -q "^/bin/sh $SCRATCH/work/.*slow" || continue
        watcher=$(sed -n 's/^PPid:[[:space:]]*//p' "$folder/status")
        [ "$(cat "/proc/$watcher/comm")" = ndf-init ] ||
            fail "the agent's parent is $(cat "/proc/$watcher/comm")"
        # In a namespace its parent is the first process there.
        above=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$watcher/status")
        [ "$(cat "/proc/$above/comm")" != ndf-init ] || watcher=$above
        kill -KILL "$watcher"
    done
}
newest() {
    "$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])'
}

# The agent outlives its owner; its result is adopted.
killed_run
run=$(newest)
(sleep 2; touch go) &
exits 0 "$NDF" resume "$run" &
resumer=$!
sleep 0.7
got=0
"$NDF" resume "$run" >/dev/null 2>"$SCRATCH/second" || got=$?
[ "$got" = 1 ] || fail "exit $got, wanted 1"
says "$SCRATCH/second" 'another process'
wait "$resumer" || fail 'the resumed run'
says "$OUT" '^slow done$'
[ "$(sort calls | tr '\n' ' ')" = 'first slow ' ] || fail "called: $(cat calls)"

# It ended before anybody resumed: nothing is called again.
killed_run
touch go
sleep 0.5
exits 0 "$NDF" resume --all
[ "$(sort calls | tr '\n' ' ')" = 'first slow ' ] || fail "called: $(cat calls)"

# A run that nobody is at work on is said to be so; cancel ends and undoes it.
killed_run
run=$(newest)
exits 0 "$NDF" ls runs
says "$OUT" "$run +interrupted"
says "$ERR" '^1 run was interrupted: ndf resume --all$'
exits 0 "$NDF" show "$run"
says "$OUT" '^state +interrupted'
says "$ERR" "ndf resume $run"
exits 0 "$NDF" run first x
says "$ERR" '^1 run was interrupted: ndf resume --all$'
exits 0 "$NDF" run first x --quiet
is_silent "$ERR"
[ ! -e undone ] || fail 'undone too early'
exits 0 "$NDF" cancel "$run"
one_sentence "run $run was cancelled"
[ "$(cat undone)" = first ] || fail 'the first step was not undone'
exits 0 "$NDF" show "$run" --json
is_json "$OUT" "it['state'] == 'cancelled'"
exits 2 "$NDF" cancel "$run"
one_sentence 'ended already'
exits 0 "$NDF" resume --all
one_sentence 'no run was interrupted'

# Its watcher died with it: nobody knows, so the run is in doubt.
killed_run
run=$(newest)
kill_watcher
exits 7 "$NDF" resume "$run"
says "$ERR" 'slow'
exits 0 "$NDF" ls runs --json
is_json "$OUT" "it[0]['state'] == 'in_doubt'"

exits 3 "$NDF" resume 0123456789
one_sentence '0123456789'
