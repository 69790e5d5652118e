#!/bin/sh
# Stores that are newer, damaged, read-only, full or busy: exit 5, a sentence.
. "$(dirname "$0")/lib.sh"
printf 'agent: a\ndescription: An agent.\nrun: [echo, hi]\n' >ndf.yaml
exits 0 "$NDF" init
sql() {
    /usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])' "$@"
}

# refuses STORE REGEX
refuses() {
    exits 5 "$NDF" --store "$1" ls
    one_sentence "$2"
}

cp .ndf/ndf.db newer.db
sql newer.db 'PRAGMA user_version = 999'
refuses newer.db 'newer'

head -c 20000 /dev/urandom >noise.db
refuses noise.db 'noise.db'
echo 'A text of a few words, and no database.' >text.db
refuses text.db 'text.db'
sql other.db 'CREATE TABLE t (x)'
refuses other.db 'other.db'
# A folder for it that cannot be made, read or found any more.
mkdir fixed gone loop
: >fixed/.ndf
ln -s .ndf loop/.ndf
printf 'agent: b\ndescription: An agent.\nrun: [echo, hi]\n' >loop/b.yaml
cd fixed
exits 5 "$NDF" init
one_sentence 'cannot make the folder \.ndf .*Not a directory'
cd ../loop
exits 5 "$NDF" ls
one_sentence 'loop/\.ndf'
exits 5 "$NDF" import b.yaml
one_sentence 'loop/\.ndf'
[ ! -e "$NDF_HOME/ndf.db" ] || fail "the user's store was taken instead"
cd ../gone
rmdir ../gone
exits 5 "$NDF" init
one_sentence 'cannot make the folder \.ndf .*was deleted'
cd "$SCRATCH/work"

# The store is taken away while a run is at work.
mkdir moved
cp ndf.yaml moved
printf -- '---\nagent: mover\ndescription: Removes the store.\n' >>moved/ndf.yaml
printf 'run: [sh, -c, "rm -r .ndf; echo moved"]\n' >>moved/ndf.yaml
cd moved
exits 0 "$NDF" init
exits 0 "$NDF" trust .
exits 5 "$NDF" run mover x
tail -n 1 "$ERR" | grep -q 'moved/\.ndf/ndf\.db was removed' ||
    fail 'the last line does not say that the store is gone'
cd ..
mkdir folder.db
refuses folder.db 'folder.db'

# One byte of a record changed: the check names it.
cp .ndf/ndf.db flipped.db
exits 0 "$NDF" trust .
exits 0 "$NDF" --store flipped.db run a x
exits 0 "$NDF" --store flipped.db dev check
/usr/bin/python3 - <<'P'
import sqlite3
db = sqlite3.connect("flipped.db")
run, seq, body = db.execute("select run, seq, body from journal").fetchone()
changed = bytearray(body)
changed[len(changed) // 2] ^= 1
db.execute("update journal set body = ? where run = ? and seq = ?",
           (bytes(changed), run, seq))
db.commit()
P
exits 5 "$NDF" --store flipped.db dev check
says "$ERR" 'journal|record|checksum'

# The limit on the size of a file is an error, not the end of the program.
# shellcheck disable=SC2016 # of the inner shell
exits 5 sh -c 'ulimit -f 20 && exec "$0" run a x' "$NDF"
one_sentence 'ndf\.db'

# Another process writes for longer than we wait.
/usr/bin/python3 - <<'P' &
import sqlite3, time
db = sqlite3.connect(".ndf/ndf.db", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
open("held", "w").close()
time.sleep(8)
P
holder=$!
while [ ! -e held ]; do sleep 0.1; done
printf 'agent: b\ndescription: An agent.\nrun: [echo, hi]\n' >b.yaml
exits 5 "$NDF" import b.yaml
one_sentence 'process'
wait "$holder"
exits 0 "$NDF" import b.yaml

# A disk that is full, and one that is read-only.
mkdir disk
if mount -t tmpfs -o size=400k none disk 2>/dev/null; then
    trap 'umount -l "$SCRATCH/work/disk"; rm -rf "$SCRATCH"' EXIT
    exits 0 "$NDF" --store disk/ndf.db import ndf.yaml
    head -c 400000 /dev/zero >disk/fill 2>/dev/null || true
    "$ROOT/tests/support/make_agents.py" many 50
    exits 5 "$NDF" --store disk/ndf.db import many
    one_sentence 'space|full'
    rm disk/fill
    exits 0 "$NDF" --store disk/ndf.db ls agents --json
    is_json "$OUT" "[a['name'] for a in it] == ['a']"
    mount -o remount,ro disk
    exits 5 "$NDF" --store disk/ndf.db import b.yaml
    one_sentence 'read-only'
elif [ "$(id -u)" != 0 ]; then
    mkdir locked && cp .ndf/ndf.db locked/ && chmod 555 locked
    chmod 444 locked/ndf.db
    exits 5 "$NDF" --store locked/ndf.db import b.yaml
    one_sentence 'read-only|permission'
fi
