#!/bin/sh
# Where the store is; what init takes in; lists and documents for scripts.
. "$(dirname "$0")/lib.sh"

# Outside of a project it is the user's, made by the first import.
printf 'agent: mine\ndescription: Of the user.\nrun: [echo, hi]\n' >mine.yaml
exits 0 "$NDF" import mine.yaml
[ -e "$NDF_HOME/ndf.db" ] || fail 'the store is not in NDF_HOME'
exits 0 env NDF_HOME= XDG_DATA_HOME="$SCRATCH/xdg" "$NDF" import mine.yaml
[ -e "$SCRATCH/xdg/ndf/ndf.db" ] || fail 'the store is not in XDG_DATA_HOME'
exits 0 env NDF_HOME= XDG_DATA_HOME=relative "$NDF" import mine.yaml
[ -e "$HOME/.local/share/ndf/ndf.db" ] || fail 'the store is not in HOME'
exits 0 env NDF_STORE="$SCRATCH/named.db" "$NDF" import mine.yaml -q
[ -e "$SCRATCH/named.db" ] || fail 'NDF_STORE does not name the store'
is_silent "$ERR"

exits 0 env NDF_STORE="$SCRATCH/other.db" "$NDF" init
says "$ERR" 'other\.db'
[ ! -e .ndf ] || fail 'init made a store that is not the one named'

# A project's store is found from below; init takes in what lies there.
mkdir -p project/.claude/agents project/deep/er
cd project
cat >.claude/agents/helper.md <<'M'
---
name: helper
description: Helps: with a colon that is not quoted
---
You help.
M
printf 'agent: one\ndescription: One.\nrun: [echo, one]\n' >ndf.yaml
printf 'agent: two\ndescription: Two.\nrun: [echo, two]\n' >more.ndf.yaml
exits 0 "$NDF" init
says "$ERR" 'warning: .*helper.md:3'
says "$ERR" 'ndf trust'
[ -e .ndf/.gitignore ] || fail '.ndf would be put under version control'
exits 0 "$NDF" init
says "$ERR" 'already'
cd deep/er
exits 0 "$NDF" ls --names
says "$OUT" '^helper$'
says "$OUT" '^one$'
says "$OUT" '^two$'
exits 0 "$NDF" ls --json
is_json "$OUT" 'len(it["agents"]) == 3 and it["patterns"] == []'
exits 0 "$NDF" ls agents --limit 1 --json
is_json "$OUT" 'len(it) == 1'
exits 2 "$NDF" ls agents --limit some
one_sentence 'some'
exits 0 "$NDF" ls patterns
is_silent "$OUT"
exits 0 "$NDF" ls sources
says "$OUT" 'more\.ndf\.yaml'
exits 2 "$NDF" ls agnets
one_sentence 'agents'
cd ../..

# Trust, as it is listed.
exits 0 "$NDF" trust
exits 0 "$NDF" trust --list
says "$OUT" '/project$'
exits 0 "$NDF" trust --list --json
is_json "$OUT" 'any(p.endswith("/project") for p in it)'
exits 0 "$NDF" trust --revoke .
exits 0 "$NDF" trust --list
! grep -q '/project$' "$OUT" || fail 'trust was not taken back'
exits 3 "$NDF" trust nowhere
one_sentence 'nowhere'

# Several paths at once; a word on each.
exits 0 "$NDF" import ndf.yaml more.ndf.yaml --json
is_json "$OUT" 'len(it) == 2'
exits 0 "$NDF" import ndf.yaml --json --quiet
is_json "$OUT" 'it["agents"] == 1'
is_silent "$ERR"

# Out to a file, in from standard input.
exits 0 "$NDF" dev export "$SCRATCH/all.jsonl"
exits 2 "$NDF" dev export "$SCRATCH/all.jsonl"
one_sentence 'all.jsonl'
"$NDF" --store "$SCRATCH/again.db" dev import - <"$SCRATCH/all.jsonl" 2>"$ERR" ||
    fail 'import from standard input'
exits 0 "$NDF" --store "$SCRATCH/again.db" ls --names
says "$OUT" '^helper$'
exits 3 "$NDF" dev import "$SCRATCH/nothing"
printf '{"what": 1\n' >"$SCRATCH/broken"
exits 2 "$NDF" dev import "$SCRATCH/broken"
one_sentence 'broken:1: '

exits 0 "$NDF" --version
says "$OUT" '^ndf [0-9]'
exits 0 "$NDF" help dev export
says "$OUT" 'JSON Lines'
exits 0 "$NDF" dev --help
exits 2 "$NDF" help nothing

# Nothing that is printed is lost without a word.
if [ -e /dev/full ]; then
    "$NDF" ls >/dev/full 2>"$ERR" && fail 'a full disk looked like success'
    says "$ERR" 'write'
    got=0
    "$NDF" help >/dev/full 2>"$ERR" || got=$?
    [ "$got" = 1 ] || fail "exit $got, wanted 1"
    one_sentence 'standard output: No space'
    got=0
    "$NDF" dev export >/dev/full 2>"$ERR" || got=$?
    [ "$got" = 1 ] || fail "exit $got, wanted 1"
    one_sentence 'standard output: No space'
fi
"$NDF" ls >&- 2>"$ERR" && fail 'a closed output looked like success'
exits 0 "$NDF" trust .
got=0
"$NDF" run one x >&- 2>"$ERR" || got=$?
[ "$got" = 1 ] || fail "exit $got, wanted 1"
says "$ERR" 'standard output: it is closed; .ndf show [0-9a-z]+. prints'
exits 0 "$NDF" dev check
