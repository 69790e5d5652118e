#!/usr/bin/python3
"""Writes labels.jsonl and queries.jsonl for `ndf dev eval`.

Usage: make_sample.py FOLDER. The labels are the 500 made agents of the tests,
the queries say what they are for in other words; a few are for none of them.
A sample to see that choosing works and how long it takes: how good it is, real
collections must say.
"""
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/support"))
sys.dont_write_bytecode = True
from make_agents import ROLES, SUBJECTS, description  # noqa: E402

WORDS = {
    "reviewer": "could you review my pull request that touches {}",
    "debugger": "find the bug: it hangs as soon as {} come in",
    "tester": "we have no tests at all for {}, write some",
    "architect": "how should we structure the part with {}",
    "optimizer": "this is too slow, speed up {}",
    "migrator": "upgrade us to the next version without breaking {}",
    "documenter": "explain {} to a newcomer on one page",
    "security-auditor": "audit how we handle {} for vulnerabilities",
    "refactorer": "clean up {} but keep the behaviour",
    "incident-responder": "production is down, something with {}",
}
NOTHING = ["book a table for two on friday", "what rhymes with orange",
           "translate this poem into latin", "how tall is the eiffel tower"]


def queries(rng):
    for role, words in WORDS.items():
        for subject, (what, trade) in SUBJECTS.items():
            about = f"{rng.choice(trade.split(', '))} in our {what}"
            yield words.format(about), [f"{subject}-{role}"]
    for text in NOTHING:
        yield text, []


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_sample.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "labels.jsonl",
          [{"id": f"{subject}-{role}", "name": f"{subject}-{role}",
            "description": description(subject, role, False)}
           for role in ROLES for subject in SUBJECTS])
    write(folder / "queries.jsonl",
          [{"query": text, "labels": labels}
           for text, labels in queries(random.Random(1))])


main()
