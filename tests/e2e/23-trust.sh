#!/bin/sh
# Nothing of a folder is run before a person trusts it; reading needs no trust.
. "$(dirname "$0")/lib.sh"
mkdir theirs
printf 'agent: a\ndescription: Touches a file.\nrun: [touch, ran]\n' \
    >theirs/ndf.yaml
exits 0 "$NDF" init
exits 0 "$NDF" import theirs
exits 0 "$NDF" why 'touch a file'
exits 0 "$NDF" show a
exits 1 "$NDF" run a x
one_sentence 'ndf trust'
[ ! -e ran ] || fail 'it was run without trust'
exits 0 "$NDF" trust theirs
exits 0 "$NDF" trust --list
says "$OUT" 'theirs'
exits 1 "$NDF" run a x
says "$ERR" 'nothing|empty'
[ -e ran ] || fail 'it was not run'
exits 0 "$NDF" trust theirs --revoke
rm ran
exits 1 "$NDF" run a x
one_sentence 'ndf trust'
[ ! -e ran ] || fail 'it was run after the trust was taken back'

# Without a home there is no list, which is said instead of advice.
mkdir homeless
cp theirs/ndf.yaml homeless
cd homeless
exits 0 env -u HOME -u NDF_HOME "$NDF" init
says "$ERR" 'neither HOME nor NDF_HOME is set'
! grep -q 'ndf trust' "$ERR" || fail 'advised what cannot be done'
exits 1 env -u HOME -u NDF_HOME "$NDF" run a x
one_sentence 'neither HOME nor NDF_HOME is set'
cd ..

# Another store, the same person: the list is not in the store.
exits 0 "$NDF" trust theirs
exits 0 "$NDF" --store other.db import theirs
exits 1 "$NDF" --store other.db run a x
[ -e ran ] || fail 'trust did not hold for the other store'
