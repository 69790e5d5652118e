#!/bin/sh
# An outcome changes the next choice: proof raises the confidence, a person's
# word lowers it, the wrong one names the right one.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: formatter
description: Formats source code with the style of the house.
run: [echo, formatted]
---
agent: brewer
description: Makes coffee and tea.
run: [echo, coffee]
---
pattern: format.code
description: Format the source code of a project in the house style.
examples: [format the source code]
only_if: {domain: [code.**]}
steps:
  - go: {agent: formatter, expect: {regex: formatted}}
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .

confidence() {
    "$NDF" why --json --domain code.c 'format the source code' | /usr/bin/python3 -c '
import json, sys
ranked = json.load(sys.stdin)["ranked"]
print(next(r["confidence"] for r in ranked if r["name"] == "format.code"))'
}
less() {
    /usr/bin/python3 -c "import sys; sys.exit(not $1 < $2)" ||
        fail "$1 is not less than $2: $3"
}

before=$(confidence)
for _ in 1 2 3 4 5 6; do
    exits 0 "$NDF" 'do' --domain code.c 'format the source code'
    says "$OUT" '^formatted$'
    says "$ERR" 'format\.code'
done
proven=$(confidence)
less "$before" "$proven" 'proof raises the confidence'
exits 0 "$NDF" stats format.code --json
is_json "$OUT" "it['executions'] == 6"
exits 0 "$NDF" ls runs --json
is_json "$OUT" "len(it) == 6 and all(r['state'] == 'succeeded' for r in it)"
run=$(/usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])' <"$OUT")
exits 0 "$NDF" show "$run" --json
is_json "$OUT" "it['id'] == '$run'"
exits 0 "$NDF" rate "$run" bad
doubted=$(confidence)
less "$doubted" "$proven" 'a bad rating lowers the confidence'
exits 0 "$NDF" rate "$run" should=brewer
exits 3 "$NDF" rate "$run" should=nobody
one_sentence 'nobody'
exits 3 "$NDF" rate 0123456789 good
one_sentence '0123456789'

# Not a word of it is brewer's, but a person said that it was meant.
exits 0 "$NDF" why --not brewer 'format the source code'
says "$OUT" 'earlier tasks'
exits 0 "$NDF" why --not format.code 'brew some tea' --domain kitchen
says "$OUT" 'kitchen'
exits 3 "$NDF" why --not nobody 'format the source code'
one_sentence 'nobody'
exits 4 "$NDF" 'do' 'qwxz vbnm'
says "$ERR" '.'
