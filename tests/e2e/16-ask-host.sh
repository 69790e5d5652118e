#!/bin/sh
# A pattern that asks its host: the command has none, so it is never taken.
. "$(dirname "$0")/lib.sh"

cat >ndf.yaml <<'Y'
agent: fixer
run: [echo, fixed]
---
pattern: leaks.careful
description: Finds and fixes memory leaks with care.
ask_host: true
host: {class: Careful}
steps: [fixer]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 4 "$NDF" 'do' 'fix the memory leaks'
exits 0 "$NDF" why 'fix the memory leaks' --not leaks.careful
says "$OUT" 'asks the host, which is not asked here'
exits 0 "$NDF" why 'fix the memory leaks' --not leaks.careful --json
is_json "$OUT" "not it['eligible'] and it['failed']['predicate'] == 'ask_host'"
exits 0 "$NDF" show leaks.careful --json
is_json "$OUT" "it['document']['host'] == {'class': 'Careful'}"

# Who names it decides for himself.
exits 0 "$NDF" run leaks.careful 'all of them'
