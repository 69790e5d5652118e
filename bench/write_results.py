#!/usr/bin/python3
"""Measures `ndf-bench match` and writes what came of it into RESULTS.md.

Usage: write_results.py BUILD-FOLDER [--sizes 1000,10000] [--print]

Makes the workloads in the build folder (once), matches each several times, one
process after another, and puts the medians into the section "Selection by
context", between its two marks; what others wrote around them stays. --print
writes to stdout instead.
"""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
BEGIN = "<!-- ./dev bench writes from here -->\n"
END = "<!-- to here -->\n"
SIZES = "1000,10000,100000,1000000"
THREADS_SIZES = (10000, 1000000)  # patterns, for how it grows with readers
SEED, SEL, CONTEXTS = 42, "mid", 2000


def repeats(size):
    return 9 if size <= 100000 else 3


def workload(build, size):
    """The folder of a workload; made when it is not there, all or nothing."""
    folder = build / "workload" / f"{SEL}-{SEED}-{size}-{CONTEXTS}"
    if not folder.exists():
        half = folder.with_suffix(".half")
        subprocess.run(
            [sys.executable, HERE / "make_workload.py", "--n", str(size),
             "--seed", str(SEED), "--sel", SEL, "--contexts", str(CONTEXTS),
             "--out", half], check=True)
        half.rename(folder)
    return folder


def match(build, folder, *options):
    done = subprocess.run(
        [build / "ndf-bench", "match", "--json",
         "--patterns", folder / "patterns.jsonl",
         "--contexts", folder / "contexts.jsonl", *options],
        check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def medians(runs):
    return {name: statistics.median(run[name] for run in runs)
            for name in runs[0]}


def measure(build, size):
    folder = workload(build, size)
    print(f"matching {size} patterns, {repeats(size)} times", file=sys.stderr)
    return medians([match(build, folder) for _ in range(repeats(size))])


def paragraph(*words):
    """Lines as short as those around them; what is in backquotes may break."""
    return textwrap.fill(" ".join(words), 84, break_long_words=False,
                         break_on_hyphens=False)


def machine():
    """One sentence."""
    info = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*:\s*(.*)", info)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    flags = set((re.search(r"flags\s*:\s*(.*)", info) or [""])[0].split())
    wide = ("AVX-512" if "avx512f" in flags
            else "AVX2" if "avx2" in flags else "neither AVX2 nor AVX-512")
    compiler = subprocess.run(["cc", "-dumpfullversion"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
    kernel = ".".join(os.uname().release.split(".")[:2])
    return (f"{os.cpu_count()} cores of {name[1] if name else 'some CPU'} with "
            f"{wide}, {int(memory[1]) / 2**20:.0f} GiB, Linux "
            f"{kernel}, cc {compiler}, a release build")


def table(rows):
    yield ("| patterns | fit a context | p50 us | p99 us | mean us | "
           "encoding, p50 us | build s | index MB | memory it adds, MB |")
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        def figure(name, unit, digits):
            return f"{row[name] / unit:.{digits}f}" if name in row else ""
        yield "| " + " | ".join([
            f"{row['patterns']:,.0f}",
            f"{row['matches_total'] / row['contexts']:,.1f}",
            figure("p50_ns", 1e3, 2), figure("p99_ns", 1e3, 2),
            figure("mean_ns", 1e3, 2), figure("encode_p50_ns", 1e3, 2),
            figure("build_s", 1, 3), figure("index_bytes", 1e6, 1),
            figure("rss_bytes", 1e6, 1)]) + " |"


def readers(row):
    yield ""
    yield paragraph(
        f"Two readers of one index of {row['patterns']:,.0f} patterns match",
        f"{row['growth']:.2f} times as many contexts as one",
        f"({row['one_reader_s']:,.0f} a second); two threads that only count do",
        f"{row['spin_growth']:.2f} times as much as one, in turns with them:",
        f"{row['of_spinning']:.2f} of that. In a second of processor time each",
        f"of the two does {row['each_of_one']:.2f} of what one alone does. While",
        f"a third thread adds {row['writes_s']:,.0f} patterns a second they",
        f"match {row['of_alone']:.2f} of what they do without,",
        f"{row['each_of_alone']:.2f} in processor time; an index with one more",
        f"pattern is made in {row['write_p50_us']:.0f} us (p99",
        f"{row['write_p99_us']:.0f}).")


def section(build, sizes):
    started = os.getloadavg()[0]
    rows = [measure(build, size) for size in sizes]
    yield "## Selection by context"
    yield ""
    yield paragraph(
        f"`ndf-bench match` on workloads of `bench/make_workload.py --sel {SEL}",
        f"--seed {SEED} --contexts {CONTEXTS}`,",
        f"{datetime.date.today():%-d %B %Y}; {machine()}. One thread, each",
        "context once after a pass that warms; from a context to its matches,",
        "encoding and one reading of the clock",
        f"({rows[0]['clock_ns']:.0f} ns) included; medians of {repeats(1)} runs",
        f"({repeats(1000000)} of a million). Load of the machine before:",
        f"{started:.1f}.")
    yield ""
    yield from table(rows)
    for size in sizes:
        if size in THREADS_SIZES:
            print(f"two readers of {size}", file=sys.stderr)
            yield from readers(match(build, workload(build, size), "--threads",
                                     "2", "--writer", "1000"))


def replaced(text, written):
    """What stands between the two marks is new."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"write_results.py: {RESULTS} has not both marks")
    return before + begin + written + end + after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--print", action="store_true", dest="only_print")
    options = parser.parse_args()
    sizes = [int(word) for word in options.sizes.split(",")]
    written = "".join(line + "\n" for line in section(options.build, sizes)) + "\n"
    if options.only_print:
        sys.stdout.write(written)
    else:
        RESULTS.write_text(replaced(RESULTS.read_text(), written))


if __name__ == "__main__":
    main()
