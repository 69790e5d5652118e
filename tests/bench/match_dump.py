#!/usr/bin/python3
"""Which patterns `ndf-bench match` finds, against an evaluation made here.

Usage: match_dump.py NDF-BENCH [--n 100,1000] [--seeds 1-3] [--contexts 200]
                     [--sel tight,mid,loose] [--with scalar,avx2,avx512]

Makes each workload, has it matched and dumped, and compares every context's
ids with those of a straight evaluation from the files alone.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MAKE = ROOT / "bench/make_workload.py"

HOLDS = {
    "eq": lambda actual, v: actual == v,
    "in": lambda actual, v: actual in v,
    "ge": lambda actual, v: actual >= v,
    "le": lambda actual, v: actual <= v,
    "between": lambda actual, v: v[0] <= actual <= v[1],
    "true": lambda actual, v: actual is True,
    "false": lambda actual, v: actual is False,
}


def as_expression(glob):
    """A glob as a regular expression over the whole domain."""
    if glob == "**":
        return ".*"
    below = glob.endswith(".**")
    segments = (glob[:-3] if below else glob).split(".")
    parts = [r"[^.]+" if part == "*" else re.escape(part) for part in segments]
    return r"\.".join(parts) + (r"(?:\..+)?" if below else "")


def lines(path):
    with path.open() as file:
        yield from map(json.loads, file)


class Patterns:
    """All patterns of a file; those with the same globs are looked at once."""

    def __init__(self, path):
        self.by_globs = {}
        for pattern in lines(path):
            globs = "|".join(as_expression(glob) for glob in pattern["domain"])
            self.by_globs.setdefault(globs, []).append(
                (pattern["id"], [(p["a"], HOLDS[p["op"]], p.get("v"))
                                 for p in pattern["preds"]]))
        self.expressions = [(re.compile(f"(?:{globs})\\Z"), patterns)
                            for globs, patterns in self.by_globs.items()]

    def fitting(self, context):
        attrs = context["attrs"]
        return sorted(
            number for expression, patterns in self.expressions
            if expression.match(context["domain"])
            for number, law in patterns
            if all(name in attrs and holds(attrs[name], v)
                   for name, holds, v in law))


def expected(folder):
    patterns = Patterns(folder / "patterns.jsonl")
    return {context["id"]: patterns.fitting(context)
            for context in lines(folder / "contexts.jsonl")}


def dumped(path):
    found = {}
    for line in path.read_text().splitlines():
        number, _, ids = line.partition("\t")
        found[int(number)] = [int(word) for word in ids.split()]
    return found


def run(bench, folder, options):
    """What ndf-bench prints and dumps."""
    done = subprocess.run(
        [bench, "match", "--patterns", folder / "patterns.jsonl", "--contexts",
         folder / "contexts.jsonl", "--dump", folder / "dump", "--json",
         *options], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout), dumped(folder / "dump")


def check(bench, folder, options, wanted):
    """Sentences about what is wrong."""
    figures, found = run(bench, folder, options)
    total = sum(map(len, wanted.values()))
    if figures["matches_total"] != total:
        yield f"{figures['matches_total']:.0f} matches, not {total}"
    if figures["contexts"] != len(wanted):
        yield f"{figures['contexts']} contexts, not {len(wanted)}"
    for number in sorted(wanted.keys() | found.keys()):
        if found.get(number) != wanted.get(number):
            yield (f"context {number}: {found.get(number)}, not "
                   f"{wanted.get(number)}")
            return


def numbers(text):
    """1-3 or 100,1000."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def workloads(options):
    for count in numbers(options.n):
        for sel in options.sel.split(","):
            for seed in numbers(options.seeds):
                yield {"--n": count, "--sel": sel, "--seed": seed,
                       "--contexts": options.contexts}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("--n", default="100,1000")
    parser.add_argument("--seeds", default="1-3")
    parser.add_argument("--contexts", type=int, default=200)
    parser.add_argument("--sel", default="tight,mid,loose")
    parser.add_argument("--with", dest="instructions", default="")
    options = parser.parse_args()
    variants = [["--with", name]
                for name in filter(None, options.instructions.split(","))]
    bad, matches, runs = 0, 0, 0
    for workload in workloads(options):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            subprocess.run(
                [sys.executable, MAKE, "--out", folder,
                 *(str(word) for pair in workload.items() for word in pair)],
                check=True)
            wanted = expected(folder)
            matches += sum(map(len, wanted.values()))
            for variant in variants or [[]]:
                runs += 1
                for why in check(options.bench, folder, variant, wanted):
                    bad += 1
                    print(*workload.items(), *variant, why)
    if matches == 0:
        bad += 1
        print("no pattern fits any context: nothing was compared")
    print(f"{runs} runs, {matches} matches, {bad} differences")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
