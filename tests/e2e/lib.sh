#!/bin/sh
# lib.sh - what the tests of the command share; sourced, not run.
#
# Gives each test an empty folder, a home and a data folder of its own. $NDF is
# the program under test, $ROOT the source tree. A test ends at its first
# failed expectation, with what the command said.
set -eu
: "${NDF:?NDF must name the program under test}"
# shellcheck disable=SC2034 # used by the tests
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
SCRATCH=$(mktemp -d)

# A test that broke off may have left agents behind: they work in our folder.
end_agents() {
    for process in /proc/[0-9]*; do
        [ "${process#/proc/}" != $$ ] || continue
        where=$(readlink "$process/cwd" 2>/dev/null) || continue
        case $where in
        "$SCRATCH"*) kill -9 "${process#/proc/}" 2>/dev/null || true ;;
        esac
    done
}

trap 'end_agents; chmod -R u+rwX "$SCRATCH" 2>/dev/null; rm -rf "$SCRATCH"' EXIT
trap 'exit 130' INT TERM
unset NDF_STORE NDF_VECTORS XDG_DATA_HOME NO_COLOR || true
export HOME="$SCRATCH/home" NDF_HOME="$SCRATCH/data" LC_ALL=C.UTF-8
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_COMMITTER_NAME=t
export GIT_AUTHOR_EMAIL=t@localhost GIT_COMMITTER_EMAIL=t@localhost
mkdir "$HOME" "$SCRATCH/work"
cd "$SCRATCH/work"
exec </dev/null
OUT=$SCRATCH/out
ERR=$SCRATCH/err

fail() {
    echo "FAILED: $*" >&2
    for said in "$OUT" "$ERR"; do
        [ ! -s "$said" ] || { echo "--- $said" && head -c 4000 "$said"; } >&2
    done
    exit 1
}

# exits CODE COMMAND...: runs it, keeps what it said in $OUT and $ERR.
exits() {
    wanted=$1
    shift
    got=0
    "$@" >"$OUT" 2>"$ERR" || got=$?
    [ "$got" = "$wanted" ] || fail "exit $got, wanted $wanted: $*"
}

# no_survivor: nothing that an agent started here is left. Its numbers are of its
# own namespace, so it is known by where it works and what it was given.
no_survivor() {
    for process in /proc/[0-9]*; do
        where=$(readlink "$process/cwd" 2>/dev/null) || continue
        case $where in
        "$SCRATCH"*) ;;
        *) continue ;;
        esac
        { tr '\0' '\n' <"$process/environ"; } 2>/dev/null |
            grep -q '^NDF_STEP_KEY=' || continue
        fail "left running: $(tr '\0' ' ' <"$process/cmdline")"
    done
}

# says FILE REGEX: some line of $OUT or $ERR matches.
says() {
    grep -qE -- "$2" "$1" || fail "$(basename "$1") does not say: $2"
}

# is_silent FILE: nothing at all was said there.
is_silent() {
    [ ! -s "$1" ] || fail "$(basename "$1") is not empty"
}

# one_sentence REGEX: the error is one line, and matches.
one_sentence() {
    [ "$(wc -l <"$ERR")" = 1 ] || fail 'the error is not one line'
    says "$ERR" "$1"
}

# is_json FILE [JQ-LIKE PATH TEST]: one JSON value; the Python expression over
# `it` holds.
is_json() {
    /usr/bin/python3 -c '
import json, sys
it = json.load(open(sys.argv[1], encoding="utf-8"))
if len(sys.argv) > 2 and not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])
' "$@" || fail "$(basename "$1") is not the JSON that was wanted"
}
