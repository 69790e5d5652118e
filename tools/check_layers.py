#!/usr/bin/python3
"""Fail when an include leaves the paths that tools/layers.txt allows.

Every #include "folder/name.h" under src/ may name its own folder, the public
header or a folder that layers.txt puts below it. The public headers may name
only one another. No chain of includes may return to where it began.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def read_layers(bad):
    allowed = {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        name, colon, rest = line.split("#")[0].partition(":")
        if not colon:
            continue
        allowed[name.strip()] = set(rest.split())
        for low in rest.split():
            if low not in allowed:
                bad.append(f"layers.txt: {name} names {low} before it is listed")
    return allowed


def read_includes(allowed, bad):
    edges = {}
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        rel = path.relative_to(ROOT / "src")
        here = rel.parts[0]
        if here not in allowed:
            bad.append(f"{rel}: layers.txt does not list {here}")
            continue
        for inc in INCLUDE.findall(path.read_text()):
            there = inc.split("/")[0]
            if there == "ndf":
                continue
            if there != here and there not in allowed[here]:
                bad.append(f'{rel}: may not include "{inc}"')
            edges.setdefault(str(rel.with_suffix("")), set()).add(inc[:-2])
    for path in sorted((ROOT / "include").rglob("*.h")):
        rel = path.relative_to(ROOT / "include")
        for inc in INCLUDE.findall(path.read_text()):
            if not inc.startswith("ndf/"):
                bad.append(f'include/{rel}: may not include "{inc}"')
            edges.setdefault(str(rel.with_suffix("")), set()).add(inc[:-2])
    return edges


def find_circles(edges, bad):
    done = set()

    def walk(node, trail):
        if node in trail:
            circle = trail[trail.index(node):] + [node]
            bad.append("circle: " + " -> ".join(circle))
        elif node not in done:
            for below in sorted(edges.get(node, set()) - {node}):
                walk(below, trail + [node])
            done.add(node)

    for node in sorted(edges):
        walk(node, [])


def main():
    bad = []
    edges = read_includes(read_layers(bad), bad)
    find_circles(edges, bad)
    print("\n".join(bad)
          or f"layers: {len(edges)} modules, every include points down")
    return bool(bad)


sys.exit(main())
