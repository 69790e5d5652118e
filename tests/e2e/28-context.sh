#!/bin/sh
# What each step changed in the context can be seen: declared or not, how bad,
# and what the policy did.
. "$(dirname "$0")/lib.sh"
cat >ndf.yaml <<'E'
agent: scan
description: Writes what it may.
run: [echo, '{"output": "ok", "patch": {"attributes": {"found": 3, "stage": "b", "old": null}}}']
---
agent: thief
description: Writes what it may not.
run: [echo, '{"output": "ok", "patch": {"domain": "stolen", "attributes": {"extra": 1, "stage": null}}}']
---
agent: calm
description: Changes nothing.
run: [echo, fine]
---
pattern: restored
description: Drops what is not declared.
steps:
  - scan: {agent: scan, writes: [found, stage, old]}
  - thief
  - calm
---
pattern: recorded
description: Keeps what is not declared.
context: record
steps: [thief]
---
pattern: enforced
description: Fails for what is not declared.
context: enforce
steps: [thief]
E
exits 0 "$NDF" init
exits 0 "$NDF" trust .
newest() {
    "$NDF" ls runs --json | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["id"])'
}
go() {
    code=$1
    exits "$code" "$NDF" run "$2" go --domain web --attr stage=a --attr old=7
    run=$(newest)
}
go 0 restored
exits 0 "$NDF" show "$run" --context
says "$OUT" '^    domain +"web"$'
says "$OUT" '^  \+ attributes\.found +3$'
says "$OUT" '^  ~ attributes\.stage +"a" . "b"$'
says "$OUT" '^  - attributes\.old +7$'
says "$OUT" '^ !~ domain +"web" . "stolen"$'
says "$OUT" '^    not declared, critical: restored$'
says "$OUT" '^ !- attributes\.stage +"b"$'
says "$OUT" '^calm: changed nothing$'
says "$OUT" '^policy restore; preservation 0\.70$'
exits 0 "$NDF" show --context "$run" --json
is_json "$OUT" '[s["step"] for s in it["steps"]] == ["scan", "thief", "calm"]'
is_json "$OUT" 'it["context"]["attributes"] == {"stage": "a", "old": 7}'
is_json "$OUT" '{c["field"]: c for c in it["steps"][0]["changes"]}["attributes.stage"] == {
    "field": "attributes.stage", "change": "changed", "before": "a", "after": "b",
    "declared": True}'
is_json "$OUT" '{c["field"]: c for c in it["steps"][1]["changes"]}["attributes.extra"] == {
    "field": "attributes.extra", "change": "added", "tried": 1, "declared": False,
    "severity": "moderate", "policy": "restored"}'
go 0 recorded
exits 0 "$NDF" show "$run" --context --json
is_json "$OUT" '{c["field"]: (c["policy"], c.get("after")) for c in it["steps"][0]["changes"]} == {
    "domain": ("recorded", "stolen"), "attributes.extra": ("recorded", 1),
    "attributes.stage": ("recorded", None)}'
go 1 enforced
exits 0 "$NDF" show "$run" --context
says "$OUT" '^thief, failed$'
says "$OUT" 'not declared, critical: the step failed$'
exits 3 "$NDF" show zzzz --context
exits 0 "$NDF" run restored x --context /dev/stdin <<'E'
{"domain": "web"}
E
exits 2 "$NDF" show "$run" --context=x
