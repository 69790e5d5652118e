#!/bin/sh
# --dry-run prints the plan, and neither starts nor records anything.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: first
description: Writes a file.
run: [sh, -c, "echo called >>calls; echo one"]
---
pattern: two.steps
description: Writes two files.
timeout: 5m
steps:
  - first: {timeout: 90s, writes: [attributes.a], undo: {run: [rm, calls]}}
  - again: {agent: first, retry: {attempts: 3}, expect: {regex: one}}
---
pattern: two.kinds
description: Cannot be run as it is.
steps:
  - first: {agent: nobody}
Y
exits 0 "$NDF" init
exits 1 "$NDF" run two.steps x --dry-run
one_sentence 'ndf trust'
exits 0 "$NDF" trust .
before=$(cksum <.ndf/ndf.db)

exits 0 "$NDF" run two.steps x --dry-run
says "$OUT" '^ndf/two\.steps$'
says "$OUT" '^ +timeout +300s$'
says "$OUT" '^ 1  first$'
says "$OUT" '^ +agent +first, program sh -c "echo called'
says "$OUT" '^ +timeout +90s$'
says "$OUT" '^ +undo +program rm calls$'
says "$OUT" '^ +writes +\["attributes\.a"\]$'
says "$OUT" '^ 2  again$'
says "$OUT" '^ +expect +\{"regex":"one"\}$'
says "$OUT" '^2 steps \(2 by programs, 0 by functions\), at most 4 calls'
one_sentence '^nothing was started$'

exits 0 "$NDF" run two.steps x --dry-run --json
is_json "$OUT" "it['totals'] == {'steps': 2, 'calls': 4, 'programs': 2, 'functions': 0, 'undos': 1, 'approvals': 0}"
is_json "$OUT" "[n['id'] for n in it['plan']['root']['children']] == ['first', 'again']"
is_json "$OUT" "it['context'] == {'text': 'x'}"

exits 0 "$NDF" 'do' 'write two files' --pick two.steps --dry-run
says "$OUT" '^ndf/two\.steps$'
says "$ERR" 'two.steps, as you said'
exits 0 "$NDF" run first --dry-run
says "$OUT" '^1 step '

# As a run would be refused.
exits 3 "$NDF" run two.kinds x --dry-run
one_sentence 'nobody'
exits 3 "$NDF" run nothing x --dry-run
one_sentence 'nothing'
exits 2 "$NDF" why x --dry-run
one_sentence 'no option --dry-run'

[ ! -e calls ] || fail 'something was called'
[ ! -e .ndf/ndf.db.runs ] || [ -z "$(ls .ndf/ndf.db.runs)" ] ||
    fail 'a run left files'
[ "$(cksum <.ndf/ndf.db)" = "$before" ] || fail 'the store changed'
exits 0 "$NDF" ls runs --json
is_json "$OUT" 'it == []'

# A store that cannot be written shows its plans, too.
chmod a-w .ndf/ndf.db .ndf
exits 0 "$NDF" run two.steps x --dry-run
says "$OUT" '^ 2  again$'
