#!/bin/sh
# What choosing needs is kept beside the store; without it nothing is lost.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: brewer
description: Makes coffee and tea.
run: [echo, coffee]
---
agent: sweeper
description: Sweeps the floor.
run: [echo, swept]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 0 "$NDF" why --json 'make coffee'
cp "$OUT" before
index=$PWD/.ndf/ndf.db.index
test ! -e "$index" || fail 'a small registry was kept by itself'

exits 0 "$NDF" dev compile --json
is_json "$OUT" "it['patterns'] == 2 and it['written'] and it['bytes'] > 0"
test "$(stat -c %a "$index")" = 600 || fail 'others may read it'
exits 0 "$NDF" dev compile
says "$ERR" '2 patterns and agents are ready'
exits 0 "$NDF" why --json 'make coffee'
cmp -s "$OUT" before || fail 'it answers otherwise'

# A damaged one is told of, and made anew.
printf 'x' | dd of="$index" bs=1 seek=2000 conv=notrunc 2>/dev/null
exits 0 "$NDF" why --json 'make coffee'
cmp -s "$OUT" before || fail 'damage changed an answer'
exits 0 "$NDF" dev compile
says "$ERR" 'is damaged'
exits 0 "$NDF" dev compile --json
is_json "$OUT" "'problem' not in it and not it['written']"

# So is one that is old.
cat >>ndf.yaml <<'Y'
---
agent: cook
description: Cooks soup.
run: [echo, soup]
Y
exits 0 "$NDF" import ndf.yaml
exits 0 "$NDF" why --json 'cook soup'
is_json "$OUT" "it['ranked'][0]['name'] == 'cook'"
exits 0 "$NDF" dev compile --json
is_json "$OUT" "it['patterns'] == 3 and it['written'] and 'problem' not in it"
rm "$index"
exits 0 "$NDF" why --json 'cook soup'
