#!/bin/sh
# Steps that are passed over by their `if`, and steps that another agent
# verifies.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: count
description: Counts.
run: [sh, -c, "echo 7"]
---
agent: note
description: Writes its name down.
run: [sh, -c, "echo $NDF_STEP >>calls; cat >request; echo noted"]
---
agent: draft
description: Better the second time.
run: [sh, -c, "echo draft $NDF_ATTEMPT >>calls; echo $NDF_ATTEMPT"]
---
agent: judge
description: Accepts what is 2 or more.
run: [/usr/bin/python3, judge.py]
---
pattern: chooses
description: Runs what is due.
steps:
  - count
  - many: {agent: note, if: "${steps.count.output} > 5"}
  - few: {agent: note, if: "${steps.count.output} <= 5"}
  - urgent: {agent: note, if: "${attributes.urgent}"}
  - rest: {agent: note, if: "not ${attributes.urgent}",
           with: {few: "${steps.few.output}"}}
---
pattern: proves
description: Drafts until the judge accepts.
steps:
  - draft: {verify: judge, retry: {attempts: 3, backoff: 0},
            undo: {run: [sh, -c, "echo undo >>calls"]}, undo_on_failure: true}
---
pattern: gives_up
description: Drafts once.
steps:
  - draft: {verify: judge, undo: {run: [sh, -c, "echo undo >>calls"]},
            undo_on_failure: true}
Y
cat >judge.py <<'P'
import json, sys
request = json.load(sys.stdin)
assert request["verify"] is True and request["task"] == "x", request
good = int(request["output"]) >= 2
print(json.dumps({"ok": good, "reason": "only %s" % request["output"]}))
P
exits 0 "$NDF" init
exits 0 "$NDF" trust .
calls() {
    [ "$(paste -sd ' ' calls 2>/dev/null)" = "$1" ] ||
        fail "calls: $(paste -sd ' ' calls), wanted: $1"
}

# What is not due is skipped, is done, and has no output.
exits 0 "$NDF" run chooses x
calls 'many rest'
is_json request "it['with'] == {'few': None}"
id=$("$NDF" ls runs --names | head -n 1)
exits 0 "$NDF" show "$id"
says "$OUT" "^few +skipped .*its 'if' does not hold"
exits 0 "$NDF" logs "$id"
says "$OUT" "urgent +skipped: its 'if' does not hold"
exits 0 "$NDF" show "$id" --json
is_json "$OUT" "it['records'][-1]['body']['steps_done'] == 5"
rm -f calls
exits 0 "$NDF" run chooses x --attr urgent=true
calls 'many urgent'

# A condition that cannot be read, or names nothing, is refused before.
cp ndf.yaml saved
cat >>ndf.yaml <<'Y'
---
pattern: odd
description: Cannot be read.
steps:
  - count: {if: "${attributes.a} and ${attributes.b}"}
Y
exits 2 "$NDF" run odd x
one_sentence "step 'count': 'if' cannot be read"
cp saved ndf.yaml

# The judge refuses once; the work is done again; its word is proof.
rm -f calls
exits 0 "$NDF" run proves x
calls 'draft 1 draft 2'
says "$ERR" 'Counted as a success, by verify'
id=$("$NDF" ls runs --names | head -n 1)
exits 0 "$NDF" show "$id"
says "$OUT" "^draft +refused +1 .*verifier 'judge' does not accept it: only 1"
says "$OUT" '^draft +verified +2'
exits 0 "$NDF" run proves x --dry-run
says "$OUT" '^ *verify +judge, program /usr/bin/python3'

# Refused for good it fails, and is undone.
rm -f calls
exits 1 "$NDF" run gives_up x
says "$ERR" "verifier 'judge' does not accept it: only 1"
calls 'draft 1 undo'

# A verifier needs trust like any agent, and must be there.
cat >>ndf.yaml <<'Y'
---
pattern: dangles
description: Nobody judges.
steps:
  - draft: {verify: nobody}
Y
exits 3 "$NDF" run dangles x
says "$ERR" "calls agent 'nobody', which is neither bound nor registered"
