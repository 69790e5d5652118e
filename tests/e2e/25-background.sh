#!/bin/sh
# A run in the background outlives its terminal and is followed, waited for,
# killed and resumed like any other.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: first
description: Ends at once.
run: [sh, -c, "echo first >>calls; echo one; echo two"]
---
agent: slow
description: Waits for a sign.
run: [sh, -c, "echo slow >>calls; while [ ! -e go ]; do sleep 0.05; done; echo slow done"]
---
agent: bad
description: Fails.
run: [sh, -c, "echo broken >&2; exit 3"]
---
pattern: slowly
description: Two steps.
steps:
  - first: {agent: first, undo: {run: [rm, calls]}}
  - second: {agent: slow}
---
pattern: fails
description: Fails in its second step.
steps:
  - first: {agent: first, undo: {run: [sh, -c, "echo taken back"]}}
  - bad: {agent: bad, retry: {attempts: 2, backoff: 10ms}}
---
pattern: late
description: Has not the time it needs.
timeout: 300ms
steps:
  - second: {agent: slow}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# The id alone goes to standard output, so a script can take it; nothing of the
# run holds that open.
background() {
    rm -f go calls
    id=$("$NDF" run "$@" --bg 2>"$ERR") || fail "--bg: exit $?"
    case $id in
    *[!a-z0-9]* | '') fail "no id: '$id'" ;;
    esac
}
called() {
    until grep -q slow calls 2>/dev/null; do sleep 0.05; done
}
# The process that works on the run: the only one with that command line.
owner_of() {
    for folder in /proc/[0-9]*; do
        [ "$(readlink "$folder/cwd" 2>/dev/null)" = "$PWD" ] || continue
        { tr '\0' ' ' <"$folder/cmdline"; } 2>/dev/null |
            grep -q "^$NDF run $1 .*--bg" || continue
        echo "${folder#/proc/}"
        return
    done
    fail "no process works on $1"
}

# It is at work when its id is printed, in a session of its own, with no
# descriptor on where it was started from.
background slowly x
says "$ERR" "ndf logs -f $id"
says "$ERR" "ndf wait $id"
called
exits 0 "$NDF" ls runs --json
is_json "$OUT" "it[0]['id'] == '$id' and it[0]['state'] == 'running'"
owner=$(owner_of slowly)
session=$(sed 's/.*) //' "/proc/$owner/stat" | cut -d ' ' -f 4)
[ "$session" = "$owner" ] || fail 'its session'
[ "$(readlink "/proc/$owner/fd/0")" = /dev/null ] || fail 'its input'
for fd in 1 2; do
    case $(readlink "/proc/$owner/fd/$fd") in
    */.ndf/ndf.db.runs/"$id"/log) ;;
    *) fail "its descriptor $fd: $(readlink "/proc/$owner/fd/$fd")" ;;
    esac
done

# What it did so far, and a follower that ends with it.
exits 0 "$NDF" logs "$id"
says "$OUT" ' slowly|/slowly'
says "$OUT" 'first +done in '
says "$OUT" '^ +(│|\|) one$'
! grep -q 'slow done' "$OUT" || fail 'too early'
"$NDF" logs -f "$id" >"$SCRATCH/followed" &
follower=$!
"$NDF" logs -f --json "$id" >"$SCRATCH/lines" &
lines=$!
# Two wait for it.
"$NDF" wait "$id" &
one=$!
"$NDF" wait "$id" &
two=$!
sleep 0.5
kill -0 "$follower" "$one" "$two" || fail 'one of them did not wait'
touch go
wait "$one" || fail "the first waiter: exit $?"
wait "$two" || fail "the second waiter: exit $?"
wait "$follower" || fail "the follower: exit $?"
wait "$lines" || fail "the other follower: exit $?"
says "$SCRATCH/followed" 'slow done$'
says "$SCRATCH/followed" 'run +ended: succeeded$'
[ "$(grep -cE 'first +done' "$SCRATCH/followed")" = 1 ] || fail 'told twice'
/usr/bin/python3 -c 'import json, sys
it = [json.loads(line) for line in open(sys.argv[1])]
assert [r["seq"] for r in it] == list(range(len(it))), it
assert [r["kind"] for r in it] == ["plan", "intent", "result", "intent",
    "result", "end"], it
assert it[4]["body"]["output"] == "slow done"' "$SCRATCH/lines" ||
    fail 'the lines of JSON'
exits 0 "$NDF" logs -f "$id"
exits 0 "$NDF" wait "$id" "$id"
is_silent "$OUT"

# Waiting ends as the run would have in the foreground; the first bad one counts.
good=$id
exits 1 "$NDF" run fails x
background fails x
exits 1 "$NDF" wait "$good" "$id"
one_sentence "run $id \\(fails\\) ended failed: .*broken"
exits 0 "$NDF" logs "$id"
says "$OUT" 'bad +failed in .*: .*broken'
says "$OUT" 'bad +tried again, attempt 2'
says "$OUT" 'first +undone'
exits 6 "$NDF" run late x
background late x
exits 6 "$NDF" wait "$id"
exits 3 "$NDF" wait 0123456789
one_sentence '0123456789'
exits 3 "$NDF" logs -f 0123456789
one_sentence '0123456789'

# What cannot be started is said where it was asked for.
exits 3 "$NDF" run nothing x --bg
one_sentence 'nothing'
exits 2 "$NDF" run slowly x --bg --dry-run
one_sentence 'leave one of them out'
exits 4 "$NDF" 'do' 'compose an opera about cheese' --bg

# `do` says what it takes first; cancelling undoes.
rm -f go calls
exits 0 "$NDF" 'do' 'two steps' --pick slowly --bg --json
is_json "$OUT" "set(it) == {'run'}"
says "$ERR" 'slowly, as you said'
id=$(sed 's/.*:"\(.*\)".*/\1/' "$OUT")
called
exits 0 "$NDF" cancel "$id"
exits 130 "$NDF" wait "$id"
says "$ERR" 'cancelled'
[ ! -e calls ] || fail 'it was not undone'

# Its process is killed: waiters and followers say so, and resume goes on.
background slowly x
called
"$NDF" wait "$id" 2>"$SCRATCH/waiter" &
one=$!
"$NDF" logs -f "$id" >/dev/null 2>"$SCRATCH/follower" &
follower=$!
sleep 0.2
kill -KILL "$(owner_of slowly)"
wait "$one" && fail 'a waiter saw a killed run end'
says "$SCRATCH/waiter" "ndf resume $id"
wait "$follower" || fail 'the follower of a killed run'
says "$SCRATCH/follower" "ndf resume $id"
touch go
exits 0 "$NDF" resume "$id"
says "$OUT" '^slow done$'
[ "$(sort calls | tr '\n' ' ')" = 'first slow ' ] || fail "called: $(cat calls)"
exits 0 "$NDF" wait "$id"

# The terminal is closed, and the shell on it told so: the run goes on.
cat >"$SCRATCH/close.py" <<'P'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv("/bin/sh", ["sh", "-c", '"$0" run slowly x --bg; echo started; sleep 60', sys.argv[1]])
said = b""
while b"started" not in said:
    said += os.read(fd, 65536)
os.close(fd)
os.waitpid(pid, 0)
P
rm -f go calls
exits 0 timeout 50 /usr/bin/python3 "$SCRATCH/close.py" "$NDF"
called
owner=$(owner_of slowly)
kill -HUP "$owner"
sleep 0.3
kill -0 "$owner" || fail 'it ended with its terminal'
exits 0 "$NDF" ls runs --json
is_json "$OUT" "it[0]['state'] == 'running'"
id=$(/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[0]["id"])' "$OUT")
touch go
exits 0 "$NDF" wait "$id"
exits 0 "$NDF" show "$id"
says "$OUT" '^slow done$'
