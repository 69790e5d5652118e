#!/bin/sh
# At a terminal: live progress, colour, the question which pattern to take,
# Ctrl-C once and twice. Text of agents cannot steer the terminal.
. "$(dirname "$0")/lib.sh"
unset TERM || true
export TERM=xterm
cat >ndf.yaml <<'Y'
agent: maker
description: Makes a file and says so in colour.
run: [sh, -c, "touch made; printf 'made \\033[31mred\\033[0m\\n\\033]0;title\\007'"]
---
agent: slow
description: Takes its time.
run: [sleep, "30"]
---
agent: stubborn
description: Ignores TERM.
run: [sh, -c, "trap '' TERM; for i in 1 2 3 4 5 6 7 8 9; do sleep 1; done"]
---
pattern: make.then.stubborn
description: Makes a file, then cannot be ended.
steps:
  - make: {agent: maker, undo: {run: [rm, made]}}
  - wait: {agent: stubborn}
---
pattern: make.slowly
description: Makes a file, then takes very long.
steps:
  - make: {agent: maker, undo: {run: [rm, made]}}
  - wait: {agent: slow}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# terminal 'DELAY:KEYS ...' COMMAND...: runs it on a terminal, presses the keys
# when so many seconds have passed; $OUT gets all it wrote. Exits as it did.
cat >"$SCRATCH/terminal.py" <<'P'
import fcntl, os, pty, select, struct, sys, termios, time
keys = [k.split(":", 1) for k in sys.argv[1].split()]
rows, columns = map(int, os.environ.get("SIZE", "24x80").split("x"))
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.1)
    os.execv(sys.argv[2], sys.argv[2:])
def resize(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
resize(rows, columns)
start = time.time()
while time.time() - start < 60:
    if keys and time.time() - start > float(keys[0][0]):
        if keys[0][1].startswith("size="):
            resize(*map(int, keys.pop(0)[1][5:].split("x")))
            continue
        text = keys.pop(0)[1].replace("^C", "\x03").replace("^J", "\n")
        os.write(fd, text.encode())
    if select.select([fd], [], [], 0.05)[0]:
        try:
            said = os.read(fd, 65536)
        except OSError:
            break
        if not said:
            break
        os.write(1, said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
terminal() {
    /usr/bin/python3 "$SCRATCH/terminal.py" "$@"
}
escape=$(printf '\033')

exits 0 terminal '' "$NDF" run maker
says "$OUT" "$escape\\[32m"
says "$OUT" 'made red'
! grep -q 'title' "$OUT" || fail 'an agent set the title of the terminal'
exits 0 env NO_COLOR=1 /usr/bin/python3 "$SCRATCH/terminal.py" '' "$NDF" ls
! grep -q "$escape\\[[0-9]*m" "$OUT" || fail 'colour in spite of NO_COLOR'
says "$OUT" 'make\.slowly'

# Nothing fits: the person is asked, and the pick is remembered.
exits 0 terminal '1:1^J' "$NDF" do 'file banana rocket violin harbour'
says "$OUT" 'Which one'
says "$OUT" 'as you said'
exits 0 "$NDF" dev export
says "$OUT" 'should.*banana|banana.*should'
# ... and learned: the next one like it is taken, another is asked about.
exits 0 "$NDF" do 'file banana rocket violin harbour tulip'
exits 4 terminal '1:^J' "$NDF" do 'file umbrella telescope walnut glacier'
exits 4 "$NDF" do 'file umbrella telescope walnut glacier'
! grep -q 'Which one' "$ERR" || fail 'asked without a terminal'
exits 0 "$NDF" do --yes 'file umbrella telescope walnut glacier'

# Ctrl-C once takes back what was done; twice kills.
rm -f made
exits 130 terminal '2:^C' "$NDF" run make.slowly
says "$OUT" 'interrupted'
says "$OUT" '1 of 2 steps done'
[ ! -e made ] || fail 'the step was not undone'
exits 0 "$NDF" ls runs --json
is_json "$OUT" 'it[0]["state"] == "cancelled"'

# Twice kills the agents at once, whatever they ignore, and undoes nothing; the
# run can be gone on with.
exits 130 terminal '1:^C 1.5:^C' "$NDF" run stubborn
says "$OUT" 'Ctrl-C again kills'
says "$OUT" 'the agents were killed; run [0-9a-z]+ is left as it is; `ndf resume [0-9a-z]+` ends and undoes it'
nobody() {
    for process in /proc/[0-9]*; do
        [ "${process#/proc/}" != $$ ] || continue
        case $(readlink "$process/cwd" 2>/dev/null) in
        "$PWD") tr '\0' ' ' <"$process/cmdline" && fail 'an agent is left' ;;
        esac
    done
    true
}
nobody
exits 0 "$NDF" ls runs --json
is_json "$OUT" 'it[0]["state"] == "interrupted"'
run=$(/usr/bin/python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[0]["id"])' "$OUT")
exits 130 "$NDF" resume "$run"
exits 0 "$NDF" ls runs --json
is_json "$OUT" 'it[0]["state"] == "cancelled"'
rm -f made
exits 130 terminal '2:^C 2.1:^C' "$NDF" run make.then.stubborn
[ -e made ] || fail 'it was undone, although it was killed'
nobody
run=$("$NDF" ls runs --json | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
exits 130 "$NDF" resume "$run"
[ ! -e made ] || fail 'resume did not undo it'

# The terminal is left as it was: no mode is changed, the cursor stays, colours
# are put back before each end of a line.
exits 130 terminal '1.5:^C' "$NDF" run make.slowly
! grep -q "$escape\\[?" "$OUT" || fail 'a mode of the terminal was changed'
/usr/bin/python3 - "$OUT" <<'P' || fail 'a line ends in colour'
import re, sys
for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    codes = re.findall("\033\\[([0-9;]*)m", line)
    if codes and codes[-1] != "0":
        sys.exit(1)
P

# No line is wider than the terminal, also when that changes.
exits 130 env SIZE=12x40 /usr/bin/python3 "$SCRATCH/terminal.py" '1.5:^C' "$NDF" run make.slowly
/usr/bin/python3 - "$OUT" <<'P' || fail 'a line is too wide'
import re, sys
text = re.sub("\033\\[[0-9;]*[A-Za-z]", "", open(sys.argv[1], encoding="utf-8", newline="").read())
drawn = [l for l in re.split("[\r\n]+", text) if l.startswith("  ")]
assert drawn and max(map(len, drawn)) < 40, drawn
P
exits 130 env SIZE=24x80 /usr/bin/python3 "$SCRATCH/terminal.py" '1:size=10x30 2:^C' "$NDF" run make.slowly

# Without a terminal that can draw, lines; programs get JSON, a line an event.
exits 0 env TERM=dumb /usr/bin/python3 "$SCRATCH/terminal.py" '' "$NDF" run maker
says "$OUT" 'maker +started'
says "$OUT" 'maker +done'
! grep -q "$escape" "$OUT" || fail 'a dumb terminal was steered'
exits 0 "$NDF" run maker --json
is_json "$OUT" 'it["state"] == "succeeded"'
/usr/bin/python3 - "$ERR" <<'P' || fail 'the events are not JSON Lines'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1]) if line[0] == "{"]
names = [event["event"] for event in events]
assert names == ["run_started", "step_started", "step_done", "run_done"], names
assert all(event["steps_total"] == 1 and event["run"] for event in events)
P
exits 0 "$NDF" run maker --json --quiet
is_silent "$ERR"

# A limit on the whole does the same.
exits 6 "$NDF" run make.slowly --timeout 500ms
says "$ERR" 'did not end within its time limit'
[ ! -e made ] || fail 'the step was not undone'

# A long measurement says how far it is, and takes that away again.
"$ROOT/tests/support/make_queries.py" data
exits 0 terminal '' "$NDF" dev eval --labels data/labels.jsonl \
    --queries data/queries.jsonl
says "$OUT" "labels: 0 of 8$escape\\[K"
says "$OUT" "measure.*value"
exits 0 env TERM=dumb /usr/bin/python3 "$SCRATCH/terminal.py" '' "$NDF" dev eval \
    --labels data/labels.jsonl --queries data/queries.jsonl
! grep -q ' of 8' "$OUT" || fail 'progress where nothing can be drawn'
