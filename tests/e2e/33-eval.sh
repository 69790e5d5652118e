#!/bin/sh
# `ndf dev eval` measures choosing: the stream, the test, all kinds of feedback,
# the same figures for the same seed, a picture, and a sentence for what is
# wrong with the data.
. "$(dirname "$0")/lib.sh"
"$ROOT/tests/support/make_queries.py" data

evaluate() {
    "$NDF" dev eval --labels data/labels.jsonl --queries data/queries.jsonl "$@"
}

# All of it, without splits. No store is made, and nothing but data is said.
exits 0 evaluate --json
is_silent "$ERR"
[ ! -e .ndf ] || fail 'a store was made'
is_json "$OUT" "it['labels'] == 8 and it['queries'] == 200"
is_json "$OUT" "it['feedback'] == 'full' and it['seed'] == 1"
is_json "$OUT" "it['train'] is it['test'] is it['shots'] is None"
is_json "$OUT" "it['test_queries'] == 0 and all(it[k] is None for k in
    ('test_top1', 'test_top3', 'test_top5', 'test_mrr', 'test_ndcg5',
     'test_ece', 'oos_auroc', 'oos_rejected', 'inscope_at_oos80'))"
is_json "$OUT" "50 < it['zero_shot_top1'] <= it['zero_shot_top5'] <= 100"
is_json "$OUT" "it['cumulative'] == it['last1000'] > 50"
is_json "$OUT" "0 < it['mrr'] <= it['ndcg5'] + 0.1 and it['ndcg5'] <= 1"
is_json "$OUT" "0 <= it['ece'] <= 1 and 0 < it['acted'] < 100"
is_json "$OUT" "it['select_p99_us'] >= it['select_p50_us'] > 0"
is_json "$OUT" "it['update_mean_us'] > 0 and it['taught'] == 200"
is_json "$OUT" "it['model_bytes'] > 0"

# The bins are all queries, and give the calibration error again.
is_json "$OUT" "len(it['reliability']) == 15"
is_json "$OUT" "sum(b['count'] for b in it['reliability']) == 200"
is_json "$OUT" "all(b['from'] - 1e-4 <= b['fit'] <= b['to'] + 1e-4
    if b['count'] else b['fit'] is b['right'] is None
    for b in it['reliability'])"
is_json "$OUT" "abs(it['ece'] - sum(b['count'] * abs(b['fit'] - b['right'])
    for b in it['reliability'] if b['count']) / 200) < 1e-3"

# The same seed gives the same figures but for times, another one others.
figures() {
    evaluate "$@" --json | /usr/bin/python3 -c '
import json, sys
it = json.load(sys.stdin)
print({k: v for k, v in it.items() if not k.endswith("_us") and k != "seed"})'
}
for feedback in none full bandit; do
    figures --feedback "$feedback" --limit 90 >one
    figures --feedback "$feedback" --limit 90 --seed 1 >two
    cmp one two || fail "$feedback: the same seed, other figures"
done
figures --limit 90 --seed 2 >two
! cmp -s one two || fail 'another seed, the same figures'

# Without feedback nothing changes, whatever the order.
exits 0 evaluate --feedback none --seed 7 --json
is_json "$OUT" "it['cumulative'] == it['zero_shot_top1']"
is_json "$OUT" "it['taught'] == 0 and it['update_mean_us'] is None"
exits 0 evaluate --feedback bandit --json
is_json "$OUT" "it['feedback'] == 'bandit' and it['taught'] > 150"

# Splits: a stream, then a test of what is in scope and what is not.
exits 0 evaluate --train train --test test --json
is_json "$OUT" "it['queries'] == 150 and it['test_queries'] == 50"
is_json "$OUT" "it['train'] == 'train' and it['test'] == 'test'"
is_json "$OUT" "50 < it['test_top1'] <= it['test_top3'] <= it['test_top5']"
is_json "$OUT" "0.5 < it['oos_auroc'] <= 1 and 0 <= it['test_ece'] <= 1"
is_json "$OUT" "0 < it['inscope_at_oos80'] <= it['test_top1']"
is_json "$OUT" "0 <= it['oos_rejected'] <= 100"
exits 0 evaluate --train test --json
is_json "$OUT" "it['queries'] == 50 and it['test_top1'] is None"

# What was corrected is learned, and then known in other words, too.
exits 0 evaluate --train train --test test --json
is_json "$OUT" "it['cumulative'] > it['zero_shot_top1'] + 10"
is_json "$OUT" "it['test_top1'] > 80 and it['oos_auroc'] > 0.7"

# Shots: two of each of 8 labels, and some query may be one of two labels.
exits 0 evaluate --train train --test test --shots 2 --json
is_json "$OUT" "it['shots'] == 2 and 15 <= it['taught'] <= 16"
is_json "$OUT" "sum(b['count'] for b in it['reliability']) == it['taught']"
is_json "$OUT" "it['test_top1'] > 50 and it['inscope_at_oos80'] is None"

# A label is found whatever its id is, and a query with two by either.
cat >queries.jsonl <<'Q'
{"query": "ask for vacation or a day off", "labels": ["leave/request"]}
{"query": "see how many vacation days are left", "labels": ["leave request"]}

{"query": "open the door of an office", "labels": ["payslip", "raum-öffnen"]}
{"query": "Tür öffnen", "labels": ["raum-öffnen"]}
{"query": "badge and laptop of a new colleague", "labels": ["onboard"]}
Q
exits 0 "$NDF" dev eval --labels data/labels.jsonl --queries queries.jsonl \
    --feedback none --json
is_json "$OUT" "it['zero_shot_top1'] == 100 and it['queries'] == 5"

# The picture, whatever the path is called.
mkdir 'a & <b>'
cp queries.jsonl 'a & <b>/ü"]]>.jsonl'
exits 0 evaluate --train train --test test --plot plot.svg
says "$OUT" '^cumulative +[0-9.]+'
says "$OUT" '^ +0\.93 +1\.00 '
exits 0 "$NDF" dev eval --labels data/labels.jsonl \
    --queries 'a & <b>/ü"]]>.jsonl' --plot odd.svg
for plot in plot.svg odd.svg; do
    /usr/bin/python3 - "$plot" <<'P' || fail "$plot is no picture"
import sys
import xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1]).getroot()
space = "{http://www.w3.org/2000/svg}"
assert root.tag == space + "svg"
texts = [t.text for t in root.iter(space + "text")]
for text in ("right, %", "share right", "queries", "0.0", "1.0"):
    assert text in texts, text
count = sum(int(t.text) for t in root.iter(space + "text")
            if t.get("font-size") == "9.5")
assert count == (150 if sys.argv[1] == "plot.svg" else 5), count
for line in root.iter(space + "polyline"):
    for point in line.get("points").split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 1120 and 0 <= y <= 500
P
done

# What is wrong is one sentence, with the file and the line.
wrong() {
    code=$1 regex=$2
    shift 2
    exits "$code" "$@"
    is_silent "$OUT"
    one_sentence "$regex"
}
# bad labels|queries LINES REGEX
bad() {
    printf '%s\n' "$2" >"bad.jsonl"
    labels=data/labels.jsonl queries=data/queries.jsonl
    eval "$1=bad.jsonl"
    wrong 2 "$3" "$NDF" dev eval --labels "$labels" --queries "$queries"
}
bad queries '{"query": "x", "labels": [' 'bad\.jsonl:1: expected a JSON object'
bad queries '["x"]' 'bad\.jsonl:1: expected a JSON object'
bad queries '
{"query": "x"}' "bad\\.jsonl:2: a query needs 'query'.* and 'labels'"
bad queries '{"query": "x", "labels": [1]}' "bad\\.jsonl:1: 'labels' must be"
bad queries '{"query": "x", "labels": ["no such"]}' \
    "bad\\.jsonl:1: there is no label 'no such' in data/labels\\.jsonl"
bad queries '' 'bad\.jsonl is empty'
bad queries '{"query": "a\u0000b", "labels": []}' 'bad\.jsonl:1: expected'
bad labels '' 'bad\.jsonl is empty'
bad labels '{"name": "x"}' "bad\\.jsonl:1: a label needs an 'id'"
bad labels '{"id": "x"}
{"id": "x"}' "bad\\.jsonl:2: there is a label 'x' already"
cp data/labels.jsonl bad.jsonl
echo '{"id": "y", "body": 5}' >>bad.jsonl
wrong 2 "bad\\.jsonl:9: .*body" "$NDF" dev eval --labels bad.jsonl \
    --queries data/queries.jsonl
printf '{"id": "x"}\n\0\n' >bad.jsonl
wrong 2 'bad\.jsonl:2: there is a NUL byte' "$NDF" dev eval --labels bad.jsonl \
    --queries data/queries.jsonl
wrong 3 'none\.jsonl: No such file' "$NDF" dev eval --labels none.jsonl \
    --queries data/queries.jsonl
wrong 3 "no split 'val'; it has: train, test" evaluate --train val
wrong 3 "no split 'val'; it has: train, test" evaluate --train train --test val
wrong 3 'has no splits' "$NDF" dev eval --labels data/labels.jsonl \
    --queries queries.jsonl --train train
wrong 2 'cannot make .*nowhere/plot.svg: No such' evaluate --plot nowhere/plot.svg
if [ -c /dev/full ]; then
    exits 1 evaluate --plot /dev/full
    one_sentence 'cannot write /dev/full'
fi
wrong 2 'needs --labels FILE and --queries FILE' "$NDF" dev eval
wrong 2 '--test needs --train' evaluate --test test
wrong 2 'are one split' evaluate --train test --test test
wrong 2 'leave --feedback out' evaluate --shots 2 --feedback bandit
wrong 2 "expected none, full or bandit, got 'some'" evaluate --feedback some
for option in shots limit seed; do
    for value in 0 -1 x 1x 1e3 99999999999999999999; do
        wrong 2 "--$option: expected a whole number from 1" \
            evaluate "--$option=$value"
    done
done
