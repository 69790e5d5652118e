#!/bin/sh
# An import names what says nearly the same as something else, and long
# descriptions are read for what they are.
. "$(dirname "$0")/lib.sh"
mkdir -p agents more
# agent FILE NAME WORDS...: an agent file whose description is that text.
agent() {
    file=$1
    printf -- '---\nname: %s\ndescription: >\n  %s\n---\nYou help.\n' \
        "$2" "$3" >"$file"
}
finds='Finds memory leaks and data races in programs of C and C++, explains where
  they come from and proposes the smallest change that mends them without breaking
  what works; knows valgrind, sanitizers and the tools of the kernel, and writes a
  test that fails before the change and passes after it'
agent agents/debugger.md debugger "$finds well."
agent agents/writer.md writer 'Writes letters to customers.'
exits 0 "$NDF" init
exits 0 "$NDF" import --json agents
is_json "$OUT" "it['near_copies'] == []"

agent more/leaks.md leak-finder "$finds badly."
agent more/mail.md mail 'Writes letters to customers.'
agent more/roofs.md roofer 'Mends roofs.'
exits 0 "$NDF" import --json more
is_json "$OUT" "[(n['name'], n['of']) for n in it['near_copies']] == [
    ('leak-finder', 'debugger'), ('mail', 'writer')]"
is_json "$OUT" "0.9 <= it['near_copies'][0]['likeness'] < 1"
is_json "$OUT" "it['near_copies'][1]['likeness'] == 1"
says "$ERR" "'leak-finder' says nearly the same as 'debugger' \(0\.9"

exits 0 "$NDF" why --json 'data races and leaks of memory, with valgrind'
is_json "$OUT" "{it['ranked'][0]['name'], it['ranked'][0]['near_copy']['name']} == {
    'debugger', 'leak-finder'}"
exits 0 "$NDF" why 'data races and leaks of memory, with valgrind'
says "$OUT" '^nearly the same as .* \(0\.9'

# Only what was read now is named.
exits 0 "$NDF" import --json more
is_json "$OUT" "it['near_copies'] == []"
agent more/roofs.md roofer 'Writes letters to customers.'
exits 0 "$NDF" import --json more
is_json "$OUT" "[n['name'] for n in it['near_copies']] == ['roofer']"

# Many are counted, not listed.
for n in 1 2 3 4 5 6 7 8; do agent "more/copy$n.md" "copy$n" 'Lays tiles.'; done
exits 0 "$NDF" import more
says "$ERR" '2 more say nearly the same'

# What users say in examples counts, what an agent is not for counts against,
# and what the assistant answers does not count.
cat >talk.yaml <<'END'
agent: plumber
description: 'Pipes. Not for gutters; use the roofer instead. Examples:\n
  <example>\nContext: winter\nuser: "The radiator gurgles"\nassistant: "I call
  the electrician"\n<commentary>\nWater in a lamp.\n</commentary>\n</example>'
---
agent: tinsmith
description: Gutters and chimneys.
tools: [{name: bend, input_schema: {properties: {zinc: {description: the sheet}}}}]
END
exits 0 "$NDF" import talk.yaml
exits 0 "$NDF" why --json 'my radiator gurgles'
is_json "$OUT" "it['ranked'][0]['name'] == 'plumber'"
exits 0 "$NDF" why --json 'electrician, lamp'
is_json "$OUT" "all(r['name'] != 'plumber' for r in it['ranked'])"
exits 0 "$NDF" why --json 'gutters'
is_json "$OUT" "it['ranked'][0]['name'] == 'tinsmith'"
exits 0 "$NDF" why --json 'a sheet of zinc'
is_json "$OUT" "it['ranked'][0]['name'] == 'tinsmith'"
