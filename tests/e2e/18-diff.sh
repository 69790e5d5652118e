#!/bin/sh
# Which tasks go elsewhere after an edit of agent files: of the store's last
# tasks, or of a file.
. "$(dirname "$0")/lib.sh"
mkdir old new
cat >old/agents.yaml <<'Y'
agent: coder
description: Fixes failing tests and bugs in code.
run: [echo, done]
---
agent: writer
description: Writes documentation and release notes.
run: [echo, wrote]
Y
sed 's/ and release notes//; s/coder/fixer/' old/agents.yaml >new/agents.yaml
exits 0 "$NDF" init
exits 0 "$NDF" import old
exits 0 "$NDF" trust .
exits 3 "$NDF" diff old new
one_sentence 'no tasks yet.*--tasks'
exits 0 "$NDF" 'do' 'write documentation'
exits 0 "$NDF" 'do' 'prepare the release notes'
exits 0 "$NDF" 'do' 'prepare the release notes'
exits 0 "$NDF" 'do' 'fix the failing test' --domain web.login --attr risk=high

exits 0 "$NDF" diff old old
is_silent "$OUT"
one_sentence '^0 of 3 tasks would go elsewhere$'
exits 1 "$NDF" diff old new
says "$OUT" '^coder +0\.[0-9]+ +fixer +0\.[0-9]+ +fix the failing test'
says "$OUT" 'prepare the release notes$'
one_sentence '^2 of 3 tasks would go elsewhere$'
exits 1 "$NDF" diff old new --last 1 --json -q
is_silent "$ERR"
is_json "$OUT" 'it["tasks"] == 1 and it["moved"] == 1'
is_json "$OUT" 'it["changes"][0]["context"] == {"text": "fix the failing test",
    "domain": "web.login", "attributes": {"risk": "high"}}'
is_json "$OUT" 'it["changes"][0]["from"]["name"] == "coder"'
is_json "$OUT" '0 < it["changes"][0]["to"]["confidence"] < 1'

# A store is read as it is; what its files became meanwhile does not matter.
cp new/agents.yaml old/agents.yaml
exits 0 "$NDF" diff old new
exits 1 "$NDF" diff .ndf/ndf.db new
exits 0 "$NDF" diff .ndf/ndf.db .ndf/ndf.db

cat >tasks <<'Y'
fix the failing test

{"query": "write documentation"}
{"text": "translate this poem", "label": "none"}
Y
exits 1 "$NDF" diff .ndf/ndf.db new --tasks tasks
one_sentence '^1 of 3 tasks would go elsewhere$'
exits 1 "$NDF" diff .ndf/ndf.db new --tasks - <tasks

echo '{"name": "x"}' >>tasks
exits 2 "$NDF" diff old new --tasks tasks
one_sentence '^ndf: tasks:5: '
: >tasks
exits 2 "$NDF" diff old new --tasks tasks
one_sentence 'tasks holds no task'
exits 2 "$NDF" diff old new --tasks tasks --last 3
one_sentence 'leave one out'
exits 2 "$NDF" diff old new --last many
one_sentence '--last: expected a number'
exits 3 "$NDF" diff old nowhere
one_sentence 'nowhere'
echo 'agent: [' >new/broken.yaml
exits 2 "$NDF" diff old new
says "$ERR" 'broken.yaml:2'
says "$ERR" 'cannot be compared'
