#!/bin/sh
# The long campaigns of `./dev soak`: each says what it does, what came of it
# and how long it took; the last lines sum up. Fails when one failed.
# Usage: soak.sh BUILD-FOLDER KILLS FUZZ-SECONDS (already built)
set -u
cd "$(dirname "$0")/.." || exit
build=${1:?usage: soak.sh BUILD-FOLDER KILLS FUZZ-SECONDS}
kills=${2:?how many owners are killed}
seconds=${3:?how long each fuzz target runs}
seed=$(date +%s)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
skipped=0
started=$(date +%s)

# run NAME COMMAND...: a campaign; what it said and how it ended go into files.
run() {
    name=$1
    shift
    began=$(date +%s)
    "$@" >"$work/$name.log" 2>&1
    echo "$? $(($(date +%s) - began))" >"$work/$name.end"
}

# say NAME: what came of it. All that a failed one said, else the end of it.
say() {
    read -r status took <"$work/$1.end"
    case $status in
    0) result=passed passed=$((passed + 1)) ;;
    77) result=skipped skipped=$((skipped + 1)) ;;
    *) result=FAILED failed=$((failed + 1)) ;;
    esac
    if [ "$result" = FAILED ]; then
        cat "$work/$1.log"
    else
        grep -vE '^(\[|$| *[0-9]+ SKIPPED)' "$work/$1.log" | tail -n 16
    fi
    printf -- '-- %s: %s, %s s\n' "$1" "$result" "$took"
    printf '%-16s %-8s %6s s\n' "$1" "$result" "$took" >>"$work/table"
}

# campaign NAME SENTENCE COMMAND...
campaign() {
    echo "== $1: $2"
    name=$1
    shift 2
    run "$name" "$@"
    say "$name"
}

simulate() {
    for kind in steps tasks meta; do
        NDF_SIM_KIND=$kind NDF_SIM_COUNT=50000 \
            "$build/tests/unit/run/test_exec_sim" || return 1
        echo "$kind: 50000 seeds"
    done
}

contexts() {
    PYTHONPATH=$build/python PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
        tests/python/context_runs.py --runs 50000 --seed "$seed" --jobs 2
}

# A hundred million pairs of a rule and a context, and changes of indexes.
laws() {
    NDF_INDEX_PAIRS=100000000 "$build/tests/unit/decide/test_index_random" &&
        NDF_INDEX_SEQUENCES=1000 "$build/tests/unit/decide/test_index_change"
}

# What ndf-bench finds, with all instructions, against a straight evaluation.
matches() {
    tests/bench/match_dump.py "$build/ndf-bench" --n 100,1000 --seeds 1-20 \
        --contexts 2000 --with best,scalar,avx2,avx512 &&
        tests/bench/match_dump.py "$build/ndf-bench" --n 10000 --seeds 1-2 \
            --contexts 2000 --with best,scalar,avx2,avx512
}

store_test() {
    NDF_TEST_STRIDE=1 "$build/tests/unit/store/test_store_$1"
}

# Not those whose processes are killed, or have to be gone, within a time.
under_valgrind() {
    tests=$(meson test -C "$build" --no-rebuild --list --suite unit --suite api 2>/dev/null |
        sed -n 's|^ndf:[a-z]* / ||p' | grep -vE \
        ' |^(store_kill|agent_process|agent_adopt|hostile|sandbox|malloc_way)$')
    [ -n "$tests" ] || return 1
    # shellcheck disable=SC2086 # $tests is a list of words
    NDF_SIM_COUNT=100 NDF_SIM_TWICE=20 NDF_INDEX_PAIRS=50000 \
        NDF_INDEX_SEQUENCES=3 meson test -C "$build" --no-rebuild \
        --print-errorlogs --timeout-multiplier 100 \
        --wrap "valgrind -q --error-exitcode=99 --leak-check=full
            --errors-for-leak-kinds=definite
            --suppressions=$PWD/tools/valgrind.supp" $tests
}

crash=$build/tests/crash
echo '== store_bytes, meanwhile: every byte of a store flipped, its log cut at each'
run store_bytes store_test bytes &
bytes=$!
campaign kill_calls 'owners killed at each of their calls that change files' \
    "$crash/kill_runs" --worker "$crash/kill_worker" --calls 1 --jobs 2
campaign kill_moments "owners killed at $kills random moments" \
    "$crash/kill_runs" --worker "$crash/kill_worker" --kills "$kills" \
    --seed "$seed" --jobs 2
campaign power_cuts '500 cuts of the power of a disk' \
    "$crash/power_cuts" --cuts 500 --seed "$seed"
campaign simulation 'random runs under every fault, by seed' simulate
campaign contexts 'random runs of agents that corrupt the context' contexts
campaign laws 'random laws, indexed and changed, against a scan' laws
campaign matches 'workloads of laws against a straight evaluation' matches
campaign store_faults 'each read, write and sync of a store fails' \
    store_test faults
campaign store_calls 'each call of the kernel for a store fails' \
    store_test calls
campaign valgrind 'tests of the modules and of the library under valgrind' \
    under_valgrind
campaign fuzzing "each fuzz target for $seconds s" ./dev fuzz "$seconds"
wait "$bytes"
say store_bytes

echo
cat "$work/table"
printf 'all of it: %s s\n' $(($(date +%s) - started))
[ "$skipped" = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
