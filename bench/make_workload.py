#!/usr/bin/python3
"""Writes patterns.jsonl and contexts.jsonl for `ndf-bench match`.

Usage: make_workload.py --n PATTERNS --out FOLDER [--contexts N] [--seed N]
                        [--sel tight|mid|loose] [--noint]

A workload of boolean expressions in the manner of those that matchers are
compared by, but skewed as tasks and rules are: few values are common, many are
rare. A pattern is one or two globs over dotted domains (any of them) and two to
five predicates (all of them); a context is a domain and about 19 of 23
attributes. --sel shifts how many patterns fit a context: about 0.01, 0.1 or
1 %. The same arguments give the same bytes, on any machine; --noint leaves the
numbers out of the predicates.

    pattern  {"id": 0, "domain": ["d0.s1.**"], "preds": [{"a": "env",
             "op": "eq|in|ge|le|between|true|false", "v": "env0"}]}
    context  {"id": 0, "domain": "d0.s1.u2", "attrs": {"env": "env0"}}

Globs are a place (`a.b.c`), a place and all below (`a.b.**`), a place with one
free segment (`a.*.c`), or any (`**`).
"""
import argparse
import bisect
import itertools
import json
import random
from pathlib import Path

# How many values an attribute of strings has, the greatest number of one of
# integers, and those that are true or false.
STRINGS = {"agent_type": 120, "env": 6, "region": 24, "team": 400, "lang": 30,
           "tool": 100, "tenant": 4000, "channel": 8, "model": 40, "task": 60}
NUMBERS = {"priority": 9, "complexity": 100, "files": 2000,
           "deadline_s": 86400, "cost": 1000, "tokens": 200000, "risk": 100,
           "retries": 10}
BOOLEANS = ["concurrent", "pii", "live", "urgent", "review"]

# How often predicates ask for an attribute.
WEIGHTS = {"agent_type": 10, "env": 6, "complexity": 5, "priority": 4,
           "concurrent": 4, "team": 3, "lang": 3, "tool": 3, "region": 3,
           "tenant": 2, "channel": 2, "model": 2, "task": 3, "files": 2,
           "deadline_s": 2, "cost": 2, "tokens": 2, "risk": 3, "retries": 1,
           "pii": 2, "live": 1, "urgent": 1, "review": 1}

# Domains are a tree of four levels: names and children of each.
LEVELS = [("d", 12), ("s", 12), ("u", 12), ("x", 6)]

SKEWS = {"tight": 0.3, "mid": 0.7, "loose": 0.9}

# The kinds of globs as running sums: any, below level 1, 2, 3, a place; the
# rest has a free segment.
GLOBS = {"tight": (0.01, 0.10, 0.45, 0.80, 0.95),
         "mid": (0.04, 0.30, 0.65, 0.85, 0.95),
         "loose": (0.30, 0.75, 0.92, 0.96, 0.985)}


class Choice:
    """Draws one of several by running sums of weights."""

    def __init__(self, weights):
        self.sums = list(itertools.accumulate(weights))

    def draw(self, rng):
        return bisect.bisect_left(self.sums, rng.random() * self.sums[-1])


def zipf(count, skew):
    return Choice([1 / (rank + 1) ** skew for rank in range(count)])


class Workload:
    """What patterns and contexts of one selectivity are drawn from."""

    def __init__(self, sel, with_numbers):
        skew = SKEWS[sel]
        self.globs = GLOBS[sel]
        self.values = {name: zipf(count, skew)
                       for name, count in STRINGS.items()}
        self.levels = [(letter, zipf(count, skew + 0.2))
                       for letter, count in LEVELS]
        asked = {name: weight for name, weight in WEIGHTS.items()
                 if with_numbers or name not in NUMBERS}
        self.names = list(asked)
        self.asked = Choice(asked.values())

    def value(self, rng, name):
        return f"{name[:3]}{self.values[name].draw(rng)}"

    def place(self, rng, depth):
        return [f"{letter}{choice.draw(rng)}"
                for letter, choice in self.levels[:depth]]

    def glob(self, rng):
        kind = bisect.bisect_right(self.globs, rng.random())
        if kind == 0:
            return "**"
        if kind <= 3:
            return ".".join(self.place(rng, kind)) + ".**"
        if kind == 4:
            return ".".join(self.place(rng, rng.choice((3, 4))))
        place = self.place(rng, 4)
        place[rng.randrange(1, 4)] = "*"
        return ".".join(place)

    def domain(self, rng):
        globs = [self.glob(rng)]
        if rng.random() < 0.2:
            other = self.glob(rng)
            if "**" not in (globs[0], other) and other != globs[0]:
                globs.append(other)
        return globs

    def of_strings(self, rng, name):
        if rng.random() >= 0.45:
            return {"a": name, "op": "eq", "v": self.value(rng, name)}
        count = rng.randint(2, min(5, STRINGS[name] - 1))
        drawn = set()
        while len(drawn) < count:
            drawn.add(self.values[name].draw(rng))
        return {"a": name, "op": "in",
                "v": sorted(f"{name[:3]}{value}" for value in drawn)}

    @staticmethod
    def of_numbers(rng, name):
        most = NUMBERS[name]
        kind = rng.random()
        if kind < 0.4:
            return {"a": name, "op": "ge", "v": rng.randint(1, most)}
        if kind < 0.6:
            return {"a": name, "op": "le", "v": rng.randint(0, most - 1)}
        low = rng.randint(0, most - 1)
        high = min(most, low + rng.randint(0, max(1, most // 4)))
        return {"a": name, "op": "between", "v": [low, high]}

    def predicate(self, rng, name):
        if name in STRINGS:
            return self.of_strings(rng, name)
        if name in NUMBERS:
            return self.of_numbers(rng, name)
        return {"a": name, "op": "true" if rng.random() < 0.7 else "false"}

    def predicates(self, rng):
        count = rng.choice((2, 3, 3, 4, 5))
        made = {}
        while len(made) < count:
            name = self.names[self.asked.draw(rng)]
            if name not in made:
                made[name] = self.predicate(rng, name)
        return list(made.values())

    def pattern(self, rng, number):
        return {"id": number, "domain": self.domain(rng),
                "preds": self.predicates(rng)}

    def context(self, rng, number):
        attrs = {}
        for name in STRINGS:
            if name in ("agent_type", "env") or rng.random() < 0.8:
                attrs[name] = self.value(rng, name)
        for name, most in NUMBERS.items():
            if name == "priority" or rng.random() < 0.8:
                attrs[name] = rng.randint(0, most)
        for name in BOOLEANS:
            if rng.random() < 0.85:
                attrs[name] = rng.random() < 0.5
        place = self.place(rng, rng.choice((3, 4, 4)))
        return {"id": number, "domain": ".".join(place), "attrs": attrs}


def write(path, make, seed, count):
    rng = random.Random(seed)
    with path.open("w") as file:
        for number in range(count):
            json.dump(make(rng, number), file, separators=(",", ":"))
            file.write("\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, required=True, help="patterns")
    parser.add_argument("--contexts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--sel", default="mid", choices=list(SKEWS))
    parser.add_argument("--noint", action="store_true",
                        help="no predicates on numbers")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    workload = Workload(options.sel, not options.noint)
    write(options.out / "patterns.jsonl", workload.pattern, options.seed,
          options.n)
    write(options.out / "contexts.jsonl", workload.context, options.seed + 1,
          options.contexts)


if __name__ == "__main__":
    main()
