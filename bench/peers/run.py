#!/usr/bin/python3
"""Runs `ndf-bench run` and LangGraph.js in turns and prints how they compare.

Usage: run.py [--bench PROGRAM] [--rounds N] [--scale F] [--json]

For each kind of load the two take turns, ROUNDS times each, on the same disk
(TMPDIR, else /var/tmp). Printed are medians, and ndf's share of the peer's:
of CPU and memory less is better, of runs a second more. Needs node 20 and npm;
the first time npm fetches what langgraph/package.json names.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Among what is built: the sources stay free of what npm brings.
PEER = HERE.parent.parent / "build" / "peers" / "langgraph"
FIELDS = ("runs_s", "p50_ms", "p99_ms", "cpu_ms_per_run", "rss_bytes")
# What is run, and how many runs a turn: of ndf, of the peer.
LOADS = {
    "5 steps, one at a time": (["--steps", "5"], 1000, 150),
    "5 steps, 16 at once": (["--steps", "5", "--concurrency", "16"], 4000, 150),
    "20 side by side": (["--fanout", "20"], 300, 100),
    "20 side by side, 16 at once": (
        ["--fanout", "20", "--concurrency", "16"], 1000, 100),
}


def install():
    PEER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "run.js"):
        shutil.copy(HERE / "langgraph" / name, PEER)
    if (PEER / "node_modules").is_dir():
        return
    print("installing LangGraph.js", file=sys.stderr)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
         "--loglevel=error"],
        cwd=PEER, check=True, stdout=sys.stderr)


def measure(command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def compare(ndf, options, counts, rounds):
    """Medians of both: {"ndf": {...}, "langgraph": {...}, ...}."""
    found = {"ndf": [], "langgraph": [], "langgraph, synced": []}
    peer = ["node", str(PEER / "run.js"), "--runs", str(counts[1]), *options]
    commands = {
        "ndf": [ndf, "run", "--json", "--runs", str(counts[0]), *options],
        "langgraph": peer,
        "langgraph, synced": [*peer, "--synchronous", "full"],
    }
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(measure(command))
    return {
        name: {field: statistics.median(one[field] for one in all_of)
               for field in FIELDS}
        for name, all_of in found.items()
    }


def show(load, medians):
    print(f"\n{load}")
    print(f"{'':20}{'runs/s':>10}{'p50 ms':>10}{'p99 ms':>10}"
          f"{'CPU ms':>10}{'MiB':>8}{'x runs/s':>10}{'of CPU':>8}")
    ours = medians["ndf"]
    for name, of in medians.items():
        line = (f"{name:20}{of['runs_s']:>10.1f}{of['p50_ms']:>10.2f}"
                f"{of['p99_ms']:>10.2f}{of['cpu_ms_per_run']:>10.3f}"
                f"{of['rss_bytes'] / 2**20:>8.1f}")
        if name != "ndf":
            line += (f"{ours['runs_s'] / of['runs_s']:>10.1f}"
                     f"{ours['cpu_ms_per_run'] / of['cpu_ms_per_run']:>8.3f}")
        print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--bench", default=HERE.parent.parent / "build-release" / "ndf-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1,
                        help="so many times the usual number of runs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("TMPDIR", "/var/tmp")
    install()
    result = {}
    for load, (options, ours, theirs) in LOADS.items():
        counts = [max(16, int(n * given.scale)) for n in (ours, theirs)]
        result[load] = compare(str(given.bench), options, counts, given.rounds)
        if not given.json:
            show(load, result[load])
    if given.json:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
