#!/bin/sh
# The agents of examples/release-check, each by hand: a request on stdin, a
# repository with known faults.
. "$(dirname "$0")/lib.sh"
bin=$ROOT/examples/release-check/bin

# agent NAME [WITH]: runs it over the repository in ./repo.
agent() {
    printf '{"task":"t","context":{"attributes":{"path":"repo"}},"with":%s}' \
        "${2:-{\}}" >request
    exits 0 "$bin/$1" <request
    is_silent "$ERR"
}

# finds TEXT: one of the findings names it.
finds() {
    is_json "$OUT" "any('$1' in f['where'] + f['text'] \
        for f in it['output']['findings'])"
}

git init -q repo
cd repo
echo 'Permission is hereby granted, free of charge, to any person' >LICENSE
printf '/* %s: GPL-2.0-only */\nint one(void);\n' SPDX-License-Identifier >one.h
cat >leak.c <<'C'
#include <stdlib.h>
int leak(int n)
{
    char *p = malloc(8);
    if (n) return p ? 1 : 0;
    free(p);
    return 0;
}
C
printf 'if then\n' >bad.sh
printf 'def f(:\n' >bad.py
# Put together here, so that no scanner takes this file for a leak.
printf 'key = "%s%s"\n' AKIA IOSFODNN7EXAMPLE >config
printf 'api_token = "%s"\n' 'q8Zr2LwX0vTn5KdJ7yBs' >settings
printf 'password = "aaaaaaaaaaaaaaaaaaaa"\n' >>settings
head -c 70000 /dev/zero >blob
printf '## 1.0.0\n\n- One.\n' >CHANGELOG.md
git add . && git commit -q -m one && git tag v1.0.0
git rm -q blob && git commit -q -m two
cd ..

agent secret-scan
finds config:1
finds settings:1
is_json "$OUT" "len(it['output']['findings']) == 2"
is_json "$OUT" "it['patch']['attributes']['secrets_found'] == 2"
if grep -q -e IOSFODNN -e 2LwX0vTn "$OUT"; then fail 'a secret was printed'; fi
echo 'config # made up' >repo/.secret-scan-allow
git -C repo add .secret-scan-allow
agent secret-scan
is_json "$OUT" "len(it['output']['findings']) == 1"

agent static-analysis
finds leak.c
finds bad.sh
finds bad.py

agent licence-audit
finds one.h
is_json "$OUT" "it['patch']['attributes']['licence'] == 'MIT'"

agent size-audit '{"limit":50000}'
finds blob
agent size-audit
is_json "$OUT" "it['output']['verdict'] == 'pass'"

agent changelog-audit
finds CHANGELOG.md

agent run-tests
is_json "$OUT" "it['output']['verdict'] == 'pass'"
agent run-tests '{"project":"'"$ROOT"'/examples/release-check/sample-broken"}'
finds 'mean of the middle two'

agent report-writer '{"a":{"title":"A","verdict":"attention","summary":"s",
    "findings":[{"where":"x`y","text":"# *not* a\nhead"}]},"other":1}'
says "$OUT" '# Release check of repo'
says "$OUT" "x'y"
is_json "$OUT" "'\\n# *not*' not in it['output']"

# Work that cannot be done is a failure, with one sentence.
printf '{"context":{"attributes":{"path":"nowhere"}}}' >request
exits 1 "$bin/secret-scan" <request
one_sentence "'nowhere' is not a git repository"
printf 'no json' >request
exits 1 "$bin/secret-scan" <request
one_sentence 'is not JSON'
