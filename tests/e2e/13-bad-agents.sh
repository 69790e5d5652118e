#!/bin/sh
# Agents that misbehave: the run fails with a sentence, nothing is left over.
. "$(dirname "$0")/lib.sh"

printf 'not a program\n' >plain
cat >hoard <<'S'
#!/bin/sh
# Ignores TERM, and leaves a child in a session of its own.
trap '' TERM
setsid sh -c 'trap "" TERM; echo $$ >child.pid; while :; do sleep 1; done' &
while :; do sleep 1; done
S
cat >leaves <<'S'
#!/bin/sh
setsid sh -c 'echo $$ >left.pid; exec sleep 1000' >/dev/null 2>&1 &
while [ ! -s left.pid ]; do sleep 0.1; done
echo done
S
cat >noisy <<'S'
#!/bin/sh
printf '${text} $${run} \033[31mred\033[0m \033]0;title\007'
S
chmod +x hoard leaves noisy
cat >ndf.yaml <<'Y'
agent: missing
description: A program that is not there.
run: [./nowhere]
---
agent: unknown
description: A program that is not on the path.
run: [ndf-test-no-such-program]
---
agent: plain
description: A file that cannot be executed.
run: [./plain]
---
agent: silent
description: Prints nothing.
run: ["true"]
---
agent: failing
description: Says why on stderr and exits with 3.
run: [sh, -c, "echo broken on purpose >&2; exit 3"]
---
agent: flood
description: Prints without end.
run: ["yes"]
output_max: 1000000
---
agent: endless
description: Never ends and ignores TERM.
run: [./hoard]
timeout: 1s
---
agent: leaves
description: Leaves a child behind.
run: [./leaves]
---
agent: noisy
description: Prints templates and escape codes.
run: [./noisy]
---
agent: echoes
description: Prints what it is given.
run: [printf, '%s', "${attributes.given}"]
---
agent: lost
description: Wants what is not there.
run: [echo, "${attributes.nowhere}"]
---
pattern: chain
description: The output of one is data for the next.
steps:
  - noisy
  - second: {agent: cats, with: {given: "${steps.noisy.output}"}}
---
agent: cats
description: Prints its request.
run: [cat]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# fails AGENT REGEX: its run ends with 1 and says why.
fails() {
    exits 1 "$NDF" run "$1" x
    says "$ERR" "$2"
    is_silent "$OUT"
}

gone() {
    [ -s "$1" ] || fail "$1 was never made"
    no_survivor
}

fails missing 'nowhere'
fails unknown 'ndf-test-no-such-program'
fails plain 'plain'
fails silent 'nothing|empty'
fails failing 'broken on purpose|3'
fails flood '1000000|output'
got=0
"$NDF" run endless x >"$OUT" 2>"$ERR" || got=$?
case $got in 1 | 6) ;; *) fail "exit $got, wanted 1 or 6" ;; esac
says "$ERR" 'time'
gone child.pid
exits 0 "$NDF" run leaves x
says "$OUT" '^done$'
gone left.pid

# Nothing in an output is expanded, on a pipe nothing of it is changed.
exits 0 "$NDF" run noisy x
says "$OUT" '\$\{text\} \$\$\{run\}'
exits 0 "$NDF" run chain x
says "$OUT" '\$\{text\} \$\$\{run\}'
# shellcheck disable=SC2016 # the shell must not expand it either
exits 0 "$NDF" run echoes x --attr 'given=$(touch pwned);`touch pwned`${text}'
says "$OUT" 'touch pwned'
[ ! -e pwned ] || fail 'a shell has seen the argument'

exits 3 "$NDF" run lost x
one_sentence 'nowhere'
