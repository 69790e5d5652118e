#!/bin/sh
# Everything that `./dev check` checks. Usage: check_all.sh BUILD-FOLDER
# (already built). The last line says `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit
build=${1:?usage: check_all.sh BUILD-FOLDER}
built=$(realpath "$build")
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check NAME COMMAND...: one line when it is clean, all that it said if not.
check() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        cat "$log"
        echo "FAILED  $name"
    fi
}

sources() {
    git ls-files -z "$@"
}

format() {
    sources '*.c' '*.h' | xargs -0 clang-format --dry-run --Werror
}

tidy() {
    # clang reads gcc's command lines: warnings it does not know are no news.
    run-clang-tidy -p "$build" -quiet -j "$(nproc)" \
        -extra-arg=-Wno-unknown-warning-option "$PWD/src/" \
        >"$log.tidy" 2>&1
    status=$?
    # Its colours, counts and command lines say nothing.
    sed 's/\x1b\[[0-9;]*m//g' "$log.tidy" |
        grep -vE '^(clang-tidy|[0-9]+ warnings? (generated|treated)|$)'
    rm -f "$log.tidy"
    return "$status"
}

second_opinion() {
    cppcheck --quiet --std=c11 -j "$(nproc)" --inline-suppr \
        --enable=warning,performance,portability --error-exitcode=1 \
        --suppress=missingIncludeSystem \
        -Iinclude -Isrc src examples bench
}

spelling() {
    sources | grep -zvE '^(LICENSE|tests/data/|tools/spelling.txt|src/decide/common_words.c)' |
        xargs -0 codespell --ignore-words tools/spelling.txt
}

types() {
    PYTHONPATH="$built/python" PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m unittest discover -s tests/python -p test_types.py
}

check 'format (clang-format)' format
check 'lint (clang-tidy)' tidy
check 'second opinion (cppcheck)' second_opinion
check 'layers' tools/check_layers.py
check 'exported symbols' tools/check_symbols.sh "$build/libndf.so"
check 'banned calls' tools/check_banned.sh
check 'headers stand alone' tools/check_headers.sh
check 'function and file sizes' tools/check_sizes.py
check 'spelling (codespell)' spelling
check 'types of the Python module (mypy)' types
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
