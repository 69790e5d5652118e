#!/bin/sh
# A file of word vectors: what is wrong with it is said, and words of the same
# meaning choose.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: cashier
description: Withdraw cash
run: [echo, here you are]
---
agent: forecast
description: The weather of tomorrow
run: [echo, it will rain]
Y
cat >words.txt <<'V'
the 0.1 0.1 0.1
money 1 0.1 0
cash 0.9 0.2 0
withdraw 0.8 0.4 0
rain 0 0.1 1
weather 0.1 0 0.9
V
exits 0 "$NDF" init
exits 0 "$NDF" trust .

# ---- a bad file is one sentence that names it ------------------------------
exits 3 env NDF_VECTORS=none.txt "$NDF" why money
one_sentence 'NDF_VECTORS: cannot open none.txt: No such file'
exits 2 env NDF_VECTORS=. "$NDF" do money
one_sentence 'NDF_VECTORS: .* is not a regular file'
echo '- {task: money, expect: cashier}' >routes.yaml
exits 3 env NDF_VECTORS=none.txt "$NDF" test routes.yaml
one_sentence 'NDF_VECTORS: cannot open none.txt: No such file'
sed 's/rain.*/rain 0/' words.txt >cut.txt
exits 2 env NDF_VECTORS=cut.txt "$NDF" why money
one_sentence 'NDF_VECTORS: cut.txt:5: a word with 1 numbers where the first has 3'
# Commands that choose nothing need not read it.
exits 0 env NDF_VECTORS=none.txt "$NDF" ls

# ---- words of the same meaning ----------------------------------------------
exits 0 "$NDF" why money
says "$OUT" 'no pattern or agent shares a word'
exits 0 env NDF_VECTORS=words.txt "$NDF" why money
says "$OUT" '^1 +cashier'
says "$OUT" '^meaning +0\.9.* words that mean the same'
# What was chosen by meaning alone is learned from, like any other choice.
NDF_VECTORS=words.txt
export NDF_VECTORS
for _ in 1 2 3; do
    exits 0 "$NDF" run cashier money
    run=$("$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])')
    exits 0 "$NDF" rate "$run" good
done
exits 0 "$NDF" why 'my money'
says "$OUT" '^1 +cashier'
