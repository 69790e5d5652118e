#!/bin/sh
# What was learned can be looked at, learned anew, and taken from another store.
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

exits 0 "$NDF" dev learn --json
is_json "$OUT" "it['number'] == 0 and it['lessons'] == 0"
is_json "$OUT" "len(it['reliability']) == 15 and 'problem' not in it"

first=$PWD/.ndf/ndf.db
second=$PWD/second.db
for task in 'something hot to drink' 'a cup of the black stuff' 'wake me up'; do
    exits 0 "$NDF" 'do' --pick brewer "$task"
done
exits 0 "$NDF" dev learn --json
is_json "$OUT" "it['lessons'] == 3 and it['classes'] >= 1"
exits 0 "$NDF" dev learn
says "$OUT" 'lessons +3'
exits 0 "$NDF" dev learn rebuild --json
is_json "$OUT" "it['same'] and it['lessons'] == 3"
same=$(/usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["hash"])' <"$OUT")
test -f "$first.learned" || fail 'no checkpoint'
test "$(stat -c %a "$first.learned")" = 600 || fail 'others may read it'

# What was learned changes what is chosen.
exits 0 "$NDF" why --json 'the black stuff please'
is_json "$OUT" "it['ranked'][0]['name'] == 'brewer'"

# A file that was damaged is told of, and made anew.
printf 'rubbish' >"$first.learned"
exits 0 "$NDF" dev learn
says "$ERR" 'learned anew'
exits 0 "$NDF" dev learn rebuild
says "$ERR" 'the same as before'
exits 0 "$NDF" dev learn rebuild --json
is_json "$OUT" "it['same'] and it['hash'] == '$same'"
exits 0 "$NDF" dev learn
is_silent "$ERR"

# From another store, without its texts.
exits 0 "$NDF" --store "$second" import ndf.yaml
exits 0 "$NDF" --store "$second" dev learn merge "$first" --no-texts --json
is_json "$OUT" "it['taken'] >= 3 and it['known'] == 0"
exits 0 "$NDF" --store "$second" dev learn --json
is_json "$OUT" "it['lessons'] == 3"
exits 0 "$NDF" --store "$second" dev check
exits 0 "$NDF" --store "$second" dev export
if grep -q 'black stuff' "$OUT"; then fail 'a text came along'; fi
exits 0 "$NDF" --store "$second" dev learn merge "$first"
says "$ERR" '0 outcomes taken'

exits 2 "$NDF" dev learn forget
one_sentence "'forget'"
exits 2 "$NDF" dev learn merge
one_sentence 'which store'
exits 2 "$NDF" dev learn rebuild again
one_sentence 'no more words'
exits 2 "$NDF" dev learn --no-texts
one_sentence 'merge only'
exits 3 "$NDF" dev learn merge nowhere.db
one_sentence 'nowhere.db'
exits 2 "$NDF" dev learn merge "$first"
one_sentence 'this store itself'
