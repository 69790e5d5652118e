#!/bin/sh
# Three lines make an agent, three more a pattern; one command delegates.
. "$(dirname "$0")/lib.sh"

cat >ndf.yaml <<'Y'
agent: greeter
description: Says hello to people who arrive.
run: [echo, "hello, ${text}"]
---
pattern: welcome.all
description: Welcome the people who arrive and say hello to them.
steps: [greeter]
Y
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 0 "$NDF" run greeter "the quiet ones"
says "$OUT" '^hello, the quiet ones$'
exits 0 "$NDF" run welcome.all "everybody"
says "$OUT" '^hello, everybody$'
exits 0 "$NDF" why 'say hello to the people who arrive'
says "$OUT" 'greeter|welcome.all'
exits 0 "$NDF" 'do' 'say hello to the people who arrive'
says "$OUT" '^hello, say hello to the people who arrive$'

# Edited files are read again without a word.
sed -i 's/echo, "hello/echo, "good day/' ndf.yaml
exits 0 "$NDF" 'do' 'say hello to the people who arrive'
says "$OUT" '^good day, say hello'
exits 0 "$NDF" ls patterns --json
is_json "$OUT" "any(p['name'] == 'welcome.all' for p in it)"
