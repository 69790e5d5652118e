#!/bin/sh
# 500 agent files: all imported, the broken ones with their mend, and a task
# finds its agent among them.
. "$(dirname "$0")/lib.sh"
"$ROOT/tests/support/make_agents.py" .claude/agents 500
mkdir away && mv .claude away/
exits 0 "$NDF" init
exits 0 "$NDF" import away/.claude/agents
says "$ERR" '500'
says "$ERR" 'colon|quote'
exits 0 "$NDF" ls agents --json
is_json "$OUT" "len(it) == 500"
exits 0 "$NDF" why --json 'find and fix the memory leak'
is_json "$OUT" "it['ranked'][0]['name'].startswith('memory-')"
exits 0 "$NDF" why --json 'write tests for our payment refunds'
is_json "$OUT" "it['ranked'][0]['name'] == 'payments-tester'"
exits 0 "$NDF" why --json 'the postgres query plan takes a lock and is slow'
is_json "$OUT" "any(r['name'].startswith(('postgres-', 'sql-'))
    for r in it['ranked'][:3])"

# They have nothing to run until somebody says what runs them.
exits 0 "$NDF" trust away
exits 3 "$NDF" run memory-debugger x
one_sentence '\-\-run'
# shellcheck disable=SC2016 # templates of ndf, not of the shell
exits 0 "$NDF" import away/.claude/agents \
    --run echo '${agent.name}' 'does ${text}'
exits 0 "$NDF" run memory-debugger 'the leak'
says "$OUT" '^memory-debugger does the leak$'

# Files that change, come and go are noticed.
rm away/.claude/agents/debugger/memory-debugger.md
exits 3 "$NDF" run memory-debugger x
