#!/usr/bin/python3
"""Writes labels.jsonl and queries.jsonl for `ndf dev eval`.

Usage: make_queries.py FOLDER. The same bytes every time: 8 labels, 200 queries.
Some queries say what the description of their label says, the others only what
can be learned; some are right for two labels, some for none. Ids are such as
people have, so not all of them can be names of documents.
"""
import json
import sys
from pathlib import Path

LABELS = [  # id, name, description, more
    ("leave/request", "Leave request", "ask for vacation or a day off", {}),
    ("leave request", "Leave request", "see how many vacation days are left",
     {}),
    ("payslip", "payslip", "get the payslip of a month",
     {"examples": ["what did I earn in May"]}),
    ("room.book", "bookRoom", "book a meeting room",
     {"tools": "Calendar, Rooms"}),
    ("vpn", "vpn", "connect to the company network from home",
     {"body": "Sets up the tunnel and its certificate."}),
    ("raum-öffnen", "Tür öffnen", "open the door of an office", {}),
    ("-printer", "-printer", "repair a printer that jams", {"tools": []}),
    ("", "", "", {}),  # replaced below: its description is long
]
LABELS[7] = ("onboard", "onboard-colleague", "welcome a new colleague: "
             "accounts, laptop, desk and badge. " * 40, {"not_for": ["trips"]})

SAID = [  # for each label: plain words, and words of its own
    (["vacation in {}", "a day off in {}"], ["I am away in {}, please"]),
    (["how many vacation days are left in {}"], ["my balance for {}"]),
    (["the payslip of {}", "what did I earn in {}"], ["the money of {}"]),
    (["book a meeting room in {}"], ["space for ten people in {}"]),
    (["connect to the network in {}"], ["the tunnel is down since {}"]),
    (["open the door of the office in {}"], ["I stand outside since {}"]),
    (["the printer jams since {}"], ["paper is stuck since {}"]),
    (["a new colleague comes in {}"], ["she starts in {}"]),
]
MONTHS = ["January", "February", "March", "April", "May", "June", "July",
          "August", "September", "October", "November", "December"]
NOTHING = ["what rhymes with {}", "the weather in {}"]


def queries():
    for at, month in enumerate(MONTHS):
        split = "test" if at % 4 == 3 else "train"
        for label, (plain, own) in enumerate(SAID):
            for text in (plain[at % len(plain)], own[0]):
                yield {"query": text.format(month), "split": split,
                       "labels": [LABELS[label][0]]}
    for month in ("May", "June"):
        yield {"query": f"a meeting room and the door in {month}",
               "labels": ["room.book", "raum-öffnen"], "split": "train"}
    for at, month in enumerate(MONTHS[:6]):
        yield {"query": NOTHING[at % 2].format(month), "labels": [],
               "split": "test" if at % 3 == 2 else "train"}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_queries.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "labels.jsonl",
          [{"id": id, "name": name, "description": text, **more}
           for id, name, text, more in LABELS])
    write(folder / "queries.jsonl", queries())


main()
