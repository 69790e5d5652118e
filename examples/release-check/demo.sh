#!/bin/sh
# demo.sh - one task in plain words, from choosing to learning; then a change
# that is taken back. Usage: demo.sh PATH-OF-NDF [REPOSITORY]
#
# Uses a store and a trust list of its own, in a folder that goes away.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ndf=$(cd "$(dirname "${1:?usage: demo.sh PATH-OF-NDF [REPOSITORY]}")" && pwd)
PATH=$ndf:$PATH
repository=$(git -C "${2:-$here}" rev-parse --show-toplevel)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
export NDF_HOME="$scratch/home"
unset NDF_STORE

title() {
    printf '\n== %s\n\n' "$*"
}

# Shows a command as a person would type it, then runs it.
shown() {
    show_command "$@"
    "$@"
}

show_command() {
    printf '$'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./=:-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

# The same for a command that reports its progress. It does so only at a
# terminal; where there is none, it gets one that cannot draw, and writes a line
# an event.
watched() {
    show_command "$@"
    if [ -t 2 ] || ! script -qec true /dev/null >/dev/null 2>&1; then
        "$@"
        return
    fi
    quoted=
    for word in "$@"; do
        quoted="$quoted '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
    done
    TERM=dumb script -qec "stty -onlcr; exec $quoted </dev/null" /dev/null
}

task='Is this repository ready for a release?'

title 'A store, eight agents, two patterns'
cd "$scratch"
shown ndf init
shown ndf import "$here"
shown ndf trust "$here"

title 'Why this pattern'
shown ndf why "$task"

title 'One command delegates the task'
watched ndf 'do' "$task" --attr "path=$repository"

title 'A change that is taken back: its tests fail'
project=$scratch/sample-broken
cp -R "$here/sample-broken" "$project"
git -C "$project" init -q
git -C "$project" add .
git -C "$project" -c user.name=demo -c user.email=demo@localhost \
    commit -q -m 'The sample with a mistake'
status=0
watched ndf run release.stage --attr "path=$project" || status=$?
echo "(exit status $status: the delegation failed, as it should)"
shown git -C "$project" status --short --branch
if [ "$status" != 1 ] || [ -n "$(git -C "$project" status --porcelain)" ]; then
    echo 'demo: the change should have failed and been taken back' >&2
    exit 1
fi
echo 'VERSION and CHANGELOG.md are as they were.'

title 'What was learned'
shown ndf stats
