#!/bin/sh
# The demo ends well over any repository: a report, progress, a change that is
# taken back, and nothing of it in the user's own data.
. "$(dirname "$0")/lib.sh"
git init -q repo
printf 'int one(void)\n{\n    return 1;\n}\n' >repo/one.c
git -C repo add . && git -C repo commit -q -m one

exits 0 "$ROOT/examples/release-check/demo.sh" "$NDF" repo
says "$OUT" '^# Release check of repo'
says "$OUT" 'no licence file'
says "$OUT" 'secrets +started'
says "$OUT" 'confidence in release.check .* before, .* now'
says "$OUT" 'stage +undone'
says "$OUT" '^VERSION and CHANGELOG.md are as they were'
[ ! -e .ndf ] && [ ! -e "$NDF_HOME" ] || fail 'the demo left something'

exits 128 "$ROOT/examples/release-check/demo.sh" "$NDF" nowhere
