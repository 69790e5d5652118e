#!/bin/sh
# When a pattern fails, its fallback is tried, and what was tried can be seen;
# a process that dies between the two leaves what anybody can go on with, once.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'E'
agent: breaks
description: Fails.
run: [sh, -c, "exit 9"]
---
agent: by-hand
description: Does it the plain way.
run: [sh, -c, "echo x >>calls; cat >request; echo done by hand"]
---
agent: waits
description: Waits for a sign.
run: [sh, -c, "touch waiting; while [ ! -e go ]; do sleep 0.05; done; exit 3"]
---
agent: long
description: Takes long.
run: [sh, -c, "touch longing; sleep 1000"]
---
pattern: review
description: Fails, and has one to fall back to.
fallback: simple
steps: [breaks]
---
pattern: simple
description: Fails too.
fallback: manual
steps: [breaks]
---
pattern: manual
description: Works.
steps: [by-hand]
---
pattern: waiting
description: Fails when it is told to.
fallback: manual
steps: [waits]
---
pattern: then.long
description: Fails, and its fallback takes long.
fallback: takes.long
steps: [breaks]
---
pattern: takes.long
description: Takes long.
steps: [long]
E
exits 0 "$NDF" init
exits 0 "$NDF" trust .

exits 0 "$NDF" run review 'look at it' --attr size=7
[ "$(cat "$OUT")" = 'done by hand' ] || fail 'the output of the last'
says "$ERR" 'review failed \(run [0-9a-z]+\): step .breaks. failed'
says "$ERR" 'falling back to simple \(run '
says "$ERR" 'falling back to manual \(run '
says request '"size":7'
exits 0 "$NDF" ls runs --json
is_json "$OUT" '[r["pattern"] for r in it] == ["manual", "simple", "review"]'
first=$(/usr/bin/python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[2]["id"])' "$OUT")
exits 0 "$NDF" show "$first"
says "$OUT" '^fallback +simple, run [0-9a-z]+: failed'
exits 0 "$NDF" wait "$first"
exits 0 "$NDF" logs -f "$first"
says "$OUT" 'done by hand'

exits 0 "$NDF" run review x --dry-run
says "$OUT" '^  if it fails .*simple$'
says "$OUT" '^  then .*manual$'
exits 0 "$NDF" run review x --dry-run --json
is_json "$OUT" '[n.split("/")[-1] for n in it["fallbacks"]] == ["simple", "manual"]'

# As a person says it.
exits 1 "$NDF" run review x --no-fallback
one_sentence 'review failed'
exits 0 "$NDF" run review x --fallback takes.nothing,manual
says "$ERR" 'takes.nothing cannot be started'
says "$ERR" 'falling back to manual'
exits 2 "$NDF" run review x --fallback a,,b
one_sentence 'with commas'
exits 2 "$NDF" run review x --fallback manual --no-fallback
exits 1 "$NDF" run simple x --fallback review
says "$ERR" 'falling back to review'

# A limit on the time is a failure like others.
rm -f go waiting
exits 0 "$NDF" run waiting x --timeout 500ms
says "$ERR" 'did not end within its time limit'
says "$OUT" 'done by hand'

# The owner dies when the first has just failed: each of several goes on, and
# the fallback is made once.
rm -f go waiting calls
"$NDF" run waiting x >"$OUT" 2>"$ERR" &
owner=$!
while [ ! -e waiting ]; do sleep 0.05; done
kill -STOP "$owner"
touch go
sleep 0.5
kill -9 "$owner"
wait "$owner" || true
exits 0 "$NDF" ls runs --json
run=$(/usr/bin/python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[0]["id"])' "$OUT")
for i in 1 2 3; do
    "$NDF" resume "$run" >"$SCRATCH/resumed.$i" 2>&1 &
done
wait
exits 0 "$NDF" resume "$run"
says "$OUT" 'done by hand'
[ "$(wc -l <calls)" = 1 ] || fail "the fallback was run $(wc -l <calls) times"
exits 0 "$NDF" resume --all
says "$ERR" 'no run was interrupted'

# Who waits for the first in the background, waits for the last; who cancels
# the first, cancels what is at work.
run=$("$NDF" run then.long x --bg 2>"$ERR")
while [ ! -e longing ]; do sleep 0.05; done
"$NDF" wait "$run" 2>"$ERR" &
waiter=$!
sleep 0.3
exits 0 "$NDF" cancel "$run"
got=0
wait "$waiter" || got=$?
[ "$got" = 130 ] || fail "exit $got, wanted 130"
