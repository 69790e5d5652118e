#!/bin/sh
# Tests of routing: what passes, what is said of those that fail, and the file
# for a CI system. A mistake in the file of tests is told with its line.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'Y'
agent: coder
description: Fixes failing tests and bugs in code.
run: [echo, done]
---
agent: writer
description: Writes documentation and release notes.
run: [echo, wrote]
---
pattern: security.audit
description: Audits code for vulnerabilities and injection.
only_if: {attributes: {risk: high}}
steps: [{look: {agent: coder}}]
Y
exits 0 "$NDF" init
cat >good.yaml <<'Y'
- task: write the release notes
  expect: writer
- {task: fix the failing test, expect: [writer, ndf/coder]}
- task: translate this poem
  expect: none
- {task: fix the bugs of the documentation, expect: [coder, writer], top: 2}
- task: audit the code for injection
  expect: security.audit
  context: {attributes: {risk: high}}
Y
exits 0 "$NDF" 'test' good.yaml
is_silent "$OUT"
one_sentence '^5 of 5 tests passed$'
exits 0 "$NDF" 'test' good.yaml -q --json
is_silent "$ERR"
is_json "$OUT" 'it["passed"] == 5 and it["results"][2]["chosen"] is None'
exits 0 "$NDF" ls runs
is_silent "$OUT"

cat >bad.yaml <<'Y'
- task: write the release notes
  expect: writer
- task: "fix <the> failing \"test\" & \u0001 more"
  expect: writer
- task: audit the code
  expect: [security.audit, writr]
- {task: fix the failing test, expect: none}
Y
exits 1 "$NDF" 'test' bad.yaml --junit report.xml
[ "$(wc -l <"$OUT")" = 3 ] || fail 'not a line for each failed test'
says "$OUT" '^bad.yaml:3: fix <the>.*: expected writer, got coder \(coder: fit .*; writer: '
says "$OUT" '^bad.yaml:5: .*security.audit: its only_if does not hold: .*risk'
says "$OUT" "^bad.yaml:5: .*did you mean 'writer'"
says "$OUT" '^bad.yaml:7: .*expected none, got coder'
one_sentence '^1 of 4 tests passed$'
/usr/bin/python3 - <<'P' || fail 'the report is not what CI systems read'
import xml.etree.ElementTree as tree
suites = tree.parse("report.xml").getroot()
(suite,) = suites
cases = list(suite)
assert suites.tag == "testsuites" and suite.tag == "testsuite"
assert suite.get("tests") == "4" and suite.get("failures") == "3"
assert suite.get("name") == "bad.yaml" and float(suite.get("time")) > 0
assert [len(case) for case in cases] == [0, 1, 1, 1]
assert cases[1].get("name") == 'fix <the> failing "test" & \ufffd more'
assert cases[1].get("line") == "3" and float(cases[1].get("time")) >= 0
assert cases[1][0].tag == "failure"
assert cases[1][0].get("message").startswith("expected writer, got coder")
P
exits 2 "$NDF" 'test' good.yaml --junit nowhere/report.xml
says "$ERR" 'nowhere/report.xml'

# wrong YAML SENTENCE: the file is refused, with one sentence.
wrong() {
    printf '%b' "$1" >wrong.yaml
    exits 2 "$NDF" 'test' wrong.yaml
    one_sentence "$2"
}
wrong '' 'holds no tests'
wrong '[]' 'holds no tests'
wrong 'task: a\n' 'holds no tests'
wrong '- a\n' 'wrong.yaml:1: a test is a map'
wrong '\n- {task: a, expect: b}\n- {task: a, expectt: b}\n' \
    "wrong.yaml:3: expectt: .*'expect'"
wrong '- {expect: b}' 'task: '
wrong '- {task: a, expect: 3}\n' 'wrong.yaml:1: expect: '
wrong '- {task: a, expect: []}\n' 'wrong.yaml:1: expect: '
wrong '- task: a\n  expect: b\n  top: 0\n' 'wrong.yaml:3: top: '
wrong '- task: a\n  expect: b\n  top: 101\n' 'wrong.yaml:3: top: '
wrong '- task: a\n  expect: none\n  top: 2\n' 'wrong.yaml:3: top: '
wrong '- task: a\n  expect: b\n  context: {text: c}\n' 'wrong.yaml:3: context: '
wrong '- task: a\n  expect: b\n  context: {priority: 9}\n' \
    'wrong.yaml:3: context: .*priority'
wrong '- [\n' 'wrong.yaml:2:1: not valid YAML'
exits 3 "$NDF" 'test' missing.yaml
one_sentence 'missing.yaml'
